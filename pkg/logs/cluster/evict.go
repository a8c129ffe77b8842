package cluster

import (
	"cmp"
	"slices"
	"unsafe"
)

const (
	maxBytes   = 12 << 20 // of templates
	doorSlots  = 1 << 14
	maxAliases = 1 << 17 // skeletons that are remembered for the templates
	maxMoved   = 1 << 16 // former ids in one generation; two are kept
)

// A door lets a skeleton in at its second sighting. It forgets one when
// another takes its place.
type door []uint64

// knock tells whether h was here lately.
func (d *door) knock(h uint64) bool {
	if *d == nil {
		*d = make(door, doorSlots)
	}
	slot := &(*d)[h%doorSlots]
	if *slot == h {
		*slot = 0
		return true
	}
	*slot = h
	return false
}

// weight is about how many bytes a template takes.
func (t *template) weight() int {
	return int(unsafe.Sizeof(*t)) + len(t.parts)*int(unsafe.Sizeof(part{})) + t.held + 2*len(t.text) + 64
}

// full tells whether there is no room for another template.
func (c *Clusterer) full() bool { return c.live >= c.max || c.bytes >= maxBytes }

// evict drops the templates that were seen least, of these the youngest
// first, until a quarter of the room is free. Their lines count as not kept.
// From then on a new template is kept only when it is seen for the second time.
func (c *Clusterer) evict() {
	c.crowded = true
	order := make([]int32, 0, c.live)
	for i, t := range c.all {
		if t.parent == int32(i) {
			order = append(order, int32(i))
		}
	}
	rank := func(i int32) int64 { return max(c.all[i].count, c.all[i].seed) }
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(c.all[a].first, c.all[b].first))
	})
	keep, bytes := 0, 0
	for keep < len(order) && keep < c.max*3/4 {
		bytes += c.all[order[keep]].weight()
		if bytes > maxBytes*3/4 {
			break
		}
		keep++
	}
	for _, i := range order[keep:] {
		t := c.all[i]
		c.notKept += t.count
		t.dead = true
	}
	c.rebuild()
}

// rebuild numbers the living templates anew and forgets all others.
func (c *Clusterer) rebuild() {
	old := c.all
	number := make([]int32, len(old))
	var all []*template
	for i, t := range old {
		number[i] = -1
		if t.parent == int32(i) && !t.dead {
			number[i] = int32(len(all))
			all = append(all, t)
		}
	}
	for i := range old {
		number[i] = number[c.root(int32(i))]
	}
	was := c.table
	c.table = table{}
	for k, h := range was.keys {
		if h != 0 && c.table.used < maxAliases/2 && number[was.vals[k]] >= 0 {
			c.table.put(h, number[was.vals[k]])
		}
	}
	c.all, c.live, c.bytes = all, len(all), 0
	c.shapes = make(map[uint64]*shape)
	c.dirty = c.dirty[:0]
	clear(c.byID)
	clear(c.runs)
	for i, t := range all {
		t.parent = int32(i)
		g := c.shapes[t.shape]
		if g == nil {
			g = &shape{}
			c.shapes[t.shape] = g
		}
		g.add(int32(i), t.merged)
		c.byID[t.id] = int32(i)
		c.table.put(skeletonOf(t.parts), int32(i))
		c.bytes += t.weight()
	}
	for h, i := range c.lists {
		if number[i] < 0 {
			delete(c.lists, h)
			continue
		}
		c.lists[h] = number[i]
	}
}

// move notes that a cluster has another id now.
func (c *Clusterer) move(from, to ID) {
	if len(c.moved) >= maxMoved {
		c.movedOnce, c.moved = c.moved, make(map[ID]ID)
	}
	c.moved[from] = to
	delete(c.moved, to)
	delete(c.movedOnce, to)
}
