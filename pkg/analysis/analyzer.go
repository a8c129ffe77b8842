package analysis

import (
	"context"
	"errors"
	"time"
)

// An Analyzer compares what runs now with what ran well. It never reads the
// clock.
type Analyzer struct {
	Metrics RangeFunc
	Resolve ResolveFunc
}

// Compare returns the comparison that a tick makes of one signal of a
// rollout, so that a panel can ask for the same.
func Compare(ro Rollout, s Service, sig Signal) Comparison {
	return Comparison{}
}

// Deviate returns the deviation of every candidate node from control over r.
// The value at a time depends on the comparison and on samples up to that
// time only, never on where r begins: a panel and a tick see the same number.
func (a *Analyzer) Deviate(ctx context.Context, c Comparison, r Range) ([]Deviation, error) {
	return nil, errors.New("not yet")
}

// Judge returns the verdict on one rollout, alone, at now.
func (a *Analyzer) Judge(ctx context.Context, ro Rollout, s Service, now time.Time) (Verdict, error) {
	return Verdict{}, errors.New("not yet")
}

// Underway is a rollout with the service that it changes.
type Underway struct {
	Rollout Rollout
	Service Service
}

// A Watch judges the rollouts under way together, tick by tick. It folds each
// sample once, so that a tick costs the same however old a rollout is, and a
// Watch that starts late catches up bin by bin and comes to the same verdicts.
// It is safe for use by one goroutine.
type Watch struct{}

// NewWatch returns a Watch that asks its sources at most limit questions at a time.
func (a *Analyzer) NewWatch(limit int) *Watch { return &Watch{} }

// Tick returns the verdict on each rollout of under at now, in their order. A
// rollout that is no longer in under is forgotten. What could not be judged is
// Inconclusive with its reason.
func (w *Watch) Tick(ctx context.Context, under []Underway, now time.Time) []Verdict {
	return nil
}

// A Point is a rollout's evidence at one time.
type Point struct {
	At  time.Time
	Log float64 // natural logarithm of the evidence
}

// Trail returns the evidence on a rollout over time, oldest first, thinned
// when it grows long; nil if the rollout is not known.
func (w *Watch) Trail(rollout string) []Point { return nil }
