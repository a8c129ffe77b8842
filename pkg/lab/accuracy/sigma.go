package accuracy

import (
	"fmt"
	"math"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/stat"
)

const (
	// sigmaDelay is the tick after the first stage at which it judges for the first
	// time.
	sigmaDelay = 5
	// maxSigmas replaces infinity, if control is constant.
	maxSigmas = 1000
)

// sigmas returns the rule that compares nodes in standard deviations, with a
// tolerance in standard deviations.
func sigmas(sensitivity string, tolerance float64) Rule {
	what := fmt.Sprintf("the same with a tolerance of %.0f σ: it fails beyond %.0f σ.", tolerance, 2*tolerance)
	if tolerance == 1 {
		what = "each candidate node's mean since the first stage, newer minutes weighing more (linearly), less control's mean, in standard deviations of control's samples, in the bad direction. " +
			"Tolerance 1 σ: beyond it is a warning, beyond 2 σ fails, from the fifth minute on. CPU and memory are left out. Less than 50 ms or half of control's latency, or one percentage point of a ratio, " +
			"is ignored; a node without samples is not compared. Before-after: the hour before the change is the control."
	}
	return Rule{
		Name:   fmt.Sprintf("%.0f σ a node, %s", 2*tolerance, sensitivity),
		What:   what,
		Source: "simplified from how continuous-verification products describe theirs, such as [Harness' verify step](https://developer.harness.io/docs/continuous-delivery/verify/cv-results/interpret-metric-results)",
		New: func() Judge {
			return func(v View) Reading {
				if v.Ticks() < sigmaDelay {
					return Reading{Verdict: andon.Inconclusive}
				}
				furthest := math.Inf(-1)
				for _, s := range v.Signals {
					furthest = math.Max(furthest, v.furthest(s))
				}
				r := Reading{Verdict: andon.Pass, Score: math.Max(0, furthest)}
				switch {
				case math.IsInf(furthest, -1):
					r.Verdict = andon.Inconclusive
				case furthest > 2*tolerance:
					r.Verdict = andon.Fail
				}
				return r
			}
		},
	}
}

// furthest returns the largest deviation of a candidate node from control, in
// standard deviations in the bad direction; -Inf if nothing can be compared.
func (v View) furthest(s Signal) float64 {
	from, to := v.First, s.bins
	if v.BeforeAfter {
		from, to = 0, v.Started
	}
	var control []float64
	for _, n := range s.Control {
		control = append(control, n.Values[from:to]...)
	}
	mean, sd := stat.Mean(control), math.Sqrt(stat.Variance(control))
	out := math.Inf(-1)
	for _, n := range s.Candidate {
		sum, weights := 0.0, 0.0
		for i, x := range n.Values[v.First:] {
			if !math.IsNaN(x) {
				sum += float64(i+1) * x
				weights += float64(i + 1)
			}
		}
		d := sum/weights - mean
		if math.IsNaN(d) || math.IsNaN(sd) {
			continue
		}
		switch s.Worse {
		case andon.Lower:
			d = -d
		case andon.Both:
			d = math.Abs(d)
		default:
		}
		if d <= minDelta(s, mean) {
			out = math.Max(out, 0)
			continue
		}
		out = math.Max(out, math.Min(maxSigmas, d/sd))
	}
	return out
}

// minDelta returns the change of a signal up to which it is ignored.
func minDelta(s Signal, mean float64) float64 {
	switch s.InferKind() {
	case andon.Latency:
		floor := .05
		if secondsOf(s.Signal)(1) != 1 {
			floor = 50
		}
		return math.Max(floor, .5*math.Abs(mean))
	case andon.Failures, andon.Counts, andon.Crashes, andon.Resource:
		return .01
	default:
		return 0
	}
}
