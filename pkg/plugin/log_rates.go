package plugin

import (
	"cmp"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

const viewRates = "rates"

// maxRates is how many log clusters get a series of their own by default.
const maxRates = 20

// A namedGroup is a group with a name for people.
type namedGroup struct {
	andon.Group
	name string
}

// rateLines answers with the lines per second of both cohorts: one series for
// each class, or for each cluster if the query asks for that.
func (q *logQuery) rateLines(report andon.GroupReport, all []namedGroup) backend.DataResponse {
	var lines []line
	add := func(labels data.Labels, legend, cohort string, values []float64) {
		labels = labels.Copy()
		labels["cohort"] = cohort
		lines = append(lines, line{labels, report.Times, values, data.FieldConfig{Unit: "suffix: lines/s",
			DisplayNameFromDS: frameBuilder{request: request{Query: querySpec{Legend: cmp.Or(q.Query.Legend, legend)}}}.legend(labels)}})
	}
	if q.Query.GroupBy == "cluster" {
		for _, g := range limited(&q.frameBuilder, all, maxRates, "clusters") {
			labels := data.Labels{"cluster": g.ID, "class": string(g.Class), "template": g.name}
			add(labels, "{{template}} ({{cohort}})", "candidate", g.Candidate.PerSecond)
			add(labels, "{{template}} ({{cohort}})", "control", g.Control.PerSecond)
		}
	} else {
		for _, class := range andon.Classes {
			ofClass := slices.DeleteFunc(slices.Clone(all), func(g namedGroup) bool { return g.Class != class })
			if len(ofClass) == 0 {
				continue
			}
			labels := data.Labels{"class": string(class)}
			add(labels, "{{class}} ({{cohort}})", "candidate", sum(ofClass, len(report.Times), func(g namedGroup) []float64 { return g.Candidate.PerSecond }))
			add(labels, "{{class}} ({{cohort}})", "control", sum(ofClass, len(report.Times), func(g namedGroup) []float64 { return g.Control.PerSecond }))
		}
	}
	q.Range.Step = report.Step
	return q.answer(q.series(lines)...)
}

// sum adds up the series of all groups, each of n values.
func sum(all []namedGroup, n int, series func(namedGroup) []float64) []float64 {
	out := make([]float64, n)
	for _, g := range all {
		for i, v := range series(g) {
			out[i] += v
		}
	}
	return out
}
