package analysis

import (
	"context"
	"slices"
	"strings"
	"time"
)

// maxLateBins is how many bins are asked for again after an error.
const maxLateBins = 240

// A metricSignal follows one signal of metrics of a rollout.
type metricSignal struct {
	settings // that its law is made from; no scale if it cannot be asked for
	source   metricSource
	weight   float64
	started  time.Time // of the rollout

	cand, ctrl *frame // the last deviateBins folded, and those yet to be folded
	next       int64  // bin to be folded next
	err        error  // of the last question, or why none can be asked

	law    law
	onFold []func(b bin, cand, ctrl []sample) // told of each bin before the law is
	bounds bounds
	breach string // why it fails at once
	blamed bool   // for the rollout's fail

	arrived                    map[string]time.Time // first sample of each candidate node since the start
	adopted                    map[string]time.Time // the same, by any signal of the rollout
	adoption                   adoption
	candidateSeen, controlSeen int // samples
	lastCandidate, lastControl time.Time
	effect                     effect
	low                        float64 // lowest log evidence, and when
	lowAt                      time.Time
}

// metricSignals are those of one rollout.
type metricSignals []*metricSignal

func newMetricSignal(a metricSource, c *subject, sig Signal, lessons []Lesson) *metricSignal {
	m, err := a.bareScale(Compare(c.rollout, c.service, sig))
	t := &metricSignal{
		settings: settings{
			signal: sig, kind: sig.InferKind(), strategy: c.strategy, step: c.step, warmUp: c.service.warmUp(),
			sensitivity: c.service.Sensitivity, lessons: lessons, scale: m,
		},
		source: a, started: c.rollout.Started, next: c.first, err: err, bounds: bounds{signal: sig},
		law: thresholdsOnly{}, arrived: map[string]time.Time{}, lowAt: binTime(c.first-1, c.step),
	}
	if err == nil {
		t.law = newLaw(t.settings)
	}
	return t
}

// ask fetches the bins up to last that are not yet there, and what came before
// the first on the first occasion.
func (t *metricSignal) ask(ctx context.Context, last int64) {
	if t.scale == nil || last < t.next-1 {
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
	cand, err := t.source.fetch(ctx, t.scale.candidate, span)
	ctrl := &frame{first: span.first, width: span.width(), rows: map[string]*row{}}
	if err == nil && !t.scale.timed {
		ctrl, err = t.source.fetch(ctx, t.scale.control, span)
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
func (t *metricSignal) history() int64 {
	if t.strategy == BeforeAfter {
		return beforeAfterHistory(t.step)
	}
	return deviateBins
}

// forgive gives up bins that were asked for in vain for too long, so that a
// source that comes back is not asked for everything at once.
func (t *metricSignal) forgive(last int64) {
	if t.cand == nil {
		return
	}
	end := t.cand.first + int64(t.cand.width)
	if lost := last - end - maxLateBins; lost > 0 {
		hole := &frame{first: end, width: int(lost), rows: map[string]*row{}}
		t.cand.extend(hole)
		t.ctrl.extend(&frame{first: end, width: int(lost), rows: map[string]*row{}})
	}
}

// learn takes in what came before the first bin.
func (t *metricSignal) learn() {
	if t.scale.timed {
		t.scale.before = t.cand.slice(t.scale.beforeSpan())
	}
	if t.scale.c.Relative {
		span := gridSpan{t.step, t.next - placeboBins, t.next - 1}
		t.scale.was = [2]bases{t.scale.basesOf(t.cand.slice(span)), t.scale.basesOf(t.ctrl.slice(span))}
	}
	t.law.learn(t.cand, t.past(t.ctrl), t.next)
	if t.strategy != BeforeAfter || len(t.scale.c.Places) == 0 { // the parts learn from it at the first bin
		t.trim()
	}
}

// past returns what a law learns of control: before a load test's run there is no
// load, and nothing to learn of one.
func (t *metricSignal) past(ctrl *frame) *frame {
	if t.strategy == LoadTest {
		return &frame{first: t.next, rows: map[string]*row{}}
	}
	return ctrl
}

// trim drops what no deviation depends on any more.
func (t *metricSignal) trim() {
	t.cand.trim(t.next - deviateBins)
	t.ctrl.trim(t.next - deviateBins)
}

// ready reports whether the next bin is there.
func (t *metricSignal) ready() bool {
	return t.cand != nil && t.next < t.cand.first+int64(t.cand.width)
}

// fold takes in the next bin; all are the signals of the rollout.
func (t *metricSignal) fold(b bin, all metricSignals) {
	cand := t.running(all, b.number, t.cand.samplesAt(b.number), func(o *metricSignal) *frame { return o.cand })
	ctrl := t.running(all, b.number, t.ctrl.samplesAt(b.number), func(o *metricSignal) *frame { return o.ctrl })
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
	for _, f := range t.onFold {
		f(b, cand, kept)
	}
	t.law.fold(b, cand, kept)
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
func (t *metricSignal) evidence() float64 {
	if t.bounds.ignored() {
		return 0
	}
	return t.law.logE()
}

// deviations returns those of the bin folded last.
func (t *metricSignal) deviations() []Deviation {
	if t.cand == nil || t.strategy == LoadTest && t.scale.timed {
		return nil
	}
	at := bins{t.next - 1, t.next - 1, 1}
	if at.first < t.cand.first+deviateBins-1 {
		return nil
	}
	span := gridSpan{t.step, at.first - deviateBins + 1, at.first}
	return t.scale.series(t.cand.slice(span), t.ctrl.slice(span), at)
}

// running adds to the samples of a signal of crashes the nodes that run, as
// other signals show, and have no series of it yet: a counter that never counted
// is often not exported, and its first increase is then seen nowhere but in its
// beginning. As long as no node has such a series nothing is added, since it may
// not exist at all.
func (t *metricSignal) running(all metricSignals, bin int64, samples []sample, side func(*metricSignal) *frame) []sample {
	if t.kind != Crashes || t.signal.Per != "" || len(t.cand.rows)+len(t.ctrl.rows) == 0 {
		return samples
	}
	here := map[string]bool{}
	for _, s := range samples {
		here[s.node] = true
	}
	for _, o := range all {
		if f := side(o); o != t && o.kind != Crashes && f != nil {
			for _, s := range f.samplesAt(bin) {
				if known(s.v) && !here[s.node] {
					here[s.node] = true
					samples = append(samples, sample{node: s.node, e: t.step.Seconds(), places: s.places})
				}
			}
		}
	}
	slices.SortFunc(samples, func(a, b sample) int { return strings.Compare(a.node, b.node) })
	return samples
}

// running returns the nodes of either side that had a sample of a metric in a bin.
func (all metricSignals) running(bin int64) (out [2][]string) {
	seen := [2]map[string]bool{{}, {}}
	for _, t := range all {
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
