package cluster

import (
	"slices"
)

// Lists of values have different lengths, and so do the templates of lines
// that have them. Two templates that differ only in how many values stand in
// a row are one message, if there is enough constant text to tell.

const minListWords = 2 // constant words that a message with a list has at least

// separates tells whether a mark may stand between the values of a list.
func separates(c byte) bool { return c == ',' || c == ';' || c == '|' }

// collapsed is the skeleton of the line that was scanned last with every list
// in it as one value.
func (s *scanner) collapsed() uint64 {
	var h listHash
	for i := range s.toks[:s.n] {
		t := &s.toks[i]
		h.add(t.hash, t.space, t.kind == mark && t.end-t.start == 1 && separates(s.line[t.start]))
	}
	return h.sum()
}

// collapsedOf is the same for parts.
func collapsedOf(parts []part) uint64 {
	var h listHash
	for i := range parts {
		p := &parts[i]
		h.add(p.hash, p.space, p.kind == mark && len(p.text) == 1 && separates(p.text[0]))
	}
	return h.sum()
}

// A listHash hashes tokens, lists collapsed.
type listHash struct {
	h      uint64
	inList bool
	held   [1]uint64 // a separator that may go on with the list
	holds  bool
}

func (l *listHash) add(hash uint64, space, separator bool) {
	x := hash
	if space {
		x++
	}
	switch {
	case l.inList && hash == hashValue && (space || l.holds):
		l.holds = false
	case l.inList && separator && !l.holds:
		l.held[0], l.holds = x, true
	default:
		if l.holds {
			l.h = mix(l.h, l.held[0])
			l.holds = false
		}
		l.h = mix(l.h, x)
		l.inList = hash == hashValue
	}
}

func (l *listHash) sum() uint64 {
	if l.holds {
		l.h = mix(l.h, l.held[0])
	}
	return l.h | 1
}

// collapse returns parts with every list as one value.
func collapse(parts []part) []part {
	var out []part
	held := -1
	for i := range parts {
		p := parts[i]
		inList := len(out) > 0 && out[len(out)-1].hash == hashValue
		switch {
		case inList && p.hash == hashValue && (p.space || held >= 0):
			last := &out[len(out)-1]
			*last = part{hash: hashValue, kind: value, space: last.space, free: last.free && p.free}
			held = -1
			continue
		case inList && held < 0 && p.kind == mark && len(p.text) == 1 && separates(p.text[0]):
			held = i
			continue
		}
		if held >= 0 {
			out = append(out, parts[held])
			held = -1
		}
		out = append(out, p)
	}
	if held >= 0 {
		out = append(out, parts[held])
	}
	return out
}

// mergeLists joins the templates of the changed shapes with others that differ
// in the length of lists only.
func (c *Clusterer) mergeLists(changed []*shape) {
	for _, g := range changed {
		for k := 0; k < len(g.live); k++ {
			i := g.live[k]
			t := c.all[i]
			if t.parent != i || t.constants() < minListWords {
				continue
			}
			h := collapsedOf(t.parts)
			j, ok := c.runs[h]
			if ok {
				j = c.root(j)
				u := c.all[j]
				if j != i && !u.dead && len(u.parts) != len(t.parts) && collapsedOf(u.parts) == h {
					c.joinList(j, i, h)
					continue
				}
			}
			c.runs[h] = i
		}
	}
}

// joinList joins i with j, which has a list of another length.
func (c *Clusterer) joinList(j, i int32, h uint64) {
	if c.all[i].count > c.all[j].count {
		i, j = j, i
	}
	t := c.all[j]
	parts := collapse(t.parts)
	for k := range parts {
		if parts[k].kind == soft && parts[k].hash == hashValue {
			parts[k].varying = true
		}
	}
	c.reshape(j, parts)
	c.join([]int32{j, i}, func(t *template) { t.listed = true })
	c.lists[h] = j
	c.runs[h] = j
}

// reshape gives template i other parts.
func (c *Clusterer) reshape(i int32, parts []part) {
	t := c.all[i]
	t.parts = parts
	t.fixed = 0
	for k := range parts {
		if parts[k].kind == soft {
			t.parts[k].varying = true
		}
	}
	sh := shapeOf(parts)
	if sh == t.shape {
		return
	}
	if old := c.shapes[t.shape]; old != nil {
		old.remove(i)
	}
	t.shape = sh
	g := c.shapes[sh]
	if g == nil {
		g = &shape{}
		c.shapes[sh] = g
	}
	g.add(i, true)
}

func (g *shape) remove(i int32) {
	is := func(x int32) bool { return x == i }
	g.live = slices.DeleteFunc(g.live, is)
	g.merged = slices.DeleteFunc(g.merged, is)
}
