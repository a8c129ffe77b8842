package crash

import (
	"slices"
)

// A dialect reads the crashes that one runtime, or a family of them, writes.
type dialect struct {
	// anchors are texts of at least block bytes, one of which is in every line that
	// opens a crash.
	anchors []string
	// opens returns the part of a line from which on it is the first of a crash;
	// false if it is not. The line has no header; at is the place of an anchor in it.
	opens func(line string, at int) (string, bool)
	// roleOf returns the role of a line without its header in an open crash.
	roleOf func(s *stack, line string) role
	// read reads a crash from its lines; false if they are no crash after all.
	read func(lines []string) (Crash, bool)
}

// A role is what a line is to an open crash.
type role int

const (
	roleForeign role = iota // not part of it: another program or thread may have written it
	roleInside              // part of it
	roleLast                // its last line
	roleBlank               // perhaps part of it; carries no information
)

var dialects = []*dialect{&golang, &goLogged, &thrown, &hotspot, &v8, &python, &rustlang, &native, &kernel, &windows}

const (
	block   = 5       // leading bytes of an anchor that the scanner uses
	buckets = 1 << 12 // of the scanner's tables
)

// A scanner finds the anchors of all dialects in a line in one pass that skips
// most of its bytes (Wu and Manber, A Fast Algorithm for Multi-Pattern
// Searching, 1994): two bytes at the end of a window of block bytes tell how
// far the window may move.
type scanner struct {
	shift   [buckets]uint8
	anchors [buckets][]anchor // by the last two of their first block bytes
}

type anchor struct {
	text    string
	dialect *dialect
}

func pair(a, b byte) uint { return (uint(a)<<5 ^ uint(b)) & (buckets - 1) }

var anchors = newScanner(dialects)

// Starts returns texts of which at least one is in every first line of a crash.
func Starts() []string {
	var all []string
	for _, d := range dialects {
		all = append(all, d.anchors...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func newScanner(all []*dialect) *scanner {
	var s scanner
	for i := range s.shift {
		s.shift[i] = block - 1
	}
	for _, d := range all {
		for _, text := range d.anchors {
			for i := range block - 1 {
				h := pair(text[i], text[i+1])
				s.shift[h] = min(s.shift[h], uint8(block-2-i))
			}
			h := pair(text[block-2], text[block-1])
			s.anchors[h] = append(s.anchors[h], anchor{text, d})
		}
	}
	return &s
}

// next returns the place of the first anchor at or after from, and its dialect; -1
// if there is none. Of two anchors at the same place it takes the longer one.
func (s *scanner) next(line string, from int) (int, *dialect) {
	for i := from + block - 1; i < len(line); {
		h := pair(line[i-1], line[i])
		if d := s.shift[h]; d > 0 {
			i += int(d)
			continue
		}
		at := i - block + 1
		best := -1
		list := s.anchors[h]
		for j := range list {
			if text := list[j].text; len(line)-at >= len(text) && line[at:at+len(text)] == text && (best < 0 || len(text) > len(list[best].text)) {
				best = j
			}
		}
		if best >= 0 {
			return at, list[best].dialect
		}
		i++
	}
	return -1, nil
}
