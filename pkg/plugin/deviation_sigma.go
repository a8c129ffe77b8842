package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/deviation"
)

const viewSigma = "sigma"

// sigma answers with the deviation of each node over time.
func (q *deviationQuery) sigma(ctx context.Context) backend.DataResponse {
	deviations, err := q.deviations(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	return q.sigmaLines(deviations)
}

// sigmaLines makes the series of sigma.
func (q *deviationQuery) sigmaLines(deviations []deviation.Deviation) backend.DataResponse {
	steps, links := q.Query.sigmaSteps(), q.deviationLinks()
	config := func(labels data.Labels) data.FieldConfig {
		c := data.FieldConfig{Unit: sigmaUnit, Thresholds: steps, Links: links}
		if len(labels) > 0 {
			c.DisplayNameFromDS = q.nodeName(labels)
		}
		return c
	}
	lines := []line{{config: config(nil)}}
	if len(deviations) > 0 {
		lines = lines[:0]
	}
	for _, d := range deviations {
		labels := data.Labels{"node": d.Node}
		lines = append(lines, line{labels, d.Times, d.Sigma, config(labels)})
	}
	return q.answer(q.series(lines)...)
}

// sigmaUnit is the unit of a deviation, as Grafana writes units.
const sigmaUnit = "suffix:σ"

// nodeName returns the name of a series. A line of control's band is named
// control, since the legend alone would give it the name of its node.
func (q *deviationQuery) nodeName(labels data.Labels) string {
	name := q.legend(labels)
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
