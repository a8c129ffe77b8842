package analysis

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// counts is the law of events out of a known exposure.
type counts struct {
	plain
	warm       time.Duration // that is left out of a fresh node
	settles    time.Duration // after adopting a rollout, until a node tells it from others
	novelty    float64
	margin     float64
	sign       float64
	betting    *stat.Counts
	jumps      *jumps // of crashes
	dispersion stat.Dispersion
	nodes      map[string]*total // of control, before and since
	usual      total             // of all of them
	compared   exposures

	eC, xK, eK float64
	n          int
	phi        float64 // that the bin folded last was weighed by
	between    float64 // standard deviation of ln rate ratio without a change
}

// A total is what a node had by now.
type total struct{ events, exposure float64 }

func (t *total) add(events, exposure float64) {
	t.events, t.exposure = t.events+events, t.exposure+exposure
}

// rate returns the events by exposure; 0 without exposure.
func (t total) rate() float64 {
	if !(t.exposure > 0) {
		return 0
	}
	return t.events / t.exposure
}

func newCounts(s settings) law { return makeCounts(s) }

func makeCounts(s settings) *counts {
	m := math.Log1p(s.signal.margin())
	return &counts{
		warm: s.warmUp / 3, settles: s.warmUp / 3, novelty: novelty(s.signal.Metric, s.step), margin: m,
		sign: s.signal.Worse.sign(), betting: stat.NewCounts(m), nodes: map[string]*total{},
		compared: newExposures(),
	}
}

// learn takes in how the events of control scattered before the bin first.
func (c *counts) learn(_, ctrl *frame, first int64) {
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
func (c *counts) disperse(ctrl []sample) {
	x, e := make([]float64, 0, len(ctrl)), make([]float64, 0, len(ctrl))
	for _, s := range ctrl {
		if known(s.v) {
			x, e = append(x, c.events(s)/c.novelty), append(e, s.e/c.novelty)
			n := c.nodes[s.node]
			if n == nil {
				n = &total{}
				c.nodes[s.node] = n
			}
			n.add(c.events(s), s.e)
			c.usual.add(c.events(s), s.e)
		}
	}
	c.dispersion.Add(x, e)
}

// fold takes in one bin. How much more than independent events those of
// control scatter is taken from earlier bins.
func (c *counts) fold(b bin, cand, ctrl []sample) {
	if c.jumps != nil {
		cand, ctrl = c.jumps.cut(cand), c.jumps.cut(ctrl)
	}
	c.phi = c.dispersion.Phi()
	var candidate, control total
	for _, s := range ctrl {
		if known(s.v) {
			control.add(c.events(s), s.e)
		}
	}
	rate := max(c.usual.rate(), control.rate())
	warm := cand[:0:0]
	for _, s := range cand {
		if known(s.v) && b.at.Sub(s.first) >= c.warm {
			candidate.add(c.unclumped(s, rate), s.e)
			warm = append(warm, s)
		}
	}
	if candidate.exposure > 0 && control.exposure > 0 {
		c.between = c.spread() * c.compared.root(warm, ctrl, func(s sample) float64 { return s.e })
		c.betting.AddTempered(candidate.events, candidate.exposure, control.events, control.exposure, c.phi)
		c.eC, c.xK, c.eK = c.eC+candidate.exposure, c.xK+control.events, c.eK+control.exposure
		c.n++
	}
	c.disperse(ctrl)
}

// unclumped returns how many events of a candidate node's bin count, where
// control has them at a rate. The events of the whole window are looked at, as
// where their scatter is.
func (c *counts) unclumped(s sample, rate float64) float64 {
	return c.novelty * stat.Unclumped(c.events(s)/c.novelty, rate*s.e/c.novelty, c.phi)
}

// spread returns the standard deviation between control nodes of the logarithm
// of their rates, from what is known before the bin; 0 for crashes, which are too
// few to tell of it.
func (c *counts) spread() float64 {
	if c.jumps != nil {
		return 0
	}
	x, e := make([]float64, 0, len(c.nodes)), make([]float64, 0, len(c.nodes))
	for _, name := range sortedKeys(c.nodes) {
		x, e = append(x, c.nodes[name].events), append(e, c.nodes[name].exposure)
	}
	return stat.Spread(x, e, c.phi, .975)
}

// events returns the bad events: if lower is worse, those of the exposure that
// were not good.
func (c *counts) events(s sample) float64 {
	if c.sign < 0 {
		return max(0, 1-s.v) * s.e
	}
	return s.v * s.e
}

func (c *counts) logE() float64 { return c.betting.LogEBetween(c.between) }
func (c *counts) odds() odds    { return odds{log: c.betting.LogBayes(c.between), events: true} }
func (c *counts) reach() reach  { return reach{bins: c.n, wanted: minBins} }

func (c *counts) smallest(logE float64) float64 {
	return c.sign * smallestRate(c.margin, logE, c.between, c.phi, [3]float64{c.eC, c.xK, c.eK})
}

func (c *counts) reading() reading {
	return reading{
		value: func(s sample) (float64, float64) { return c.events(s), s.e },
		phi:   c.phi, warm: c.settles,
	}
}
