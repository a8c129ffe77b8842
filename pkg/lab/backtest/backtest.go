// Package backtest runs the judge over a history that a Prometheus already
// holds: which rollouts a version label shows, what would have been said of
// each and when, and how often the judge cries wolf where nothing rolled out.
//
// It decides what is asked and in which order. How a rollout is found it
// leaves to package board, what a verdict is to package judge, so that
// what it reports is what would have happened live.
package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// Options say what is run over which history.
type Options struct {
	Services []andon.Service
	Bake     time.Duration // how long a rollout is under way after its last stage; an hour if zero

	// Since and Until bound the history; no sample after Until is asked for.
	Since, Until time.Time

	Ask     andon.RangeFunc
	Resolve andon.ResolveFunc

	MaxPoints int    // steps of one query at most; 720 if zero
	AtOnce    int    // queries at the same time at most; 1 if zero
	Placebos  int    // windows without a rollout per service at most; 200 if zero, none if below
	Seed      uint64 // of which windows are taken, and how their nodes are split

	// Progress is told how far it is; may be nil.
	Progress func(Progress)
}

// Progress is how far a backtest is.
type Progress struct {
	Doing string  // what, of which service
	Share float64 // of Doing, 0 to 1
}

// A Report is what a backtest found.
type Report struct {
	Since, Until time.Time
	Rollouts     []Judged // in the order of their start
	Services     []Service
	Queries      int // that were asked
}

// A Judged rollout is one of the past with its last verdict.
type Judged struct {
	Rollout andon.Rollout // as it is known at the end of the history
	Verdict andon.Verdict

	// Reached is the share of the service's series that were on the new
	// version when it failed; unknown if it did not.
	Reached andon.Number

	Open bool // still under way at the end of the history
}

// A Service is what was learnt of one service beside its rollouts.
type Service struct {
	Name       string
	Configured andon.Sensitivity
	Notes      []string // what was not looked at, and why
	Signals    []Signal // empty without placebos
	Trials     []Trial  // high, medium, low; empty without placebos
	Suggested  andon.Sensitivity
	Reason     string // of the suggestion, or why there is none
}

// A Signal is how noisy one signal of a service is where nothing rolled out.
type Signal struct {
	Name      string
	Weight    float64      // its share of the evidence, 0 to 1
	Windows   int          // in which it could be judged
	Warned    int          // of them, those whose evidence reached 100
	Alarmed   int          // of them, those whose evidence reached 1,000
	Deviation andon.Number // median over windows of the node that strayed furthest
	Missing   andon.Number // share of the samples that were not there
}

// A Trial is how one sensitivity did where nothing rolled out.
type Trial struct {
	Sensitivity andon.Sensitivity
	Windows     int     // that could be judged
	Failures    int     // of them
	Promised    float64 // rate of failures
	Within      bool    // whether as many failures are no rarer than 1 in 20 at that rate
}

// A runner is a backtest under way.
type runner struct {
	o        Options
	archive  *archive
	services []*history
	judged   map[string]*Judged
	order    []string // ids, as they were first seen
}

// Run runs a backtest. What cannot be asked of one service is a note on it; an
// error means that the history as a whole cannot be read, or that ctx ended.
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
	b := &runner{o: o, archive: newArchive(o), judged: map[string]*Judged{}}
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
		r.Rollouts = append(r.Rollouts, *b.judged[id])
	}
	slices.SortStableFunc(r.Rollouts, func(x, y Judged) int { return x.Rollout.Started.Compare(y.Rollout.Started) })
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
		return errors.New("there is no service to look at; name at least one")
	case !slices.ContainsFunc(o.Services, func(s andon.Service) bool { return s.Version != "" }):
		return errors.New("no service has a version label, by which rollouts of the past are found; write version: with the label's name into the configuration")
	case !o.Since.Before(o.Until):
		return fmt.Errorf("the history would begin at %s and end at %s; let it begin earlier", stamp(o.Since), stamp(o.Until))
	case o.MaxPoints != 0 && (o.MaxPoints < 10 || o.MaxPoints > 11_000):
		return fmt.Errorf("%d points a query is not between 10 and 11000, the most that Prometheus answers", o.MaxPoints)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
