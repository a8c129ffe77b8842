package analysis

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// failed weighs shares of failure whose number of calls is not known.
type failed struct {
	signal  Signal
	unit    float64 // what a share of 1 is in the signal's unit
	warm    time.Duration
	novelty float64
	margin  float64
	counts  *stat.Counts
	scatter map[string]*stat.Scatter // of candidate nodes
	fellow  map[string]*stat.Scatter // of control nodes
	fellows stat.Fellows

	xC, eC, xK, eK float64
	n              int
	trials         float64 // of one node, in the bin folded last
}

func newFailed(t *tracker, s Service) *failed {
	f := &failed{
		signal: t.signal, unit: 1, warm: s.warmUp() / 3, novelty: novelty(t.signal.Metric, t.step),
		margin: math.Log1p(t.signal.margin()), scatter: map[string]*stat.Scatter{}, fellow: map[string]*stat.Scatter{},
	}
	if isPercent(t.signal.Unit) {
		f.unit = 100
	}
	f.counts = stat.NewCounts(f.margin)
	return f
}

// fold takes in one bin: a node's bin is one trial, or as many as the scatter
// among the candidate's earlier bins vouches for and that among control's, where
// bursts show that a few quiet bins of the candidate cannot, does not deny. A node without a call (NaN)
// made no trial; a candidate node counts from a third of the warm-up on, for
// the first sample after a start tells of the start.
func (f *failed) fold(b moment, cand, ctrl []sample) {
	n := f.exposure() * f.novelty
	f.trials = n
	var xC, eC, xK, eK float64
	for _, s := range cand {
		x := f.signal.failures(s.v)
		if known(x) && b.at.Sub(s.first) >= f.warm {
			xC, eC = xC+n*x, eC+n
		}
	}
	for _, s := range ctrl {
		if x := f.signal.failures(s.v); known(x) {
			xK, eK = xK+n*x, eK+n
		}
	}
	if eC > 0 && eK > 0 {
		f.counts.Add(xC, eC, xK, eK)
		f.xC, f.eC, f.xK, f.eK = f.xC+xC, f.eC+eC, f.xK+xK, f.eK+eK
		f.n++
	}
	for _, s := range ctrl {
		if f.fellow[s.node] == nil {
			f.fellow[s.node] = &stat.Scatter{}
		}
		f.fellows.Add(f.fellow[s.node], f.signal.failures(s.v))
	}
	for _, s := range cand {
		if known(s.v) && b.at.Sub(s.first) >= f.warm {
			if f.scatter[s.node] == nil {
				f.scatter[s.node] = &stat.Scatter{}
			}
			f.scatter[s.node].Add(f.signal.failures(s.v))
		}
	}
}

// exposure returns how many trials a bin of one node is worth: the smallest
// that the scatter of a candidate node vouches for, and no more than that of
// control nodes allows; 1 before any candidate node vouches.
func (f *failed) exposure() float64 {
	n := math.Inf(1)
	for _, s := range f.scatter {
		if e := s.Exposure(); known(e) {
			n = min(n, e)
		}
	}
	if math.IsInf(n, 1) {
		return 1
	}
	return min(n, f.fellows.Exposure())
}

func (f *failed) logE() float64 { return f.counts.LogE() }
func (f *failed) bins() int     { return f.n }

func (f *failed) smallest(logE float64) float64 {
	d := smallestRate(f.margin, logE, [3]float64{f.eC, f.xK, f.eK})
	if f.xK/f.eK+d > 1 {
		return math.NaN() // not even if every call had been lost
	}
	return f.unit * f.signal.Worse.sign() * d
}

// smallestRate returns by how much the candidate's rate of events would have
// to exceed control's for the evidence to reach exp(logE), had all of it come
// at once. seen holds the candidate's exposure and control's events and
// exposure.
func smallestRate(margin, logE float64, seen [3]float64) float64 {
	eC, xK, eK := seen[0], seen[1], seen[2]
	if !(eC > 0) || !(eK > 0) {
		return math.NaN()
	}
	return smallestOver(xK/eK, func(rate float64) float64 {
		c := stat.NewCounts(margin)
		c.Add(rate*eC, eC, xK, eK)
		return c.LogE()
	}, logE)
}

// smallestOver returns by how much a rate would have to exceed the usual one for the
// evidence at it to reach logE.
func smallestOver(usual float64, evidence func(rate float64) float64, logE float64) float64 {
	reaches := func(rate float64) bool { return evidence(rate) >= logE }
	lo, hi := usual, usual+1
	for range 20 {
		if reaches(hi) {
			break
		}
		hi *= 2
	}
	if !reaches(hi) {
		return math.NaN()
	}
	for range 30 {
		if mid := (lo + hi) / 2; reaches(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi - usual
}

// counted weighs events out of a known exposure.
type counted struct {
	warm       time.Duration
	novelty    float64
	margin     float64
	sign       float64
	counts     *stat.Counts
	dispersion stat.Dispersion

	eC, xK, eK float64
	n          int
	phi        float64 // that the bin folded last was weighed by
}

func newCounted(t *tracker, s Service) *counted {
	m := math.Log1p(t.signal.margin())
	return &counted{
		warm: s.warmUp() / 3, novelty: novelty(t.signal.Metric, t.step), margin: m,
		sign: t.signal.Worse.sign(), counts: stat.NewCounts(m),
	}
}

// learn takes in how the events of control scattered before the bin first.
func (c *counted) learn(ctrl *frame, first int64) {
	for bin := max(ctrl.first, first-placeboBins); bin < first; bin++ {
		var ks []sample
		for _, name := range ctrl.nodes() {
			r, i := ctrl.rows[name], bin-ctrl.first
			ks = append(ks, sample{node: name, v: r.v[i], e: r.e[i]})
		}
		c.disperse(ks)
	}
}

// disperse takes in the scatter among control nodes in one bin. The events of
// the whole window that the expression looks back on are compared, since those
// of a part of it, being means, scatter less than events do.
func (c *counted) disperse(ctrl []sample) {
	x, e := make([]float64, 0, len(ctrl)), make([]float64, 0, len(ctrl))
	for _, s := range ctrl {
		if known(s.v) {
			x, e = append(x, c.events(s)/c.novelty), append(e, s.e/c.novelty)
		}
	}
	c.dispersion.Add(x, e)
}

// fold takes in one bin. How much more than independent events those of
// control scatter is taken from earlier bins.
func (c *counted) fold(b moment, cand, ctrl []sample) {
	var xC, eC, xK, eK float64
	c.phi = c.dispersion.Phi()
	for _, s := range cand {
		if known(s.v) && b.at.Sub(s.first) >= c.warm {
			xC, eC = xC+c.events(s), eC+s.e
		}
	}
	for _, s := range ctrl {
		if known(s.v) {
			xK, eK = xK+c.events(s), eK+s.e
		}
	}
	if eC > 0 && eK > 0 {
		c.counts.AddTempered(xC, eC, xK, eK, c.phi)
		c.eC, c.xK, c.eK = c.eC+eC, c.xK+xK, c.eK+eK
		c.n++
	}
	c.disperse(ctrl)
}

// events returns the bad events: if lower is worse, those of the exposure that
// were not good.
func (c *counted) events(s sample) float64 {
	if c.sign < 0 {
		return max(0, 1-s.v) * s.e
	}
	return s.v * s.e
}

func (c *counted) logE() float64 { return c.counts.LogE() }
func (c *counted) bins() int     { return c.n }

func (c *counted) smallest(logE float64) float64 {
	return c.sign * smallestRate(c.margin, logE, [3]float64{c.eC, c.xK, c.eK})
}
