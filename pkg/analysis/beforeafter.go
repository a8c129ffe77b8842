package analysis

import (
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// timedBins is how much of the past is asked for: seven days of minutes.
const timedBins = 7 * 24 * 60

// Needs returns the evidence that fails a rollout of the strategy taken: one
// over the rate of false halts that the sensitivity promises. Without a
// concurrent control less can be promised, and evidence goes no further.
func (s Sensitivity) Needs(taken Strategy) float64 {
	switch {
	case taken != BeforeAfter:
		return 1 / s.Alpha()
	case s == Low:
		return 1000
	}
	return 100
}

// timedHistory returns how many bins before the change are asked for: seven
// days, if that is not more bins than seven days of minutes.
func timedHistory(step time.Duration) int64 {
	return max(deviateBins, min(timedBins, int64(7*24*time.Hour/step)))
}

// timed weighs a signal against its own past: all nodes together, for a change
// of all nodes at once often changes their names.
type timed struct {
	day    int
	sign   float64
	x      []float64
	past   int // samples before the change
	learnt *stat.Recurrence
	share  float64 // of times without a change that were as unusual
	looks  int
	least  struct{ logE, effect float64 } // as asked for last, at the last look
}

func newTimed(t *tracker) *timed {
	w := &timed{day: int(24 * time.Hour / t.step), share: math.NaN()}
	if t.signal.Worse != Both {
		w.sign = t.signal.Worse.sign()
	}
	return w
}

// learn takes in the history.
func (w *timed) learn(f *frame, first int64) {
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

// mean returns the mean over nodes in a bin, weighed by exposure where there is one.
func (f *frame) mean(bin int64) float64 {
	sum, weight := 0., 0.
	for _, name := range f.nodes() {
		r, i := f.rows[name], bin-f.first
		w := 1.
		if r.e != nil {
			w = r.e[i]
		}
		if known(r.v[i]) {
			sum, weight = sum+w*r.v[i], weight+w
		}
	}
	if weight == 0 {
		return math.NaN()
	}
	return sum / weight
}

func (w *timed) fold(_ moment, cand, _ []sample) {
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
		w.share, w.least.logE = w.learnt.Share(s), 0
	}
}

// logE returns the logarithm of what stands for evidence: the inverse of the
// share of times without a change whose course was as unusual.
func (w *timed) logE() float64 {
	if math.IsNaN(w.share) {
		return 0
	}
	return -math.Log(w.share)
}

func (w *timed) smallest(logE float64) float64 {
	if w.learnt == nil || w.looks == 0 {
		return math.NaN()
	}
	if w.least.logE != logE {
		w.least.logE, w.least.effect = logE, w.learnt.Smallest(w.x, math.Exp(-logE))
	}
	return w.least.effect
}

func (w *timed) bins() int {
	if math.IsNaN(w.share) {
		return 0
	}
	return len(w.x) - w.past
}
