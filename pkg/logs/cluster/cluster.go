// Package cluster sorts log lines into clusters: all lines that differ only in
// their variable parts. A line goes in, the id of its cluster comes out, in
// one pass, with bounded memory and nothing to tune. It knows no time, no
// files and no network.
//
// How it works is told in docs/how/clusters.md.
package cluster

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
)

// An ID names a cluster: the FNV-1a hash (64 bits) of the text of its
// template, so that the same template has the same id everywhere and at all
// times. 0 is no cluster: the line could not be kept.
type ID uint64

// String returns the id as 16 hexadecimal digits.
func (id ID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// IDOf returns the id of the cluster with that template.
func IDOf(template string) ID {
	h := fnv.New64a()
	h.Write([]byte(template))
	return max(ID(h.Sum64()), provisional)
}

// provisional is the lowest id of a cluster. Lower ones stand for the lines
// that were read before their layout was known.
const provisional ID = 1 << 12

// Options limit what a Clusterer keeps. The zero Options are right for everybody.
type Options struct {
	MaxClusters int // how many clusters are kept; 0 means 8,192
}

const maxExample = 512

// A Cluster is all lines with one template.
type Cluster struct {
	ID          ID
	Template    string // the text of the lines, with <*> for what varies
	Count       int64  // lines
	Example     string // the first of them, header cut off, at most 512 bytes of it
	First, Last int64  // numbers of the first and the last of them; the first line of all is 1
}

// A Clusterer sorts lines into clusters. Make one with New. It is not safe for
// concurrent use.
type Clusterer struct {
	max       int
	scanner   scanner
	table     table
	all       []*template
	live      int
	shapes    map[uint64]*shape
	dirty     []*shape
	fresh     int              // templates made since the last merge
	runs      map[uint64]int32 // by the collapsed form, one template with it
	lists     map[uint64]int32 // by the collapsed form, the template with lists of any length
	byID      map[ID]int32
	moved     map[ID]ID // former ids, and what they became
	movedOnce map[ID]ID // the generation before
	bytes     int       // of templates, about
	crowded   bool      // templates were dropped for want of room
	door      door
	lines     int64
	notKept   int64
	header    header
	pending   [][]byte // the first lines, until the layout of their header is known
	early     []ID     // what became of them
	merger    merger
}

// New returns an empty Clusterer.
func New(o Options) *Clusterer {
	if o.MaxClusters <= 0 {
		o.MaxClusters = 8192
	}
	return &Clusterer{max: o.MaxClusters, shapes: make(map[uint64]*shape), byID: make(map[ID]int32), runs: make(map[uint64]int32), lists: make(map[uint64]int32), moved: make(map[ID]ID)}
}

// Add puts a line into its cluster and returns the cluster's id at this time,
// which Resolve turns into the one it has later; 0 if the line could not be
// kept. The line is not held on to.
func (c *Clusterer) Add(line []byte) ID {
	line = line[:min(len(line), maxRaw)]
	if c.header.learnt {
		if c.header.changed {
			c.recut()
		}
		c.lines++
		return c.add(c.header.cut(line))
	}
	c.pending = append(c.pending, append([]byte(nil), line...))
	id := ID(len(c.pending))
	if len(c.pending) == sampleLines {
		c.start()
	}
	return id
}

// start learns from the first lines how headers look, and adds them.
func (c *Clusterer) start() {
	if c.header.learnt {
		return
	}
	if len(c.pending) >= minSample {
		c.header.prime(c.pending)
	}
	c.header.learnt, c.header.changed = true, false
	for _, line := range c.pending {
		c.lines++
		c.early = append(c.early, c.add(c.header.cut(line)))
	}
	c.pending = nil
}

// Learn makes a template known that was found before, perhaps by another
// process, so that lines that fit it get its id at once, and returns the id
// that it has here: another one if a more general template covers it.
func (c *Clusterer) Learn(text string) ID {
	s := &c.scanner
	s.text = true
	s.scan([]byte(text))
	s.text = false
	h := s.skeleton()
	i := c.table.get(h)
	if i < 0 {
		if i = c.miss(h); i < 0 {
			return 0
		}
		t := c.all[i]
		// With little constant text around it, a wildcard stands for numbers and the like only.
		if t.constants() >= 2 {
			t.merged, t.open = true, true
			c.shapes[t.shape].merged = append(c.shapes[t.shape].merged, i)
		}
	}
	return c.all[c.root(i)].id
}

func (c *Clusterer) add(body []byte) ID {
	s := &c.scanner
	s.scan(body)
	h := s.skeleton()
	i := c.table.get(h)
	if i < 0 {
		if i = c.miss(h); i < 0 {
			c.notKept++
			return 0
		}
	}
	t := c.all[i]
	if t.parent != i {
		i = c.root(i)
		t = c.all[i]
		c.table.put(h, i)
	}
	t.count++
	t.last = c.lines
	if s.softs > 0 && t.fixed > 0 && len(t.parts) == s.n {
		c.vary(i, t)
	}
	return t.id
}

// root is the template that i was merged into.
func (c *Clusterer) root(i int32) int32 {
	for c.all[i].parent != i {
		p := c.all[c.all[i].parent].parent
		c.all[i].parent = p
		i = p
	}
	return i
}

// Resolve returns the id that a cluster has now which had id once.
func (c *Clusterer) Resolve(id ID) ID {
	if id < provisional && id > 0 {
		c.start()
		if int(id) > len(c.early) {
			return 0
		}
		id = c.early[id-1]
	}
	for n := 0; n < 64; n++ {
		to, ok := c.moved[id]
		if !ok {
			if to, ok = c.movedOnce[id]; !ok {
				break
			}
		}
		id = to
	}
	return id
}

// Clusters returns all clusters, those with most lines first.
func (c *Clusterer) Clusters() []Cluster {
	if len(c.pending) > 0 {
		c.start()
	}
	c.merge()
	at := make(map[ID]int, c.live)
	var out []Cluster
	for i, t := range c.all {
		if t.dead || t.parent != int32(i) || t.count == 0 {
			continue
		}
		if k, ok := at[t.id]; ok { // cut differently, read the same
			o := &out[k]
			o.Count += t.count
			o.First, o.Last = min(o.First, t.first), max(o.Last, t.last)
			continue
		}
		at[t.id] = len(out)
		out = append(out, Cluster{ID: t.id, Template: t.text, Count: t.count, Example: t.example, First: t.first, Last: t.last})
	}
	slices.SortFunc(out, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.First, b.First))
	})
	return out
}

// NotKept returns how many lines could not be kept: all clusters are taken,
// and the line was seen too seldom to take the place of one.
func (c *Clusterer) NotKept() int64 { return c.notKept }
