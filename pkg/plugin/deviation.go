package plugin

import (
	"context"
	"math"
	"slices"

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

// A comparing is a question about one signal of two cohorts, in PromQL.
type comparing struct {
	picture
	comparison analysis.Comparison
	asked      asked
	seen       *tally
	analyzer   analysis.Analyzer
}

// deviation answers how far each candidate node strays from control.
func (s sources) deviation(ctx context.Context, r request) backend.DataResponse {
	if err := filterPromQL(r.Query.Filters, &r.Query.Expr, &r.Query.Per); err != nil {
		return failed(ctx, err)
	}
	r.Query.Filters = nil
	c, err := r.Query.Comparison(r.Grid.Bin)
	if err != nil {
		return badRequest(err)
	}
	a, err := resolve(c)
	if err != nil {
		return failed(ctx, err)
	}
	if c.Signal.Name == "" {
		c.Signal.Name = r.RefID // for messages
	}
	seen := &tally{node: model.LabelName(c.Node), nodes: make(map[string]map[string]bool)}
	prometheus, err := s.prometheus(seen.warn)
	if err != nil {
		return failed(ctx, err)
	}
	q := comparing{picture{request: r, config: s.config, executed: a.String()}, c, a, seen,
		analysis.Analyzer{Metrics: seen.watch(prometheus.Range), Resolve: source.Resolve}}
	if r.Query.View == viewHeatmap {
		return q.heatmap(ctx)
	}
	return q.nodes(ctx)
}

// nodes answers with lines or rows of the candidate nodes.
func (q comparing) nodes(ctx context.Context) backend.DataResponse {
	found, err := q.analyzer.Deviate(ctx, q.comparison, q.Range)
	if err != nil {
		return failed(ctx, err)
	}
	q.notices = notices(q.request, q.asked, q.seen, found)
	q.stats = q.seen.stats(q.asked)
	if len(found) > maxNodes {
		q.notices = append(q.notices, warning("%d nodes were compared, and the %d that stray furthest are shown; narrow the candidate", len(found), maxNodes))
		found = furthest(found, maxNodes)
	}
	switch q.Query.View {
	case viewRaw:
		return q.rawLines(found)
	case viewTable:
		return q.nodeTable(ctx, found)
	}
	return q.sigmaLines(found)
}

// deviationLinks lead from a deviation to the values behind it, here and in
// the user's Prometheus.
func (q comparing) deviationLinks() []data.DataLink {
	raw := q.Query
	raw.View = viewRaw
	links := q.own("Values of node and control", raw)
	links = append(links, q.promQL("Candidate in Prometheus", q.asked.candidate)...)
	if q.asked.sameQuery() {
		return links
	}
	return append(links, q.promQL("Control in Prometheus", q.asked.control)...)
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
