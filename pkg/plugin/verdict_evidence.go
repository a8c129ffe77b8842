package plugin

import (
	"context"
	"fmt"
	"math"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
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
	l := line{labels: q.labels(), config: data.FieldConfig{DisplayNameFromDS: q.legend(q.labels()), Thresholds: evidenceSteps(needs),
		Description: fmt.Sprintf("how many times better a regression explains the data than none; %.0f fails the rollout", needs),
		Custom:      map[string]any{"scaleDistribution": map[string]any{"type": "log", "log": 10}}}}
	for _, p := range watch.Trail(v.Rollout) {
		if !p.At.Before(q.Window.From) && !p.At.After(q.Window.To) {
			l.times, l.values = append(l.times, p.At), append(l.values, min(math.Exp(p.Log), math.MaxFloat64))
		}
	}
	return q.answer(q.series([]line{l})...)
}
