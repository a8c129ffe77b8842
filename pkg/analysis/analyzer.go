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
}

// Judge returns the verdict on one rollout, alone, at now.
func (a *Analyzer) Judge(ctx context.Context, ro Rollout, s Service, now time.Time) (Verdict, error) {
	v := a.NewWatch(4).Tick(ctx, []Underway{{ro, s}}, now)
	return v[0], ctx.Err()
}

// Underway is a rollout with the service that it changes.
type Underway struct {
	Rollout Rollout
	Service Service
}
