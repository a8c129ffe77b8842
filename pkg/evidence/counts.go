package evidence

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// counts is the law of events out of a known exposure.
type counts struct {
	plain
	warm       time.Duration // for which a fresh node is left out
	settles    time.Duration // after adopting a rollout, for which a node cannot tell it from others
	novelty    float64
	margin     float64
	sign       float64
	betting    *stat.Counts
	jumps      *jumps // of crashes
	dispersion stat.Dispersion
	nodes      map[string]*Total // of control, before and since
	usual      Total             // of all of them
	compared   exposures

	eC, xK, eK float64
	n          int
	phi        float64 // that the bin folded last was weighed by
	between    float64 // standard deviation of ln rate ratio without a change
}

// A Total is what a node had by now.
type Total struct{ Events, Exposure float64 }

// Add adds events and the exposure that they are out of.
func (t *Total) Add(events, exposure float64) {
	t.Events, t.Exposure = t.Events+events, t.Exposure+exposure
}

// Rate returns the events by exposure; 0 without exposure.
func (t Total) Rate() float64 {
	if !(t.Exposure > 0) {
		return 0
	}
	return t.Events / t.Exposure
}

func newCounts(s Settings) Law { return makeCounts(s) }

func makeCounts(s Settings) *counts {
	m := math.Log1p(s.Signal.MarginOrDefault())
	return &counts{
		warm: s.WarmUp / 3, settles: s.WarmUp / 3, novelty: novelty(s.Signal.Metric, s.Step), margin: m,
		sign: s.Signal.Worse.Sign(), betting: stat.NewCounts(m), nodes: map[string]*Total{},
		compared: newExposures(),
	}
}

// Learn takes in how the events of control scattered before the bin first.
func (c *counts) Learn(_, ctrl *deviation.Frame, first int64) {
	for bin := max(ctrl.First, first-deviation.PlaceboBins); bin < first; bin++ {
		var ks []deviation.Sample
		for _, name := range ctrl.Nodes() {
			r, i := ctrl.Rows[name], bin-ctrl.First
			ks = append(ks, deviation.Sample{Node: name, Value: r.Values[i], Exposure: r.Exposure[i]})
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
func (c *counts) disperse(ctrl []deviation.Sample) {
	x, e := make([]float64, 0, len(ctrl)), make([]float64, 0, len(ctrl))
	for _, s := range ctrl {
		if deviation.Known(s.Value) {
			x, e = append(x, c.events(s)/c.novelty), append(e, s.Exposure/c.novelty)
			n := c.nodes[s.Node]
			if n == nil {
				n = &Total{}
				c.nodes[s.Node] = n
			}
			n.Add(c.events(s), s.Exposure)
			c.usual.Add(c.events(s), s.Exposure)
		}
	}
	c.dispersion.Add(x, e)
}

// Fold takes in one bin. How much more than independent events those of
// control scatter is taken from earlier bins.
func (c *counts) Fold(b Bin, cand, ctrl []deviation.Sample) {
	if c.jumps != nil {
		cand, ctrl = c.jumps.cut(cand), c.jumps.cut(ctrl)
	}
	c.phi = c.dispersion.Phi()
	var candidate, control Total
	for _, s := range ctrl {
		if deviation.Known(s.Value) {
			control.Add(c.events(s), s.Exposure)
		}
	}
	rate := max(c.usual.Rate(), control.Rate())
	warm := cand[:0:0]
	for _, s := range cand {
		if deviation.Known(s.Value) && b.At.Sub(s.First) >= c.warm {
			candidate.Add(c.unclumped(s, rate), s.Exposure)
			warm = append(warm, s)
		}
	}
	if candidate.Exposure > 0 && control.Exposure > 0 {
		c.between = c.spread() * c.compared.root(warm, ctrl, func(s deviation.Sample) float64 { return s.Exposure })
		c.betting.AddTempered(candidate.Events, candidate.Exposure, control.Events, control.Exposure, c.phi)
		c.eC, c.xK, c.eK = c.eC+candidate.Exposure, c.xK+control.Events, c.eK+control.Exposure
		c.n++
	}
	c.disperse(ctrl)
}

// unclumped returns how many events of a candidate node's bin count, where
// control has them at a rate. The events of the whole window are looked at, as
// where their scatter is.
func (c *counts) unclumped(s deviation.Sample, rate float64) float64 {
	return c.novelty * stat.CapClumps(c.events(s)/c.novelty, rate*s.Exposure/c.novelty, c.phi)
}

// spread returns the standard deviation between control nodes of the logarithm
// of their rates, from what is known before the bin; 0 for crashes, which are too
// few to tell of it.
func (c *counts) spread() float64 {
	if c.jumps != nil {
		return 0
	}
	x, e := make([]float64, 0, len(c.nodes)), make([]float64, 0, len(c.nodes))
	for _, name := range andon.SortedKeys(c.nodes) {
		x, e = append(x, c.nodes[name].Events), append(e, c.nodes[name].Exposure)
	}
	return stat.Spread(x, e, c.phi, .975)
}

// events returns the bad events: if lower is worse, those of the exposure that
// were not good.
func (c *counts) events(s deviation.Sample) float64 {
	if c.sign < 0 {
		return max(0, 1-s.Value) * s.Exposure
	}
	return s.Value * s.Exposure
}

func (c *counts) LogE() float64 { return c.betting.LogEBetween(c.between) }
func (c *counts) Odds() Odds    { return Odds{Log: c.betting.LogBayes(c.between), Events: true} }
func (c *counts) Reach() Reach  { return Reach{Bins: c.n, Needed: MinBins} }

func (c *counts) Smallest(logE float64) float64 {
	return c.sign * smallestRate(c.margin, logE, c.between, c.phi, [3]float64{c.eC, c.xK, c.eK})
}

func (c *counts) SampleReader() sampleReader {
	return sampleReader{
		Value: func(s deviation.Sample) (float64, float64) { return c.events(s), s.Exposure },
		phi:   c.phi, warm: c.settles,
	}
}
