package plugin

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
)

// A tally counts the nodes that each query's answers held. It is safe for
// concurrent use.
type tally struct {
	node  model.LabelName
	mu    sync.Mutex
	nodes map[string]map[string]bool // query to nodes with a sample
	bare  bool                       // a series without the node's label was seen
	count int                        // samples
	said  []string                   // warnings of Prometheus, each once
}

// warn takes in what Prometheus warned of.
func (t *tally) warn(query string, warnings []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range warnings {
		if text := fmt.Sprintf("Prometheus warns of %s: %s", query, w); !slices.Contains(t.said, text) {
			t.said = append(t.said, text)
		}
	}
}

// watch returns f with its answers counted.
func (t *tally) watch(f analysis.RangeFunc) analysis.RangeFunc {
	return func(ctx context.Context, expr string, r analysis.Range) (model.Matrix, error) {
		m, err := f(ctx, expr, r)
		if err == nil {
			t.add(expr, m)
		}
		return m, err
	}
}

func (t *tally) add(expr string, m model.Matrix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	nodes := t.nodes[expr]
	if nodes == nil {
		nodes = make(map[string]bool)
		t.nodes[expr] = nodes
	}
	for _, s := range m {
		if len(s.Values) == 0 {
			continue
		}
		name, ok := s.Metric[t.node]
		t.bare = t.bare || (!ok && t.node != "")
		nodes[string(name)] = true
		t.count += len(s.Values)
	}
}

// seen returns how many nodes the answers to a query held.
func (t *tally) seen(expr string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.nodes[expr])
}

// stats returns what the query inspector tells of the answers.
func (t *tally) stats(a asked) []data.QueryStat {
	stat := func(name string, n int) data.QueryStat {
		return data.QueryStat{FieldConfig: data.FieldConfig{DisplayName: name}, Value: float64(n)}
	}
	return []data.QueryStat{
		stat("Candidate nodes", t.seen(a.candidate)),
		stat("Control nodes", t.seen(a.control)),
		stat("Samples read", t.count),
	}
}
