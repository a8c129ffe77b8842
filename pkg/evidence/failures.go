package evidence

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// failures is the law of shares of failure whose number of calls is not known.
type failures struct {
	plain
	signal  andon.Signal
	unit    float64 // what a share of 1 is in the signal's unit
	warm    time.Duration
	novelty float64
	margin  float64
	usual   stat.BaseRate
	bets    stat.NodeBetting

	candidate, control shares    // since
	ever               shares    // of control, before and since
	compared           exposures // in bins

	bound, expected float64 // means over the bins compared
	n               int
	between         float64 // standard deviation of ln ratio of shares without a change
	trials          float64 // of one node, in the bin folded last
}

func newFailures(s Settings) Law { return makeFailures(s) }

func makeFailures(s Settings) *failures {
	f := &failures{
		signal: s.Signal, unit: 1, warm: s.WarmUp / 3, novelty: novelty(s.Signal.Metric, s.Step),
		margin: math.Log1p(s.Signal.MarginOrDefault()), candidate: newShares(), control: newShares(), ever: newShares(), compared: newExposures(),
	}
	if andon.IsPercent(s.Signal.Unit) {
		f.unit = 100
	}
	return f
}

// Learn takes in the shares of failure of control before the bin first.
func (f *failures) Learn(_, ctrl *deviation.Frame, first int64) {
	for bin := max(ctrl.First, first-deviation.PlaceboBins); bin < first; bin++ {
		var c cohortShare
		for _, name := range ctrl.Nodes() {
			share := f.signal.Failures(ctrl.Rows[name].Values[bin-ctrl.First])
			c.add(share)
			f.ever.add(name, share)
		}
		f.usual.Add(c.sum, c.square, c.n)
	}
}

// A cohortShare sums up the shares of failure of a cohort's nodes in one bin.
type cohortShare struct{ sum, square, n float64 }

func (c *cohortShare) add(x float64) {
	if deviation.Known(x) {
		c.sum, c.square, c.n = c.sum+x, c.square+x*x, c.n+1
	}
}

// Fold takes in one bin: it is bet that the mean share of failure of candidate
// nodes is larger than what control lets expect of a node in that bin, and the
// margin. A node without a call (NaN) tells nothing; a candidate node counts from
// a third of the warm-up on, for the first sample after a start tells of the
// start.
func (f *failures) Fold(b Bin, cand, ctrl []deviation.Sample) {
	f.trials = f.exposure() * f.novelty
	var c, k cohortShare
	warm := cand[:0:0]
	for _, s := range cand {
		if b.At.Sub(s.First) >= f.warm {
			c.add(f.signal.Failures(s.Value))
			warm = append(warm, s)
		}
	}
	for _, s := range ctrl {
		k.add(f.signal.Failures(s.Value))
	}
	expected := f.usual.Add(k.sum, k.square, k.n)
	if c.n > 0 && k.n > 0 {
		bound := min(1, expected*math.Exp(f.margin))
		f.bets.Add(c.sum/c.n, bound, f.novelty)
		f.between = f.spread() * f.compared.root(warm, ctrl, func(deviation.Sample) float64 { return 1 })
		f.n++
		f.bound += (bound - f.bound) / float64(f.n)
		f.expected += (k.sum/k.n - f.expected) / float64(f.n)
	}
	for _, s := range ctrl {
		share := f.signal.Failures(s.Value)
		f.ever.add(s.Node, share)
		f.control.add(s.Node, share)
	}
	for _, s := range warm {
		f.candidate.add(s.Node, f.signal.Failures(s.Value))
	}
}

// exposure returns how many trials a bin of one node is worth: the smallest
// that the scatter of a candidate node vouches for, and no more than that of
// control nodes allows; 1 before any candidate node vouches.
func (f *failures) exposure() float64 {
	n := math.Inf(1)
	for _, s := range f.candidate.each {
		if e := s.Exposure(); deviation.Known(e) {
			n = min(n, e)
		}
	}
	if math.IsInf(n, 1) {
		return 1
	}
	return min(n, f.control.all.Exposure())
}

func (f *failures) LogE() float64 { return f.bets.LogE(f.between) }
func (f *failures) Odds() Odds    { return Odds{Log: f.LogE()} }
func (f *failures) Reach() Reach  { return Reach{Bins: f.n, Needed: MinBins} }

// Smallest returns by how much the share of failure would have had to exceed
// control's in all bins.
func (f *failures) Smallest(logE float64) float64 {
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
	return f.unit * f.signal.Worse.Sign() * (stat.Bisect(f.bound, 1, 30, reaches) - f.expected)
}

// spread returns the standard deviation between control nodes of the logarithm of
// what they lose, beyond what the scatter of each explains, from what is known
// before the bin. Where that does not tell how many trials a bin is worth, it is
// one. The median of what is known of how nodes differ will do: the bound that
// candidate is bet against is an upper value.
func (f *failures) spread() float64 {
	trials := f.ever.all.Exposure()
	if math.IsInf(trials, 1) {
		trials = 1
	}
	x, e := make([]float64, 0, len(f.ever.each)), make([]float64, 0, len(f.ever.each))
	for _, name := range andon.SortedKeys(f.ever.each) {
		bins, lost := f.ever.each[name].Total()
		x, e = append(x, lost*trials*f.novelty), append(e, bins*trials*f.novelty)
	}
	return stat.Spread(x, e, 1, .5)
}

// shares are the shares of failure of some nodes, of each and of all together.
type shares struct {
	each map[string]*stat.Scatter
	all  stat.PooledScatter
}

func newShares() shares { return shares{each: map[string]*stat.Scatter{}} }

// add takes in a node's share in one bin; NaN is passed over.
func (n *shares) add(node string, share float64) {
	if !deviation.Known(share) {
		return
	}
	if n.each[node] == nil {
		n.each[node] = &stat.Scatter{}
	}
	n.all.Add(n.each[node], share)
}

func (f *failures) SampleReader() sampleReader {
	return sampleReader{
		Value: func(s deviation.Sample) (float64, float64) { return f.trials * f.signal.Failures(s.Value), f.trials },
		phi:   1, warm: f.warm,
	}
}
