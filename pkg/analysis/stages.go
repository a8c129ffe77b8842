package analysis

import (
	"math"
	"time"
)

// A StageVerdict is what one stage of a rollout showed.
type StageVerdict struct {
	Stage    int        `json:"stage"`    // counted from 1
	From     time.Time  `json:"from"`     // when it was complete; of the first, when the rollout started
	To       *time.Time `json:"to"`       // when the next one was complete, or the rollout ended; null while it lasts
	Verdict  Decision   `json:"verdict"`  // on the rollout at its end, or now
	Evidence Number     `json:"evidence"` // by what factor it multiplied the rollout's evidence
	Reason   string     `json:"reason"`   // of that verdict
}

// A staging tells the stages of a rollout apart.
type staging struct {
	over  []StageVerdict
	began float64 // log evidence when the stage under way began
}

// turn ends the stages that the next ones, complete by known, have made way
// for. It is called before the first bin of a stage is folded, so that what is
// known then is all of the one before.
func (c *course) turn(known Rollout) {
	for len(c.staging.over) < len(known.Stages)-1 {
		to := known.Stages[len(c.staging.over)+1]
		s := c.stage(c.rollout.AsOf(binTime(c.decided, c.step)), c.judged(binTime(c.decided, c.step)))
		s.To = &to
		c.staging.over = append(c.staging.over, s)
		c.staging.began = c.logE
	}
}

// stage returns the stage under way with the verdict v.
func (c *course) stage(known Rollout, v Verdict) StageVerdict {
	n := len(c.staging.over)
	s := StageVerdict{
		Stage: n + 1, From: c.rollout.Started, Verdict: v.Verdict, Reason: v.Reason,
		Evidence: Number(math.Exp(c.logE - c.staging.began)),
	}
	if n > 0 {
		s.From = *c.staging.over[n-1].To
	}
	if !known.Ended.IsZero() {
		s.To = &known.Ended
	}
	return s
}

// stages returns all that began, with the verdict v on the one under way.
func (c *course) stages(now time.Time, v Verdict) []StageVerdict {
	return append(c.staging.over[:len(c.staging.over):len(c.staging.over)], c.stage(c.rollout.AsOf(now), v))
}
