package judge

import (
	"context"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/logs"
)

// A lineSignal follows one signal of logs or crashes of a rollout.
type lineSignal struct {
	source   logs.Source
	signal   andon.Signal
	weight   float64
	strategy andon.Strategy
	step     time.Duration
	begun    time.Time

	line       *logs.Reader
	comparison *logs.Comparison
	next       int64      // bin to be folded next
	bins       []logs.Bin // from next on, that are there
	err        error      // of the last question, or why none can be asked

	blamed     bool
	low        float64 // lowest log evidence, and when
	lowAt      time.Time
	bothSeen   int       // bins in which nodes of both sides ran
	lastOfCand time.Time // that a candidate node ran
	cached     float64
	cachedAt   int64
}

func newLineSignal(a logs.Source, c *subject, sig andon.Signal, weight float64) *lineSignal {
	r := &lineSignal{source: a, signal: sig, weight: weight, strategy: c.strategy, step: c.step, begun: c.rollout.Started, next: c.first, lowAt: deviation.BinTime(c.first-1, c.step), cachedAt: -1}
	cmp := andon.Compare(c.rollout, c.service, sig)
	r.comparison = logs.NewComparison(cmp, c.first-deviation.PlaceboBins, c.first)
	r.comparison.ThresholdsOnly = c.strategy == andon.Threshold
	r.line, r.err = a.NewReader(cmp, c.first)
	return r
}

func (r *lineSignal) about() andon.Signal { return r.signal }
func (r *lineSignal) trouble() error      { return r.err }
func (r *lineSignal) share() float64      { return r.weight }
func (r *lineSignal) odds() evidence.Odds { return evidence.Odds{Log: r.logE(), Events: true} }
func (r *lineSignal) counts() bool        { return r.weight > 0 || r.signal.Critical }
func (r *lineSignal) markBlamed()         { r.blamed = true }

// compared reports whether there is a control to compare with.
func (r *lineSignal) compared() bool { return r.comparison.Time[deviation.ControlSide] > 0 }

// ask fetches the bins up to last that are not there yet, and what control
// said before the first on the first occasion.
func (r *lineSignal) ask(ctx context.Context, last int64) {
	if r.line == nil || last < r.next-1 {
		return
	}
	from := r.next + int64(len(r.bins))
	if r.comparison.Next < r.next { // the past is not folded
		from = r.comparison.Next
	}
	if from > last {
		return
	}
	if lost := last - from - maxLateBins; lost > 0 { // a source that comes back is not asked for everything at once
		r.bins = append(r.bins, make([]logs.Bin, lost)...)
		from += lost
	}
	got, err := r.line.Fetch(ctx, r.comparison.Clusters, from, last)
	if r.err = err; err != nil {
		return
	}
	for r.comparison.Next < r.next && len(got) > 0 {
		r.comparison.Fold(got[0], false)
		got = got[1:]
	}
	r.bins = append(r.bins, got...)
}

// ready reports whether the next bin is there.
func (r *lineSignal) ready() bool { return len(r.bins) > 0 }

// fold takes in the next bin; running are the nodes of either side that metrics
// know to run.
func (r *lineSignal) fold(b evidence.Bin, running [2][]string) {
	l := r.bins[0]
	r.bins = r.bins[1:]
	r.next++
	for side := range running {
		l.Running[side] = append(l.Running[side], running[side]...)
	}
	twin := func(side int, node string) bool { return side == deviation.ControlSide && b.Twins[node] }
	l.Lines = slices.DeleteFunc(l.Lines, func(s logs.CohortLine) bool { return twin(s.Side, s.Node) })
	l.SourceCounts = slices.DeleteFunc(l.SourceCounts, func(s logs.GroupLines) bool { return twin(s.Side, s.Node) })
	l.Running[deviation.ControlSide] = slices.DeleteFunc(l.Running[deviation.ControlSide], func(n string) bool { return b.Twins[n] })
	r.comparison.Fold(l, false)
	if r.comparison.Exposed(deviation.CandidateSide, b.Number) > 0 {
		r.lastOfCand = b.At
		if r.comparison.Timed() && r.compared() || r.comparison.Exposed(deviation.ControlSide, b.Number) > 0 {
			r.bothSeen++
		}
	}
	r.cachedAt = -1
	if e := r.logE(); !(e > r.low) {
		r.low, r.lowAt = e, b.At
	}
}

// logE returns the logarithm of the signal's evidence.
func (r *lineSignal) logE() float64 {
	if r.cachedAt != r.next {
		r.cached, r.cachedAt = r.comparison.Evidence(), r.next
	}
	return r.cached
}

// recall takes in what is remembered by now.
func (r *lineSignal) recall(now time.Time) {
	r.comparison.Recall(r.source.Recollection(r.comparison.Spec, now))
	r.cachedAt = -1
}
