package plugin

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/source"
)

const (
	// maxNodes is how many nodes an answer shows: beyond that a panel helps
	// nobody, and the nodes that stray furthest are what is looked for.
	maxNodes = 200

	// thinControl is how many control nodes it takes to tell how much nodes
	// differ without any change.
	thinControl = 3
)

// deviation answers how far each candidate node strays from control.
func (d *Datasource) deviation(ctx context.Context, r request) backend.DataResponse {
	c, err := r.Query.Comparison(r.Grid.Bin)
	if err != nil {
		return badRequest(err)
	}
	asked, err := resolve(c)
	if err != nil {
		return failed(ctx, err)
	}
	if c.Signal.Name == "" {
		c.Signal.Name = r.RefID // for messages
	}
	seen := &tally{node: model.LabelName(c.Node), nodes: make(map[string]map[string]bool)}
	prometheus, err := d.config.prometheus(seen.warn)
	if err != nil {
		return failed(ctx, err)
	}
	a := analysis.Analyzer{Metrics: seen.watch(prometheus.Range), Resolve: source.Resolve}
	found, err := a.Deviate(ctx, c, r.Range)
	if err != nil {
		return failed(ctx, err)
	}
	p := picture{
		request: r, uid: d.config.UID, name: d.config.Name, executed: asked.String(),
		notices: notices(r, asked, seen, found),
		stats:   seen.stats(asked),
	}
	if len(found) > maxNodes {
		p.notices = append(p.notices, warning("%d nodes were compared, and the %d that stray furthest are shown; narrow the candidate", len(found), maxNodes))
		found = furthest(found, maxNodes)
	}
	return backend.DataResponse{Status: backend.StatusOK, Frames: p.frames(found)}
}

// asked is what both cohorts were asked, in PromQL.
type asked struct {
	candidate, control       string
	candidatePer, controlPer string
	comparison               analysis.Comparison
}

// resolve writes the cohorts into the queries, for people to read; the
// Analyzer does the same for itself.
func resolve(c analysis.Comparison) (asked, error) {
	a := asked{comparison: c}
	for _, q := range []struct {
		into *string
		expr string
		sel  analysis.Selector
	}{
		{&a.candidate, c.Signal.Metric, c.Candidate.Select},
		{&a.control, c.Signal.Metric, c.Control.Select},
		{&a.candidatePer, c.Signal.Per, c.Candidate.Select},
		{&a.controlPer, c.Signal.Per, c.Control.Select},
	} {
		if q.expr == "" {
			continue
		}
		var err error
		if *q.into, err = source.Resolve(q.expr, q.sel); err != nil {
			return asked{}, err
		}
	}
	return a, nil
}

// sameQuery reports whether time alone tells the cohorts apart.
func (a asked) sameQuery() bool { return a.candidate == a.control }

// String returns the queries for the query inspector.
func (a asked) String() string {
	when := ""
	switch c := a.comparison; {
	case c.Control.Back > 0:
		when = ", " + model.Duration(c.Control.Back).String() + " before"
	case a.sameQuery() && !c.Since.IsZero():
		when = ", before " + c.Since.UTC().Format("2006-01-02T15:04:05Z")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# compared as %s in bins of %s\n", a.comparison.Signal.Kind, model.Duration(a.comparison.Step))
	fmt.Fprintf(&b, "# candidate\n%s\n", a.candidate)
	if a.candidatePer != "" {
		fmt.Fprintf(&b, "# candidate, per\n%s\n", a.candidatePer)
	}
	fmt.Fprintf(&b, "# control%s\n%s\n", when, a.control)
	if a.controlPer != "" {
		fmt.Fprintf(&b, "# control, per%s\n%s\n", when, a.controlPer)
	}
	return b.String()
}

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

// furthest returns the n deviations that stray furthest at any time, in the
// order they had.
func furthest(all []analysis.Deviation, n int) []analysis.Deviation {
	stray := make([]float64, len(all))
	order := make([]int, len(all))
	for i, d := range all {
		order[i] = i
		for _, s := range d.Sigma {
			if a := math.Abs(s); a > stray[i] {
				stray[i] = a
			}
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case stray[i] > stray[j]:
			return -1
		case stray[i] < stray[j]:
			return 1
		}
		return 0
	})
	kept := slices.Clone(order[:n])
	slices.Sort(kept)
	out := make([]analysis.Deviation, n)
	for i, k := range kept {
		out[i] = all[k]
	}
	return out
}
