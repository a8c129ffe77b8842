package plugin

import (
	"cmp"
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
	// maxNodes is how many nodes an answer shows: those that deviate most. Nobody
	// reads a panel of more.
	maxNodes = 200

	// minControl is how many control nodes it takes to learn how much nodes differ
	// without a change.
	minControl = 3
)

// A deviationQuery compares one PromQL signal of two cohorts.
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
	c, err := r.Query.newComparison(r.Grid.Bin)
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

// deviations returns how far each candidate node is from control; if there are
// too many to show, those that deviate most.
func (q *deviationQuery) deviations(ctx context.Context) ([]deviation.Deviation, error) {
	deviations, err := q.source.Deviate(ctx, q.comparison, q.Range)
	if err != nil {
		return nil, err
	}
	q.addMeta(deviations)
	if len(deviations) > maxNodes {
		q.notices = append(q.notices, warning("only the %d nodes that deviate most are shown, of %d; narrow the candidate to see others", maxNodes, len(deviations)))
		deviations = furthest(deviations, maxNodes)
	}
	return deviations, nil
}

// addMeta adds the notices and statistics of the answer.
func (q *deviationQuery) addMeta(deviations []deviation.Deviation) {
	q.notices = notices(q.request, q.queries, q.tally, deviations)
	q.stats = q.tally.stats(q.queries)
}

// deviationLinks lead from a deviation to the values behind it, in this data
// source and in the user's Prometheus.
func (q *deviationQuery) deviationLinks() []data.DataLink {
	raw := q.Query
	raw.View = viewRaw
	links := q.selfLink("Values behind this deviation", raw)
	links = append(links, q.promQL("Candidate query in Prometheus", q.queries.candidate)...)
	if q.queries.sameQuery() {
		return links
	}
	return append(links, q.promQL("Control query in Prometheus", q.queries.control)...)
}

// furthest returns the n deviations with the largest |σ| at any time, in their
// original order.
func furthest(all []deviation.Deviation, n int) []deviation.Deviation {
	maxSigma := make([]float64, len(all))
	order := make([]int, len(all))
	for i, d := range all {
		order[i] = i
		for _, s := range d.Sigma {
			if a := math.Abs(s); a > maxSigma[i] {
				maxSigma[i] = a
			}
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(maxSigma[j], maxSigma[i])
	})
	kept := slices.Clone(order[:n])
	slices.Sort(kept)
	out := make([]deviation.Deviation, n)
	for i, k := range kept {
		out[i] = all[k]
	}
	return out
}
