package judge

import (
	"context"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/logs"
)

// An Analyzer judges rollouts by what its sources say. It never reads the
// clock.
type Analyzer struct {
	Metrics deviation.Source
	Logs    logs.Source
}

// Judge returns the verdict on one rollout, alone, at now.
func (a *Analyzer) Judge(ctx context.Context, ro andon.Rollout, s andon.Service, now time.Time) (andon.Verdict, error) {
	v := a.NewWatch(4).Tick(ctx, []Underway{{Rollout: ro, Service: s}}, now)
	return v[0], ctx.Err()
}

// Underway is a rollout with the service that it changes.
type Underway struct {
	Rollout andon.Rollout
	Service andon.Service

	// Startups are how long the first nodes of earlier rollouts of the service
	// took to serve, as Watch.Startup told it of each; nil if none is known.
	Startups []time.Duration

	// Lessons are what rollouts of the service that passed taught, as
	// Watch.Lesson told it of each; nil if nothing is known.
	Lessons []andon.Lesson

	// Dependencies are the services that Service calls, by what queries show
	// and what Service.DependsOn says; nil if only the latter is known. They may
	// change while the rollout is under way.
	Dependencies *andon.Dependencies
}
