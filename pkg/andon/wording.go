package andon

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Enumerate joins names as a sentence does.
func Enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// SortedKeys returns the keys of m in order.
func SortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// A Side is what one cohort of a comparison is called in sentences.
type Side struct {
	adjective, place string // before and behind "node"

	From  string // whose samples and lines: "from the new nodes"
	Again string // the same, behind the From of the other side: "from the old"
}

// Nodes returns what the side's nodes are called: "new nodes".
func (s Side) Nodes() string { return s.adjective + "nodes" + s.place }

// Node returns what one of them is called.
func (s Side) Node() string { return s.adjective + "node" + s.place }

// Count writes a number of them: "3 new nodes".
func (s Side) Count(n int) string { return Plural(float64(n), s.adjective+"node") + s.place }

// Part writes that many of the side's nodes: "2 of 3 new nodes", "the only new
// node".
func (s Side) Part(n, all int) string {
	switch {
	case n == all && all == 1:
		return "the only " + s.Node()
	case n == all && all == 2:
		return "both " + s.Nodes()
	case n == all:
		return "all " + s.Count(all)
	}
	return strconv.Itoa(n) + " of " + s.Count(all)
}

// Sides are the two of a comparison.
type Sides struct{ Candidate, Control Side }

var (
	newAndOld = Sides{
		Side{"new ", "", "from the new nodes", "from the new"},
		Side{"old ", "", "from the old nodes", "from the old"},
	}
	hereAndElsewhere = Sides{
		Side{"", " in the changed regions", "from the changed regions", "from the changed regions"},
		Side{"", " elsewhere", "from elsewhere", "from elsewhere"},
	}
	sinceAndBefore = Sides{
		Side{"", "", "since the change", "since the change"},
		Side{"", "", "before the change", "before"},
	}
	runAndBaseline = Sides{
		Side{"", " in this run", "in this run", "in this run"},
		Side{"", " in the baseline run", "in the baseline run", "in the baseline run"},
	}
	nowAndThen = Sides{
		Side{"", "", "now", "now"},
		Side{"", "", "then", "then"},
	}
)

// Sides returns what the two cohorts are called under the strategy taken.
func (s Strategy) Sides() Sides {
	switch s {
	case RegionControl:
		return hereAndElsewhere
	case BeforeAfter, Threshold:
		return sinceAndBefore
	case LoadTest:
		return runAndBaseline
	default:
		return newAndOld
	}
}

// Sides returns what the two cohorts of a comparison are called; without a
// rollout by what divides them.
func (c Comparison) Sides() Sides {
	switch {
	case c.Strategy != "":
		return c.Strategy.Sides()
	case c.ByTime():
		return sinceAndBefore
	case c.Candidate.Back != c.Control.Back:
		return nowAndThen
	}
	return newAndOld
}
