package logs

import (
	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// take counts lines of groups, and weighs them bin by bin.
func (b *Comparison) take(all []GroupLines, bin int64) {
	cells := map[*group]*cell{}
	var order []*group
	exposed := [2]float64{b.Exposed(deviation.CandidateSide, bin), b.Exposed(deviation.ControlSide, bin)}
	for _, s := range all {
		s.group = b.grouper.now(s.group)
		g := b.groups[s.group]
		if g == nil {
			g = b.open(s, bin)
		}
		if !g.known && g.rank == 0 && !b.cold(s.Side, s.Node, bin) {
			b.enter(g, s, bin, exposed)
		}
		c := cells[g]
		if c == nil {
			c = b.cellOf(g, bin, exposed)
			cells[g] = c
			order = append(order, g)
		}
		b.note(g, c, s, bin)
	}
	for _, g := range order {
		if !g.known && g.rank == 0 {
			continue // only seen where it cannot be compared
		}
		g.counts.fold(b.perNode(g, *cells[g], bin), b.comparing(bin) && !b.Spec.ByTime())
	}
}

// cellOf returns the empty cell of a group: the nodes that could have an event.
func (b *Comparison) cellOf(g *group, bin int64, exposed [2]float64) *cell {
	c := &cell{risk: exposed, nodes: exposed}
	for k, n := range g.nodes {
		if n.events > 0 && bin-n.lastEvent < dedupe && b.lives[k.side][k.node].alive(bin) && !b.cold(k.side, k.node, bin) {
			c.risk[k.side]--
		}
	}
	return c
}

// note counts the lines of one group.
func (b *Comparison) note(g *group, c *cell, s GroupLines, bin int64) {
	k := nodeOf{s.Side, s.Node}
	n := g.nodes[k]
	if n == nil {
		n = &nodeCount{lastEvent: bin - dedupe}
		g.nodes[k] = n
	}
	if s.version != "" {
		n.version = s.version
	}
	n.lines += s.lines
	n.binLines(bin, s.lines)
	g.first, g.last, g.touched = earlier(g.first, s.at), deviation.Later(g.last, s.at), bin
	g.sides[s.Side].note(s, bin, b.series)
	b.totals[s.Side].note(GroupLines{at: s.at, lines: s.lines}, bin, b.series)
	if b.cold(s.Side, s.Node, bin) {
		return
	}
	if s.Side == deviation.CandidateSide {
		g.warm = true
	}
	c.lines[s.Side] += s.lines
	if bin-n.lastEvent < dedupe {
		return
	}
	n.lastEvent = bin
	n.events++
	g.sides[s.Side].events++
	b.totals[s.Side].events++
	c.events[s.Side]++
	if s.Side == deviation.CandidateSide && g.sinceAt.IsZero() {
		g.sinceAt = s.at
	}
}

// binLines adds up the lines of one bin.
func (n *nodeCount) binLines(bin int64, lines float64) {
	if n.bin != bin {
		n.bin, n.inBin = bin, 0
	}
	n.inBin += lines
}

// perNode fills in the lines of each control node that runs.
func (b *Comparison) perNode(g *group, c cell, bin int64) cell {
	if g.counts.lines == nil {
		return c
	}
	for _, name := range andon.SortedKeys(b.lives[deviation.ControlSide]) {
		if !b.lives[deviation.ControlSide][name].alive(bin) {
			continue
		}
		x := 0.
		if n := g.nodes[nodeOf{deviation.ControlSide, name}]; n != nil && n.bin == bin {
			x = n.inBin
		}
		c.perNode = append(c.perNode, x)
	}
	return c
}
