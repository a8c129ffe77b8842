package analysis

import (
	"context"
	"math"
	"time"
)

// mostLate is how many bins are asked for again after an error.
const mostLate = 240

// A weigher turns the bins of one signal into evidence.
type weigher interface {
	// fold takes in one bin: the samples of the candidate and control nodes.
	fold(b moment, cand, ctrl []sample)
	// logE returns the logarithm of the evidence by now.
	logE() float64
	// smallest returns the smallest effect, in the signal's unit, that would
	// have made the evidence exp(logE) by now; NaN if that is not known.
	smallest(logE float64) float64
	// bins returns how many bins compared something.
	bins() int
}

// A sample is what one node showed in one bin.
type sample struct {
	node  string
	v     float64 // NaN if it showed nothing
	e     float64 // exposure, of Counts
	first time.Time

	raw    float64 // what the signal's Metric returned
	places []string
}

// A tracker follows one signal of a rollout.
type tracker struct {
	signal  Signal
	kind    Kind
	weight  float64
	meter   *meter
	strat   Strategy
	started time.Time
	step    time.Duration

	cand, ctrl *frame // the last deviateBins folded, and those yet to be folded
	next       int64  // bin to be folded next
	err        error  // of the last question, or why none can be asked

	lessons []Lesson // of rollouts of the service that passed before
	weigher weigher
	bounds  bounds
	breach  string // why it fails at once
	blamed  bool   // for the rollout's fail

	arrived                    map[string]time.Time // first sample of each candidate node since the start
	adopted                    map[string]time.Time // the same, by any signal of the rollout
	split                      split
	candidateSeen, controlSeen int // samples
	lastCandidate, lastControl time.Time
	effect                     effect
	parts                      []*part // by place
	low                        float64 // lowest log evidence, and when
	lowAt                      time.Time
}

func (a *Analyzer) newTracker(c *course, sig Signal, weight float64) *tracker {
	t := &tracker{
		signal: sig, kind: sig.InferKind(), weight: weight, strat: c.strategy, started: c.rollout.Started, step: c.step,
		next: c.first, arrived: map[string]time.Time{}, adopted: c.adopted, lowAt: binTime(c.first-1, c.step),
	}
	t.bounds, t.lessons = bounds{signal: sig}, c.lessons
	t.meter, t.err = a.bareMeter(Compare(c.rollout, c.service, sig))
	if t.err == nil {
		t.weigher = t.newWeigher(c.service)
	}
	return t
}

// newWeigher returns what weighs the signal.
func (t *tracker) newWeigher(s Service) weigher {
	switch {
	case t.strat == BeforeAfter:
		return newTimed(t)
	case t.strat == Threshold:
		return unweighed{}
	case t.signal.Family == StartUpFamily:
		return newStartingUp(t, s)
	case t.strat == RegionControl && (t.kind == Counts || t.kind == Crashes || t.kind == Failures):
		return newRated(t, s)
	case t.strat == RegionControl:
		return newChanged(t, s)
	case t.kind == Crashes:
		return newCrashed(t, s)
	case t.kind == Counts:
		return newCounted(t, s)
	case t.kind == Failures:
		return newFailed(t, s)
	}
	return newLevelled(t, s)
}

// unweighed is the weigher of signals that only have bounds.
type unweighed struct{}

func (unweighed) fold(moment, []sample, []sample) {}
func (unweighed) logE() float64                   { return 0 }
func (unweighed) smallest(float64) float64        { return math.NaN() }
func (unweighed) bins() int                       { return 0 }

// ask fetches the bins up to last that are not yet there, and what came before
// the first on the first occasion.
func (t *tracker) ask(ctx context.Context, a *Analyzer, last int64) {
	if t.meter == nil || last < t.next-1 {
		return
	}
	span := gridSpan{t.step, t.next, last}
	if t.cand == nil {
		span.first -= t.history()
	} else {
		span.first = t.cand.first + int64(t.cand.width)
	}
	if span.first > last {
		return
	}
	cand, err := a.fetch(ctx, t.meter.candidate, span)
	ctrl := &frame{first: span.first, width: span.width(), rows: map[string]*row{}}
	if err == nil && !t.meter.timed {
		ctrl, err = a.fetch(ctx, t.meter.control, span)
	}
	if t.err = err; err != nil {
		t.forgive(last)
		return
	}
	if t.cand == nil {
		t.cand, t.ctrl = cand, ctrl
		t.learn()
		return
	}
	t.cand.extend(cand)
	t.ctrl.extend(ctrl)
}

// history returns how many bins before the first are asked for.
func (t *tracker) history() int64 {
	if t.strat == BeforeAfter {
		return timedHistory(t.step)
	}
	return deviateBins
}

// forgive gives up bins that were asked for in vain for too long, so that a
// source that comes back is not asked for everything at once.
func (t *tracker) forgive(last int64) {
	if t.cand == nil {
		return
	}
	end := t.cand.first + int64(t.cand.width)
	if lost := last - end - mostLate; lost > 0 {
		hole := &frame{first: end, width: int(lost), rows: map[string]*row{}}
		t.cand.extend(hole)
		t.ctrl.extend(&frame{first: end, width: int(lost), rows: map[string]*row{}})
	}
}

// learn takes in what came before the first bin.
func (t *tracker) learn() {
	if t.meter.timed {
		t.meter.before = t.cand.slice(t.meter.beforeSpan())
	}
	if t.meter.c.Relative {
		span := gridSpan{t.step, t.next - placeboBins, t.next - 1}
		t.meter.was = [2]bases{t.meter.basesOf(t.cand.slice(span)), t.meter.basesOf(t.ctrl.slice(span))}
	}
	t.teach(t.weigher, t.cand, t.ctrl)
	if t.strat != BeforeAfter || len(t.meter.c.Places) == 0 { // the parts learn from it at the first bin
		t.trim()
	}
}

// teach has a weigher learn from what came before the next bin.
func (t *tracker) teach(w weigher, cand, past *frame) {
	if t.strat == LoadTest { // before a run there is no load, and nothing to learn of one
		past = &frame{first: t.next, rows: map[string]*row{}}
	}
	switch w := unwatched(w).(type) {
	case *levelled:
		w.learn(past, t.next)
	case *counted:
		w.learn(past, t.next)
	case *failed:
		w.learn(past, t.next)
	case *startingUp:
		w.learn(past, t.next)
	case *changed:
		w.learn(cand, past, t.next)
	case *rated:
		w.learn(cand, past, t.next)
	case *timed:
		w.learn(cand, t.next)
	}
}

// trim drops what no deviation depends on any more.
func (t *tracker) trim() {
	t.cand.trim(t.next - deviateBins)
	t.ctrl.trim(t.next - deviateBins)
}

// ready reports whether the next bin is there.
func (t *tracker) ready() bool {
	return t.cand != nil && t.next < t.cand.first+int64(t.cand.width)
}

// fold takes in the next bin.
func (t *tracker) fold(c *course, b moment) {
	cand := t.running(c, b.bin, t.cand.samplesAt(b.bin), func(o *tracker) *frame { return o.cand })
	ctrl := t.running(c, b.bin, t.ctrl.samplesAt(b.bin), func(o *tracker) *frame { return o.ctrl })
	for i := range cand {
		s := &cand[i]
		if _, ok := t.arrived[s.node]; !ok {
			t.arrived[s.node] = b.at
			if first, ok := t.adopted[s.node]; !ok || b.at.Before(first) {
				t.adopted[s.node] = b.at
			}
		}
		s.first = t.arrived[s.node]
		t.bounds.fold(b.at, s.node, s.raw)
		if known(s.v) {
			t.candidateSeen++
			t.lastCandidate = b.at
		}
	}
	if t.breach == "" {
		t.breach = t.bounds.breached(cand, b.at)
	}
	kept := ctrl[:0]
	for _, s := range ctrl {
		if !b.twins[s.node] {
			kept = append(kept, s)
			if known(s.v) {
				t.controlSeen++
				t.lastControl = b.at
			}
		}
	}
	t.effect.fold(cand, kept)
	t.weigher.fold(b, cand, kept)
	t.fanOut(c, b, cand, kept)
	if e := t.evidence(); !(e > t.low) {
		t.low, t.lowAt = e, b.at
	}
	t.next++
	// Every so often only: a trim copies.
	if t.next-t.cand.first > 2*deviateBins {
		t.trim()
	}
}

// evidence returns the logarithm of the signal's evidence.
func (t *tracker) evidence() float64 {
	if t.weigher == nil || t.bounds.ignored() {
		return 0
	}
	return t.weigher.logE()
}

// deviations returns those of the bin folded last.
func (t *tracker) deviations() []Deviation {
	if t.cand == nil || t.strat == LoadTest && t.meter.timed {
		return nil
	}
	at := bins{t.next - 1, t.next - 1, 1}
	if at.first < t.cand.first+deviateBins-1 {
		return nil
	}
	span := gridSpan{t.step, at.first - deviateBins + 1, at.first}
	return t.meter.series(t.cand.slice(span), t.ctrl.slice(span), at)
}
