package cluster

import (
	"cmp"
	"slices"
)

// A shape is all templates that have the same marks and blanks at the same places.
type shape struct {
	live  []int32
	fresh int // made since the shape was last merged
	dirty bool
}

// A merger holds what merging needs for a while.
type merger struct {
	sums    []uint64
	entries []entry
	buckets []bucket
}

type entry struct {
	key uint64
	i   int32 // index into shape.live
}

// A bucket is templates that are alike but for one part.
type bucket struct {
	at      int
	members []int32
	words   int
}

// merge joins the templates that differ in what statistics tell to be variable.
func (c *Clusterer) merge() {
	if c.fresh == 0 {
		return
	}
	c.fresh = 0
	for _, g := range c.dirty {
		g.dirty, g.fresh = false, 0
		for range 4 {
			if len(g.live) < 2 || !c.mergeShape(g) {
				break
			}
		}
	}
	c.dirty = c.dirty[:0]
}

func weigh(p int, h uint64) uint64 { return mix(uint64(p+1)*prime2, h) }

// mergeShape joins what it finds alike in g and tells whether it found any.
func (c *Clusterer) mergeShape(g *shape) bool {
	m := &c.merger
	n := len(c.all[g.live[0]].parts)
	m.sums = m.sums[:0]
	for _, i := range g.live {
		var sum uint64
		for p, x := range c.all[i].parts {
			sum += weigh(p, x.hash)
		}
		m.sums = append(m.sums, sum)
	}
	m.buckets = m.buckets[:0]
	for p := range n {
		first := &c.all[g.live[0]].parts[p]
		if first.kind == mark {
			continue
		}
		same := true
		for _, i := range g.live[1:] {
			if c.all[i].parts[p].hash != first.hash {
				same = false
				break
			}
		}
		if same {
			continue
		}
		m.entries = m.entries[:0]
		for k, i := range g.live {
			m.entries = append(m.entries, entry{m.sums[k] - weigh(p, c.all[i].parts[p].hash), i})
		}
		slices.SortFunc(m.entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.i, b.i)) })
		for a := 0; a < len(m.entries); {
			b := a + 1
			for b < len(m.entries) && m.entries[b].key == m.entries[a].key {
				b++
			}
			if b-a > 1 {
				members := make([]int32, 0, b-a)
				for _, e := range m.entries[a:b] {
					members = append(members, e.i)
				}
				if c.variable(members, p) {
					m.buckets = append(m.buckets, bucket{at: p, members: members})
				}
			}
			a = b
		}
	}
	if len(m.buckets) == 0 {
		return false
	}
	slices.SortStableFunc(m.buckets, func(a, b bucket) int { return cmp.Compare(len(b.members), len(a.members)) })
	for _, b := range m.buckets {
		c.joinBucket(g, b)
	}
	live := g.live[:0]
	for _, i := range g.live {
		if c.all[i].parent == i {
			live = append(live, i)
			c.all[i].touched = false
		}
	}
	g.live = live
	return true
}

// joinBucket joins the members of b that nothing was joined with before.
func (c *Clusterer) joinBucket(g *shape, b bucket) {
	members := b.members[:0]
	for _, i := range b.members {
		if c.all[i].parent == i && !c.all[i].touched {
			members = append(members, i)
		}
	}
	if len(members) < 2 {
		return
	}
	if len(members) < len(b.members) && !c.variable(members, b.at) {
		return
	}
	c.join(members, func(t *template) {
		p := &t.parts[b.at]
		if p.kind == soft && !p.varying {
			t.fixed--
		}
		p.kind, p.hash, p.text, p.varying = value, hashValue, "", false
	})
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
	t.merged, t.touched = true, true
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
	if len(u.parts) == len(t.parts) {
		for k := range t.parts {
			p, q := &t.parts[k], &u.parts[k]
			if p.kind == soft && !p.varying && (q.kind != soft || q.varying || q.text != p.text) {
				p.varying = true
				t.fixed--
			}
		}
	}
	u.parent = to
	u.parts = nil
	c.live--
	if u.id != t.id {
		c.follow(i, t)
	}
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
	c.moved[u.id] = t.id
	delete(c.moved, t.id)
}
