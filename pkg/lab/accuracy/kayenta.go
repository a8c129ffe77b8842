package accuracy

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/stat"
)

// Kayenta's constants: those of NetflixACAJudge, and the thresholds of most of
// its example configurations.
const (
	kayentaLevel     = .98
	kayentaTolerance = .25
	kayentaPass      = 95
	kayentaMarginal  = 75
	kayentaNoData    = .5

	// kayentaDelay is the tick after the first stage at which it judges for the first
	// time, so that there are samples to compare.
	kayentaDelay = 5
)

const kayentaSource = "[NetflixACAJudge, MannWhitneyClassifier and WeightedSumScorer](https://github.com/spinnaker/kayenta/tree/a69573be9d8fededacf80817e4151a2c8df41276/kayenta-judge/src/main/scala/com/netflix/kayenta/judge), " +
	"[how canary judgment works](https://spinnaker.io/docs/guides/user/canary/judge/), [best practices](https://spinnaker.io/docs/guides/user/canary/best-practices/)"

var kayentaEveryMinute = Rule{
	Name: "Kayenta",
	What: "Mann-Whitney U test of candidate against control (mean over nodes a minute) at 98%: a signal is High or Low if the confidence interval of the shift lies beyond a quarter of the Hodges-Lehmann estimate, " +
		"in the signal's bad direction; NaN removed, outliers kept, allowed increase 1. The score is the share of signals that pass, each its own group of equal weight; 0 if half of them have no data. CPU and memory are left out. " +
		"It fails below 75 (marginal) at any tick from the fifth minute on, and below 95 (pass) at the last. Before-after: the hour before the change is the control.",
	Source: kayentaSource,
	New:    func() Judge { return kayenta(false) },
}

var kayentaOnce = Rule{
	Name:   "Kayenta, once",
	What:   "as Kayenta, but judged once, at the end, with all samples: nearer to its documentation, which asks for 50 samples a run. A rollout that fails only then was not halted by it.",
	Source: kayentaSource,
	New:    func() Judge { return kayenta(true) },
}

// kayentaAll is Kayenta with every signal.
var kayentaAll = Rule{
	Name:   "Kayenta, all signals",
	What:   "as Kayenta, with CPU and memory.",
	Source: kayentaSource,
	New:    kayentaEveryMinute.New,
}

func kayenta(once bool) Judge {
	return func(v View) Reading {
		if v.Ticks() < kayentaDelay || once && !v.Ended || len(v.Signals) == 0 {
			return Reading{Verdict: andon.Inconclusive}
		}
		score := kayentaScore(v)
		r := Reading{Verdict: andon.Pass, Score: 1 - score/100}
		if score < kayentaMarginal || v.Ended && score < kayentaPass {
			r.Verdict = andon.Fail
		}
		return r
	}
}

// A label is Kayenta's result for one signal.
type label int

const (
	labelPass label = iota
	labelHigh
	labelLow
	labelNoData
	labelError
)

// kayentaScore returns the score, from 0 to 100.
func kayentaScore(v View) float64 {
	sum, missing := 0.0, 0
	for _, s := range v.Signals {
		candidate, control := v.Samples(s)
		switch kayentaLabel(candidate, control, s.Worse) {
		case labelNoData:
			missing++
			sum += 100 // a group without data counts as one that passes
		case labelPass, labelError:
			sum += 100
		case labelHigh, labelLow:
		}
	}
	n := float64(len(v.Signals))
	if float64(missing) >= kayentaNoData*n {
		return 0
	}
	return math.Round(sum/n*100) / 100
}

// kayentaLabel compares the samples of a signal, which hold no NaN.
func kayentaLabel(candidate, control []float64, worse andon.Direction) label {
	if len(candidate) == 0 || len(control) == 0 {
		return labelNoData
	}
	x, y := slices.Sorted(slices.Values(candidate)), slices.Sorted(slices.Values(control))
	if slices.Equal(x, y) {
		return labelPass
	}
	if x[0] == x[len(x)-1] && y[0] == y[len(y)-1] {
		if x[0] == y[0] {
			return labelPass
		}
		// Two constants have no meaningful ranks: Kayenta adds noise of a hundred
		// thousandth of the value, which is no noise if the value is 0.
		if x[0] == 0 || y[0] == 0 {
			return labelError
		}
		x, y = spread(x), spread(y)
	}
	s, ok := shift(x, y, kayentaLevel)
	if !ok {
		return labelError
	}
	bound := kayentaTolerance * math.Abs(s.Estimate)
	// An effect that is not defined is ignored.
	effect := stat.Mean(x) / stat.Mean(y)
	undefined := stat.Mean(x) == 0 || stat.Mean(y) == 0
	switch {
	case worse != andon.Lower && s.Low > bound && (undefined || effect >= 1):
		return labelHigh
	case (worse == andon.Lower || worse == andon.Both) && s.High < -bound && (undefined || effect <= 1):
		return labelLow
	}
	return labelPass
}

// spread returns equal values spread like a normal sample of standard
// deviation 1e-5 of their value.
func spread(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v * (1 + 1e-5*distuv.UnitNormal.Quantile((float64(i)+.5)/float64(len(x))))
	}
	return out
}
