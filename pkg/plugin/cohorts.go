package plugin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/logs/logql"
	"github.com/andon-project/andon/pkg/source"
)

const (
	// glances is how often within a time range it is looked which nodes there
	// are.
	glances = 10
	// maxListed is how many nodes are named.
	maxListed = 500
)

// A side is one cohort as it resolves.
type side struct {
	Nodes []string `json:"nodes"` // in order; at most maxListed
	Count int      `json:"count"` // of all
	Query string   `json:"query,omitempty"`
	Error string   `json:"error,omitempty"`
}

// cohorts answers POST /cohorts: which nodes a query that is being written
// compares. What is wrong with one side is told with that side.
func (d *Datasource) cohorts(req *http.Request) (any, error) {
	var asked looking
	if err := decode(req, &asked, `{"query": …, "range": {"from": …, "to": …}}`); err != nil {
		return nil, err
	}
	ctx := req.Context()
	r, err := d.looked(ctx, asked)
	if err != nil {
		return nil, err
	}
	var candidate, control side
	var find func(analysis.Cohort) side
	var c analysis.Comparison
	switch r.Query.QueryType {
	case "deviation":
		c, find, err = d.metricSides(ctx, r)
	case "clusters", "crashes":
		c, find, err = d.logSides(ctx, r)
	default:
		err = badQuery{errors.New("only deviations, clusters and crashes have cohorts")}
	}
	if err != nil {
		return nil, err
	}
	candidate, control = find(c.Candidate), find(c.Control)
	return map[string]side{"candidate": candidate, "control": control}, nil
}

// metricSides returns what finds the nodes of a PromQL query.
func (d *Datasource) metricSides(ctx context.Context, r request) (analysis.Comparison, func(analysis.Cohort) side, error) {
	if err := filterPromQL(r.Query.Filters, &r.Query.Expr); err != nil {
		return analysis.Comparison{}, nil, err
	}
	c, err := r.Query.Comparison(r.Grid.Bin)
	if err != nil {
		return c, nil, badQuery{err}
	}
	p, err := d.config.prometheus(nil)
	if err != nil {
		return c, nil, err
	}
	return c, func(co analysis.Cohort) side {
		expr, err := source.Resolve(r.Query.Expr, co.Select)
		if err != nil {
			return side{Nodes: []string{}, Error: err.Error()}
		}
		step := max(time.Second, r.Window.To.Sub(r.Window.From)/glances)
		m, err := p.Range(ctx, expr, analysis.Range{Start: r.Window.From.Add(-co.Back), End: r.Window.To.Add(-co.Back), Step: step})
		return sideOf(expr, m, c.Node, err)
	}, nil
}

// logSides returns what finds the nodes of a LogQL query.
func (d *Datasource) logSides(ctx context.Context, r request) (analysis.Comparison, func(analysis.Cohort) side, error) {
	q, err := d.reading(ctx, r, func(expr string) analysis.Signal { return analysis.Signal{Logs: expr} })
	if err != nil {
		return analysis.Comparison{}, nil, err
	}
	span := max(time.Second, r.Window.To.Sub(r.Window.From)).Truncate(time.Second)
	return q.comparison, func(co analysis.Cohort) side {
		expr, err := q.resolve(q.Query.Expr, co.Select)
		if err != nil {
			return side{Nodes: []string{}, Error: err.Error()}
		}
		var by []string
		if q.comparison.Node != "" {
			by = []string{q.comparison.Node}
		}
		at := r.Window.To.Add(-co.Back)
		m, err := q.loki.Metric(ctx, logql.CountOverTime(expr, by, span, 0), analysis.Range{Start: at, End: at, Step: time.Second})
		return sideOf(expr, m, q.comparison.Node, err)
	}, nil
}

func sideOf(expr string, m model.Matrix, node string, err error) side {
	if err != nil {
		return side{Nodes: []string{}, Query: expr, Error: err.Error()}
	}
	names := map[string]bool{}
	for _, s := range m {
		names[string(s.Metric[model.LabelName(node)])] = true
	}
	all := slices.Sorted(maps.Keys(names))
	out := side{Nodes: append([]string{}, all[:min(len(all), maxListed)]...), Count: len(all), Query: expr}
	for i, n := range out.Nodes {
		if n == "" {
			out.Nodes[i] = "service"
		}
	}
	return out
}
