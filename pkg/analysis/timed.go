package analysis

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

const (
	// timedThreshold is the S that a hundredth of the times at which nothing
	// changed reach.
	timedThreshold = 2.5
	// timedTail is how fast that share falls with S.
	timedTail = 3.5
	// timedBins is how much of the past is asked for: seven days of minutes.
	timedBins = 7 * 24 * 60
)

// Needs returns the evidence that fails a rollout of the strategy taken: one
// over the rate of false halts that the sensitivity promises. Without a
// concurrent control less can be promised, and evidence goes no further.
func (s Sensitivity) Needs(taken Strategy) float64 {
	switch {
	case taken != BeforeAfter:
		return 1 / s.Alpha()
	case s == Low:
		return 500 // S = 4
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
	s      float64
	looks  int
}

func newTimed(t *tracker) *timed {
	w := &timed{day: int(24 * time.Hour / t.step), s: math.NaN()}
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
	w.learnt = stat.NewRecurrence(stat.Course{X: w.x, Change: w.past, Day: w.day})
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
	for _, h := range stat.Looks {
		if len(w.x)-w.past == h {
			w.s, w.looks = w.learnt.Look(w.x, w.sign)
		}
	}
}

// logE returns the logarithm of what stands for evidence: the inverse of the
// share of times without a change that reach S,
//
//	100 (S/2.5)^3.5
func (w *timed) logE() float64 {
	if math.IsNaN(w.s) {
		return 0
	}
	return math.Log(100) + timedTail*math.Log(max(w.s, 1e-6)/timedThreshold)
}

func (w *timed) smallest(float64) float64 { return math.NaN() }
func (w *timed) bins() int {
	if math.IsNaN(w.s) {
		return 0
	}
	return len(w.x) - w.past
}

// timedScore returns S²/(S²+2.5²) for the largest S.
func timedScore(signals []*tracker) float64 {
	s := 0.
	for _, t := range signals {
		if w, ok := t.weigher.(*timed); ok && w.s > s {
			s = w.s
		}
	}
	return s * s / (s*s + timedThreshold*timedThreshold)
}
