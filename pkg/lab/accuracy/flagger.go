package accuracy

import (
	"github.com/andon-project/andon/pkg/andon"
)

// flaggerThreshold is how many ticks with a failed check roll back.
const flaggerThreshold = 5

var flagger = Rule{
	Name: "Flagger's gate",
	What: "each minute the candidate's success rate must be 99% or more and its latency 500 ms or less (the p99 there, the mean here, for the data hold no other); no sample at all is a failed check, NaN (nobody called) is not. " +
		"The fifth minute with a failed check, in a row or not, fails. Other signals have no published threshold: there the candidate must stay within 3 standard deviations of the hour before.",
	Source: "[metrics](https://docs.flagger.app/usage/metrics), [how it works](https://docs.flagger.app/usage/how-it-works), pkg/controller/scheduler.go and scheduler_metrics.go of fluxcd/flagger",
	New: func() Judge {
		failed := 0
		return func(v View) Reading {
			checks := gate{success: .99, latency: .5}.checks(v)
			if len(checks) == 0 {
				return Reading{Verdict: andon.Inconclusive}
			}
			for _, c := range checks {
				if c.run(v) != good {
					failed++
					break
				}
			}
			r := Reading{Verdict: andon.Pass, Score: float64(failed)}
			if failed >= flaggerThreshold {
				r.Verdict = andon.Fail
			}
			return r
		}
	},
}
