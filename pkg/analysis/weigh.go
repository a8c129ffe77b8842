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
	usual   stat.BaseRate
	bets    stat.Betting
	scatter map[string]*stat.Scatter // of candidate nodes
	fellow  map[string]*stat.Scatter // of control nodes
	fellows stat.Fellows

	bound, expected float64 // means over the bins compared
	n               int
	trials          float64 // of one node, in the bin folded last
}

func newFailed(t *tracker, s Service) *failed {
	f := &failed{
		signal: t.signal, unit: 1, warm: s.warmUp() / 3, novelty: novelty(t.signal.Metric, t.step),
		margin: math.Log1p(t.signal.margin()), scatter: map[string]*stat.Scatter{}, fellow: map[string]*stat.Scatter{},
	}
	if isPercent(t.signal.Unit) {
		f.unit = 100
	}
	return f
}

// learn takes in the shares of failure of control before the bin first.
func (f *failed) learn(ctrl *frame, first int64) {
	for bin := max(ctrl.first, first-placeboBins); bin < first; bin++ {
		var c cohortShare
		for _, name := range ctrl.nodes() {
			c.add(f.signal.failures(ctrl.rows[name].v[bin-ctrl.first]))
		}
		f.usual.Add(c.sum, c.square, c.n)
	}
}

// A cohortShare sums up the shares of failure of a cohort's nodes in one bin.
type cohortShare struct{ sum, square, n float64 }

func (c *cohortShare) add(x float64) {
	if known(x) {
		c.sum, c.square, c.n = c.sum+x, c.square+x*x, c.n+1
	}
}

// fold takes in one bin: it is bet that the mean share of failure of candidate
// nodes is larger than what control lets expect of a node in that bin, and the
// margin. A node without a call (NaN) tells nothing; a candidate node counts from
// a third of the warm-up on, for the first sample after a start tells of the
// start.
func (f *failed) fold(b moment, cand, ctrl []sample) {
	f.trials = f.exposure() * f.novelty
	var c, k cohortShare
	for _, s := range cand {
		if b.at.Sub(s.first) >= f.warm {
			c.add(f.signal.failures(s.v))
		}
	}
	for _, s := range ctrl {
		k.add(f.signal.failures(s.v))
	}
	expected := f.usual.Add(k.sum, k.square, k.n)
	if c.n > 0 && k.n > 0 {
		bound := min(1, expected*math.Exp(f.margin))
		f.bets.Add(c.sum/c.n, bound, f.novelty)
		f.n++
		f.bound += (bound - f.bound) / float64(f.n)
		f.expected += (k.sum/k.n - f.expected) / float64(f.n)
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

func (f *failed) logE() float64 { return f.bets.LogE() }
func (f *failed) bins() int     { return f.n }

// smallest returns by how much the share of failure would have had to exceed
// control's in all bins.
func (f *failed) smallest(logE float64) float64 {
	if f.n == 0 {
		return math.NaN()
	}
	reaches := func(x float64) bool {
		var b stat.Betting
		b.Add(x, f.bound, f.novelty*float64(f.n))
		return b.LogE() >= logE
	}
	if !reaches(1) {
		return math.NaN() // not even if every call had been lost
	}
	lo, hi := f.bound, 1.
	for range 30 {
		if mid := (lo + hi) / 2; reaches(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return f.unit * f.signal.Worse.sign() * (hi - f.expected)
}

// smallestRate returns by how much the candidate's rate of events would have
// to exceed control's for the evidence to reach exp(logE), had all of it come
// at once. seen holds the candidate's exposure and control's events and
// exposure.
func smallestRate(margin, logE, between float64, seen [3]float64) float64 {
	eC, xK, eK := seen[0], seen[1], seen[2]
	if !(eC > 0) || !(eK > 0) {
		return math.NaN()
	}
	return smallestOver(xK/eK, func(rate float64) float64 {
		c := stat.NewCounts(margin)
		c.Add(rate*eC, eC, xK, eK)
		return c.LogEBetween(between)
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
	jumps      *jumps // of crashes
	dispersion stat.Dispersion
	nodes      map[string]*total     // of control, before and since
	compared   [2]map[string]float64 // exposure of the nodes of candidate and control that was compared

	eC, xK, eK float64
	n          int
	phi        float64 // that the bin folded last was weighed by
	between    float64 // standard deviation of ln rate ratio without a change
}

// A total is what a node had by now.
type total struct{ events, exposure float64 }

func newCounted(t *tracker, s Service) *counted {
	m := math.Log1p(t.signal.margin())
	return &counted{
		warm: s.warmUp() / 3, novelty: novelty(t.signal.Metric, t.step), margin: m,
		sign: t.signal.Worse.sign(), counts: stat.NewCounts(m), nodes: map[string]*total{},
		compared: [2]map[string]float64{{}, {}},
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
		if c.jumps != nil {
			ks = c.jumps.cut(ks)
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
			n := c.nodes[s.node]
			if n == nil {
				n = &total{}
				c.nodes[s.node] = n
			}
			n.events, n.exposure = n.events+c.events(s), n.exposure+s.e
		}
	}
	c.dispersion.Add(x, e)
}

// fold takes in one bin. How much more than independent events those of
// control scatter is taken from earlier bins.
func (c *counted) fold(b moment, cand, ctrl []sample) {
	var xC, eC, xK, eK float64
	if c.jumps != nil {
		cand, ctrl = c.jumps.cut(cand), c.jumps.cut(ctrl)
	}
	c.phi = c.dispersion.Phi()
	warm := cand[:0:0]
	for _, s := range cand {
		if known(s.v) && b.at.Sub(s.first) >= c.warm {
			xC, eC, warm = xC+c.events(s), eC+s.e, append(warm, s)
		}
	}
	for _, s := range ctrl {
		if known(s.v) {
			xK, eK = xK+c.events(s), eK+s.e
		}
	}
	if eC > 0 && eK > 0 {
		c.between = c.spread() * math.Sqrt(alike(c.compared[0], warm)+alike(c.compared[1], ctrl))
		c.counts.AddTempered(xC, eC, xK, eK, c.phi)
		c.eC, c.xK, c.eK = c.eC+eC, c.xK+xK, c.eK+eK
		c.n++
	}
	c.disperse(ctrl)
}

// alike adds the exposures of nodes to their sums and returns one over the number
// of nodes of equal exposure whose mean would vary as that of these does:
// Σe²/(Σe)².
func alike(sums map[string]float64, nodes []sample) float64 {
	for _, s := range nodes {
		if known(s.v) {
			sums[s.node] += s.e
		}
	}
	sum, square := 0., 0.
	for _, name := range sortedKeys(sums) {
		sum, square = sum+sums[name], square+sums[name]*sums[name]
	}
	return square / (sum * sum)
}

// spread returns the standard deviation between control nodes of the logarithm
// of their rates, from what is known before the bin; 0 for crashes, which are too
// few to tell of it.
func (c *counted) spread() float64 {
	if c.jumps != nil {
		return 0
	}
	x, e := make([]float64, 0, len(c.nodes)), make([]float64, 0, len(c.nodes))
	for _, name := range sortedKeys(c.nodes) {
		x, e = append(x, c.nodes[name].events), append(e, c.nodes[name].exposure)
	}
	return stat.Spread(x, e, c.phi)
}

// events returns the bad events: if lower is worse, those of the exposure that
// were not good.
func (c *counted) events(s sample) float64 {
	if c.sign < 0 {
		return max(0, 1-s.v) * s.e
	}
	return s.v * s.e
}

func (c *counted) logE() float64 { return c.counts.LogEBetween(c.between) }
func (c *counted) bins() int     { return c.n }

func (c *counted) smallest(logE float64) float64 {
	return c.sign * smallestRate(c.margin, logE, c.between, [3]float64{c.eC, c.xK, c.eK})
}
