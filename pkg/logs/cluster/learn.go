package cluster

// miss finds the template of a skeleton that was not seen before, or makes it.
func (c *Clusterer) miss(h uint64) int32 {
	s := &c.scanner
	if s.n == 0 {
		h = 1
	}
	if c.table.used >= maxAliases || len(c.all) >= 4*c.max {
		c.rebuild()
	}
	sh := s.shape()
	g := c.shapes[sh]
	if g != nil {
		if i := c.covering(g); i >= 0 {
			c.table.put(h, i)
			return i
		}
	}
	if len(c.lists) > 0 {
		if i, ok := c.lists[s.collapsed()]; ok {
			i = c.root(i)
			c.table.put(h, i)
			return i
		}
	}
	if c.full() {
		c.evict()
		g = c.shapes[sh]
	}
	if c.crowded && !c.door.knock(h) {
		return -1
	}
	i := c.create(h, sh, g)
	if c.fresh >= 64 && c.fresh >= c.live/4 {
		c.merge()
		i = c.root(i)
	}
	return i
}

// covering is the merged template of g that the line fits; -1 if there is none.
func (c *Clusterer) covering(g *shape) int32 {
	s := &c.scanner
next:
	for _, i := range g.merged {
		t := c.all[i]
		if t.parent != i {
			continue
		}
		for k := range s.toks[:s.n] {
			p := &t.parts[k]
			if p.hash != s.toks[k].hash && !t.takes(p) {
				continue next
			}
		}
		return i
	}
	return -1
}

func (c *Clusterer) create(h, sh uint64, g *shape) int32 {
	i := int32(len(c.all))
	s := &c.scanner
	line := string(s.line)
	t := &template{parts: s.parts(line), first: c.lines, last: c.lines, shape: sh, parent: i, fixed: s.softs, example: line[:min(len(line), maxExample)], held: len(line)}
	if g == nil {
		g = &shape{}
		c.shapes[sh] = g
	}
	g.add(i, false)
	if !g.dirty {
		g.dirty = true
		c.dirty = append(c.dirty, g)
	}
	c.all = append(c.all, t)
	c.live++
	c.fresh++
	c.table.put(h, i)
	c.rename(i, t)
	c.bytes += t.weight()
	return i
}

// vary compares the soft parts of t with those of the line, and has those that differ vary.
func (c *Clusterer) vary(i int32, t *template) {
	s := &c.scanner
	changed := false
	for k := range s.toks[:s.n] {
		tok := &s.toks[k]
		p := &t.parts[k]
		if p.kind != soft || p.varying {
			continue
		}
		if tok.kind == soft && tok.soft == p.soft {
			continue
		}
		p.varying = true
		t.fixed--
		changed = true
	}
	if changed {
		c.rename(i, t)
	}
}

// rename gives t the text and the id of what it has become.
func (c *Clusterer) rename(i int32, t *template) {
	old := t.id
	t.text = render(t.parts)
	t.id = IDOf(t.text)
	if old == t.id {
		return
	}
	if old != 0 {
		if c.byID[old] == i {
			delete(c.byID, old)
		}
		c.move(old, t.id)
	}
	delete(c.moved, t.id)
	delete(c.movedOnce, t.id)
	c.byID[t.id] = i
}

// recut moves what was clustered before the layout of its header was known to
// where its lines go now.
func (c *Clusterer) recut() {
	c.header.changed = false
	lines := c.lines
	for i, t := range c.all {
		if t.parent != int32(i) || t.count == 0 {
			continue
		}
		body := c.header.peek([]byte(t.example))
		if len(body) == len(t.example) {
			continue
		}
		c.lines = t.first
		s := &c.scanner
		s.scan(body)
		h := s.skeleton()
		j := c.table.get(h)
		if j < 0 {
			sh := s.shape()
			g := c.shapes[sh]
			if g != nil {
				j = c.covering(g)
			}
			if j < 0 {
				j = c.create(h, sh, g)
			}
		}
		if j = c.root(j); j != int32(i) {
			t.example = string(body)
			if u := c.all[j]; u.count == 0 {
				u.example = t.example
			}
			c.absorb(j, int32(i))
		}
	}
	c.lines = lines
}
