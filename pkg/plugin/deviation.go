package plugin

import (
	"context"
	"math"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/source"
)

const (
	// maxNodes is how many nodes an answer shows: beyond that a panel helps
	// nobody, and the nodes that stray furthest are the interesting ones.
	maxNodes = 200

	// thinControl is how many control nodes it takes to tell how much nodes
	// differ without any change.
	thinControl = 3
)

// A deviationQuery is a question about one signal of two cohorts, in PromQL.
type deviationQuery struct {
	frameBuilder
	comparison andon.Comparison
	queries    cohortQueries
	tally      *tally
	source     deviation.Source
}

// deviationView makes a view of deviations.
func deviationView(show func(*deviationQuery, context.Context) backend.DataResponse) answerFunc {
	return func(ctx context.Context, s sources, r request) backend.DataResponse {
		q, err := newDeviationQuery(s, r)
		if err != nil {
			return errorResponse(ctx, err)
		}
		return show(q, ctx)
	}
}

func newDeviationQuery(s sources, r request) (*deviationQuery, error) {
	if err := filterPromQL(r.Query.Filters, &r.Query.Expr, &r.Query.Per); err != nil {
		return nil, err
	}
	r.Query.Filters = nil
	c, err := r.Query.Comparison(r.Grid.Bin)
	if err != nil {
		return nil, badQuery{err}
	}
	queries, err := newCohortQueries(c)
	if err != nil {
		return nil, err
	}
	if c.Signal.Name == "" {
		c.Signal.Name = r.RefID // for messages
	}
	t := newTally(c.Node)
	prometheus, err := s.prometheus(t.warnings.from("Prometheus"))
	if err != nil {
		return nil, err
	}
	return &deviationQuery{
		frameBuilder: frameBuilder{request: r, config: s.config, executedQuery: queries.String()},
		comparison:   c, queries: queries, tally: t,
		source: deviation.Source{Ask: t.count(prometheus.Range), Resolve: source.Resolve},
	}, nil
}

// deviations returns how far the candidate nodes stray from control: the
// furthest, if there are too many to show.
func (q *deviationQuery) deviations(ctx context.Context) ([]deviation.Deviation, error) {
	deviations, err := q.source.Deviate(ctx, q.comparison, q.Range)
	if err != nil {
		return nil, err
	}
	q.addMeta(deviations)
	if len(deviations) > maxNodes {
		q.notices = append(q.notices, warning("%d nodes were compared, and the %d that stray furthest are shown; narrow the candidate", len(deviations), maxNodes))
		deviations = furthest(deviations, maxNodes)
	}
	return deviations, nil
}

// addMeta adds what a reader should know before believing the deviations.
func (q *deviationQuery) addMeta(deviations []deviation.Deviation) {
	q.notices = notices(q.request, q.queries, q.tally, deviations)
	q.stats = q.tally.stats(q.queries)
}

// deviationLinks lead from a deviation to the values behind it, here and in
// the user's Prometheus.
func (q *deviationQuery) deviationLinks() []data.DataLink {
	raw := q.Query
	raw.View = viewRaw
	links := q.selfLink("Values of node and control", raw)
	links = append(links, q.promQL("Candidate in Prometheus", q.queries.candidate)...)
	if q.queries.sameQuery() {
		return links
	}
	return append(links, q.promQL("Control in Prometheus", q.queries.control)...)
}

// furthest returns the n deviations that stray furthest at any time, in the
// order they had.
func furthest(all []deviation.Deviation, n int) []deviation.Deviation {
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
	out := make([]deviation.Deviation, n)
	for i, k := range kept {
		out[i] = all[k]
	}
	return out
}
