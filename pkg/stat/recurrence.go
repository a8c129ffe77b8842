package stat

import (
	"math"
	"slices"
)

// WindowLengths are the lengths, in samples, of the windows after a change that
// Recurrence evaluates, each as soon as it is complete.
var WindowLengths = [...]int{10, 20, 30, 60}

// MinPlacebos is the smallest number of placebos that gives an answer, and MinPast
// the number of samples without a gap before the change that hold so many.
const (
	MinPlacebos = 20
	MinPast     = past + maxWindow + (MinPlacebos-1)*spacing
)

const (
	maxWindow      = 60   // samples of the longest window
	reference      = 60   // samples before a change that give its level
	recent         = 15   // the last of those, which give its trend
	past           = 120  // samples before a change that give its noise
	spacing        = 10   // samples between placebos
	smoothing      = 7    // samples on either side in the template's moving mean
	block          = 60   // samples of a block, of which noise and level are compared
	maxPlacebos    = 1000 // largest number of placebos
	minAlike       = 40   // with fewer placebos whose past is like that of the change, all are used
	disturbance    = .9   // quantile of S above which a window counts as a disturbance
	maxZ           = 12   // largest robust z of one statistic
	days           = 7    // days that the template is made of
	overlap        = 3    // overlapping placebos count as this many times fewer independent ones
	expectedExcess = .35  // mean excess of S over its 90th percentile in signals without events; simulations gave .29 to .33
)

// A Series is a signal over time with a change in it that can be compared with
// nothing but its own past.
type Series struct {
	X      []float64 // samples from the beginning of the history on; NaN is a gap
	Change int       // index of the first sample at or after the change
	Day    int       // samples a day; 0 if the signal has no daily pattern
	Sign   float64   // +1 if only a rise is bad, -1 if only a fall is, 0 if both are
}

// A Recurrence tells how unusual a signal is after a change, compared with the
// same signal after earlier times at which nothing changed: placebos. What it
// needs of the past is computed once.
type Recurrence struct {
	change int
	day    int
	sign   float64
	power  Power
	smooth []float64 // moving mean of the past, for the template
	eps    float64
	models [len(WindowLengths)]windowModel
	null   []placebo // those that the change is compared with
	tail   Tail
	around []float64 // transformed samples before the change

	Placebos int // number of placebos in the past
}

// A windowModel is what is usual of windows of one length, learnt from the past.
type windowModel struct {
	forecast      forecast
	center, scale [2]float64
}

// NewRecurrence learns from the samples of c before its change.
//
// Values are first transformed so that the signal is equally noisy at every level
// (StabilisingPower). For a time τ the template T(t) is the median over the last
// seven days of each day's samples at the time of day t, smoothed by a centred
// mean of 15 samples and less their mean over [τ-60, τ). The forecast of a window
// [τ, τ+h) is
//
//	P(t) = l + b₀T(t) + b₁(l' - l) + b₂(l" - l)
//
// with l the mean of x over [τ-60, τ), l" its mean over [τ-15, τ), and l' the
// median over earlier days of their l. b is fitted to the past for each h
// (learnForecast). With R = x - P from τ on, and R = x - l - b₀T before, two
// statistics of the window are
//
//	spread = ln( rms R[τ,τ+h) / rms R[τ-120,τ) )             two-sided
//	level  = ln( |mean R[τ,τ+h)| / mean |x_t - x_(t-1)| + .05 )  one-sided
//
// where mean |x_t - x_(t-1)| is over [τ-120, τ), and a tiny scale is added to each
// numerator and denominator. Placebos are the same statistics at τ = c-10, c-20, …
// for a change at c, as far as their windows end before c; each quarter of them
// uses a b fitted to the other three. A statistic's robust z is relative to the
// placebos' median, in units of the larger of 1.4826 MAD and the distance from
// the median to the 84th percentile.
//
// The change is compared with the placebos whose past is like its own: if it
// follows a disturbance, with those that follow one too, else with those that do
// not. A disturbance is a window that begins in the 180 samples before, is
// complete, and has an S among the highest tenth.
func NewRecurrence(c Series) *Recurrence {
	before := c.X[:min(c.Change, len(c.X))]
	r := &Recurrence{change: c.Change, day: c.Day, sign: c.Sign, power: StabilisingPower(before, block)}
	x := make([]float64, len(before))
	for i, v := range before {
		x[i] = r.power.Transform(v)
	}
	r.smooth, r.eps = movingMean(x, smoothing), tinyScale(x)
	all := r.windows(x)
	seen := make([]placebo, len(all))
	for i := range WindowLengths {
		r.learn(i, all, seen)
	}
	for i := range seen {
		if seen[i].complete == len(WindowLengths) {
			r.Placebos++
		}
	}
	r.compareWith(seen)
	r.around = x[max(0, len(x)-past):]
	return r
}

// windows returns the windows at c-10, c-20, … as far back as x reaches.
func (r *Recurrence) windows(x []float64) []window {
	var all []window
	for tau := r.change - spacing; tau >= r.earliest() && len(all) < maxPlacebos; tau -= spacing {
		all = append(all, r.window(x, 0, tau))
	}
	return all
}

// earliest returns the index of the earliest placebo: on the second day, so that
// there is a day before it to compare with, or after the first samples if the
// history is too short for that.
func (r *Recurrence) earliest() int {
	if r.change-past-(r.day+past) >= MinPlacebos*spacing {
		return r.day + past
	}
	return past
}

// learn fits the model of windows of length WindowLengths[i] to all windows, and
// adds the statistics of each to seen.
func (r *Recurrence) learn(i int, all []window, seen []placebo) {
	h := WindowLengths[i]
	x, y := make([][3]float64, 0, len(all)), make([]float64, 0, len(all))
	var at []int // of the windows that are complete
	for j := range all {
		if all[j].complete > i {
			x, y, at = append(x, all[j].regressors(h)), append(y, all[j].moved(h)), append(at, j)
		}
	}
	r.models[i].forecast = learnForecast(x, y)
	n := len(at)
	for fold := range forecastFolds {
		lo, hi := (fold*n+forecastFolds-1)/forecastFolds, ((fold+1)*n+forecastFolds-1)/forecastFolds
		others := learnForecast(slices.Concat(x[:lo], x[hi:]), slices.Concat(y[:lo], y[hi:]))
		for k := lo; k < hi; k++ {
			p := &seen[at[k]]
			p.traits[i] = all[at[k]].traits(h, others)
			p.complete = i + 1
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
		r.models[i].center[k] = m
		r.models[i].scale[k] = max(MADScale*MAD(s), Quantile(s, .84)-m, 1e-9)
	}
}

// compareWith keeps the placebos whose past is like that of the change, and fits
// the distribution of their S. Placebos are in order, the latest first.
func (r *Recurrence) compareWith(seen []placebo) {
	running := make([][len(WindowLengths)]float64, len(seen))
	var whole []float64
	for j, p := range seen {
		running[j] = r.running(p)
		if p.complete == len(WindowLengths) {
			whole = append(whole, running[j][len(WindowLengths)-1])
		}
	}
	bound := Quantile(whole, disturbance)
	follows := func(j int) bool {
		for d := 1; d*spacing <= past+maxWindow && j+d < len(seen); d++ {
			for i, h := range WindowLengths {
				if h <= d*spacing && i < seen[j+d].complete && running[j+d][i] > bound {
					return true
				}
			}
		}
		return false
	}
	own := follows(-1)
	var all []placebo
	for j, p := range seen {
		if p.complete == len(WindowLengths) {
			if all = append(all, p); follows(j) == own {
				r.null = append(r.null, p)
			}
		}
	}
	if len(r.null) < minAlike {
		r.null = all
	}
	s := make([]float64, len(r.null))
	for j, p := range r.null {
		s[j] = r.running(p)[len(WindowLengths)-1]
	}
	r.tail = NewTail(s, overlap, expectedExcess)
}

// Statistic returns
//
//	S = max over window lengths h of √( mean of min(|z|,12)² over both statistics of all windows up to h )
//
// and how many windows are complete. x begins where the series given to
// NewRecurrence does, and may be longer. If only one direction is bad, a window in
// which the signal moved in the other one has statistics of 0; the same holds for
// placebos.
//
// Special cases are:
//
//	NaN, if no window is complete
//	NaN, with fewer than MinPlacebos placebos
func (r *Recurrence) Statistic(x []float64) (s float64, complete int) {
	p := r.afterChange(x)
	if p.complete == 0 {
		return math.NaN(), 0
	}
	return r.running(p)[p.complete-1], p.complete
}

// afterChange returns the statistics of the windows after the change.
func (r *Recurrence) afterChange(x []float64) placebo {
	var p placebo
	if r.Placebos < MinPlacebos || len(x) <= r.change {
		return p
	}
	around := append([]float64{}, r.around...)
	for _, v := range x[r.change:min(len(x), r.change+maxWindow)] {
		around = append(around, r.power.Transform(v))
	}
	w := r.window(around, r.change-len(r.around), r.change)
	p.complete = w.complete
	for i := range w.complete {
		p.traits[i] = w.traits(WindowLengths[i], r.models[i].forecast)
	}
	return p
}

// Share returns the probability that S reaches s without a change: the share of
// the placebos in which it does, and in their tail that of a fitted distribution
// (see Tail).
func (r *Recurrence) Share(s float64) float64 { return r.tail.Share(s) }

// Smallest returns the smallest change of the level that would have been found,
// in the signal's unit: the one for which S has a Share of p or less with
// probability .8 by the windows that x completes. It is a rise, unless only a fall
// is bad. The change is added to the samples after each placebo, scaled to the
// noise before the real change.
//
// Special cases are:
//
//	NaN, if no window is complete or no change would have been found
func (r *Recurrence) Smallest(x []float64, p float64) float64 {
	c := r.afterChange(x)
	bound := r.tail.Value(p)
	if c.complete == 0 || math.IsNaN(bound) {
		return math.NaN()
	}
	noise := c.traits[0].noise
	reaches := func(move float64) bool {
		n := 0
		for _, p := range r.null {
			p.complete = c.complete
			for i := range p.complete {
				p.traits[i] = p.traits[i].at(noise, r.eps).moved(move)
			}
			if r.running(p)[p.complete-1] >= bound {
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
			level := Mean(r.around[past-reference:])
			return r.power.Inverse(level+sign*Bisect(0, hi, 12, func(m float64) bool { return reaches(sign * m) })) - r.power.Inverse(level)
		}
		hi *= 2
	}
	return math.NaN()
}
