package judge

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// stages tells the stages of a rollout apart.
type stages struct {
	*subject
	over  []andon.StageVerdict
	began float64 // log evidence when the stage under way began
}

// turn ends each stage whose successor is complete in known, with the verdict at
// the bin decided on last, when the evidence was exp(logE). It is called before
// the first bin of a stage is folded, so that all it knows belongs to the stage
// before.
func (s *stages) turn(known andon.Rollout, last time.Time, logE float64, judged func(at time.Time) andon.Verdict) {
	for len(s.over) < len(known.Stages)-1 {
		to := known.Stages[len(s.over)+1]
		ended := s.stage(s.rollout.AsOf(last), logE, judged(last))
		ended.To = &to
		s.over = append(s.over, ended)
		s.began = logE
	}
}

// stage returns the stage under way with the verdict v.
func (s *stages) stage(known andon.Rollout, logE float64, v andon.Verdict) andon.StageVerdict {
	n := len(s.over)
	out := andon.StageVerdict{
		Stage: n + 1, From: s.rollout.Started, Verdict: v.Verdict, Reason: v.Reason,
		Evidence: andon.Number(math.Exp(logE - s.began)),
	}
	if n > 0 {
		out.From = *s.over[n-1].To
	}
	if !known.Ended.IsZero() {
		out.To = &known.Ended
	}
	return out
}

// verdicts returns all that began, with the verdict v on the one under way.
func (s *stages) verdicts(now time.Time, logE float64, v andon.Verdict) []andon.StageVerdict {
	return append(s.over[:len(s.over):len(s.over)], s.stage(s.rollout.AsOf(now), logE, v))
}
