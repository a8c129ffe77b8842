package stat

import (
	"math"
	"slices"
)

// Looks are the lengths, in samples, of the windows after a change that
// Recurrence looks at, each as soon as it is complete.
var Looks = [...]int{10, 20, 30, 60}

const (
	reference = 60   // samples before the change that set its level
	past      = 120  // samples before the change that set its noise
	spacing   = 10   // samples between placebos
	smoothing = 7    // samples to either side of the template's moving mean
	placebos  = 1000 // at most
	fewest    = 20   // placebos, or no answer
	farthest  = 12   // robust standard deviations that one statistic counts for
	days      = 7    // that the template is made of
)

// Course is a signal over time with a change in it, and nothing to compare it
// with but its own past.
type Course struct {
	X      []float64 // samples from the beginning of the history on; NaN is a gap
	Change int       // index of the first sample at or after the change
	Day    int       // samples a day; 0 if days are not alike
}

// A Recurrence tells how unusual the course after the change is among the
// courses after earlier times, where nothing changed. What it takes from the
// past is computed once.
type Recurrence struct {
	change   int
	day      int
	smooth   []float64 // of the past, for the template
	eps      float64
	center   [len(Looks)][2]float64
	scale    [len(Looks)][2]float64
	Placebos int
	null     []float64 // S of the placebos, sorted
}

// NewRecurrence learns from the samples of c before its change.
//
// For any time τ the template T(t) is the median over the last seven days of
// that day's samples at t, smoothed by a centred mean of 15 and less their
// mean over [τ-60, τ); R(t) = x(t) - T(t), less its mean over [τ-60, τ). Two
// statistics of a window [τ, τ+h) are
//
//	spread = ln( rms R[τ,τ+h) / rms R[τ-120,τ) )             two-sided
//	level  = ln( |mean R[τ,τ+h)| / mean |x_t - x_(t-1)| + .05 )  one-sided
//
// the latter's noise over [τ-120, τ), each numerator and denominator raised by
// a hair. Placebos are the same at τ = c-120, c-130, … for a change at c; with
// their median and the larger of 1.4826 MAD and the distance to their 84th
// percentile as scale, a statistic has a robust z.
func NewRecurrence(c Course) *Recurrence {
	r := &Recurrence{change: c.Change, day: c.Day}
	known := c.X[:min(c.Change, len(c.X))]
	r.smooth = movingMean(known, smoothing)
	r.eps = hair(known)
	var stats [len(Looks)][2][]float64
	all := make([][len(Looks)][2]float64, 0, placebos)
	for tau := c.Change - past; tau >= r.earliest() && len(all) < placebos; tau -= spacing {
		v, _, n := r.statistics(c.X, tau)
		if n < len(Looks) {
			continue
		}
		all = append(all, v)
		for i := range v {
			for j := range v[i] {
				stats[i][j] = append(stats[i][j], v[i][j])
			}
		}
	}
	r.Placebos = len(all)
	for i := range stats {
		for j := range stats[i] {
			s := stats[i][j]
			m := Median(s)
			r.center[i][j] = m
			r.scale[i][j] = max(MADScale*MAD(s), Quantile(s, .84)-m, 1e-9)
		}
	}
	for _, v := range all {
		s, _ := r.combine(v, len(Looks))
		r.null = append(r.null, s)
	}
	slices.Sort(r.null)
	return r
}

// earliest returns where placebos end: on the second day, so that there is a
// day before to compare with, or after the first samples if the history is
// short of that.
func (r *Recurrence) earliest() int {
	if r.change-past-(r.day+past) >= fewest*spacing {
		return r.day + past
	}
	return past
}

// Look returns
//
//	S = max over looks h of √( mean of min(|z|,12)² over both statistics of all windows up to h )
//
// for the course x, which begins where the learnt one did and may have grown,
// and how many of the Looks were complete. With a sign of +1 a window in which
// the signal fell counts for nothing, with -1 one in which it rose. S is NaN before the first and if
// there are fewer than 20 placebos.
func (r *Recurrence) Look(x []float64, sign float64) (s float64, looks int) {
	if r.Placebos < fewest {
		return math.NaN(), 0
	}
	v, means, n := r.statistics(x, r.change)
	if n == 0 {
		return math.NaN(), 0
	}
	for i := range n {
		if sign*means[i] < 0 {
			// A move for the better is no regression, however large.
			v[i] = r.center[i]
		}
	}
	return r.combine(v, n)
}

// Share returns the share of placebos that reach s.
func (r *Recurrence) Share(s float64) float64 {
	if len(r.null) == 0 {
		return math.NaN()
	}
	i, _ := slices.BinarySearch(r.null, s)
	return float64(len(r.null)-i) / float64(len(r.null))
}

// combine returns the running S over the first n looks of the statistics v.
func (r *Recurrence) combine(v [len(Looks)][2]float64, n int) (s float64, looks int) {
	sum, terms := 0.0, 0
	for i := range n {
		for j := range v[i] {
			z := (v[i][j] - r.center[i][j]) / r.scale[i][j]
			if j == 1 {
				z = max(z, 0)
			}
			z = min(math.Abs(z), farthest)
			sum += z * z
			terms++
		}
		s = max(s, math.Sqrt(sum/float64(terms)))
	}
	return s, n
}

// statistics returns spread and level of each window after tau that x holds,
// and the mean residual in it.
func (r *Recurrence) statistics(x []float64, tau int) (v [len(Looks)][2]float64, means [len(Looks)]float64, looks int) {
	from, to := tau-past, min(len(x), tau+Looks[len(Looks)-1])
	if from < 0 {
		return v, means, 0
	}
	res := r.residuals(x, tau, to)
	before := rms(res[:past])
	noise := roughness(x[from:tau])
	if math.IsNaN(before) || math.IsNaN(noise) {
		return v, means, 0
	}
	for i, h := range Looks {
		if tau+h > len(x) {
			return v, means, i
		}
		after := res[past : past+h]
		mean, spread := Mean(after), rms(after)
		if math.IsNaN(mean) {
			return v, means, i
		}
		v[i][0] = math.Log((spread + r.eps) / (before + r.eps))
		v[i][1] = math.Log((math.Abs(mean)+r.eps)/(noise+r.eps) + .05)
		means[i] = mean
	}
	return v, means, len(Looks)
}

// residuals returns R over [tau-past, to).
func (r *Recurrence) residuals(x []float64, tau, to int) []float64 {
	from := tau - past
	out := make([]float64, to-from)
	var level [days]float64
	for d := range days {
		level[d] = math.NaN()
		if lo := tau - reference - (d+1)*r.day; lo >= 0 && r.day > 0 {
			level[d] = Mean(r.smooth[lo : lo+reference])
		}
	}
	var at [days]float64
	for i := range out {
		t := from + i
		n := 0
		for d := range days {
			if j := t - (d+1)*r.day; r.day > 0 && j >= 0 && j < len(r.smooth) {
				if y := r.smooth[j] - level[d]; !math.IsNaN(y) {
					at[n] = y
					n++
				}
			}
		}
		out[i] = x[t] - median(at[:n])
	}
	m := Mean(out[past-reference : past])
	for i := range out {
		out[i] -= m
	}
	return out
}

// median sorts x and returns its median, 0 if it is empty.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return sortedQuantile(x, .5)
}

func movingMean(x []float64, half int) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = Mean(x[max(0, i-half):min(len(x), i+half+1)])
	}
	return out
}

func rms(x []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range x {
		if !math.IsNaN(v) {
			sum += v * v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return math.Sqrt(sum / float64(n))
}

// roughness returns the mean distance between neighbours.
func roughness(x []float64) float64 {
	return Mean(steps(x))
}

func steps(x []float64) []float64 {
	d := make([]float64, 0, len(x))
	for i := 1; i < len(x); i++ {
		d = append(d, math.Abs(x[i]-x[i-1]))
	}
	return d
}

// hair returns what keeps a ratio of two scales finite where the signal is
// constant: .1 of the median step, .001 of the standard deviation, and a bit.
func hair(x []float64) float64 {
	eps := 1e-9
	if m := Median(steps(x)); !math.IsNaN(m) {
		eps += .1 * m
	}
	if v := Variance(x); !math.IsNaN(v) {
		eps += .001 * math.Sqrt(v)
	}
	return eps
}
