package analysis

import (
	"context"
	"slices"
	"time"
)

// A lineSignal follows one signal of logs or crashes of a rollout.
type lineSignal struct {
	source   lineSource
	signal   Signal
	weight   float64
	strategy Strategy
	step     time.Duration
	begun    time.Time

	line       *lineAsk
	comparison *lineComparison
	next       int64     // bin to be folded next
	bins       []lineBin // from next on, that are there
	err        error     // of the last question, or why none can be asked

	blamed     bool
	low        float64 // lowest log evidence, and when
	lowAt      time.Time
	bothSeen   int       // bins in which nodes of both sides ran
	lastOfCand time.Time // that a candidate node ran
	cached     float64
	cachedAt   int64
}

func newLineSignal(a lineSource, c *subject, sig Signal, weight float64) *lineSignal {
	r := &lineSignal{source: a, signal: sig, weight: weight, strategy: c.strategy, step: c.step, begun: c.rollout.Started, next: c.first, lowAt: binTime(c.first-1, c.step), cachedAt: -1}
	cmp := Compare(c.rollout, c.service, sig)
	r.comparison = newLineComparison(cmp, c.first-placeboBins, c.first)
	r.comparison.thresholdsOnly = c.strategy == Threshold
	r.line, r.err = a.newLineAsk(cmp, c.first)
	return r
}

func (r *lineSignal) about() Signal  { return r.signal }
func (r *lineSignal) trouble() error { return r.err }
func (r *lineSignal) share() float64 { return r.weight }
func (r *lineSignal) odds() odds     { return odds{log: r.evidence(), events: true} }
func (r *lineSignal) counts() bool   { return r.weight > 0 || r.signal.Critical }
func (r *lineSignal) markBlamed()    { r.blamed = true }

// compared reports whether there is a control to compare with.
func (r *lineSignal) compared() bool { return r.comparison.time[controlSide] > 0 }

// ask fetches the bins up to last that are not there yet, and what control
// said before the first on the first occasion.
func (r *lineSignal) ask(ctx context.Context, last int64) {
	if r.line == nil || last < r.next-1 {
		return
	}
	from := r.next + int64(len(r.bins))
	if r.comparison.next < r.next { // the past is not folded
		from = r.comparison.next
	}
	if from > last {
		return
	}
	if lost := last - from - maxLateBins; lost > 0 { // a source that comes back is not asked for everything at once
		r.bins = append(r.bins, make([]lineBin, lost)...)
		from += lost
	}
	got, err := r.line.fetch(ctx, r.comparison.clusters, from, last)
	if r.err = err; err != nil {
		return
	}
	for r.comparison.next < r.next && len(got) > 0 {
		r.comparison.fold(got[0], false)
		got = got[1:]
	}
	r.bins = append(r.bins, got...)
}

// ready reports whether the next bin is there.
func (r *lineSignal) ready() bool { return len(r.bins) > 0 }

// fold takes in the next bin; running are the nodes of either side that metrics
// know to run.
func (r *lineSignal) fold(b bin, running [2][]string) {
	l := r.bins[0]
	r.bins = r.bins[1:]
	r.next++
	for side := range running {
		l.running[side] = append(l.running[side], running[side]...)
	}
	twin := func(side int, node string) bool { return side == controlSide && b.twins[node] }
	l.lines = slices.DeleteFunc(l.lines, func(s sidedLine) bool { return twin(s.side, s.node) })
	l.sourceCounts = slices.DeleteFunc(l.sourceCounts, func(s groupLines) bool { return twin(s.side, s.node) })
	l.running[controlSide] = slices.DeleteFunc(l.running[controlSide], func(n string) bool { return b.twins[n] })
	r.comparison.fold(l, false)
	if r.comparison.exposed(candidateSide, b.number) > 0 {
		r.lastOfCand = b.at
		if r.comparison.timed() && r.compared() || r.comparison.exposed(controlSide, b.number) > 0 {
			r.bothSeen++
		}
	}
	r.cachedAt = -1
	if e := r.evidence(); !(e > r.low) {
		r.low, r.lowAt = e, b.at
	}
}

// evidence returns the logarithm of the signal's evidence.
func (r *lineSignal) evidence() float64 {
	if r.cachedAt != r.next {
		r.cached, r.cachedAt = r.comparison.evidence(), r.next
	}
	return r.cached
}

// recall takes in what is remembered by now.
func (r *lineSignal) recall(now time.Time) {
	r.comparison.recall(r.source.recall(r.comparison.c, now))
	r.cachedAt = -1
}
