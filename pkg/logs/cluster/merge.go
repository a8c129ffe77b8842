package cluster

import (
	"cmp"
	"slices"
)

// A shape is all templates that have the same marks and blanks at the same places.
type shape struct {
	live   []int32
	merged []int32 // those that statistics have made more general
	dirty  bool    // templates were added since it was merged
}

func (g *shape) add(i int32, merged bool) {
	g.live = append(g.live, i)
	if merged {
		g.merged = append(g.merged, i)
	}
}

// A merger holds what merging needs for a while.
type merger struct {
	sums    []uint64
	entries []entry
	vary    []int
	words   []wordCount
	buckets []bucket
}

type entry struct {
	key uint64
	i   int32 // index of the template
}

// A bucket is templates that are alike but for one part, or for two.
type bucket struct {
	at, and int // parts; and is -1 for one
	members []int32
}

// Bounds of what is tried for two parts at once.
const (
	minPair      = 6
	maxPairParts = 40
	maxPairWork  = 1 << 18 // templates times pairs of parts
)

// merge joins the templates that differ in what statistics tell to be variable.
func (c *Clusterer) merge() {
	if c.fresh == 0 {
		return
	}
	c.fresh = 0
	changed := c.dirty
	c.dirty = c.dirty[len(c.dirty):]
	for _, g := range changed {
		g.dirty = false
		for range 4 {
			if len(g.live) < 2 || !c.mergeShape(g) {
				break
			}
		}
	}
	c.mergeLists(changed)
	c.dirty = changed[:0]
}

func weigh(p int, h uint64) uint64 { return mix(uint64(p+1)*prime2, h) }

// mergeShape joins what it finds alike in g and tells whether it found any.
func (c *Clusterer) mergeShape(g *shape) bool {
	m := &c.merger
	g.live = slices.DeleteFunc(g.live, func(i int32) bool { return c.all[i].parent != i })
	if len(g.live) < 2 {
		return false
	}
	m.sums, m.vary, m.buckets = m.sums[:0], m.vary[:0], m.buckets[:0]
	for _, i := range g.live {
		var sum uint64
		for p := range c.all[i].parts {
			sum += weigh(p, c.all[i].parts[p].hash)
		}
		m.sums = append(m.sums, sum)
	}
	first := c.all[g.live[0]]
	for p := range first.parts {
		for _, i := range g.live[1:] {
			if c.all[i].parts[p].hash != first.parts[p].hash {
				m.vary = append(m.vary, p)
				break
			}
		}
	}
	for _, p := range m.vary {
		c.findBuckets(g, p, -1)
	}
	if len(m.buckets) == 0 && len(g.live) >= minPair && len(first.parts) <= maxPairParts && len(m.vary)*len(m.vary)/2*len(g.live) <= maxPairWork {
		for k, p := range m.vary {
			for _, q := range m.vary[k+1:] {
				if q > p+1 { // neighbours that vary together are a phrase: another message
					c.findBuckets(g, p, q)
				}
			}
		}
	}
	if len(m.buckets) == 0 {
		return false
	}
	// The surest evidence first.
	slices.SortStableFunc(m.buckets, func(a, b bucket) int { return cmp.Compare(len(b.members), len(a.members)) })
	for _, b := range m.buckets {
		c.joinBucket(b)
	}
	c.tidy(g)
	return true
}

// findBuckets finds the templates of g that are alike but for part p, and part q if that is not -1.
func (c *Clusterer) findBuckets(g *shape, p, q int) {
	m := &c.merger
	m.entries = m.entries[:0]
	for k, i := range g.live {
		parts := c.all[i].parts
		key := m.sums[k] - weigh(p, parts[p].hash)
		if q >= 0 {
			key -= weigh(q, parts[q].hash)
		}
		m.entries = append(m.entries, entry{key, i})
	}
	slices.SortFunc(m.entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.i, b.i)) })
	for a, b := 0, 0; a < len(m.entries); a = b {
		for b = a; b < len(m.entries) && m.entries[b].key == m.entries[a].key; b++ {
		}
		if b-a < 2 || q >= 0 && b-a < minPair {
			continue
		}
		members := make([]int32, 0, b-a)
		for _, e := range m.entries[a:b] {
			members = append(members, e.i)
		}
		if x := (bucket{p, q, members}); c.varies(x) {
			m.buckets = append(m.buckets, x)
		}
	}
}

// varies tells whether b is one message.
func (c *Clusterer) varies(b bucket) bool {
	if b.and < 0 {
		return c.variable(b.members, b.at, 0)
	}
	return c.variable(b.members, b.at, 1) && c.variable(b.members, b.and, 1) || c.independent(b)
}

// tidy takes what was joined out of g, and joins what the merged templates cover.
func (c *Clusterer) tidy(g *shape) {
	live := g.live[:0]
	for _, i := range g.live {
		if c.all[i].parent == i {
			live = append(live, i)
			c.all[i].touched = false
		}
	}
	g.live = live
	for _, i := range g.live {
		t := c.all[i]
		if !t.merged || !t.fresh || t.parent != i {
			continue
		}
		t.fresh = false
		for _, j := range g.live {
			if u := c.all[j]; j != i && u.parent == j && t.covers(u) {
				c.absorb(i, j)
			}
		}
	}
	g.live = slices.DeleteFunc(g.live, func(i int32) bool { return c.all[i].parent != i })
	g.merged = g.merged[:0]
	for _, i := range g.live {
		if c.all[i].merged {
			g.merged = append(g.merged, i)
		}
	}
}

// covers tells whether lines of u, of the same shape, fit t.
func (t *template) covers(u *template) bool {
	for k := range t.parts {
		if p := &t.parts[k]; p.hash != u.parts[k].hash && !t.takes(p) {
			return false
		}
	}
	return true
}

// takes tells whether any word may stand for part p of t.
func (t *template) takes(p *part) bool { return p.free || t.open && p.kind == value }

// joinBucket joins the members of b that nothing was joined with before.
func (c *Clusterer) joinBucket(b bucket) {
	n := len(b.members)
	b.members = slices.DeleteFunc(b.members, func(i int32) bool { return c.all[i].parent != i || c.all[i].touched })
	if len(b.members) < 2 || len(b.members) < n && !c.varies(b) {
		return
	}
	c.join(b.members, func(t *template) {
		t.free(b.at)
		if b.and >= 0 {
			t.free(b.and)
		}
	})
}

// free makes part p of t variable.
func (t *template) free(p int) {
	x := &t.parts[p]
	if x.kind == soft && !x.varying {
		t.fixed--
	}
	t.touched = t.touched || x.hash != hashValue
	*x = part{hash: hashValue, kind: value, space: x.space, free: true}
}

// join makes one template of several; generalise changes its parts.
func (c *Clusterer) join(members []int32, generalise func(t *template)) {
	to := members[0]
	for _, i := range members[1:] {
		if c.all[i].count > c.all[to].count {
			to = i
		}
	}
	t := c.all[to]
	generalise(t)
	t.merged, t.fresh = true, true
	t.open = t.constants() >= 2
	for _, i := range members {
		if i != to {
			c.absorb(to, i)
		}
	}
	h := skeletonOf(t.parts)
	if i := c.table.get(h); i >= 0 {
		if i = c.root(i); i != to && len(c.all[i].parts) == len(t.parts) {
			c.absorb(to, i)
		}
	}
	c.table.put(h, to)
	c.rename(to, t)
	for _, i := range members {
		if i != to {
			c.follow(i, t)
		}
	}
}

// absorb adds what was counted for i to the template to.
func (c *Clusterer) absorb(to, i int32) {
	t, u := c.all[to], c.all[i]
	t.count += u.count
	t.last = max(t.last, u.last)
	if u.first < t.first {
		t.first, t.example = u.first, u.example
	}
	varied := false
	if len(u.parts) == len(t.parts) {
		for k := range t.parts {
			p, q := &t.parts[k], &u.parts[k]
			if p.kind == soft && !p.varying && (q.kind != soft || q.varying || q.soft != p.soft) {
				p.varying = true
				t.fixed--
				varied = true
			}
		}
	}
	if varied {
		c.rename(to, t)
	}
	u.parent = to
	c.bytes -= u.weight()
	u.parts = nil
	c.live--
	c.follow(i, t)
	u.text, u.example = "", ""
}

// follow lets the old id of i lead to t.
func (c *Clusterer) follow(i int32, t *template) {
	u := c.all[i]
	if u.id == t.id || u.id == 0 {
		return
	}
	if c.byID[u.id] == i {
		delete(c.byID, u.id)
	}
	c.move(u.id, t.id)
}
