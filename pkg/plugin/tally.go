package plugin

import (
	"context"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// A tally counts the nodes in each query's answers. It is safe for concurrent
// use.
type tally struct {
	node       model.LabelName // label that names a node; empty if the service counts as one node
	mu         sync.Mutex
	nodes      map[string]map[string]bool // nodes with a sample, by query
	unlabelled bool                       // some series lack the label
	samples    int
	warnings   warnings // of Prometheus
}

func newTally(node string) *tally {
	return &tally{node: model.LabelName(node), nodes: make(map[string]map[string]bool)}
}

// count returns f, which then counts its answers.
func (t *tally) count(f andon.RangeFunc) andon.RangeFunc {
	return func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
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
		t.unlabelled = t.unlabelled || (!ok && t.node != "")
		nodes[string(name)] = true
		t.samples += len(s.Values)
	}
}

// nodeCount returns how many nodes were in the answers to a query.
func (t *tally) nodeCount(expr string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.nodes[expr])
}

// stats returns what the query inspector shows of the answers.
func (t *tally) stats(q cohortQueries) []data.QueryStat {
	stat := func(name string, n int) data.QueryStat {
		return data.QueryStat{FieldConfig: data.FieldConfig{DisplayName: name}, Value: float64(n)}
	}
	return []data.QueryStat{
		stat("Candidate nodes", t.nodeCount(q.candidate)),
		stat("Control nodes", t.nodeCount(q.control)),
		stat("Samples read", t.samples),
	}
}
