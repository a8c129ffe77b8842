package logs

import (
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// groupEvidence is how much evidence, by its share of the weight, makes the
// frequency of one group unexpected: by chance, any of them has that in one of
// a hundred harmless rollouts.
const groupEvidence = 100

// What "many, sustained" means where sensitivity is low: so many events of
// unknown groups, over so many bins.
const (
	manyEvents    = 5
	sustainedBins = 3 * dedupe
)

// countsMargin returns the largest ratio of rates that is no regression, as
// its logarithm.
func countsMargin(s andon.Signal) float64 {
	if s.Margin != nil {
		return math.Log1p(*s.Margin)
	}
	return math.Log1p(.2)
}

// share returns a group's share of the weight among those that are weighed
// with it: what control showed before in equal parts, what the catalogue knew
// and what is new by order of appearance, so that however many appear the
// shares never exceed 1.
func (b *Comparison) share(g *group) float64 {
	switch {
	case b.Spec.Since.IsZero(): // nothing was before: all there are, alike
		return 1 / float64(max(1, len(b.groups)))
	case !g.known && g.rank == 0:
		return 0
	case !g.known:
		return b.chapterShare() * orderShare(g.rank)
	case g.rank > 0:
		return b.chapterShare() * orderShare(g.rank) / 2
	}
	return b.chapterShare() / float64(2*max(1, g.chapter.learnt))
}

// logE returns the logarithm of the evidence that candidate shows a group more
// often than control.
func (b *Comparison) logE(g *group) float64 {
	switch {
	case !g.known && b.Timed():
		return b.again(g)
	case !g.known:
		return b.fresh(g)
	case b.Timed():
		return PooledCounts(b.margin, g.sides[deviation.CandidateSide].events, b.Time[deviation.CandidateSide], g.sides[deviation.ControlSide].events, b.Time[deviation.ControlSide])
	}
	return g.counts.logE()
}

// fresh returns the logarithm of the evidence of a new group.
//
// Chance has two ways to make it. Either events of the group come at a rate
// that is the same at all times, and it happens that none came before: then its
// coming again so soon is weighed against all the time that control ran (again,
// A). Or something outside brought the group now, to both sides alike: then
// only control nodes that run beside the candidate tell (B). What comes from
// outside brings something new with a probability p, which control shows by how
// often it has something new:
//
//	E = 1/( (1-p)/A + p/B )
//
// which is 1/(1-p) on average at most in the one case, and B/p in the other.
func (b *Comparison) fresh(g *group) float64 {
	p := b.chance(g.chapter)
	return -stat.LogSumExp(math.Log1p(-p)-b.again(g), math.Log(p)-g.counts.logE())
}

// again returns the logarithm of the evidence that a new group comes again more
// often on candidate than it would if it came at one rate always and everywhere,
// given when it first came.
func (b *Comparison) again(g *group) float64 {
	c, k := g.sides[deviation.CandidateSide].events, g.sides[deviation.ControlSide].events
	if c+k < 2 {
		return 0
	}
	first := [2]float64{}
	if g.firstSide == deviation.CandidateSide {
		first[deviation.CandidateSide] = 1
	} else {
		first[deviation.ControlSide] = 1
	}
	return PooledCounts(0, c, b.Time[deviation.CandidateSide], k, b.Time[deviation.ControlSide]) -
		PooledCounts(0, first[deviation.CandidateSide], g.since[deviation.CandidateSide], first[deviation.ControlSide], g.since[deviation.ControlSide])
}

// minChance is the least probability that something outside brings new lines
// while a rollout is under way.
const minChance = .01

// chance returns the probability that something outside the rollout brought
// something new to candidate by now, by how often control had something new of
// that chapter in the second half of the time before and since.
func (b *Comparison) chance(p *chapter) float64 {
	x, t := p.usual+p.surprised+.5, b.usual
	if !b.Timed() {
		t += b.peerTime
	}
	if t == 0 {
		return 1
	}
	return min(.999, max(minChance, 1-math.Exp(-x/t*b.Time[deviation.CandidateSide])))
}

// Evidence returns the logarithm of the signal's evidence: the mean of that of
// what is new, and, where frequencies count, of that of what is known.
//
// What is new is half the first sightings together, which control would have
// as often if they were chance, and half each new group by itself, by order of
// appearance.
func (b *Comparison) Evidence() float64 {
	ordered := b.ordered()
	news := stat.LogMean([]float64{b.eachChapter(ordered, b.firsts), b.each(ordered, false)}, []float64{1, 1})
	if b.Spec.Sensitivity == andon.Low && !b.sustained(ordered) {
		news = min(news, 0)
	}
	switch {
	case b.Crashes():
		return stat.LogMean([]float64{news, b.each(ordered, true), b.eachChapter(ordered, b.rate)}, []float64{2, 1, 1})
	case b.Spec.Sensitivity == andon.High:
		return stat.LogMean([]float64{news, b.each(ordered, true)}, []float64{1, 1})
	}
	return news
}

// firsts returns the logarithm of the evidence of first sightings in a chapter.
func (b *Comparison) firsts(p *chapter, ordered []*group) float64 {
	if b.Spec.ByTime() {
		x := 0.
		for _, g := range ordered {
			if g.novelty != nil && !b.setAside(g) {
				x++
			}
		}
		return PooledCounts(0, x, b.Time[deviation.CandidateSide], p.usual, b.usual)
	}
	all := stat.NewCounts(0)
	for _, g := range ordered {
		if g.novelty != nil && !b.setAside(g) {
			all.Merge(g.novelty.counts)
		}
	}
	return all.LogE()
}

// each returns the logarithm of the mean evidence of the new groups, or of the
// known ones, by their shares; what is set aside counts as 1.
func (b *Comparison) each(ordered []*group, known bool) float64 {
	var e, w []float64
	rest := 1.
	for _, g := range ordered {
		if g.known != known || b.setAside(g) || g.sides[deviation.CandidateSide].lines == 0 {
			continue
		}
		s := b.share(g)
		if s > 0 {
			e, w = append(e, b.logE(g)), append(w, s)
			rest -= s
		}
	}
	return stat.LogMean(append(e, 0), append(w, max(0, rest)))
}

// rate returns the logarithm of the evidence that all groups of a chapter together
// come more often.
func (b *Comparison) rate(_ *chapter, ordered []*group) float64 {
	all := stat.NewCounts(b.margin)
	var x [2]float64
	for _, g := range ordered {
		if b.setAside(g) {
			continue
		}
		for side := range x {
			x[side] += g.sides[side].events
		}
		if !b.Spec.ByTime() && g.counts.margin == b.margin {
			all.Merge(g.counts.events)
		}
	}
	if b.Spec.ByTime() {
		return PooledCounts(b.margin, x[deviation.CandidateSide], b.Time[deviation.CandidateSide], x[deviation.ControlSide], b.Time[deviation.ControlSide])
	}
	return all.LogE()
}

// sustained reports whether unknown groups came many times and for long.
func (b *Comparison) sustained(ordered []*group) bool {
	events := 0.
	var first, last time.Time
	for _, g := range ordered {
		if c := g.sides[deviation.CandidateSide]; b.class(g) == andon.ClassUnknown && !b.setAside(g) {
			events += c.events
			first, last = earlier(first, c.first), deviation.Later(last, c.last)
		}
	}
	return events >= manyEvents && last.Sub(first) >= sustainedBins*b.step
}

// ordered returns the groups in the order of their first sightings.
func (b *Comparison) ordered() []*group {
	out := make([]*group, 0, len(b.groups))
	for _, g := range b.groups {
		out = append(out, g)
	}
	slices.SortFunc(out, func(x, y *group) int {
		if c := x.first.Compare(y.first); c != 0 {
			return c
		}
		if x.id < y.id {
			return -1
		}
		return 1
	})
	return out
}
