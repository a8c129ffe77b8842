package analysis

import (
	"context"
	"math"
	"slices"
	"time"
)

// A reader follows one signal of logs or crashes of a rollout.
type reader struct {
	signal Signal
	weight float64
	strat  Strategy
	step   time.Duration
	begun  time.Time

	line *lineAsk
	book *book
	next int64     // bin to be folded next
	bins []lineBin // from next on, that are there
	err  error     // of the last question, or why none can be asked

	blamed     bool
	low        float64 // lowest log evidence, and when
	lowAt      time.Time
	bothSeen   int       // bins in which nodes of both sides ran
	lastOfCand time.Time // that a candidate node ran
	cached     float64
	cachedAt   int64
}

func (a *Analyzer) newReader(c *course, sig Signal, weight float64) *reader {
	r := &reader{signal: sig, weight: weight, strat: c.strategy, step: c.step, begun: c.rollout.Started, next: c.first, lowAt: binTime(c.first-1, c.step), cachedAt: -1}
	cmp := Compare(c.rollout, c.service, sig)
	r.book = newBook(cmp, c.first-placeboBins, c.first)
	r.book.thresholds = c.strategy == Threshold
	r.line, r.err = a.newLineAsk(cmp, c.first)
	return r
}

func (r *reader) about() Signal  { return r.signal }
func (r *reader) trouble() error { return r.err }
func (r *reader) share() float64 { return r.weight }
func (r *reader) odds() odds     { return odds{log: r.evidence(), events: true} }
func (r *reader) counts() bool   { return r.weight > 0 || r.signal.Critical }
func (r *reader) accuse()        { r.blamed = true }

// compared reports whether there is a control to compare with.
func (r *reader) compared() bool { return r.book.time[controlSide] > 0 }

// ask fetches the bins up to last that are not there yet, and what control
// said before the first on the first occasion.
func (r *reader) ask(ctx context.Context, a *Analyzer, last int64) {
	if r.line == nil || last < r.next-1 {
		return
	}
	from := r.next + int64(len(r.bins))
	if r.book.next < r.next { // the past is not folded
		from = r.book.next
	}
	if from > last {
		return
	}
	if lost := last - from - mostLate; lost > 0 { // a source that comes back is not asked for everything at once
		r.bins = append(r.bins, make([]lineBin, lost)...)
		from += lost
	}
	got, err := r.line.fetch(ctx, r.book.by, from, last)
	if r.err = err; err != nil {
		return
	}
	for r.book.next < r.next && len(got) > 0 {
		r.book.fold(got[0], false)
		got = got[1:]
	}
	r.bins = append(r.bins, got...)
}

// ready reports whether the next bin is there.
func (r *reader) ready() bool { return len(r.bins) > 0 }

// fold takes in the next bin; running are the nodes of either side that metrics
// know to run.
func (r *reader) fold(b bin, running [2][]string) {
	l := r.bins[0]
	r.bins = r.bins[1:]
	r.next++
	for side := range running {
		l.running[side] = append(l.running[side], running[side]...)
	}
	twin := func(side int, node string) bool { return side == controlSide && b.twins[node] }
	l.lines = slices.DeleteFunc(l.lines, func(s sided) bool { return twin(s.side, s.node) })
	l.counted = slices.DeleteFunc(l.counted, func(s sighting) bool { return twin(s.side, s.node) })
	l.running[controlSide] = slices.DeleteFunc(l.running[controlSide], func(n string) bool { return b.twins[n] })
	r.book.fold(l, false)
	if r.book.exposed(candidateSide, b.number) > 0 {
		r.lastOfCand = b.at
		if r.book.timed() && r.compared() || r.book.exposed(controlSide, b.number) > 0 {
			r.bothSeen++
		}
	}
	r.cachedAt = -1
	if e := r.evidence(); !(e > r.low) {
		r.low, r.lowAt = e, b.at
	}
}

// evidence returns the logarithm of the signal's evidence.
func (r *reader) evidence() float64 {
	if r.cachedAt != r.next {
		r.cached, r.cachedAt = r.book.evidence(), r.next
	}
	return r.cached
}

// recall takes in what is remembered by now.
func (c *course) recall(a *Analyzer, now time.Time) {
	for _, r := range c.readers {
		r.book.recall(a.recall(r.book.c, now))
		r.cachedAt = -1
	}
}

// told fails the rollout at a time if a group does so by itself: by the
// sensitivity, or by a person's word.
func (c *course) told(at time.Time) bool {
	for _, r := range c.readers {
		if why := r.book.failing(); why != "" {
			r.blamed = true
			c.fail(at, r.signal.Name+": "+why)
			c.failWeight = math.Inf(1)
			return true
		}
	}
	return false
}

// running returns the nodes of either side that had a sample of a metric in a bin.
func (c *course) running(bin int64) (out [2][]string) {
	seen := [2]map[string]bool{{}, {}}
	for _, t := range c.signals {
		if t.cand == nil {
			continue
		}
		for side, f := range []*frame{t.cand, t.ctrl} {
			for name, row := range f.rows {
				if i := bin - f.first; i >= 0 && i < int64(f.width) && row.seen[i] && name != "" {
					seen[side][name] = true
				}
			}
		}
	}
	for side := range out {
		out[side] = sortedKeys(seen[side])
	}
	return out
}
