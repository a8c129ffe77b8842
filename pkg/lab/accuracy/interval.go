package accuracy

import (
	"math"
	"math/rand/v2"

	"github.com/andon-project/andon/pkg/stat"
)

// resamples is how many times the cases are resampled for an interval.
const resamples = 2000

// seed makes the intervals the same every time.
const seed = 20240501

// An Interval is a 95% confidence interval; NaN if it is not known.
type Interval struct{ Low, High float64 }

// A measure is one number of a Score.
type measure struct {
	name   string
	value  func(Score) float64
	trials func(Score) int // of a proportion; nil if it is none
}

// measures in the order of their columns.
var measures = []measure{
	{"F1", func(s Score) float64 { return s.F1 }, nil},
	{"precision", func(s Score) float64 { return s.Precision }, func(s Score) int { return s.Found + s.Alarms }},
	{"recall", func(s Score) float64 { return s.Recall }, func(s Score) int { return s.Bad }},
	{"FPR", func(s Score) float64 { return s.FPR }, func(s Score) int { return s.Clean }},
	{"AUC", func(s Score) float64 { return s.AUC }, nil},
	{"first stage", func(s Score) float64 { return s.FirstStage }, func(s Score) int { return s.Bad }},
	{"HR@1", func(s Score) float64 { return s.HR1 }, func(s Score) int { return s.Named }},
	{"delay", func(s Score) float64 { return s.Delay }, nil},
}

// intervals returns the interval of each measure by the bootstrap: the middle 95% of
// its values on resamples samples of as many cases, drawn with replacement. Cases
// are drawn, not rollouts, because rollouts of one case have their faults in common.
//
// If a proportion is 0 or 1, so is every sample of it; its far end is then the exact
// binomial one (Clopper and Pearson, Biometrika 26, 1934): for none of n,
// 1 - .025^(1/n).
func intervals(all []tally) []Interval {
	point := total(all)
	values := make([][]float64, len(measures))
	r := rand.New(rand.NewPCG(seed, uint64(len(all))))
	drawn := make([]tally, len(all))
	for range resamples {
		for i := range drawn {
			drawn[i] = all[r.IntN(len(all))]
		}
		s := total(drawn)
		for i, m := range measures {
			values[i] = append(values[i], m.value(s))
		}
	}
	out := make([]Interval, len(measures))
	for i, m := range measures {
		out[i] = Interval{stat.Quantile(values[i], .025), stat.Quantile(values[i], .975)}
		if m.trials == nil {
			continue
		}
		far := 1 - math.Pow(.025, 1/float64(m.trials(point)))
		switch m.value(point) {
		case 0:
			out[i] = Interval{0, far}
		case 1:
			out[i] = Interval{1 - far, 1}
		}
	}
	return out
}
