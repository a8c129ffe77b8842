package analysis

import (
	"slices"
	"time"
)

// dedupe is within how many bins a node's lines of one group are one event: a
// burst must not count as many. Five minutes, with bins of a minute.
const dedupe = 5

// quietBins is for how many bins a node that says nothing is taken to run.
const quietBins = 10

// A lineComparison keeps what was seen of a signal's groups on both sides: a fold
// over bins.
type lineComparison struct {
	c              Comparison
	step           time.Duration
	first          int64 // bin that the range begins with
	start          int64 // bin that the comparison begins with; before it only control is looked at
	next           int64 // bin to be folded next
	margin         float64
	series         bool // what each bin showed is kept
	thresholdsOnly bool // nothing is compared: only what a person called a high risk fails the rollout

	grouper  grouper
	clusters *clustering // the same; nil of crashes
	groups   map[string]*group
	lives    [2]map[string]*life
	time     [2]float64 // nodes × bins
	peerTime float64    // of control since the comparison began
	totals   [2]count   // all groups together

	recalled *Recollection         // nil if nothing is
	alias    map[string]string     // ids in recalled to those that they were learnt under
	memory   map[string]Remembered // by the ids that groups have now

	chapters map[stratum]*chapter
	inOrder  []*chapter // as they were first seen
	usual    float64    // of the second half of the time before the comparison: control's nodes × bins
	starts   int        // start-ups of control nodes that were seen
}

// A life is when a node ran, as far as its lines tell.
type life struct {
	version     string
	first, last int64 // bins
}

func newLineComparison(c Comparison, first, start int64) *lineComparison {
	b := &lineComparison{
		c: c, step: c.step(), first: first, start: max(first, start), next: first, alias: map[string]string{},
		groups: map[string]*group{}, chapters: map[stratum]*chapter{}, margin: countsMargin(c.Signal),
	}
	if b.crashes() {
		b.grouper = newCrashing()
	} else {
		b.clusters = newClustering()
		b.grouper = b.clusters
	}
	b.lives = [2]map[string]*life{{}, {}}
	return b
}

// fold takes in the next bin. At the last one of all what is still open is
// taken as it is.
func (b *lineComparison) fold(l lineBin, last bool) {
	bin := b.next
	b.next++
	for side, names := range l.running {
		for _, name := range names {
			b.runs(side, name, "", bin)
		}
	}
	for _, s := range l.strata {
		b.chapterOf(s, bin)
	}
	for _, s := range l.lines {
		b.runs(s.side, s.node, s.version, bin)
		b.chapterOf(stratumOf(s.Labels), bin)
	}
	all := slices.Clone(l.sourceCounts)
	for _, s := range all {
		b.runs(s.side, s.node, s.version, bin)
		b.chapterOf(s.stratum, bin)
	}
	for _, s := range l.lines {
		all = append(all, b.grouper.add(s)...)
	}
	all = append(all, b.grouper.settle(b.edge(bin), last)...)
	slices.SortStableFunc(all, func(x, y groupLines) int { return inTurn(x.at, x.node, y.at, y.node) })
	b.rename()
	b.pass(bin)
	b.take(all, bin)
}

// edge returns the end of a bin. Bins of lines end a little before those of
// metrics, so that lines which are late by some seconds are in.
func (b *lineComparison) edge(bin int64) time.Time {
	return binTime(bin, b.step).Add(-lateness(b.step))
}

// lateness is how late lines may come: a sixth of a bin, ten seconds at most,
// and whole ones, for Loki counts at whole ones.
func lateness(step time.Duration) time.Duration {
	l := min(step/6, 10*time.Second)
	if l >= time.Second {
		return l.Truncate(time.Second)
	}
	return l
}

// runs notes that a node runs.
func (b *lineComparison) runs(side int, name, version string, bin int64) {
	l := b.lives[side][name]
	if l == nil {
		l = &life{first: bin}
		b.lives[side][name] = l
		if side == controlSide && bin > b.first+quietBins {
			b.starts++
		}
	}
	l.last = bin
	if version != "" {
		l.version = version
	}
}

// comparing reports whether a bin is compared.
func (b *lineComparison) comparing(bin int64) bool { return bin >= b.start }

// alive reports whether a node runs in a bin.
func (l *life) alive(bin int64) bool { return l != nil && bin-l.last < quietBins }

// cold reports whether what a candidate node says in a bin is of its start-up
// and cannot be compared: no start-up of a control node is in the range, nor
// in the catalogue. A crash is a crash, whenever.
func (b *lineComparison) cold(side int, name string, bin int64) bool {
	if side == controlSide || b.crashes() || b.starts > 0 || b.startsKnown() || b.c.Since.IsZero() || b.c.timed() {
		return false
	}
	l := b.lives[side][name]
	return l != nil && bin-l.first < int64(b.c.WarmUp/b.step)
}

func (b *lineComparison) timed() bool { return b.c.timed() }

func (b *lineComparison) crashes() bool { return b.c.Signal.Crashes != "" }

// exposed returns how many nodes of a side run in a bin and can be compared.
func (b *lineComparison) exposed(side int, bin int64) float64 {
	n := 0.
	for name, l := range b.lives[side] {
		if l.alive(bin) && !b.cold(side, name, bin) {
			n++
		}
	}
	return n
}

// pass adds the time of a bin to what each side ran.
func (b *lineComparison) pass(bin int64) {
	for side := range b.time {
		if side == controlSide && b.c.timed() && b.comparing(bin) {
			continue // it is the candidate now
		}
		for _, l := range b.lives[side] {
			if l.alive(bin) {
				b.time[side]++
				if b.settled(bin) {
					b.usual++
				}
				if side == controlSide && b.comparing(bin) {
					b.peerTime++
				}
			}
		}
	}
}
