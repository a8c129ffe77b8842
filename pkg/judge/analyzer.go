package judge

import (
	"context"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/logs"
)

// An Analyzer compares what runs now with what ran well. It never reads the
// clock.
type Analyzer struct {
	Metrics andon.RangeFunc
	Resolve andon.ResolveFunc

	Logs        andon.LinesFunc   // answers LogQL; nil if there is nobody to ask
	LogMetrics  andon.RangeFunc   // answers LogQL's metric queries; nil if nobody does: then nodes are known by the lines that are looked at, and no more lines than a budget
	Patterns    logs.PatternsFunc // what the source of logs itself found, to find what a sample misses; nil if nobody does
	ResolveLogs andon.ResolveFunc // writes a selector's matchers into LogQL; into its stream selector if nil
	Recall      andon.RecallFunc  // what is remembered of a service; nothing if nil
	Budget      int               // lines that are looked at in answer to one question; DefaultBudget if zero
}

// Judge returns the verdict on one rollout, alone, at now.
func (a *Analyzer) Judge(ctx context.Context, ro andon.Rollout, s andon.Service, now time.Time) (andon.Verdict, error) {
	v := a.NewWatch(4).Tick(ctx, []Underway{{Rollout: ro, Service: s}}, now)
	return v[0], ctx.Err()
}

func (a *Analyzer) metricSource() deviation.Source {
	return deviation.Source{Metrics: a.Metrics, Resolve: a.Resolve}
}

func (a *Analyzer) lineSource() logs.Source {
	return logs.Source{
		Logs: a.Logs, Metrics: a.LogMetrics, Patterns: a.Patterns, Resolve: a.ResolveLogs, Recall: a.Recall, Budget: a.Budget,
	}
}

// Deviate returns the deviation of every candidate node from control over r,
// nodes in order of name: see metricSource.Deviate.
func (a *Analyzer) Deviate(ctx context.Context, c andon.Comparison, r andon.Range) ([]deviation.Deviation, error) {
	return a.metricSource().Deviate(ctx, c, r)
}

// Matrix compares the course of every candidate node with that of every control
// node: see metricSource.Matrix.
func (a *Analyzer) Matrix(ctx context.Context, c andon.Comparison, r andon.Range) (deviation.Matrix, error) {
	return a.metricSource().Matrix(ctx, c, r)
}

// Cluster says how the log lines of candidate stand to those of control: see
// lineSource.Cluster.
func (a *Analyzer) Cluster(ctx context.Context, c andon.Comparison, r andon.Range) (andon.ClusterReport, error) {
	return a.lineSource().Cluster(ctx, c, r)
}

// Crashes says how the crashes of candidate stand to those of control: see
// lineSource.Crashes.
func (a *Analyzer) Crashes(ctx context.Context, c andon.Comparison, r andon.Range) (andon.CrashReport, error) {
	return a.lineSource().Crashes(ctx, c, r)
}

// Survey returns what all nodes of a service show of a signal over a range, of
// whatever version: what the catalogue learns while no rollout is under way.
func (a *Analyzer) Survey(ctx context.Context, s andon.Service, sig andon.Signal, r andon.Range) ([]logs.Seen, error) {
	return a.lineSource().Survey(ctx, s, sig, r)
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
