package cluster

import (
	"strings"
)

// A piece of a template.
type part struct {
	text    string
	hash    uint64
	soft    uint64
	kind    kind
	space   bool
	varying bool // a soft one that was seen with different texts
	unit    bool // a number stands before the text
	free    bool // a value that was found by statistics: text of any kind
}

// A template is what the lines of a cluster have in common.
type template struct {
	parts   []part
	count   int64
	seed    int64 // counts as so many lines when templates are dropped: it was learnt
	first   int64 // number of the first line
	last    int64
	id      ID
	text    string
	example string
	held    int // bytes of text that parts and example hold
	shape   uint64
	fixed   int   // soft parts that are constant so far
	parent  int32 // the template that this one was merged into; itself if none
	merged  bool  // a word of it was found to be variable
	open    bool  // merged, with enough constant text: a word may stand for any value of it
	listed  bool  // lists in it have no fixed length
	dead    bool
	fresh   bool // merged, and not yet compared with the rest of its shape
	touched bool // its parts were changed in this round
}

// constant tells whether p is a constant word.
func (p *part) constant() bool { return p.kind == word && named(p.text) }

// constants is the number of constant words of t.
func (t *template) constants() int { return t.constantsBefore(len(t.parts)) }

// constantsBefore is the number of constant words left of part p.
func (t *template) constantsBefore(p int) int {
	n := 0
	for i := range t.parts[:p] {
		if t.parts[i].constant() {
			n++
		}
	}
	return n
}

const wildcard = "<*>"

// render is the text of the template.
func render(parts []part) string {
	var b strings.Builder
	for i := range parts {
		p := &parts[i]
		if p.space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		if p.kind == value || p.unit || p.kind == soft && p.varying {
			b.WriteString(wildcard)
		}
		if p.kind != value && !p.varying {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// skeletonOf is the skeleton of lines that fit parts.
func skeletonOf(parts []part) uint64 {
	h := uint64(len(parts))
	for i := range parts {
		x := parts[i].hash
		if parts[i].space {
			x++
		}
		h = mix(h, x)
	}
	if h == 0 {
		h = 1
	}
	return h
}

// shapeOf is a hash of all but the words and values of parts.
func shapeOf(parts []part) uint64 {
	h := uint64(len(parts))
	for i := range parts {
		x := uint64(1)
		if parts[i].kind == mark {
			x = parts[i].hash
		}
		if parts[i].space {
			x++
		}
		h = mix(h, x)
	}
	return h
}

// shape is shapeOf for the line that was scanned last.
func (s *scanner) shape() uint64 {
	h := uint64(s.n)
	for i := range s.toks[:s.n] {
		t := &s.toks[i]
		x := uint64(1)
		if t.kind == mark {
			x = t.hash
		}
		if t.space {
			x++
		}
		h = mix(h, x)
	}
	return h
}

// parts are the tokens of the line that was scanned last, with their text from line, a copy of it.
func (s *scanner) parts(line string) []part {
	out := make([]part, s.n)
	for i := range out {
		t := &s.toks[i]
		out[i] = part{hash: t.hash, soft: t.soft, kind: t.kind, space: t.space}
		switch {
		case t.mixed:
			out[i].text = s.mask(line[t.start:t.end])
		case t.kind != value:
			out[i].text = line[t.from:t.end]
			out[i].unit = t.from > t.start
		}
	}
	return out
}

// mask is w, which has digits, with the segments that are values as wildcards.
func (s *scanner) mask(w string) string {
	m := scanner{line: []byte(w)}
	m.wordFrom(0, 0)
	return string(m.buf)
}
