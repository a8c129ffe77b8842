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
	bets    stat.NodeBetting
	differ  nodesApart
	scatter map[string]*stat.Scatter // of candidate nodes
	fellow  map[string]*stat.Scatter // of control nodes
	fellows stat.Fellows

	bound, expected float64 // means over the bins compared
	n               int
	between         float64 // standard deviation of ln ratio of shares without a change
	trials          float64 // of one node, in the bin folded last
}

func newFailed(t *tracker, s Service) *failed {
	f := &failed{
		signal: t.signal, unit: 1, warm: s.warmUp() / 3, novelty: novelty(t.signal.Metric, t.step),
		margin: math.Log1p(t.signal.margin()), scatter: map[string]*stat.Scatter{}, fellow: map[string]*stat.Scatter{},
		differ: newNodesApart(),
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
			share := f.signal.failures(ctrl.rows[name].v[bin-ctrl.first])
			c.add(share)
			f.differ.add(name, share)
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
	warm := cand[:0:0]
	for _, s := range cand {
		if b.at.Sub(s.first) >= f.warm {
			c.add(f.signal.failures(s.v))
			warm = append(warm, s)
		}
	}
	for _, s := range ctrl {
		k.add(f.signal.failures(s.v))
	}
	expected := f.usual.Add(k.sum, k.square, k.n)
	if c.n > 0 && k.n > 0 {
		bound := min(1, expected*math.Exp(f.margin))
		f.bets.Add(c.sum/c.n, bound, f.novelty)
		f.between = f.differ.between(warm, ctrl, f.novelty)
		f.n++
		f.bound += (bound - f.bound) / float64(f.n)
		f.expected += (k.sum/k.n - f.expected) / float64(f.n)
	}
	for _, s := range ctrl {
		share := f.signal.failures(s.v)
		f.differ.add(s.node, share)
		if f.fellow[s.node] == nil {
			f.fellow[s.node] = &stat.Scatter{}
		}
		f.fellows.Add(f.fellow[s.node], share)
	}
	for _, s := range warm {
		if known(s.v) {
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

func (f *failed) logE() float64 { return f.bets.LogE(f.between) }
func (f *failed) bins() int     { return f.n }

// smallest returns by how much the share of failure would have had to exceed
// control's in all bins.
func (f *failed) smallest(logE float64) float64 {
	if f.n == 0 {
		return math.NaN()
	}
	reaches := func(x float64) bool {
		var b stat.NodeBetting
		b.Add(x, f.bound, f.novelty*float64(f.n))
		return b.LogE(f.between) >= logE
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

// nodesApart tells by how much the shares of failure of nodes differ beyond what
// the scatter of each explains.
type nodesApart struct {
	each     map[string]*stat.Scatter // of control, before and since
	all      stat.Fellows
	compared [2]map[string]float64 // bins of the nodes of candidate and control
}

func newNodesApart() nodesApart {
	return nodesApart{each: map[string]*stat.Scatter{}, compared: [2]map[string]float64{{}, {}}}
}

// add takes in a control node's share of failure in one bin; NaN is passed over.
func (n *nodesApart) add(node string, share float64) {
	if n.each[node] == nil {
		n.each[node] = &stat.Scatter{}
	}
	n.all.Add(n.each[node], share)
}

// between returns the standard deviation of the logarithm of the ratio of what
// candidate nodes and control nodes lose, over the bins up to this one, from what
// is known before it. Where the scatter of nodes does not tell how many trials a
// bin is worth, it is one. The median of what is known of how nodes differ will do:
// the bound that candidate is bet against is an upper value.
func (n *nodesApart) between(cand, ctrl []sample, novelty float64) float64 {
	trials := n.all.Exposure()
	if math.IsInf(trials, 1) {
		trials = 1
	}
	x, e := make([]float64, 0, len(n.each)), make([]float64, 0, len(n.each))
	for _, name := range sortedKeys(n.each) {
		bins, lost := n.each[name].Total()
		x, e = append(x, lost*trials*novelty), append(e, bins*trials*novelty)
	}
	for side, samples := range [2][]sample{cand, ctrl} {
		for _, s := range samples {
			if known(s.v) {
				n.compared[side][s.node]++
			}
		}
	}
	return stat.Spread(x, e, 1, .5) * math.Sqrt(alike(n.compared[0])+alike(n.compared[1]))
}

// alike returns one over the number of nodes of equal exposure whose mean would
// vary as that of nodes of these exposures does: Σe²/(Σe)².
func alike(exposures map[string]float64) float64 {
	sum, square := 0., 0.
	for _, name := range sortedKeys(exposures) {
		sum, square = sum+exposures[name], square+exposures[name]*exposures[name]
	}
	return square / (sum * sum)
}
