package plugin

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/deviation"
)

const viewRaw = "raw"

// raw answers with the compared values over time.
func (q *deviationQuery) raw(ctx context.Context) backend.DataResponse {
	deviations, err := q.deviations(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	return q.rawLines(deviations)
}

// rawLines answers with each node's values and the band of control. The band is
// sent once if it is the same for all nodes, as it is for cohorts by labels.
func (q *deviationQuery) rawLines(deviations []deviation.Deviation) backend.DataResponse {
	var lines []line
	candidate, control := q.promQL("Candidate query in Prometheus", q.queries.candidate), q.promQL("Control query in Prometheus", q.queries.control)
	add := func(labels data.Labels, d deviation.Deviation, values []float64, custom map[string]any) {
		links := candidate
		if labels["control"] != "" {
			links = control
		}
		lines = append(lines, line{labels, d.Times, values,
			data.FieldConfig{Unit: q.Query.Unit, DisplayNameFromDS: q.nodeName(labels), Links: links, Custom: custom}})
	}
	for _, d := range deviations {
		add(data.Labels{"node": d.Node}, d, d.Value, nil)
	}
	shared := len(deviations) > 0 && !slices.ContainsFunc(deviations, func(d deviation.Deviation) bool { return !sameBand(d, deviations[0]) })
	for i, d := range deviations {
		if shared && i > 0 {
			break
		}
		labels := func(band string) data.Labels {
			if shared {
				return data.Labels{"control": band}
			}
			return data.Labels{"control": band, "node": d.Node}
		}
		add(labels("low"), d, d.Low, map[string]any{"lineWidth": 0})
		add(labels("centre"), d, d.Centre, map[string]any{"lineStyle": map[string]any{"fill": "dash"}})
		// Grafana fills the space down to the series with that name.
		add(labels("high"), d, d.High, map[string]any{"lineWidth": 0, "fillOpacity": 15, "fillBelowTo": q.nodeName(labels("low"))})
	}
	if len(lines) == 0 {
		lines = []line{{config: data.FieldConfig{Unit: q.Query.Unit}}}
	}
	return q.answer(q.series(lines)...)
}

func sameBand(a, b deviation.Deviation) bool {
	equal := func(x, y float64) bool { return x == y || (math.IsNaN(x) && math.IsNaN(y)) }
	return slices.EqualFunc(a.Times, b.Times, time.Time.Equal) && slices.EqualFunc(a.Centre, b.Centre, equal) &&
		slices.EqualFunc(a.Low, b.Low, equal) && slices.EqualFunc(a.High, b.High, equal)
}
