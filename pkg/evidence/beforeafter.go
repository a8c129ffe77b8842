package evidence

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// maxHistoryBins is how much of the past is asked for: seven days of minutes.
const maxHistoryBins = 7 * 24 * 60

// BeforeAfterHistory returns how many bins before the change are asked for: seven
// days, if that is not more bins than seven days of minutes.
func BeforeAfterHistory(step time.Duration) int64 {
	return max(deviation.DeviateBins, min(maxHistoryBins, int64(7*24*time.Hour/step)))
}

// beforeAfter is the law of a signal against its own past: all nodes together, for a change
// of all nodes at once often changes their names.
type beforeAfter struct {
	plain
	step         time.Duration
	day          int
	sign         float64
	x            []float64
	past         int // samples before the change
	learnt       *stat.Recurrence
	share        float64 // of times without a change that were as unusual
	looks        int
	smallestSeen struct{ logE, effect float64 } // as asked for last, at the last look
}

func newBeforeAfter(s Settings) Law {
	w := &beforeAfter{step: s.Step, day: int(24 * time.Hour / s.Step), share: math.NaN()}
	if s.Signal.Worse != andon.Both {
		w.sign = s.Signal.Worse.Sign()
	}
	return w
}

// Learn takes in the history.
func (w *beforeAfter) Learn(f, _ *deviation.Frame, first int64) {
	began := false
	for bin := f.First; bin < first; bin++ {
		v := f.Mean(bin)
		if began = began || deviation.Known(v); began {
			w.x = append(w.x, v)
		}
	}
	w.past = len(w.x)
	w.learnt = stat.NewRecurrence(stat.Series{X: w.x, Change: w.past, Day: w.day, Sign: w.sign})
}

func (w *beforeAfter) Fold(_ Bin, cand, _ []deviation.Sample) {
	if w.learnt == nil || len(w.x)-w.past >= stat.WindowLengths[len(stat.WindowLengths)-1] {
		return
	}
	sum, weight := 0., 0.
	for _, s := range cand {
		n := 1.
		if s.Exposure > 0 {
			n = s.Exposure
		}
		if deviation.Known(s.Value) {
			sum, weight = sum+n*s.Value, weight+n
		}
	}
	w.x = append(w.x, sum/weight) // 0/0 is NaN: a gap
	if slices.Contains(stat.WindowLengths[:], len(w.x)-w.past) {
		s := 0.
		s, w.looks = w.learnt.Statistic(w.x)
		w.share, w.smallestSeen.logE = w.learnt.Share(s), 0
	}
}

// LogE returns the logarithm of what stands for evidence: the inverse of the
// share of times without a change whose course was as unusual.
func (w *beforeAfter) LogE() float64 {
	if math.IsNaN(w.share) {
		return 0
	}
	return -math.Log(w.share)
}

func (w *beforeAfter) Smallest(logE float64) float64 {
	if w.learnt == nil || w.looks == 0 {
		return math.NaN()
	}
	if w.smallestSeen.logE != logE {
		w.smallestSeen.logE, w.smallestSeen.effect = logE, w.learnt.Smallest(w.x, math.Exp(-logE))
	}
	return w.smallestSeen.effect
}

func (w *beforeAfter) Odds() Odds { return Odds{Log: w.LogE()} }

func (w *beforeAfter) Reach() Reach {
	r := Reach{Needed: 1, Past: deviation.CountKnown(w.x[:w.past])}
	if !math.IsNaN(w.share) {
		r.Bins = len(w.x) - w.past
	}
	return r
}

func (w *beforeAfter) StillNeeds() string {
	if w.learnt != nil && w.learnt.Placebos < stat.MinPlacebos {
		needs, had := stat.MinPast*w.step, time.Duration(w.Reach().Past)*w.step
		if had >= needs {
			return fmt.Sprintf("needs more than %s of samples before the change: there were gaps", andon.Spell(needs))
		}
		return fmt.Sprintf("needs %s of samples before the change, there were %s", andon.Spell(needs), andon.Spell(had))
	}
	return fmt.Sprintf("the first comparison is %s after the change", andon.Spell(time.Duration(stat.WindowLengths[0])*w.step))
}

// Contrast is with the last bins before the change.
func (w *beforeAfter) Contrast(since Effect) Contrast {
	if w.learnt == nil || len(w.x) == w.past {
		return since.against(since.control.value())
	}
	before := w.x[max(0, w.past-deviation.PlaceboBins):w.past]
	c := Contrast{From: meanKnown(before), To: meanKnown(w.x[w.past:]), Past: deviation.CountKnown(before)}
	c.Effect = c.To - c.From
	return c
}
