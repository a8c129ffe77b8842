package analysis

import (
	"context"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// prior is the share of rollouts that make their service worse, before
	// anything is seen of one.
	prior = .05
	// enoughBlame is how sure it must be that it was this rollout and none of
	// those that overlap it.
	enoughBlame = .95
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
	courses     map[string]*course
	calibration *Calibration
}

// NewWatch returns a Watch that asks its sources at most limit questions at a
// time; at least one.
func (a *Analyzer) NewWatch(limit int) *Watch {
	return &Watch{a: a, limit: max(1, limit), courses: map[string]*course{}}
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
func (w *Watch) Tick(ctx context.Context, under []Underway, now time.Time) []Verdict {
	ordered := w.follow(under)
	all := unique(ordered)
	var g errgroup.Group
	g.SetLimit(w.limit)
	for _, c := range all {
		c.recall(w.a, now)
		for _, s := range c.signals {
			g.Go(func() error {
				s.ask(ctx, w.a, c.lastBin(now))
				return nil
			})
		}
		for _, r := range c.readers {
			g.Go(func() error {
				r.ask(ctx, w.a, c.lastBin(now))
				return nil
			})
		}
		for _, f := range c.flights {
			g.Go(func() error {
				f.ask(ctx, w.a, c.lastBin(now))
				return nil
			})
		}
	}
	_ = g.Wait() // a question's error is kept with its signal
	w.fold(all, now)
	out := make([]Verdict, len(under))
	for i, c := range ordered {
		out[i] = c.verdict(now)
	}
	return out
}

// follow returns the courses of the rollouts of under, in their order, and
// forgets the others.
func (w *Watch) follow(under []Underway) []*course {
	all := make([]*course, len(under))
	kept := make(map[string]*course, len(under))
	for i, u := range under {
		c := kept[u.Rollout.ID]
		if c == nil {
			c = w.courses[u.Rollout.ID]
		}
		if c == nil || !c.same(u) {
			c = w.a.newCourse(u)
		}
		c.rollout, c.calibration = u.Rollout, w.calibration
		c.service.DependsOn, c.dependencies = u.Service.DependsOn, u.Dependencies
		all[i], kept[u.Rollout.ID] = c, c
	}
	w.courses = kept
	for _, c := range kept {
		c.beside = all
	}
	return all
}

// unique returns the courses without repetitions, for a rollout named twice.
func unique(all []*course) []*course {
	var out []*course
	for _, c := range all {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// fold takes in, bin by bin and all rollouts together, what was asked for.
// Bins of services with different steps are taken in order of time.
func (w *Watch) fold(all []*course, now time.Time) {
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
		var decide []*course
		for _, c := range all {
			c.fresh = c.fresh[:0]
			if t, ok := c.nextTime(now); ok && t.Equal(at) && c.fold(at) {
				decide = append(decide, c)
			}
		}
		// Only now is it known of all which nodes have adopted them.
		for _, c := range all {
			c.attribute(all, at)
		}
		if len(decide) > 0 {
			blame(all, at)
			for _, c := range decide {
				c.decide(at)
			}
		}
	}
}

// A Point is a rollout's evidence at one time.
type Point struct {
	At  time.Time `json:"at"`
	Log float64   `json:"log"` // natural logarithm of the evidence; finite
}

// mostPointsKept bounds a trail.
const mostPointsKept = 720

// Trail returns the evidence on a rollout over time, oldest first, thinned
// when it grows long; nil if the rollout is not known.
func (w *Watch) Trail(rollout string) []Point {
	if c := w.courses[rollout]; c != nil {
		return slices.Clone(c.trail)
	}
	return nil
}

// Startup returns how long the first candidate node of a rollout took to
// serve, from its first stage on, or from its start if no stage is known; false
// if none has yet or the rollout is not known. It is for Underway.Startups of
// later ones.
func (w *Watch) Startup(rollout string) (time.Duration, bool) {
	c := w.courses[rollout]
	if c == nil {
		return 0, false
	}
	return c.startup(binTime(c.decided+1, c.step))
}

// keep appends a point, leaving out every other of the older ones when there
// are too many.
func keep(trail []Point, p Point) []Point {
	if math.IsNaN(p.Log) || math.IsInf(p.Log, 0) {
		return trail
	}
	if len(trail) >= mostPointsKept {
		n := 0
		for i := 0; i < len(trail); i += 2 {
			trail[n] = trail[i]
			n++
		}
		trail = trail[:n]
	}
	if n := len(trail); n > 0 && trail[n-1].At.Equal(p.At) {
		trail = trail[:n-1] // decided on once more, for late samples
	}
	return append(trail, p)
}
