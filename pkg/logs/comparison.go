package logs

import (
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// dedupe is the number of bins within which all lines of one group and node are
// one event, so that a burst does not count as many: five minutes, with bins of a
// minute.
const dedupe = 5

// quietBins is the number of bins without a line after which a node is taken to
// be gone.
const quietBins = 10

// A Comparison keeps what was seen of a signal's groups on both sides: a fold
// over bins.
type Comparison struct {
	Spec           andon.Comparison
	step           time.Duration
	first          int64 // bin that the range begins with
	start          int64 // bin that the comparison begins with; before it only control is looked at
	Next           int64 // bin to be folded next
	margin         float64
	series         bool // what each bin showed is kept
	ThresholdsOnly bool // nothing is compared: only what a person called a high risk fails the rollout

	grouper  grouper
	Clusters *lineClusters // the same; nil of crashes
	groups   map[string]*group
	lives    [2]map[string]*life
	Time     [2]float64 // nodes × bins
	peerTime float64    // of control since the comparison began
	totals   [2]count   // all groups together

	recalled *andon.Recollection         // nil if nothing is
	alias    map[string]string           // ids in recalled to those that they were learnt under
	memory   map[string]andon.Remembered // by the ids that groups have now

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

// NewComparison prepares to compare lines from the bin first on, where the
// rollout began with the bin start.
func NewComparison(c andon.Comparison, first, start int64) *Comparison {
	b := &Comparison{
		Spec: c, step: c.BinWidth(), first: first, start: max(first, start), Next: first, alias: map[string]string{},
		groups: map[string]*group{}, chapters: map[stratum]*chapter{}, margin: countsMargin(c.Signal),
	}
	if b.Crashes() {
		b.grouper = newCrashFinder()
	} else {
		b.Clusters = newLineClusters()
		b.grouper = b.Clusters
	}
	b.lives = [2]map[string]*life{{}, {}}
	return b
}

// Fold takes in the next bin. At the last one of all what is still open is
// taken as it is.
func (b *Comparison) Fold(l Bin, last bool) {
	bin := b.Next
	b.Next++
	for side, names := range l.Running {
		for _, name := range names {
			b.runs(side, name, "", bin)
		}
	}
	for _, s := range l.strata {
		b.chapterOf(s, bin)
	}
	for _, s := range l.Lines {
		b.runs(s.Side, s.Node, s.version, bin)
		b.chapterOf(stratumOf(s.Labels), bin)
	}
	all := slices.Clone(l.SourceCounts)
	for _, s := range all {
		b.runs(s.Side, s.Node, s.version, bin)
		b.chapterOf(s.stratum, bin)
	}
	for _, s := range l.Lines {
		all = append(all, b.grouper.add(s)...)
	}
	all = append(all, b.grouper.settle(b.edge(bin), last)...)
	slices.SortStableFunc(all, func(x, y GroupLines) int { return inTurn(x.at, x.Node, y.at, y.Node) })
	b.rename()
	b.pass(bin)
	b.take(all, bin)
}

// edge returns the end of a bin. Bins of lines end a little before those of
// metrics, so that lines which are late by some seconds are in.
func (b *Comparison) edge(bin int64) time.Time {
	return deviation.BinTime(bin, b.step).Add(-lateness(b.step))
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
func (b *Comparison) runs(side int, name, version string, bin int64) {
	l := b.lives[side][name]
	if l == nil {
		l = &life{first: bin}
		b.lives[side][name] = l
		if side == deviation.ControlSide && bin > b.first+quietBins {
			b.starts++
		}
	}
	l.last = bin
	if version != "" {
		l.version = version
	}
}

// comparing reports whether a bin is compared.
func (b *Comparison) comparing(bin int64) bool { return bin >= b.start }

// alive reports whether a node runs in a bin.
func (l *life) alive(bin int64) bool { return l != nil && bin-l.last < quietBins }

// cold reports whether what a candidate node says in a bin is of its start-up
// and cannot be compared: no start-up of a control node is in the range, nor
// in the catalogue. A crash is a crash, whenever.
func (b *Comparison) cold(side int, name string, bin int64) bool {
	if side == deviation.ControlSide || b.Crashes() || b.starts > 0 || b.startsKnown() || b.Spec.Since.IsZero() || b.Spec.ByTime() {
		return false
	}
	l := b.lives[side][name]
	return l != nil && bin-l.first < int64(b.Spec.WarmUp/b.step)
}

// Timed reports whether time, not labels, divides the cohorts.
func (b *Comparison) Timed() bool { return b.Spec.ByTime() }

// Crashes reports whether groups are crash signatures, not clusters.
func (b *Comparison) Crashes() bool { return b.Spec.Signal.Crashes != "" }

// Exposed returns how many nodes of a side run in a bin and can be compared.
func (b *Comparison) Exposed(side int, bin int64) float64 {
	n := 0.
	for name, l := range b.lives[side] {
		if l.alive(bin) && !b.cold(side, name, bin) {
			n++
		}
	}
	return n
}

// pass adds the time of a bin to what each side ran.
func (b *Comparison) pass(bin int64) {
	for side := range b.Time {
		if side == deviation.ControlSide && b.Spec.ByTime() && b.comparing(bin) {
			continue // it is the candidate now
		}
		for _, l := range b.lives[side] {
			if l.alive(bin) {
				b.Time[side]++
				if b.settled(bin) {
					b.usual++
				}
				if side == deviation.ControlSide && b.comparing(bin) {
					b.peerTime++
				}
			}
		}
	}
}
