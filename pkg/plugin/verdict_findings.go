package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

const viewFindings = "findings"

// findings answers with one row a finding, in the judge's order.
func (q *verdictQuery) findings(ctx context.Context) backend.DataResponse {
	v, _, err := q.judge(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	text := func(name string, get func(andon.Finding) string, config data.FieldConfig) column {
		return column{name, eachOf(v.Findings, get), config}
	}
	value := func(name string, get func(andon.Finding) andon.Number, config data.FieldConfig) column {
		return column{name, eachOf(v.Findings, func(f andon.Finding) *float64 { return number(get(f)) }), config}
	}
	count := func(name string, get func(andon.Finding) int) column {
		return column{name, eachOf(v.Findings, func(f andon.Finding) int64 { return int64(get(f)) }), data.FieldConfig{}}
	}
	flag := func(name string, get func(andon.Finding) bool) column {
		return column{name, eachOf(v.Findings, get), data.FieldConfig{}}
	}
	none := data.FieldConfig{}
	sensitivity := andon.Medium
	if len(q.rollouts) > 0 {
		sensitivity = q.rollouts[0].Service.Sensitivity
	}
	if sensitivity == "" {
		sensitivity = andon.Medium
	}
	sigma := data.FieldConfig{Unit: sigmaUnit, Thresholds: Query{Sensitivity: sensitivity}.sigmaSteps(), Custom: cell("color-background")}
	evidence := data.FieldConfig{Thresholds: evidenceSteps(sensitivity.Needs(v.Strategy)), Custom: cell("color-text")}
	return q.answer(q.table(
		text("signal", func(f andon.Finding) string { return f.Signal }, none),
		value("deviation", func(f andon.Finding) andon.Number { return f.Deviation }, sigma),
		value("evidence", func(f andon.Finding) andon.Number { return f.Evidence }, evidence),
		text("reason", func(f andon.Finding) string { return f.Reason }, none),
		text("node", func(f andon.Finding) string { return f.Node }, none),
		value("effect", func(f andon.Finding) andon.Number { return f.Effect }, none),
		column{"onset", eachOf(v.Findings, func(f andon.Finding) *time.Time { return f.Onset }), none},
		value("weight", func(f andon.Finding) andon.Number { return f.Weight }, data.FieldConfig{Unit: "percentunit"}),
		value("smallest", func(f andon.Finding) andon.Number { return f.Smallest },
			data.FieldConfig{Description: "smallest effect that would have been seen by now"}),
		flag("blamed", func(f andon.Finding) bool { return f.Blamed }),
		flag("critical", func(f andon.Finding) bool { return f.Critical }),
		text("kind", func(f andon.Finding) string { return f.Kind }, none),
		text("quality", func(f andon.Finding) string { return string(f.Quality) }, none),
		count("candidate samples", func(f andon.Finding) int { return f.Candidate }),
		count("control samples", func(f andon.Finding) int { return f.Control }),
		text("query", func(f andon.Finding) string { return f.Query },
			data.FieldConfig{Links: append(q.promQL("Candidate in Prometheus", "${__data.fields.query}"), q.logQL("Candidate in Loki", "${__data.fields.query}")...)}),
		text("against", func(f andon.Finding) string { return f.Against },
			data.FieldConfig{Links: append(q.promQL("Control in Prometheus", "${__data.fields.against}"), q.logQL("Control in Loki", "${__data.fields.against}")...)}),
	))
}
