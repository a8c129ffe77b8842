package logs

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/stat"
)

// minScatter is how many degrees of freedom the scatter of a group's lines
// among control nodes must be known by before lines, not only events, are
// weighed.
const minScatter = 30

// A groupCounts weighs whether candidate shows a group more often than control.
//
// Events, of which there is one per node and five bins at most, are weighed as
// they are: the nodes that had one within five bins cannot have another, and
// are no exposure. Where a group is so frequent that every node always has one
// they tell nothing; there lines are weighed, tempered by how much more than
// independent ones those of control nodes scatter. Evidence is the mean of the two.
type groupCounts struct {
	margin  float64
	events  *stat.Counts
	lines   *stat.Counts // nil if lines are not weighed: of what control never showed nobody knows how it scatters
	scatter stat.Dispersion
	usual   evidence.Total // lines of control, and nodes times bins
}

func newGroupCounts(known bool, margin float64) groupCounts {
	c := groupCounts{}
	if known {
		c.margin = margin
		c.lines = stat.NewCounts(margin)
	}
	c.events = stat.NewCounts(c.margin)
	return c
}

// A cell is what one group showed in one bin.
type cell struct {
	events, risk [2]float64 // events, and nodes that could have had one, by side
	lines, nodes [2]float64 // lines, and nodes that ran
	perNode      []float64  // lines of each control node
}

// fold takes in one bin.
func (c *groupCounts) fold(b cell, compare bool) {
	if compare {
		c.events.Add(b.events[deviation.CandidateSide], b.risk[deviation.CandidateSide], b.events[deviation.ControlSide], b.risk[deviation.ControlSide])
	}
	if c.lines == nil {
		return
	}
	if compare && c.scatter.Freedom() >= minScatter {
		c.compareLines(b)
	}
	c.usual.Add(b.lines[deviation.ControlSide], b.nodes[deviation.ControlSide])
	ones := make([]float64, len(b.perNode))
	for i := range ones {
		ones[i] = 1
	}
	c.scatter.Add(b.perNode, ones)
}

// compareLines weighs the lines of a bin; those of the candidate nodes together,
// which is on the safe side of each.
func (c *groupCounts) compareLines(b cell) {
	nC, xK, nK := b.nodes[deviation.CandidateSide], b.lines[deviation.ControlSide], b.nodes[deviation.ControlSide]
	phi := c.scatter.Phi()
	rate := max(c.usual.Rate(), evidence.Total{Events: xK, Exposure: nK}.Rate())
	c.lines.AddTempered(stat.CapClumps(b.lines[deviation.CandidateSide], rate*nC, phi), nC, xK, nK, phi)
}

// logE returns the logarithm of the evidence.
func (c *groupCounts) logE() float64 {
	e := c.events.LogE()
	if c.lines == nil {
		return e
	}
	return stat.LogMean([]float64{e, c.lines.LogE()}, []float64{1, 1})
}

// merge takes in what was weighed under another id.
func (c *groupCounts) merge(o groupCounts) {
	switch {
	case c.margin == o.margin:
		c.events.Merge(o.events)
	case o.lines != nil: // that of what control showed before
		*c = o
		return
	}
	if c.lines != nil && o.lines != nil {
		c.lines.Merge(o.lines)
		c.scatter.Merge(o.scatter)
		c.usual.Add(o.usual.Events, o.usual.Exposure)
	}
}

// datedCounts are evidence from one time.
type datedCounts struct {
	at     time.Time
	counts *stat.Counts
}

// PooledCounts returns the logarithm of the evidence that candidate's rate is above
// control's where they did not run at the same time.
func PooledCounts(margin, xC, eC, xK, eK float64) float64 {
	c := stat.NewCounts(margin)
	c.Add(xC, eC, xK, eK)
	return c.LogE()
}

// minMissed is how many events of a group candidate would have had for
// their absence to be no chance: exp(-4.6) is 1 in 100.
var minMissed = math.Log(100)
