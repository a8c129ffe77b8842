package analysis

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// maxHistoryBins is how much of the past is asked for: seven days of minutes.
const maxHistoryBins = 7 * 24 * 60

// beforeAfterHistory returns how many bins before the change are asked for: seven
// days, if that is not more bins than seven days of minutes.
func beforeAfterHistory(step time.Duration) int64 {
	return max(deviateBins, min(maxHistoryBins, int64(7*24*time.Hour/step)))
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

func newBeforeAfter(s settings) law {
	w := &beforeAfter{step: s.step, day: int(24 * time.Hour / s.step), share: math.NaN()}
	if s.signal.Worse != Both {
		w.sign = s.signal.Worse.sign()
	}
	return w
}

// learn takes in the history.
func (w *beforeAfter) learn(f, _ *frame, first int64) {
	began := false
	for bin := f.first; bin < first; bin++ {
		v := f.mean(bin)
		if began = began || known(v); began {
			w.x = append(w.x, v)
		}
	}
	w.past = len(w.x)
	w.learnt = stat.NewRecurrence(stat.Course{X: w.x, Change: w.past, Day: w.day, Sign: w.sign})
}

func (w *beforeAfter) fold(_ bin, cand, _ []sample) {
	if w.learnt == nil || len(w.x)-w.past >= stat.Looks[len(stat.Looks)-1] {
		return
	}
	sum, weight := 0., 0.
	for _, s := range cand {
		n := 1.
		if s.e > 0 {
			n = s.e
		}
		if known(s.v) {
			sum, weight = sum+n*s.v, weight+n
		}
	}
	w.x = append(w.x, sum/weight) // 0/0 is NaN: a gap
	if slices.Contains(stat.Looks[:], len(w.x)-w.past) {
		s := 0.
		s, w.looks = w.learnt.Look(w.x)
		w.share, w.smallestSeen.logE = w.learnt.Share(s), 0
	}
}

// logE returns the logarithm of what stands for evidence: the inverse of the
// share of times without a change whose course was as unusual.
func (w *beforeAfter) logE() float64 {
	if math.IsNaN(w.share) {
		return 0
	}
	return -math.Log(w.share)
}

func (w *beforeAfter) smallest(logE float64) float64 {
	if w.learnt == nil || w.looks == 0 {
		return math.NaN()
	}
	if w.smallestSeen.logE != logE {
		w.smallestSeen.logE, w.smallestSeen.effect = logE, w.learnt.Smallest(w.x, math.Exp(-logE))
	}
	return w.smallestSeen.effect
}

func (w *beforeAfter) odds() odds { return odds{log: w.logE()} }

func (w *beforeAfter) reach() reach {
	r := reach{wanted: 1, past: countKnown(w.x[:w.past])}
	if !math.IsNaN(w.share) {
		r.bins = len(w.x) - w.past
	}
	return r
}

func (w *beforeAfter) missing() string {
	if w.learnt != nil && w.learnt.Placebos < stat.Fewest {
		return fmt.Sprintf("the history holds %d times to compare with, %d wanted; %d bins of samples give that many", w.learnt.Placebos, stat.Fewest, stat.ShortestPast)
	}
	return fmt.Sprintf("the first look is after 10 bins of %s", w.step)
}

// contrast is with the last bins before the change.
func (w *beforeAfter) contrast(since effect) contrast {
	if w.learnt == nil || len(w.x) == w.past {
		return since.against(since.control.value())
	}
	before := w.x[max(0, w.past-placeboBins):w.past]
	c := contrast{from: meanKnown(before), to: meanKnown(w.x[w.past:]), past: countKnown(before)}
	c.effect = c.to - c.from
	return c
}
