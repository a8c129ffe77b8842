package plugin

import (
	"context"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// A part is one stage of a rollout, or one place that it went to.
type part struct {
	name     string
	from, to *time.Time // of a stage; to is nil while it is under way
	verdict  andon.Decision
	evidence andon.Number
	reason   string
}

const viewStages = "stages"

// stages answers with one row for each stage, in order, then one for each place.
func (q *verdictQuery) stages(ctx context.Context) backend.DataResponse {
	v, _, err := q.judge(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	var parts []part
	for _, s := range v.Stages {
		parts = append(parts, part{fmt.Sprintf("stage %d", s.Stage), &s.From, s.To, s.Verdict, s.Evidence, s.Reason})
	}
	for _, s := range v.Scopes {
		name := s.Label + " " + s.Value
		if s.Value == "" {
			name = s.Label
		}
		parts = append(parts, part{name: name, verdict: s.Verdict, evidence: s.Evidence, reason: s.Reason})
	}
	return q.answer(q.table(
		column{"part", eachOf(parts, func(p part) string { return p.name }), data.FieldConfig{}},
		column{"verdict", eachOf(parts, func(p part) string { return string(p.verdict) }), verdictConfig()},
		column{"evidence", eachOf(parts, func(p part) *float64 { return number(p.evidence) }),
			oddsConfig("odds that the rollout made this place worse; for a stage, the factor by which it changed the odds of the rollout")},
		column{"reason", eachOf(parts, func(p part) string { return p.reason }), data.FieldConfig{}},
		column{"from", eachOf(parts, func(p part) *time.Time { return p.from }), data.FieldConfig{}},
		column{"to", eachOf(parts, func(p part) *time.Time { return p.to }), data.FieldConfig{}},
	))
}
