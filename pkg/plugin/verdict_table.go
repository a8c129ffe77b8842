package plugin

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// findings makes one row of each finding, in the judge's order.
func (j judging) findings(v analysis.Verdict) *data.Frame {
	text := func(name string, of func(analysis.Finding) string, config data.FieldConfig) column {
		return column{name, eachOf(v.Findings, of), config}
	}
	value := func(name string, of func(analysis.Finding) analysis.Number, config data.FieldConfig) column {
		return column{name, eachOf(v.Findings, func(f analysis.Finding) *float64 { return number(of(f)) }), config}
	}
	count := func(name string, of func(analysis.Finding) int) column {
		return column{name, eachOf(v.Findings, func(f analysis.Finding) int64 { return int64(of(f)) }), data.FieldConfig{}}
	}
	flag := func(name string, of func(analysis.Finding) bool) column {
		return column{name, eachOf(v.Findings, of), data.FieldConfig{}}
	}
	none := data.FieldConfig{}
	sensitivity := analysis.Medium
	if len(j.under) > 0 {
		sensitivity = j.under[0].Service.Sensitivity
	}
	if sensitivity == "" {
		sensitivity = analysis.Medium
	}
	sigma := data.FieldConfig{Unit: sigmaUnit, Thresholds: Query{Sensitivity: sensitivity}.sigmaSteps(), Custom: cell("color-background")}
	evidence := data.FieldConfig{Thresholds: evidenceSteps(sensitivity.Needs(v.Strategy)), Custom: cell("color-text")}
	return j.table(
		text("signal", func(f analysis.Finding) string { return f.Signal }, none),
		value("deviation", func(f analysis.Finding) analysis.Number { return f.Deviation }, sigma),
		value("evidence", func(f analysis.Finding) analysis.Number { return f.Evidence }, evidence),
		text("reason", func(f analysis.Finding) string { return f.Reason }, none),
		text("node", func(f analysis.Finding) string { return f.Node }, none),
		value("effect", func(f analysis.Finding) analysis.Number { return f.Effect }, none),
		column{"onset", eachOf(v.Findings, func(f analysis.Finding) *time.Time { return f.Onset }), none},
		value("weight", func(f analysis.Finding) analysis.Number { return f.Weight }, data.FieldConfig{Unit: "percentunit"}),
		value("smallest", func(f analysis.Finding) analysis.Number { return f.Smallest },
			data.FieldConfig{Description: "smallest effect that would have been seen by now"}),
		flag("blamed", func(f analysis.Finding) bool { return f.Blamed }),
		flag("critical", func(f analysis.Finding) bool { return f.Critical }),
		text("kind", func(f analysis.Finding) string { return f.Kind }, none),
		text("quality", func(f analysis.Finding) string { return string(f.Quality) }, none),
		count("candidate samples", func(f analysis.Finding) int { return f.Candidate }),
		count("control samples", func(f analysis.Finding) int { return f.Control }),
		text("query", func(f analysis.Finding) string { return f.Query },
			data.FieldConfig{Links: append(j.promQL("Candidate in Prometheus", "${__data.fields.query}"), j.logQL("Candidate in Loki", "${__data.fields.query}")...)}),
		text("against", func(f analysis.Finding) string { return f.Against },
			data.FieldConfig{Links: append(j.promQL("Control in Prometheus", "${__data.fields.against}"), j.logQL("Control in Loki", "${__data.fields.against}")...)}),
	)
}
