package accuracy

import (
	"math"

	"github.com/andon-project/andon/pkg/andon"
)

// Argo Rollouts' limits: that of its guide, and the default.
const (
	argoFailures = 3
	argoErrors   = 4
)

var argo = Rule{
	Name: "Argo Rollouts' analysis",
	What: "each minute the candidate's success rate must be 95% or more (`successCondition: isNaN(result[0]) || result[0] >= 0.95`, `failureLimit: 3`): the fourth failed measurement fails. " +
		"An answer without a sample is an error; the fifth in a row (`consecutiveErrorLimit: 4`, the default) aborts too. A metric that was never measured leaves the run inconclusive. Elsewhere the same band as for Flagger.",
	Source: "[analysis](https://argo-rollouts.readthedocs.io/en/stable/features/analysis/), metricproviders/prometheus and pkg/apis/rollouts/v1alpha1/analysis_types.go of argoproj/argo-rollouts",
	New: func() Judge {
		// Each metric has its own limits; metrics are told apart by signal.
		failures, errors, measured := map[int]int{}, map[int]int{}, false
		return func(v View) Reading {
			r := Reading{Verdict: andon.Inconclusive}
			for _, c := range (gate{success: .95}).checks(v) {
				switch c.run(v) {
				case absent:
					errors[c.signal]++
				case bad:
					failures[c.signal]++
					errors[c.signal], measured = 0, true
				default:
					errors[c.signal], measured = 0, true
				}
				r.Score = math.Max(r.Score, float64(max(failures[c.signal], errors[c.signal]-1)))
				if failures[c.signal] > argoFailures || errors[c.signal] > argoErrors {
					r.Verdict = andon.Fail
				}
			}
			if measured && r.Verdict != andon.Fail {
				r.Verdict = andon.Pass
			}
			return r
		}
	},
}
