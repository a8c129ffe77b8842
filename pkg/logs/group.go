package logs

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// A GroupLines is a line, or several of one node and bin, of one group.
type GroupLines struct {
	group         string
	Side          int
	Node, version string
	at            time.Time
	lines         float64
	example       andon.Line
	stratum       stratum
}

// A CohortLine is one with the side and the node that it came from.
type CohortLine struct {
	andon.Line
	Side          int
	Node, version string
}

// ofGroup returns a line as one of a group.
func (l CohortLine) ofGroup(group string) GroupLines {
	return GroupLines{group: group, Side: l.Side, Node: l.Node, version: l.version, at: l.At, lines: 1, example: l.Line, stratum: stratumOf(l.Labels)}
}

// A group is what was seen of one cluster or signature.
type group struct {
	id        string
	known     bool // control showed it before the change, or the catalogue has it
	chapter   *chapter
	rank      int // order of appearance, from 1, among the new or among those that only the catalogue knew; 0 for none
	sides     [2]count
	nodes     map[nodeOf]*nodeCount
	counts    groupCounts
	firstSide int          // of a new one: where it first appeared
	since     [2]float64   // of a new one: for how long each side had run when it appeared
	novelty   *datedCounts // what its first sighting tells; nil if nothing
	first     time.Time
	last      time.Time
	sinceAt   time.Time // first sighting on candidate that counts
	warm      bool      // candidate showed it after starting up, or start-ups can be compared
	touched   int64     // bin of the newest sighting
}

type nodeOf struct {
	side int
	node string
}

// A nodeCount is what one node showed of a group.
type nodeCount struct {
	version       string
	lines, events float64
	lastEvent     int64 // bin
	bin           int64 // newest, and the lines in it
	inBin         float64
}

// A count is what one side showed of a group, since the range began.
type count struct {
	lines, events float64
	first, last   time.Time
	examples      []andon.Line
	perBin        map[int64]float64
}

const (
	maxExamples = 3
	maxExample  = 1 << 10 // bytes of one
)

// note takes in the lines of a group on the side.
func (c *count) note(s GroupLines, bin int64, series bool) {
	c.lines += s.lines
	if c.first.IsZero() || s.at.Before(c.first) {
		c.first = s.at
	}
	if s.at.After(c.last) {
		c.last = s.at
	}
	if s.example.Text != "" {
		c.examples = append(c.examples, shortened(s.example))
		if len(c.examples) > maxExamples {
			c.examples = append(c.examples[:1], c.examples[2:]...) // the first stays
		}
	}
	if series {
		if c.perBin == nil {
			c.perBin = map[int64]float64{}
		}
		c.perBin[bin] += s.lines
	}
}

func shortened(l andon.Line) andon.Line {
	limit := maxExample
	if n := len(l.Text); n > limit {
		for limit > 0 && l.Text[limit]&0xC0 == 0x80 {
			limit-- // not in the middle of a rune
		}
		l.Text = l.Text[:limit] + "…"
	}
	return l
}

// merge takes in what was seen under another id.
func (g *group) merge(o *group) {
	for i := range g.sides {
		g.sides[i].merge(o.sides[i])
	}
	for k, n := range o.nodes {
		m := g.nodes[k]
		if m == nil {
			g.nodes[k] = n
			continue
		}
		m.lines, m.events, m.lastEvent = m.lines+n.lines, m.events+n.events, max(m.lastEvent, n.lastEvent)
	}
	if o.known == g.known && (g.rank == 0) == (o.rank == 0) {
		g.rank = min(g.rank, o.rank)
	} else if o.known && !g.known || !o.known && g.rank == 0 {
		g.rank = o.rank
	}
	if o.first.Before(g.first) {
		g.firstSide, g.since = o.firstSide, o.since
	}
	g.known, g.warm = g.known || o.known, g.warm || o.warm
	g.counts.merge(o.counts)
	switch {
	case g.novelty == nil:
		g.novelty = o.novelty
	case o.novelty != nil && o.novelty.at.Before(g.novelty.at):
		g.novelty = o.novelty // what is one group was new once
	}
	g.first, g.last = earlier(g.first, o.first), deviation.Later(g.last, o.last)
	g.sinceAt = earlier(g.sinceAt, o.sinceAt)
	g.touched = max(g.touched, o.touched)
}

func (c *count) merge(o count) {
	c.lines, c.events = c.lines+o.lines, c.events+o.events
	c.first, c.last = earlier(c.first, o.first), deviation.Later(c.last, o.last)
	c.examples = append(c.examples, o.examples...)
	c.examples = c.examples[:min(len(c.examples), maxExamples)]
	for b, n := range o.perBin {
		if c.perBin == nil {
			c.perBin = map[int64]float64{}
		}
		c.perBin[b] += n
	}
}

// earlier returns the earlier of two times, of which the zero one is not known.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// orderShare returns the share of weight of the r-th to appear: 6/(π² r²),
// which sum to 1.
func orderShare(r int) float64 { return 6 / (math.Pi * math.Pi * float64(r*r)) }
