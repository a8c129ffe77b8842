package stat

import (
	"math"
	"slices"
)

// Looks are the lengths, in samples, of the windows after a change that
// Recurrence looks at, each as soon as it is complete.
var Looks = [...]int{10, 20, 30, 60}

// Fewest is how many placebos there must be for an answer, and ShortestPast how
// many samples without a gap before the change hold so many.
const (
	Fewest       = 20
	ShortestPast = past + longest + (Fewest-1)*spacing
)

const (
	longest   = 60   // of the Looks
	reference = 60   // samples before the change that set its level
	lately    = 15   // of those, the samples that tell where it is going
	past      = 120  // samples before the change that set its noise
	spacing   = 10   // samples between placebos
	smoothing = 7    // samples to either side of the template's moving mean
	block     = 60   // samples whose noise and level are compared for the scale
	placebos  = 1000 // at most
	alike     = 40   // placebos whose past is like that of the change, or all are taken
	disturbed = .9   // quantile of S that disturbs what follows
	farthest  = 12   // robust standard deviations that one statistic counts for
	days      = 7    // that the template is made of
	overlap   = 3    // neighbouring placebos that tell as much as one
	usual     = .35  // mean excess of S over its 90th percentile where nothing ever happens; simulated, .29 to .33
)

// Course is a signal over time with a change in it, and nothing to compare it
// with but its own past.
type Course struct {
	X      []float64 // samples from the beginning of the history on; NaN is a gap
	Change int       // index of the first sample at or after the change
	Day    int       // samples a day; 0 if days are not alike
	Sign   float64   // +1 or -1 if only a rise or only a fall counts; 0 if both do
}

// A Recurrence tells how unusual the course after the change is among the
// courses after earlier times, where nothing changed. What it takes from the
// past is computed once.
type Recurrence struct {
	change  int
	day     int
	sign    float64
	power   Power
	smooth  []float64 // of the past, for the template
	eps     float64
	learnt  [len(Looks)]learnt
	null    []placebo // that the change is compared with
	tail    Tail
	atPower []float64 // the course around the change, on the scale

	Placebos int // that the past holds
}

// learnt is what the past tells of the windows of one length.
type learnt struct {
	forecast      forecast
	center, scale [2]float64
}

// NewRecurrence learns from the samples of c before its change.
//
// Values are first brought to a scale on which the signal is equally noisy at
// every level (StabilisingPower). For any time τ the template T(t) is the median over the last seven days of
// that day's samples at t, smoothed by a centred mean of 15 and less their
// mean over [τ-60, τ). What is expected of a window [τ, τ+h) is
//
//	P(t) = l + b₀T(t) + b₁(l' - l) + b₂(l" - l)
//
// with the mean l of x over [τ-60, τ), l" over [τ-15, τ), and the median over earlier days l' of what
// l was on them; b is learnt of the past for each h (learnForecast). With R = x - P from τ on, and
// x - l - b₀T before, two statistics of the window are
//
//	spread = ln( rms R[τ,τ+h) / rms R[τ-120,τ) )             two-sided
//	level  = ln( |mean R[τ,τ+h)| / mean |x_t - x_(t-1)| + .05 )  one-sided
//
// the latter's noise over [τ-120, τ), each numerator and denominator raised by
// a hair. Placebos are the same at τ = c-10, c-20, … for a change at c, as far as
// their windows are complete before it, and each quarter of them with a b learnt
// of the other three; with
// their median and the larger of 1.4826 MAD and the distance to their 84th
// percentile as scale, a statistic has a robust z.
//
// The change is compared with the placebos whose past is like its own: those that follow a
// disturbance, if it follows one, else those that do not. A disturbance is an S among the
// highest tenth in a window that begins in the 180 samples before and is complete.
func NewRecurrence(c Course) *Recurrence {
	known := c.X[:min(c.Change, len(c.X))]
	r := &Recurrence{change: c.Change, day: c.Day, sign: c.Sign, power: StabilisingPower(known, block)}
	x := make([]float64, len(known))
	for i, v := range known {
		x[i] = r.power.Bend(v)
	}
	r.smooth, r.eps = movingMean(x, smoothing), hair(x)
	all := r.windows(x)
	seen := make([]placebo, len(all))
	for i := range Looks {
		r.learn(i, all, seen)
	}
	for i := range seen {
		if seen[i].looks == len(Looks) {
			r.Placebos++
		}
	}
	r.compareWith(seen)
	r.atPower = x[max(0, len(x)-past):]
	return r
}

// windows returns the windows at c-10, c-20, … as far as x goes.
func (r *Recurrence) windows(x []float64) []window {
	var all []window
	for tau := r.change - spacing; tau >= r.earliest() && len(all) < placebos; tau -= spacing {
		all = append(all, r.window(x, 0, tau))
	}
	return all
}

// earliest returns where placebos end: on the second day, so that there is a
// day before to compare with, or after the first samples if the history is
// short of that.
func (r *Recurrence) earliest() int {
	if r.change-past-(r.day+past) >= Fewest*spacing {
		return r.day + past
	}
	return past
}

// learn learns from all windows of length Looks[i] what is usual of such, and
// adds what the statistics of each are.
func (r *Recurrence) learn(i int, all []window, seen []placebo) {
	h := Looks[i]
	x, y := make([][3]float64, 0, len(all)), make([]float64, 0, len(all))
	var at []int // of the windows that are complete
	for j := range all {
		if all[j].looks > i {
			x, y, at = append(x, all[j].regressors(h)), append(y, all[j].moved(h)), append(at, j)
		}
	}
	r.learnt[i].forecast = learnForecast(x, y)
	n := len(at)
	for fold := range forecastFolds {
		lo, hi := (fold*n+forecastFolds-1)/forecastFolds, ((fold+1)*n+forecastFolds-1)/forecastFolds
		others := learnForecast(slices.Concat(x[:lo], x[hi:]), slices.Concat(y[:lo], y[hi:]))
		for k := lo; k < hi; k++ {
			p := &seen[at[k]]
			p.traits[i] = all[at[k]].traits(h, others)
			p.looks = i + 1
		}
	}
	var stats [2][]float64
	for _, j := range at {
		for k, v := range r.statistics(seen[j].traits[i]) {
			stats[k] = append(stats[k], v)
		}
	}
	for k, s := range stats {
		m := Median(s)
		r.learnt[i].center[k] = m
		r.learnt[i].scale[k] = max(MADScale*MAD(s), Quantile(s, .84)-m, 1e-9)
	}
}

// compareWith keeps those of the placebos whose past is like that of the
// change, and learns how often their S reaches what. Placebos are in order,
// the latest first.
func (r *Recurrence) compareWith(seen []placebo) {
	running := make([][len(Looks)]float64, len(seen))
	var whole []float64
	for j, p := range seen {
		running[j] = r.running(p)
		if p.looks == len(Looks) {
			whole = append(whole, running[j][len(Looks)-1])
		}
	}
	bound := Quantile(whole, disturbed)
	follows := func(j int) bool {
		for d := 1; d*spacing <= past+longest && j+d < len(seen); d++ {
			for i, h := range Looks {
				if h <= d*spacing && i < seen[j+d].looks && running[j+d][i] > bound {
					return true
				}
			}
		}
		return false
	}
	own := follows(-1)
	var all []placebo
	for j, p := range seen {
		if p.looks == len(Looks) {
			if all = append(all, p); follows(j) == own {
				r.null = append(r.null, p)
			}
		}
	}
	if len(r.null) < alike {
		r.null = all
	}
	s := make([]float64, len(r.null))
	for j, p := range r.null {
		s[j] = r.running(p)[len(Looks)-1]
	}
	r.tail = NewTail(s, overlap, usual)
}

// Look returns
//
//	S = max over looks h of √( mean of min(|z|,12)² over both statistics of all windows up to h )
//
// for the course x, which begins where the learnt one did and may have grown,
// and how many of the Looks were complete. Where only one direction counts, a window in which
// the signal moved in the other counts for nothing, of placebos as well. S is NaN before the first and if
// there are fewer than Fewest placebos.
func (r *Recurrence) Look(x []float64) (s float64, looks int) {
	p := r.changed(x)
	if p.looks == 0 {
		return math.NaN(), 0
	}
	return r.running(p)[p.looks-1], p.looks
}

// changed returns what the windows after the change show.
func (r *Recurrence) changed(x []float64) placebo {
	var p placebo
	if r.Placebos < Fewest || len(x) <= r.change {
		return p
	}
	around := append([]float64{}, r.atPower...)
	for _, v := range x[r.change:min(len(x), r.change+longest)] {
		around = append(around, r.power.Bend(v))
	}
	w := r.window(around, r.change-len(r.atPower), r.change)
	p.looks = w.looks
	for i := range w.looks {
		p.traits[i] = w.traits(Looks[i], r.learnt[i].forecast)
	}
	return p
}

// Share returns how often S reaches s where nothing changed: the share of the
// placebos that the change is compared with, and beyond most of them that of a law fitted to their tail (Tail).
func (r *Recurrence) Share(s float64) float64 { return r.tail.Share(s) }

// Smallest returns the smallest move of the level for the worse, for a rise if both directions count,
// that would have brought S to where its Share is p with a probability of .8, by
// the looks that the course x completes; in the signal's unit. Such a move is added to what followed each
// placebo, brought to the noise before this change. It is NaN before the first look and if no move does.
func (r *Recurrence) Smallest(x []float64, p float64) float64 {
	c := r.changed(x)
	bound := r.tail.Value(p)
	if c.looks == 0 || math.IsNaN(bound) {
		return math.NaN()
	}
	noise := c.traits[0].noise
	reaches := func(move float64) bool {
		n := 0
		for _, p := range r.null {
			p.looks = c.looks
			for i := range p.looks {
				p.traits[i] = p.traits[i].at(noise, r.eps).moved(move)
			}
			if r.running(p)[p.looks-1] >= bound {
				n++
			}
		}
		return float64(n) >= .8*float64(len(r.null))
	}
	sign := 1.
	if r.sign < 0 {
		sign = -1
	}
	hi := noise + r.eps
	for range 40 {
		if reaches(sign * hi) {
			level := Mean(r.atPower[past-reference:])
			return r.power.Unbend(level+sign*Bisect(0, hi, 12, func(m float64) bool { return reaches(sign * m) })) - r.power.Unbend(level)
		}
		hi *= 2
	}
	return math.NaN()
}
