package exporter

import (
	"maps"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// baselines find the runs that load tests are compared with.
type baselines struct {
	rollouts *rollouts
	history  *history
}

// add returns a load test with the run that it is compared with, where none
// was announced: the newest of the same service and scope that had ended when
// this one started and whose last verdict was pass. A first run has none, and
// what is no load test is returned as it is.
func (b baselines) add(ro andon.Rollout, now time.Time) andon.Rollout {
	if ro.Strategy != andon.LoadTest || ro.Baseline != nil {
		return ro
	}
	for _, run := range b.rollouts.board().List(now) { // newest first
		if run.ID == ro.ID || run.Service != ro.Service || run.Strategy != andon.LoadTest || !maps.Equal(run.Scope, ro.Scope) ||
			run.Ended.IsZero() || run.Ended.After(ro.Started) {
			continue
		}
		if v, known := b.history.past(run.ID); !known || v.Verdict.Verdict != andon.Pass {
			continue
		}
		ro.Baseline = &andon.Baseline{Started: run.Started, Ended: run.Ended}
		if len(ro.Control) == 0 {
			ro.Control = run.Candidate
		}
		return ro
	}
	return ro
}
