package evidence

import (
	"time"

	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// A sampleReader says how a law reads the sample of a node, to tell overlapping
// rollouts apart by which nodes adopted which of them when.
type sampleReader struct {
	Value  func(deviation.Sample) (v, exposure float64) // nil if they are not told apart by the signal
	levels bool                                         // v is a level; else it is events, out of the exposure
	phi    float64                                      // how much more than independent events those scatter
	warm   time.Duration                                // for how long after it adopted a rollout a node is left out
}

// An Adoption holds, of one signal of a rollout, how well that rollout and those
// that overlap it on the same nodes explain what the nodes showed, each by which
// nodes had adopted it when. Each rollout is a change, and the rollout itself is
// change 0.
type Adoption struct {
	Change  map[string]int // by the rollout's ID
	Touched []bool         // a node of the signal has adopted the change
	cox     []*stat.Cox
	wedge   stat.Wedge
	node    map[string]int

	// Of the bin at hand.
	names []string
	at    []int
	y     []float64
	has   [][]bool
}

// AdoptedSince returns how long ago a node adopted a change, and whether it has.
type AdoptedSince func(change int, node string) (time.Duration, bool)

// Index returns the change that stands for a rollout.
func (p *Adoption) Index(rollout string) int {
	if p.Change == nil {
		p.Change, p.node = map[string]int{}, map[string]int{}
	}
	d, ok := p.Change[rollout]
	if !ok {
		d = len(p.Change)
		p.Change[rollout] = d
		p.Touched = append(p.Touched, false)
		p.cox = append(p.cox, stat.NewCox())
	}
	return d
}

// Fold takes in the samples of one bin. A node that adopted any of the changes
// within the warm-up is left out for all of them, so that all are weighed on the
// same samples.
func (p *Adoption) Fold(r sampleReader, samples []deviation.Sample, since AdoptedSince) {
	p.names, p.y = p.names[:0], p.y[:0]
	exposure := make([]float64, 0, len(samples))
	for _, s := range samples {
		if v, e := r.Value(s); deviation.Known(v) && p.settled(s.Node, r.warm, since) {
			p.names, p.y, exposure = append(p.names, s.Node), append(p.y, v), append(exposure, e)
		}
	}
	p.mark(since)
	if r.levels {
		p.wedge.Add(p.at, p.y, p.has)
		return
	}
	p.count(exposure, r.phi)
}

// settled reports whether no change came to a node within the warm-up, and notes
// which have come to it at all.
func (p *Adoption) settled(node string, warm time.Duration, since AdoptedSince) bool {
	settled := true
	for d := range p.Touched {
		if ago, ok := since(d, node); ok {
			p.Touched[d] = true
			settled = settled && ago >= warm
		}
	}
	return settled
}

// mark fills in which of the nodes at hand have adopted which change.
func (p *Adoption) mark(since AdoptedSince) {
	p.at, p.has = p.at[:0], p.has[:0]
	for _, name := range p.names {
		i, ok := p.node[name]
		if !ok {
			i = len(p.node)
			p.node[name] = i
		}
		p.at = append(p.at, i)
	}
	for d := range p.Touched {
		has := make([]bool, len(p.names))
		for j, name := range p.names {
			_, has[j] = since(d, name)
		}
		p.has = append(p.has, has)
	}
}

// count takes in the events at hand.
func (p *Adoption) count(exposure []float64, phi float64) {
	n, total := 0., 0.
	for j := range p.y {
		n, total = n+p.y[j], total+exposure[j]
	}
	for d, has := range p.has {
		c, m := 0., 0.
		for j, a := range has {
			if a {
				c, m = c+p.y[j], m+exposure[j]
			}
		}
		p.cox[d].Add(c, n, m, total, phi)
	}
}

// explained returns the logarithm of how well a change explains events.
func (p *Adoption) explained(change int) float64 { return p.cox[change].LogE() }
