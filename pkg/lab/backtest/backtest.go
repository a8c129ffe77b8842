// Package backtest runs the judge over the history in a Prometheus: which rollouts
// the version labels show, what the verdict on each would have been and when, and
// how often the judge raises false alarms at times without a rollout.
//
// The package decides only what is queried and in which order. Rollouts are found
// by package board and judged by package judge, so that the report is what would
// have happened live.
package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// Options say what is judged over which history.
type Options struct {
	Services []andon.Service
	Bake     time.Duration // how long a rollout is watched after its last stage; an hour if zero

	// Since and Until bound the history; no sample after Until is used.
	Since, Until time.Time

	Ask     andon.RangeFunc
	Resolve andon.ResolveFunc

	MaxPoints int    // largest number of steps of a query; 720 if zero
	AtOnce    int    // largest number of queries at a time; 1 if zero
	Placebos  int    // largest number of windows without a rollout per service; 200 if zero, none if negative
	Seed      uint64 // of the choice of windows and the split of their nodes

	// Progress is called with the progress; may be nil.
	Progress func(Progress)
}

// Progress is how far a backtest has come.
type Progress struct {
	Doing string  // what is being done, for which service
	Share float64 // share of Doing that is done, 0 to 1
}

// A Report is the result of a backtest.
type Report struct {
	Since, Until time.Time
	Rollouts     []Outcome // in the order of their start
	Services     []Service
	Queries      int // number of queries
}

// An Outcome is a past rollout with its last verdict.
type Outcome struct {
	Rollout andon.Rollout // as known at the end of the history
	Verdict andon.Verdict

	// Reached is the share of the service's series that were on the new
	// version when the rollout failed; unknown if it did not fail.
	Reached andon.Number

	Open bool // still under way at the end of the history
}

// A Service is what the backtest shows of one service apart from its rollouts.
type Service struct {
	Name       string
	Configured andon.Sensitivity
	Notes      []string // what was left out, and why
	Signals    []Signal // empty without placebos
	Trials     []Trial  // high, medium, low; empty without placebos
	Suggested  andon.Sensitivity
	Reason     string // for the suggestion, or for having none
}

// A Signal is how noisy one signal of a service is in windows without a rollout.
type Signal struct {
	Name      string
	Weight    float64      // share of the evidence, 0 to 1
	Windows   int          // number of windows in which it could be judged
	Warned    int          // number of those in which its evidence reached 100
	Alarmed   int          // number of those in which its evidence reached 1,000
	Deviation andon.Number // median over windows of the largest deviation of a node, in standard deviations
	Missing   andon.Number // share of missing samples
}

// A Trial is the result of one sensitivity in windows without a rollout.
type Trial struct {
	Sensitivity andon.Sensitivity
	Windows     int     // number of windows that could be judged
	Failures    int     // number of those that failed
	Promised    float64 // promised share of failures
	Within      bool    // the probability of so many failures at the promised rate is 5% or more
}

// A runner is a backtest under way.
type runner struct {
	o        Options
	archive  *archive
	services []*history
	outcomes map[string]*Outcome
	order    []string // ids in the order in which they were found
}

// Run runs a backtest. Problems with a single service become its Notes; an error
// means that the history cannot be read at all, or that ctx ended.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Bake <= 0 {
		o.Bake = time.Hour
	}
	if o.Placebos == 0 {
		o.Placebos = 200
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if err := check(o); err != nil {
		return nil, err
	}
	b := &runner{o: o, archive: newArchive(o), outcomes: map[string]*Outcome{}}
	for _, s := range o.Services {
		h, err := b.read(ctx, s)
		if err != nil {
			return nil, err
		}
		b.services = append(b.services, h)
	}
	if err := b.replay(ctx); err != nil {
		return nil, err
	}
	r := &Report{Since: o.Since.UTC(), Until: o.Until.UTC()}
	for _, id := range b.order {
		r.Rollouts = append(r.Rollouts, *b.outcomes[id])
	}
	slices.SortStableFunc(r.Rollouts, func(x, y Outcome) int { return x.Rollout.Started.Compare(y.Rollout.Started) })
	for _, h := range b.services {
		s, err := b.learn(ctx, h)
		if err != nil {
			return nil, err
		}
		r.Services = append(r.Services, s)
	}
	r.Queries = b.archive.queries()
	return r, nil
}

func check(o Options) error {
	switch {
	case len(o.Services) == 0:
		return errors.New("no service to look at; name at least one")
	case !slices.ContainsFunc(o.Services, func(s andon.Service) bool { return s.Version != "" }):
		return errors.New("no service has a version label, so past rollouts cannot be found; write version: with the label's name into the configuration")
	case !o.Since.Before(o.Until):
		return fmt.Errorf("the history begins at %s, not before its end at %s; choose an earlier beginning", stamp(o.Since), stamp(o.Until))
	case o.MaxPoints != 0 && (o.MaxPoints < 10 || o.MaxPoints > 11_000):
		return fmt.Errorf("%d points a query is not between 10 and 11,000, the limit of Prometheus", o.MaxPoints)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
