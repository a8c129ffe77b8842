package logs

import (
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// A stratum is the service and the layer that lines come from, where a signal
// selects several. What is usual in one is no measure for another.
type stratum struct{ layer, service string }

// strataLabels are the labels of streams that name the service, the first that
// is there, and the layer.
var strataLabels = []string{"service_name", "service", "app", "unit", "layer"}

// stratumOf returns the stratum of lines with these labels; the zero one if none
// of them says.
func stratumOf(labels map[string]string) stratum {
	last := len(strataLabels) - 1
	s := stratum{layer: labels[strataLabels[last]]}
	for _, name := range strataLabels[:last] {
		if s.service = labels[name]; s.service != "" {
			break
		}
	}
	return s
}

// maxChapters is how many strata have a baseline of their own.
const maxChapters = 32

// A chapter is the baseline of one stratum: what was new in it, and how often.
type chapter struct {
	ranks     [2]int           // of groups that were new, and of those that only the catalogue knew, when they appeared
	learnt    int              // groups that control showed before the comparison
	surprise  map[nodeOf]int64 // bin in which a node last showed something new
	usual     float64          // how often control showed something new in the second half of the time before the comparison
	surprised float64          // and since it began
}

// chapterOf returns the chapter of a stratum. Those that are there when the comparison
// begins share the weight; one that is seen later belongs to the first, or shares
// would depend on what is yet to come.
func (b *Comparison) chapterOf(s stratum, bin int64) *chapter {
	if p := b.chapters[s]; p != nil {
		return p
	}
	if n := len(b.inOrder); n > 0 && (b.comparing(bin) || n == maxChapters) {
		b.chapters[s] = b.inOrder[0]
		return b.inOrder[0]
	}
	p := &chapter{surprise: map[nodeOf]int64{}}
	b.chapters[s] = p
	b.inOrder = append(b.inOrder, p)
	return p
}

// chapterShare returns the share of the weight that each chapter has.
func (b *Comparison) chapterShare() float64 { return 1 / float64(max(1, len(b.inOrder))) }

// eachChapter returns the logarithm of the mean over chapters of the evidence of their
// groups; ordered are all groups.
func (b *Comparison) eachChapter(ordered []*group, logE func(*chapter, []*group) float64) float64 {
	groups := map[*chapter][]*group{}
	for _, g := range ordered {
		groups[g.chapter] = append(groups[g.chapter], g)
	}
	e, w := []float64{0}, []float64{0}
	for _, p := range b.inOrder {
		e, w = append(e, logE(p, groups[p])), append(w, 1)
	}
	if len(b.inOrder) == 0 {
		w[0] = 1
	}
	return stat.LogMean(e, w)
}

// open begins a group with its first sighting.
func (b *Comparison) open(s GroupLines, bin int64) *group {
	p := b.chapterOf(s.stratum, bin)
	g := &group{id: s.group, chapter: p, nodes: map[nodeOf]*nodeCount{}}
	b.groups[s.group] = g
	seen := b.memory[s.group].Seen
	switch {
	case !b.comparing(bin):
		g.known = true
		p.learnt++
		if k := (nodeOf{s.Side, s.Node}); b.settled(bin) && !p.lately(k, bin) {
			p.surprise[k] = bin
			p.usual++
		}
	case !seen.IsZero() && (b.Spec.Since.IsZero() || !seen.After(b.Spec.Since)):
		g.known = true
		p.ranks[1]++
		g.rank = p.ranks[1]
	}
	g.counts = newGroupCounts(g.known, b.margin)
	return g
}

// settled reports whether a bin before the comparison is in its second half,
// when what control shows all the time has been seen.
func (b *Comparison) settled(bin int64) bool {
	return bin < b.start && bin >= b.first+(b.start-b.first)/2
}

// lately reports whether a node showed something new within five bins.
func (p *chapter) lately(k nodeOf, bin int64) bool {
	at, ok := p.surprise[k]
	return ok && bin-at < dedupe
}

// enter gives a new group its place in the order of appearance, and counts its
// first sighting if the node did not show something new within five bins: a
// stack trace line by line is one surprise.
func (b *Comparison) enter(g *group, s GroupLines, bin int64, exposed [2]float64) {
	p := g.chapter
	p.ranks[0]++
	g.rank = p.ranks[0]
	g.since, g.firstSide = b.Time, s.Side
	k := nodeOf{s.Side, s.Node}
	if p.lately(k, bin) {
		return
	}
	for other, at := range p.surprise {
		if bin-at < dedupe && b.lives[other.side][other.node].alive(bin) {
			exposed[other.side]--
		}
	}
	p.surprise[k] = bin
	if s.Side == deviation.ControlSide {
		p.surprised++
	}
	x := [2]float64{}
	x[s.Side] = 1
	g.novelty = &datedCounts{s.at, stat.NewCounts(0)}
	g.novelty.counts.Add(x[deviation.CandidateSide], exposed[deviation.CandidateSide], x[deviation.ControlSide], exposed[deviation.ControlSide])
}
