package crash

import (
	"slices"
)

// A dialect is how one runtime, or a family of them, writes crashes.
type dialect struct {
	// anchors are what the first line of a crash has in it, each of at least
	// block bytes: a line with none of any dialect's opens nothing.
	anchors []string
	// opens is the part of a line, whose header is off, where a crash starts;
	// at is where in it an anchor was found.
	opens func(line string, at int) (string, bool)
	// joins tells how a line, whose header is off, belongs to a crash that is open.
	joins func(s *stack, line string) join
	// read makes a crash of its lines; false when they are none after all.
	read func(lines []string) (Crash, bool)
}

// A join is how a line belongs to an open crash.
type join int

const (
	foreign join = iota // not at all; another program or thread may have written between
	joined              // one of its lines
	ends                // one of its lines, and the last
	blank               // it may: nothing is decided
)

var dialects = []*dialect{&golang, &goLogged, &thrown, &hotspot, &v8, &python, &rustlang, &native, &kernel, &windows}

// The bytes of an anchor that the scanner looks at.
const (
	block   = 5
	buckets = 1 << 12
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
	text string
	of   *dialect
}

func pair(a, b byte) uint { return (uint(a)<<5 ^ uint(b)) & (buckets - 1) }

var anchors = newScanner(dialects)

// Starts returns what is in every line that a crash starts with, one of them at
// least.
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

// next finds the first anchor at or after from: where it is and whose, or -1.
// Of two at one place the longer wins.
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
			return at, list[best].of
		}
		i++
	}
	return -1, nil
}
