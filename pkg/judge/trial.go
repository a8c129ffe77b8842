package judge

import (
	"math"
	"reflect"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/preflight"
)

// A trial is what is known of one rollout under way: a fold over its bins. Each
// of its parts holds what it needs; what they have in common is the subject, and
// the signals.
type trial struct {
	*subject
	decided int64 // last bin decided on

	metrics metricSignals
	lines   []*lineSignal // of logs and crashes
	twins   twins

	preflight preflight.Run
	evidence  *combination
	overlap   *overlap
	blame     *blame
	stages    stages
	places    *places
	trail     trail

	calibration *Calibration
	fail        *failure // nil if it has not
}

// A failure says when and why a rollout failed, once and for all.
type failure struct {
	at     time.Time
	reason string  // "" if the evidence is the reason
	weight float64 // highest weight of evidence since
}

// newTrial prepares to judge u from its start.
func (a *Analyzer) newTrial(u Underway) *trial {
	s := newSubject(u)
	c := &trial{subject: s, decided: s.first - 1, twins: twins{}, stages: stages{subject: s}}
	c.overlap = &overlap{subject: s, adopted: map[string]time.Time{}, twins: c.twins}
	w := andon.Weights(u.Service.Signals)
	for i, sig := range u.Service.Signals {
		if sig.Metric != "" {
			t := newMetricSignal(a.Metrics, s, sig, u.Lessons)
			t.weight, t.adopted = w[i], c.overlap.adopted
			c.metrics = append(c.metrics, t)
		} else {
			c.lines = append(c.lines, newLineSignal(a.Logs, s, sig, w[i]))
		}
	}
	c.overlap.metrics = c.metrics
	c.places = newPlaces(s, c.metrics)
	c.evidence = &combination{subject: s, metrics: c.metrics, lines: c.lines}
	if s.concurrent() {
		c.evidence.absence = newAbsence(s, c.metrics, u.Startups)
	}
	c.blame = &blame{subject: s, evidence: c.evidence, overlap: c.overlap, maxEvidence: map[string]float64{}}
	c.preflight = preflight.NewRun(preflight.Setting{
		Service: s.service, Candidate: andon.Divide(s.rollout, andon.Service{}).Candidate, Strategy: s.strategy,
		Step: s.step, First: s.first, Source: a.Metrics,
	})
	return c
}

// same reports whether c can go on judging u. Stages, the end, who calls whom and
// what is for people may change on the way; any other change begins a new trial.
func (c *trial) same(u Underway) bool {
	r, s := u.Rollout, c.rollout
	u.Service.DependsOn = c.service.DependsOn
	return r.Service == s.Service && r.Strategy == s.Strategy && r.Started.Equal(s.Started) &&
		r.Baseline.Equal(s.Baseline) && reflect.DeepEqual(andon.Divide(r, u.Service), c.division) &&
		reflect.DeepEqual(u.Service, c.service)
}

// nextTime returns the time of the earliest bin that can be folded.
func (c *trial) nextTime(now time.Time) (time.Time, bool) {
	next := c.decided + 1
	for _, s := range c.metrics {
		if s.ready() && s.next < next {
			next = s.next // it was late
		}
	}
	for _, r := range c.lines {
		if r.ready() && r.next < next {
			next = r.next
		}
	}
	return deviation.BinTime(next, c.step), next <= c.lastBin(now)
}

// fold takes in the bin of each signal that has it, and reports whether the
// bin is to be decided on: it is not while late samples catch up.
func (c *trial) fold(at time.Time) bool {
	number := deviation.BinAt(at, c.step)
	known := c.rollout.AsOf(at)
	if number > c.decided {
		c.stages.turn(known, deviation.BinTime(c.decided, c.step), c.evidence.log, c.judged)
	}
	b := evidence.Bin{At: at, Number: number, Stage: known.FirstStage(), Twins: c.twins}
	if c.concurrent() && c.strategy != andon.LoadTest {
		c.twins.find(number, c.metrics)
	}
	c.overlap.fresh = c.overlap.fresh[:0]
	for _, s := range c.metrics {
		if s.ready() && s.next == number {
			s.fold(b, c.metrics)
			c.overlap.fresh = append(c.overlap.fresh, s)
		}
	}
	for _, r := range c.lines {
		if r.ready() && r.next == number {
			r.fold(b, c.metrics.running(number))
		}
	}
	if a := c.evidence.absence; a != nil {
		a.partial.fold(b, c.metrics)
	}
	if number < c.decided {
		return false
	}
	c.decided = number
	c.evidence.update()
	c.trail = c.trail.keep(Point{at, c.evidence.log})
	c.places.decide()
	return true
}

// decide fails the rollout at a bin if it is time to, once and for all.
func (c *trial) decide(at time.Time) {
	if c.fail != nil {
		c.fail.weight = max(c.fail.weight, c.weight())
		return
	}
	if c.failOnPreflight(at) {
		return
	}
	for _, s := range c.metrics {
		if s.breach != "" {
			c.failForGood(at, s.breach)
			return
		}
	}
	if c.failOnFeedback(at) {
		return
	}
	enough, share := -math.Log(c.service.Sensitivity.Alpha()), c.blame.share
	switch c.strategy {
	case andon.Threshold:
		return
	case andon.BeforeAfter:
		enough, share = c.limit()-1e-9, c.blame.posterior()[0]
	default: // beside a control, the promise and the share of the blame decide
	}
	if c.evidence.log >= enough && share >= minBlame {
		c.failAt(at, "", c.weight())
	}
}

// failAt fails the rollout, and marks the signals that are to blame.
func (c *trial) failAt(at time.Time, reason string, weight float64) {
	c.fail = &failure{at: at, reason: reason, weight: weight}
	c.evidence.markBlamed()
}

// failForGood fails the rollout whatever the evidence is, and for certain.
func (c *trial) failForGood(at time.Time, reason string) { c.failAt(at, reason, math.Inf(1)) }

// failOnPreflight fails the rollout if a pre-flight check had failed by a time,
// and reports whether it did: without evidence and without blame, for what the
// check asserts is not so.
func (c *trial) failOnPreflight(by time.Time) bool {
	f := c.preflight.Failed(by)
	if f == nil {
		return false
	}
	c.failForGood(f.At, f.Finding().Reason)
	return true
}

// failOnFeedback fails the rollout at a time if a group of lines does so by
// itself: by the sensitivity, or by a person's word. It reports whether it did.
func (c *trial) failOnFeedback(at time.Time) bool {
	for _, r := range c.lines {
		if why := r.comparison.Failing(); why != "" {
			r.blamed = true
			c.failForGood(at, r.signal.Name+": "+why)
			return true
		}
	}
	return false
}

// recall takes in what is remembered by now.
func (c *trial) recall(now time.Time) {
	for _, r := range c.lines {
		r.recall(now)
	}
}
