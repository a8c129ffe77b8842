package plugin

import (
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// sigmaLines answers with the deviation of each node.
func (q comparing) sigmaLines(found []analysis.Deviation) backend.DataResponse {
	steps, links := q.Query.sigmaSteps(), q.deviationLinks()
	config := func(labels data.Labels) data.FieldConfig {
		c := data.FieldConfig{Unit: sigmaUnit, Thresholds: steps, Links: links}
		if len(labels) > 0 {
			c.DisplayNameFromDS = q.nodeName(labels)
		}
		return c
	}
	lines := []line{{config: config(nil)}}
	if len(found) > 0 {
		lines = lines[:0]
	}
	for _, d := range found {
		labels := data.Labels{"node": d.Node}
		lines = append(lines, line{labels, d.Times, d.Sigma, config(labels)})
	}
	return q.answer(q.series(lines)...)
}

// sigmaUnit is Grafana's name of the unit of a deviation.
const sigmaUnit = "suffix:σ"

// rawLines answers with each node's value, and with the band of control: once
// if it is the same for all nodes, as it is when nodes are told apart by
// labels.
func (q comparing) rawLines(found []analysis.Deviation) backend.DataResponse {
	var lines []line
	candidate, control := q.promQL("Candidate in Prometheus", q.asked.candidate), q.promQL("Control in Prometheus", q.asked.control)
	add := func(labels data.Labels, d analysis.Deviation, values []float64, custom map[string]any) {
		links := candidate
		if labels["control"] != "" {
			links = control
		}
		lines = append(lines, line{labels, d.Times, values,
			data.FieldConfig{Unit: q.Query.Unit, DisplayNameFromDS: q.nodeName(labels), Links: links, Custom: custom}})
	}
	for _, d := range found {
		add(data.Labels{"node": d.Node}, d, d.Value, nil)
	}
	shared := len(found) > 0 && !slices.ContainsFunc(found, func(d analysis.Deviation) bool { return !sameBand(d, found[0]) })
	for i, d := range found {
		if shared && i > 0 {
			break
		}
		of := func(band string) data.Labels {
			if shared {
				return data.Labels{"control": band}
			}
			return data.Labels{"control": band, "node": d.Node}
		}
		add(of("low"), d, d.Low, map[string]any{"lineWidth": 0})
		add(of("centre"), d, d.Centre, map[string]any{"lineStyle": map[string]any{"fill": "dash"}})
		// Grafana fills the space down to the series of that name.
		add(of("high"), d, d.High, map[string]any{"lineWidth": 0, "fillOpacity": 15, "fillBelowTo": q.nodeName(of("low"))})
	}
	if len(lines) == 0 {
		lines = []line{{config: data.FieldConfig{Unit: q.Query.Unit}}}
	}
	return q.answer(q.series(lines)...)
}

func sameBand(a, b analysis.Deviation) bool {
	equal := func(x, y float64) bool { return x == y || (math.IsNaN(x) && math.IsNaN(y)) }
	return slices.EqualFunc(a.Times, b.Times, time.Time.Equal) && slices.EqualFunc(a.Centre, b.Centre, equal) &&
		slices.EqualFunc(a.Low, b.Low, equal) && slices.EqualFunc(a.High, b.High, equal)
}

// nodeName returns what a series is called. A line of control that the legend
// does not tell apart gets its name in front.
func (p picture) nodeName(labels data.Labels) string {
	name := p.legend(labels)
	band, ok := labels["control"]
	switch {
	case !ok && name == "" && labels["node"] == "":
		return "service"
	case !ok:
		return name
	case labels["node"] == "":
		return "control " + band
	}
	return "control " + band + " of " + name
}
