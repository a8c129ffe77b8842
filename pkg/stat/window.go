package stat

import (
	"math"
	"slices"
)

// A window is the signal around a time τ, from 120 samples before to at most 60
// after, transformed by Recurrence.power.
type window struct {
	x        []float64 // less the level of the hour before τ
	template []float64 // earlier days at the same times, less their level in that hour
	complete int       // how many of the WindowLengths are complete
	level    float64   // of the hour before τ
	below    float64   // how much lower that is than on earlier days
	trend    float64   // how much higher the last quarter of that hour is
	noise    float64   // mean distance between neighbours before τ
}

// window returns the window at tau. x[0] is the sample at index offset of the
// history.
func (r *Recurrence) window(x []float64, offset, tau int) (w window) {
	from, to := tau-past-offset, min(len(x), tau+maxWindow-offset)
	if from < 0 || to < from+past {
		return w
	}
	x = x[from:to]
	w.level = Mean(x[past-reference : past])
	w.trend = Mean(x[past-recent:past]) - w.level
	w.noise = roughness(x[:past])
	if math.IsNaN(w.trend) || math.IsNaN(w.noise) {
		return w
	}
	w.x = make([]float64, len(x))
	for i, v := range x {
		w.x[i] = v - w.level
	}
	w.template, w.below = r.template(tau, len(x))
	w.below -= w.level
	if math.IsNaN(w.below) {
		w.below = 0
	}
	for i, h := range WindowLengths {
		if past+h > len(x) || math.IsNaN(Mean(x[past:past+h])) {
			break
		}
		w.complete = i + 1
	}
	return w
}

// template returns the n samples of earlier days from 120 samples before tau's
// time of day on, less their level in the hour before it, and the median of that
// level.
func (r *Recurrence) template(tau, n int) (t []float64, level float64) {
	var levels, usual [days]float64
	k := 0
	for d := range days {
		levels[d] = math.NaN()
		if lo := tau - reference - (d+1)*r.day; lo >= 0 && r.day > 0 {
			levels[d] = Mean(r.smooth[lo : lo+reference])
		}
		if !math.IsNaN(levels[d]) {
			usual[k] = levels[d]
			k++
		}
	}
	level = math.NaN()
	if k > 0 {
		level = median(usual[:k])
	}
	t = make([]float64, n)
	var at [days]float64
	for i := range t {
		k := 0
		for d, l := range levels {
			if j := tau - past + i - (d+1)*r.day; j >= 0 && j < len(r.smooth) {
				if y := r.smooth[j] - l; !math.IsNaN(y) {
					at[k] = y
					k++
				}
			}
		}
		t[i] = median(at[:k])
	}
	return t, level
}

// regressors returns the inputs of the forecast of the next h samples.
func (w *window) regressors(h int) [3]float64 {
	return [3]float64{Mean(w.template[past : past+h]), w.below, w.trend}
}

// moved returns the mean of the next h samples less the level.
func (w *window) moved(h int) float64 { return Mean(w.x[past : past+h]) }

// traits returns the ingredients of the statistics of the next h samples, given
// their forecast.
func (w *window) traits(h int, f forecast) traits {
	t := traits{noise: w.noise}
	x := w.regressors(h)
	shift := f.predict(x) - f[0]*x[0]
	before, after := 0., 0.
	n, m := 0, 0
	for i, v := range w.x[:past+h] {
		v -= f[0] * w.template[i]
		switch {
		case math.IsNaN(v):
		case i < past:
			before, n = before+v*v, n+1
		default:
			v -= shift
			t.mean, after, m = t.mean+v, after+v*v, m+1
		}
	}
	t.before = math.Sqrt(before / float64(n))
	t.mean, t.square = t.mean/float64(m), after/float64(m)
	return t
}

// traits are the ingredients of the statistics of a window.
type traits struct {
	mean, square float64 // mean of the residuals after τ, and mean of their squares
	before       float64 // root mean square of the residuals before τ
	noise        float64
}

// at returns t scaled to another noise.
func (t traits) at(noise, eps float64) traits {
	k := (noise + eps) / (t.noise + eps)
	return traits{mean: t.mean * k, square: t.square * k * k, before: t.before * k, noise: noise}
}

// moved returns t with a shift added to every sample after τ.
func (t traits) moved(shift float64) traits {
	t.mean, t.square = t.mean+shift, t.square+2*shift*t.mean+shift*shift
	return t
}

// A placebo holds the windows after a time at which nothing changed, or after
// the change itself.
type placebo struct {
	traits   [len(WindowLengths)]traits
	complete int // number of windows that are complete
}

// statistics returns the two statistics of a window, spread and level.
func (r *Recurrence) statistics(t traits) [2]float64 {
	return [2]float64{
		math.Log((math.Sqrt(t.square) + r.eps) / (t.before + r.eps)),
		math.Log((math.Abs(t.mean)+r.eps)/(t.noise+r.eps) + .05),
	}
}

// running returns S after each of the placebo's windows.
func (r *Recurrence) running(p placebo) (s [len(WindowLengths)]float64) {
	sum, best := 0., 0.
	for i := range p.complete {
		// A change for the better is no regression, however large.
		if t := p.traits[i]; r.sign*t.mean >= 0 {
			l := &r.models[i]
			v := r.statistics(t)
			spread := min(math.Abs(v[0]-l.center[0])/l.scale[0], maxZ)
			level := min(max(v[1]-l.center[1], 0)/l.scale[1], maxZ)
			sum += spread*spread + level*level
		}
		best = max(best, math.Sqrt(sum/float64(2*(i+1))))
		s[i] = best
	}
	return s
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

// tinyScale returns a small number that keeps a ratio of two scales finite for a
// constant signal: .1 of the median step plus .001 of the standard deviation plus
// 1e-9.
func tinyScale(x []float64) float64 {
	eps := 1e-9
	if m := Median(steps(x)); !math.IsNaN(m) {
		eps += .1 * m
	}
	if v := Variance(x); !math.IsNaN(v) {
		eps += .001 * math.Sqrt(v)
	}
	return eps
}
