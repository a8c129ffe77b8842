package analysis

import (
	"context"
	"time"
)

// An Analyzer compares what runs now with what ran well. It never reads the
// clock.
type Analyzer struct {
	Metrics RangeFunc
	Resolve ResolveFunc

	Logs        LinesFunc    // answers LogQL; nil if there is nobody to ask
	LogMetrics  RangeFunc    // answers LogQL's metric queries; nil if nobody does: then nodes are known by the lines that are looked at, and no more lines than a budget
	Patterns    PatternsFunc // what the source of logs itself found, to find what a sample misses; nil if nobody does
	ResolveLogs ResolveFunc  // writes a selector's matchers into LogQL; into its stream selector if nil
	Recall      RecallFunc   // what is remembered of a service; nothing if nil
	Budget      int          // lines that are looked at in answer to one question; DefaultBudget if zero
}

// Judge returns the verdict on one rollout, alone, at now.
func (a *Analyzer) Judge(ctx context.Context, ro Rollout, s Service, now time.Time) (Verdict, error) {
	v := a.NewWatch(4).Tick(ctx, []Underway{{Rollout: ro, Service: s}}, now)
	return v[0], ctx.Err()
}

// Underway is a rollout with the service that it changes.
type Underway struct {
	Rollout Rollout
	Service Service

	// Startups are how long the first nodes of earlier rollouts of the service
	// took to serve, as Watch.Startup told it of each; nil if none is known.
	Startups []time.Duration

	// Lessons are what rollouts of the service that passed taught, as
	// Watch.Lesson told it of each; nil if nothing is known.
	Lessons []Lesson

	// Dependencies are the services that Service calls, by what queries show
	// and what Service.DependsOn says; nil if only the latter is known. They may
	// change while the rollout is under way.
	Dependencies *Dependencies
}
