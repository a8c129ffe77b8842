package plugin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/logql"
	"github.com/andon-project/andon/pkg/source"
)

const (
	// nodeSamples is at how many points of a time range Prometheus is asked for
	// nodes.
	nodeSamples = 10

	// maxListed is how many nodes of a cohort are listed by name.
	maxListed = 500
)

// cohortNodes are the nodes of one cohort.
type cohortNodes struct {
	Nodes []string `json:"nodes"` // sorted; at most 500
	Count int      `json:"count"` // of all nodes, listed or not
	Query string   `json:"query,omitempty"`
	Error string   `json:"error,omitempty"`
}

// cohorts answers POST /cohorts: the nodes that a query in the editor compares.
// An error in one cohort is reported with that cohort.
func (s resources) cohorts(req *http.Request) (any, error) {
	ctx := req.Context()
	r, err := s.draft(req)
	if err != nil {
		return nil, err
	}
	var c andon.Comparison
	var nodesOf func(andon.Cohort) cohortNodes
	switch r.Query.QueryType {
	case "deviation":
		c, nodesOf, err = metricNodes(ctx, s.sources, r)
	case "clusters", "crashes":
		c, nodesOf, err = logNodes(ctx, s.sources, r)
	default:
		err = badQuery{errors.New("queries of this type have no cohorts; only deviation, clusters and crashes have")}
	}
	if err != nil {
		return nil, err
	}
	return map[string]cohortNodes{"candidate": nodesOf(c.Candidate), "control": nodesOf(c.Control)}, nil
}

// metricNodes returns the comparison of a PromQL query and a function that lists
// the nodes of a cohort.
func metricNodes(ctx context.Context, s sources, r request) (andon.Comparison, func(andon.Cohort) cohortNodes, error) {
	if err := filterPromQL(r.Query.Filters, &r.Query.Expr); err != nil {
		return andon.Comparison{}, nil, err
	}
	c, err := r.Query.newComparison(r.Grid.Bin)
	if err != nil {
		return c, nil, badQuery{err}
	}
	p, err := s.prometheus(nil)
	if err != nil {
		return c, nil, err
	}
	return c, func(co andon.Cohort) cohortNodes {
		expr, err := source.Resolve(r.Query.Expr, co.Select)
		if err != nil {
			return cohortNodes{Nodes: []string{}, Error: err.Error()}
		}
		step := max(time.Second, r.Window.To.Sub(r.Window.From)/nodeSamples)
		m, err := p.Range(ctx, expr, andon.Range{Start: r.Window.From.Add(-co.Back), End: r.Window.To.Add(-co.Back), Step: step})
		return newCohortNodes(expr, m, c.Node, err)
	}, nil
}

// logNodes returns the comparison of a LogQL query and a function that lists the
// nodes of a cohort.
func logNodes(ctx context.Context, s sources, r request) (andon.Comparison, func(andon.Cohort) cohortNodes, error) {
	q, err := newLogQuery(ctx, s, r, func(expr string) andon.Signal { return andon.Signal{Logs: expr} })
	if err != nil {
		return andon.Comparison{}, nil, err
	}
	span := max(time.Second, r.Window.To.Sub(r.Window.From)).Truncate(time.Second)
	return q.comparison, func(co andon.Cohort) cohortNodes {
		expr, err := q.resolve(q.Query.Expr, co.Select)
		if err != nil {
			return cohortNodes{Nodes: []string{}, Error: err.Error()}
		}
		var labels []string
		if q.comparison.Node != "" {
			labels = []string{q.comparison.Node}
		}
		at := r.Window.To.Add(-co.Back)
		m, err := q.loki.Metric(ctx, logql.CountOverTime(expr, labels, span, 0), andon.Range{Start: at, End: at, Step: time.Second})
		return newCohortNodes(expr, m, q.comparison.Node, err)
	}, nil
}

func newCohortNodes(expr string, m model.Matrix, node string, err error) cohortNodes {
	if err != nil {
		return cohortNodes{Nodes: []string{}, Query: expr, Error: err.Error()}
	}
	names := map[string]bool{}
	for _, s := range m {
		names[string(s.Metric[model.LabelName(node)])] = true
	}
	all := slices.Sorted(maps.Keys(names))
	out := cohortNodes{Nodes: append([]string{}, all[:min(len(all), maxListed)]...), Count: len(all), Query: expr}
	for i, n := range out.Nodes {
		if n == "" {
			out.Nodes[i] = "service"
		}
	}
	return out
}
