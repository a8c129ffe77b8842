package judge

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/logs"
)

const (
	// prior is the share of rollouts that make their service worse, before
	// anything is seen of one.
	prior = .05
	// minBlame is how sure it must be that it was this rollout and none of
	// those that overlap it.
	minBlame = .95
	// warnEvidence keeps a rollout from passing.
	warnEvidence = 100
)

// A Watch judges the rollouts under way together, tick by tick. It folds each
// sample once, so that a tick costs the same however old a rollout is, and a
// Watch that starts late catches up bin by bin and comes to the same verdicts.
// It is safe for use by one goroutine.
type Watch struct {
	a           *Analyzer
	limit       int
	trials      map[string]*trial
	calibration *Calibration
}

// NewWatch returns a Watch that asks its sources at most limit questions at a
// time; at least one.
func (a *Analyzer) NewWatch(limit int) *Watch {
	return &Watch{a: a, limit: max(1, limit), trials: map[string]*trial{}}
}

// Calibrate has the scores of the next ticks rest on c. It changes nothing but
// scores: evidence, blame and what fails stay as they are.
func (w *Watch) Calibrate(c *Calibration) { w.calibration = c }

// Tick returns the verdict on each rollout of under at now, in their order. A
// rollout that is no longer in under is forgotten, and one whose cohorts or
// service have changed begins anew. What could not be judged is Inconclusive
// with its reason.
//
// Only samples up to now are asked for, and of a rollout only what was known
// at the time of each bin is used (Rollout.AsOf).
func (w *Watch) Tick(ctx context.Context, under []Underway, now time.Time) []andon.Verdict {
	ordered := w.follow(under)
	all := unique(ordered)
	var g errgroup.Group
	g.SetLimit(w.limit)
	for _, c := range all {
		c.recall(now)
		for _, t := range c.evidence.all() {
			g.Go(func() error {
				t.ask(ctx, c.lastBin(now))
				return nil
			})
		}
		for _, f := range c.preflight {
			g.Go(func() error {
				f.Ask(ctx, c.rollout, c.lastBin(now))
				return nil
			})
		}
	}
	_ = g.Wait() // a question's error is kept with its signal
	w.fold(all, now)
	out := make([]andon.Verdict, len(under))
	for i, c := range ordered {
		out[i] = c.verdict(now)
	}
	return out
}

// follow returns the trials of the rollouts of under, in their order, and
// forgets the others.
func (w *Watch) follow(under []Underway) []*trial {
	all := make([]*trial, len(under))
	kept := make(map[string]*trial, len(under))
	for i, u := range under {
		c := kept[u.Rollout.ID]
		if c == nil {
			c = w.trials[u.Rollout.ID]
		}
		if c == nil || !c.same(u) {
			c = w.a.newTrial(u)
		}
		c.rollout, c.calibration = u.Rollout, w.calibration
		c.service.DependsOn, c.dependencies = u.Service.DependsOn, u.Dependencies
		all[i], kept[u.Rollout.ID] = c, c
	}
	w.trials = kept
	absences := make([]*absence, len(all))
	for i, c := range all {
		absences[i] = c.evidence.absence
	}
	for _, c := range kept {
		if a := c.evidence.absence; a != nil {
			a.peers = absences
		}
	}
	return all
}

// unique returns the trials without repetitions, for a rollout named twice.
func unique(all []*trial) []*trial {
	var out []*trial
	for _, c := range all {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// fold takes in, bin by bin and all rollouts together, what was asked for.
// Bins of services with different steps are taken in order of time.
func (w *Watch) fold(all []*trial, now time.Time) {
	overlaps := make([]*overlap, len(all))
	for i, c := range all {
		overlaps[i] = c.overlap
	}
	for {
		var at time.Time
		for _, c := range all {
			if t, ok := c.nextTime(now); ok && (at.IsZero() || t.Before(at)) {
				at = t
			}
		}
		if at.IsZero() {
			return
		}
		var decide []*trial
		for _, c := range all {
			c.overlap.fresh = c.overlap.fresh[:0]
			if t, ok := c.nextTime(now); ok && t.Equal(at) && c.fold(at) {
				decide = append(decide, c)
			}
		}
		// Only now is it known of all which nodes have adopted them.
		for _, o := range overlaps {
			o.attribute(overlaps, at)
		}
		if len(decide) > 0 {
			apportion(all, at)
			for _, c := range decide {
				c.decide(at)
			}
		}
	}
}

// Trail returns the evidence on a rollout over time, oldest first, thinned
// when it grows long; nil if the rollout is not known.
func (w *Watch) Trail(rollout string) []Point {
	if c := w.trials[rollout]; c != nil {
		return slices.Clone(c.trail)
	}
	return nil
}

// Startup returns how long the first candidate node of a rollout took to
// serve, from its first stage on, or from its start if no stage is known; false
// if none has yet or the rollout is not known. It is for Underway.Startups of
// later ones.
func (w *Watch) Startup(rollout string) (time.Duration, bool) {
	c := w.trials[rollout]
	if c == nil {
		return 0, false
	}
	return c.evidence.absence.startup(deviation.BinTime(c.decided+1, c.step))
}

// Seen returns the groups of a rollout's logs and crashes, by signal and id;
// nil if the rollout is not known.
func (w *Watch) Seen(rollout string) []logs.Seen {
	c := w.trials[rollout]
	if c == nil {
		return nil
	}
	var out []logs.Seen
	for _, r := range c.lines {
		out = append(out, r.comparison.Seen()...)
	}
	return out
}

// Lesson returns what a rollout taught by now, and whether it taught anything.
// Only rollouts that passed should be remembered.
func (w *Watch) Lesson(rollout string) (andon.Lesson, bool) {
	c := w.trials[rollout]
	if c == nil {
		return andon.Lesson{}, false
	}
	var l andon.Lesson
	for _, t := range c.metrics {
		t.law.Teach(&l)
	}
	return l, !l.Empty()
}
