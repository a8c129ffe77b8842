package plugin

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/stat"
)

// strategy returns the strategy by which the judge would compare the cohorts.
func (q *deviationQuery) strategy() andon.Strategy {
	switch {
	case q.Query.Strategy != "":
		return q.Query.Strategy
	case q.Query.Cohorts == byTime:
		return andon.BeforeAfter
	}
	return andon.Canary
}

// nodeFindings returns, for each node, what the judge would find if it were the
// only candidate node of a rollout that began at the query's since, or else at
// the start of the time range. Compared with another day there is no judgment,
// only an effect.
func (q *deviationQuery) nodeFindings(ctx context.Context, deviations []deviation.Deviation) ([]andon.Finding, error) {
	out := make([]andon.Finding, len(deviations))
	if q.comparison.Control.Back != 0 {
		for i, d := range deviations {
			out[i] = andon.Finding{Effect: andon.Number(stat.Mean(difference(d.Value, d.Centre))), Evidence: andon.Unknown,
				Reason: "no evidence, since this compares with another day"}
		}
		return out, nil
	}
	ro := andon.Rollout{ID: q.RefID, Service: q.Query.Service, Strategy: q.strategy(), Started: q.comparison.Since,
		Candidate: q.comparison.Candidate.Select, Control: q.comparison.Control.Select}
	if ro.Started.IsZero() {
		ro.Started = q.Window.From
	}
	s := andon.Service{Name: q.Query.Service, Node: q.comparison.Node, Sensitivity: q.comparison.Sensitivity,
		Step: model.Duration(q.comparison.Step), Signals: []andon.Signal{q.comparison.Signal}}
	cache := queryCache{ask: q.source.Ask, entries: make(map[cacheKey]*cacheEntry)}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, d := range deviations {
		g.Go(func() error {
			one := cache.only(q.comparison.Node, d.Node, q.queries.candidate, q.queries.candidatePer)
			a := judge.Analyzer{Metrics: deviation.Source{Ask: one, Resolve: q.source.Resolve}}
			v, err := a.Judge(ctx, ro, s, q.Window.To)
			if err != nil {
				return err
			}
			for _, f := range v.Findings {
				if f.Kind == "metric" {
					out[i] = f
					break
				}
			}
			return nil
		})
	}
	return out, g.Wait()
}

func difference(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// A queryCache asks each query once. It is safe for concurrent use.
type queryCache struct {
	ask     andon.RangeFunc
	mu      sync.Mutex
	entries map[cacheKey]*cacheEntry
}

type cacheKey struct {
	expr       string
	start, end time.Time
	step       time.Duration
}

type cacheEntry struct {
	once   sync.Once
	answer model.Matrix
	err    error
}

func (c *queryCache) get(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	key := cacheKey{expr, r.Start, r.End, r.Step}
	c.mu.Lock()
	e := c.entries[key]
	if e == nil {
		e = &cacheEntry{}
		c.entries[key] = e
	}
	c.mu.Unlock()
	e.once.Do(func() { e.answer, e.err = c.ask(ctx, expr, r) })
	return e.answer, e.err
}

// only returns a RangeFunc that answers the candidate's expressions with the
// series of one node, and others in full.
func (c *queryCache) only(label, node string, candidate ...string) andon.RangeFunc {
	return func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
		all, err := c.get(ctx, expr, r)
		if err != nil || (expr != candidate[0] && expr != candidate[1]) {
			return all, err
		}
		var one model.Matrix
		for _, s := range all {
			if string(s.Metric[model.LabelName(label)]) == node {
				one = append(one, s)
			}
		}
		return one, nil
	}
}
