package judge

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
)

// maxLateBins is how many bins are asked for again after an error.
const maxLateBins = 240

// A metricSignal follows one signal of metrics of a rollout.
type metricSignal struct {
	evidence.Settings // what its law is made from; Scale is nil if it cannot be queried
	source            deviation.Source
	weight            float64
	started           time.Time // of the rollout

	cand, ctrl *deviation.Frame // the last DeviateBins folded, and those yet to be folded
	next       int64            // bin to be folded next
	err        error            // of the last question, or why none can be asked

	law    evidence.Law
	onFold []func(b evidence.Bin, cand, ctrl []deviation.Sample) // told of each bin before the law is
	bounds evidence.Bounds
	breach string // why it fails at once
	blamed bool   // for the rollout's fail

	arrived                    map[string]time.Time // first sample of each candidate node since the start
	adopted                    map[string]time.Time // the same, by any signal of the rollout
	adoption                   evidence.Adoption
	candidateSeen, controlSeen int // samples
	lastCandidate, lastControl time.Time
	effect                     evidence.Effect
	low                        float64 // lowest log evidence, and when
	lowAt                      time.Time
}

// metricSignals are those of one rollout.
type metricSignals []*metricSignal

func newMetricSignal(a deviation.Source, c *subject, sig andon.Signal, lessons []andon.Lesson) *metricSignal {
	m, err := a.BareScale(andon.Compare(c.rollout, c.service, sig))
	t := &metricSignal{
		Settings: evidence.Settings{
			Signal: sig, Kind: sig.InferKind(), Strategy: c.strategy, Step: c.step, WarmUp: c.service.WarmUpTime(),
			Sensitivity: c.service.Sensitivity, Lessons: lessons, Scale: m,
		},
		source: a, started: c.rollout.Started, next: c.first, err: err, bounds: evidence.Bounds{Signal: sig},
		law: evidence.ThresholdsOnly{}, arrived: map[string]time.Time{}, lowAt: deviation.BinTime(c.first-1, c.step),
	}
	if err == nil {
		t.law = evidence.NewLaw(t.Settings)
	}
	return t
}

// ask fetches the bins up to last that are not yet there, and what came before
// the first on the first occasion.
func (t *metricSignal) ask(ctx context.Context, last int64) {
	if t.Scale == nil || last < t.next-1 {
		return
	}
	span := deviation.GridSpan{Step: t.Step, First: t.next, Last: last}
	if t.cand == nil {
		span.First -= t.history()
	} else {
		span.First = t.cand.First + int64(t.cand.Width)
	}
	if span.First > last {
		return
	}
	cand, err := t.source.Fetch(ctx, t.Scale.Candidate, span)
	ctrl := &deviation.Frame{First: span.First, Width: span.Width(), Rows: map[string]*deviation.Row{}}
	if err == nil && !t.Scale.Timed {
		ctrl, err = t.source.Fetch(ctx, t.Scale.Control, span)
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
	t.cand.Extend(cand)
	t.ctrl.Extend(ctrl)
}

// history returns how many bins before the first are asked for.
func (t *metricSignal) history() int64 {
	if t.Strategy == andon.BeforeAfter {
		return evidence.BeforeAfterHistory(t.Step)
	}
	return deviation.DeviateBins
}

// forgive gives up bins that were asked for in vain for too long, so that a
// source that comes back is not asked for everything at once.
func (t *metricSignal) forgive(last int64) {
	if t.cand == nil {
		return
	}
	end := t.cand.First + int64(t.cand.Width)
	if lost := last - end - maxLateBins; lost > 0 {
		hole := &deviation.Frame{First: end, Width: int(lost), Rows: map[string]*deviation.Row{}}
		t.cand.Extend(hole)
		t.ctrl.Extend(&deviation.Frame{First: end, Width: int(lost), Rows: map[string]*deviation.Row{}})
	}
}

// learn takes in what came before the first bin.
func (t *metricSignal) learn() {
	if t.Scale.Timed {
		t.Scale.Before = t.cand.Slice(t.Scale.BeforeSpan())
	}
	if t.Scale.Spec.Relative {
		span := deviation.GridSpan{Step: t.Step, First: t.next - deviation.PlaceboBins, Last: t.next - 1}
		t.Scale.Bases = [2]deviation.Bases{t.Scale.BasesOf(t.cand.Slice(span)), t.Scale.BasesOf(t.ctrl.Slice(span))}
	}
	t.law.Learn(t.cand, t.past(t.ctrl), t.next)
	if t.Strategy != andon.BeforeAfter || len(t.Scale.Spec.Places) == 0 { // the parts learn from it at the first bin
		t.trim()
	}
}

// past returns what a law learns of control: before a load test's run there is no
// load, and nothing to learn of one.
func (t *metricSignal) past(ctrl *deviation.Frame) *deviation.Frame {
	if t.Strategy == andon.LoadTest {
		return &deviation.Frame{First: t.next, Rows: map[string]*deviation.Row{}}
	}
	return ctrl
}

// trim drops what no deviation depends on any more.
func (t *metricSignal) trim() {
	t.cand.Trim(t.next - deviation.DeviateBins)
	t.ctrl.Trim(t.next - deviation.DeviateBins)
}

// ready reports whether the next bin is there.
func (t *metricSignal) ready() bool {
	return t.cand != nil && t.next < t.cand.First+int64(t.cand.Width)
}

// fold takes in the next bin; all are the signals of the rollout.
func (t *metricSignal) fold(b evidence.Bin, all metricSignals) {
	cand := t.running(all, b.Number, t.cand.SamplesAt(b.Number), func(o *metricSignal) *deviation.Frame { return o.cand })
	ctrl := t.running(all, b.Number, t.ctrl.SamplesAt(b.Number), func(o *metricSignal) *deviation.Frame { return o.ctrl })
	for i := range cand {
		s := &cand[i]
		if _, ok := t.arrived[s.Node]; !ok {
			t.arrived[s.Node] = b.At
			if first, ok := t.adopted[s.Node]; !ok || b.At.Before(first) {
				t.adopted[s.Node] = b.At
			}
		}
		s.First = t.arrived[s.Node]
		t.bounds.Fold(b.At, s.Node, s.Raw)
		if deviation.Known(s.Value) {
			t.candidateSeen++
			t.lastCandidate = b.At
		}
	}
	if t.breach == "" {
		t.breach = t.bounds.Breached(cand, b.At)
	}
	kept := ctrl[:0]
	for _, s := range ctrl {
		if !b.Twins[s.Node] {
			kept = append(kept, s)
			if deviation.Known(s.Value) {
				t.controlSeen++
				t.lastControl = b.At
			}
		}
	}
	t.effect.Fold(cand, kept)
	for _, f := range t.onFold {
		f(b, cand, kept)
	}
	t.law.Fold(b, cand, kept)
	if e := t.logE(); !(e > t.low) {
		t.low, t.lowAt = e, b.At
	}
	t.next++
	// Every so often only: a trim copies.
	if t.next-t.cand.First > 2*deviation.DeviateBins {
		t.trim()
	}
}

// logE returns the logarithm of the signal's evidence.
func (t *metricSignal) logE() float64 {
	if t.bounds.Ignored() {
		return 0
	}
	return t.law.LogE()
}

// deviations returns those of the bin folded last.
func (t *metricSignal) deviations() []deviation.Deviation {
	if t.cand == nil || t.Strategy == andon.LoadTest && t.Scale.Timed {
		return nil
	}
	at := deviation.Bins{First: t.next - 1, Last: t.next - 1, Stride: 1}
	if at.First < t.cand.First+deviation.DeviateBins-1 {
		return nil
	}
	span := deviation.GridSpan{Step: t.Step, First: at.First - deviation.DeviateBins + 1, Last: at.First}
	return t.Scale.Series(t.cand.Slice(span), t.ctrl.Slice(span), at)
}

// running adds to the samples of a signal of crashes the nodes that run, as
// other signals show, and have no series of it yet: a counter that never counted
// is often not exported, and its first increase is then seen nowhere but in its
// beginning. As long as no node has such a series nothing is added, since it may
// not exist at all.
func (t *metricSignal) running(all metricSignals, bin int64, samples []deviation.Sample, side func(*metricSignal) *deviation.Frame) []deviation.Sample {
	if t.Kind != andon.Crashes || t.Signal.Per != "" || len(t.cand.Rows)+len(t.ctrl.Rows) == 0 {
		return samples
	}
	here := map[string]bool{}
	for _, s := range samples {
		here[s.Node] = true
	}
	for _, o := range all {
		if f := side(o); o != t && o.Kind != andon.Crashes && f != nil {
			for _, s := range f.SamplesAt(bin) {
				if deviation.Known(s.Value) && !here[s.Node] {
					here[s.Node] = true
					samples = append(samples, deviation.Sample{Node: s.Node, Exposure: t.Step.Seconds(), Places: s.Places})
				}
			}
		}
	}
	slices.SortFunc(samples, func(a, b deviation.Sample) int { return strings.Compare(a.Node, b.Node) })
	return samples
}

// running returns the nodes of either side that had a sample of a metric in a bin.
func (all metricSignals) running(bin int64) (out [2][]string) {
	seen := [2]map[string]bool{{}, {}}
	for _, t := range all {
		if t.cand == nil {
			continue
		}
		for side, f := range []*deviation.Frame{t.cand, t.ctrl} {
			for name, row := range f.Rows {
				if i := bin - f.First; i >= 0 && i < int64(f.Width) && row.Seen[i] && name != "" {
					seen[side][name] = true
				}
			}
		}
	}
	for side := range out {
		out[side] = andon.SortedKeys(seen[side])
	}
	return out
}
