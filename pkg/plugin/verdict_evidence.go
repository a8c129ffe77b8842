package plugin

import (
	"context"
	"math"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

const viewEvidence = "evidence"

// evidence answers with the evidence over time.
func (q *verdictQuery) evidence(ctx context.Context) backend.DataResponse {
	v, watch, err := q.judge(ctx)
	switch {
	case err != nil:
		return errorResponse(ctx, err)
	case watch == nil:
		return q.answer(q.series(nil)...)
	}
	needs := q.rollouts[0].Service.Sensitivity.Needs(v.Strategy)
	config := evidenceConfig(needs, "odds that the rollout made its service worse")
	config.DisplayNameFromDS, config.Unit = q.legend(q.labels()), "sci" // an axis has no room for 20 digits
	config.SetDecimals(1)
	config.Custom = map[string]any{"scaleDistribution": map[string]any{"type": "log", "log": 10}}
	l := line{labels: q.labels(), config: config}
	for _, p := range watch.Trail(v.Rollout) {
		if !p.At.Before(q.Window.From) && !p.At.After(q.Window.To) {
			l.times, l.values = append(l.times, p.At), append(l.values, min(math.Exp(p.Log), math.MaxFloat64))
		}
	}
	return q.answer(q.series([]line{l})...)
}
