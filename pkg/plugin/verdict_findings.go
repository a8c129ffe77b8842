package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

const viewFindings = "findings"

// findings answers with one row for each finding, in the judge's order.
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
	described := func(text string) data.FieldConfig { return data.FieldConfig{Description: text} }
	count := func(name, description string, get func(andon.Finding) int) column {
		return column{name, eachOf(v.Findings, func(f andon.Finding) int64 { return int64(get(f)) }), described(description)}
	}
	flag := func(name, description string, get func(andon.Finding) bool) column {
		return column{name, eachOf(v.Findings, get), described(description)}
	}
	none := data.FieldConfig{}
	sensitivity := andon.Medium
	if len(q.rollouts) > 0 {
		sensitivity = q.rollouts[0].Service.Sensitivity
	}
	if sensitivity == "" {
		sensitivity = andon.Medium
	}
	sigma := data.FieldConfig{Unit: sigmaUnit, Description: "standard deviations from the old nodes; above 0 is worse", Thresholds: querySpec{Sensitivity: sensitivity}.sigmaSteps(), Custom: cell("color-background")}
	evidence := evidenceConfig(sensitivity.Needs(v.Strategy), "odds that the rollout made this signal worse")
	return q.answer(q.table(
		text("signal", func(f andon.Finding) string { return f.Signal }, none),
		value("deviation", func(f andon.Finding) andon.Number { return f.Deviation }, sigma),
		value("evidence", func(f andon.Finding) andon.Number { return f.Evidence }, evidence),
		text("reason", func(f andon.Finding) string { return f.Reason }, none),
		text("node", func(f andon.Finding) string { return f.Node }, described("the new node that deviates most")),
		value("effect", func(f andon.Finding) andon.Number { return f.Effect }, described("new nodes minus old nodes, in the signal's unit")),
		column{"onset", eachOf(v.Findings, func(f andon.Finding) *time.Time { return f.Onset }), described("when it became worse")},
		value("weight", func(f andon.Finding) andon.Number { return f.Weight },
			data.FieldConfig{Unit: "percentunit", Description: "the signal's share of the rollout's evidence"}),
		value("smallest", func(f andon.Finding) andon.Number { return f.Smallest },
			described("the smallest effect that would have been noticed by now")),
		flag("blamed", "whether it was a reason for the verdict fail", func(f andon.Finding) bool { return f.Blamed }),
		flag("critical", "whether this signal alone can fail the rollout", func(f andon.Finding) bool { return f.Critical }),
		text("kind", func(f andon.Finding) string { return f.Kind }, none),
		text("quality", func(f andon.Finding) string { return string(f.Quality) }, described("ok, or why it could not be judged")),
		count("candidate samples", "samples from the new nodes", func(f andon.Finding) int { return f.Candidate }),
		count("control samples", "samples from the old nodes", func(f andon.Finding) int { return f.Control }),
		text("query", func(f andon.Finding) string { return f.Query },
			data.FieldConfig{Description: "the query for the new nodes", Links: append(q.promQL("Candidate query in Prometheus", "${__data.fields.query}"), q.logQL("Candidate query in Loki", "${__data.fields.query}")...)}),
		text("against", func(f andon.Finding) string { return f.Against },
			data.FieldConfig{Description: "the query for the old nodes", Links: append(q.promQL("Control query in Prometheus", "${__data.fields.against}"), q.logQL("Control query in Loki", "${__data.fields.against}")...)}),
	))
}
