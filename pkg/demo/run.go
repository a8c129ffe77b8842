package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
)

// Options says what a demonstration shows, and where.
type Options struct {
	Shop     Config
	Pace     Pace
	Baseline time.Duration // how long Prometheus scrapes before the rollouts begin; 20 seconds if zero
	Limit    time.Duration // time from the start until everything must have happened; 3 minutes if zero

	Listen string       // address of the exporter; localhost:9415 if empty
	Rules  string       // folder of alerts.yaml, recording.yaml and alertmanager.yaml; rules if empty
	Log    hclog.Logger // of the exporter

	Out    io.Writer // gets the progress
	Live   bool      // Out is a terminal: draw in place
	Colour bool      // draw in colour
	Exit   bool      // return when everything has happened, instead of waiting for ctx

	happened func(*stack) // called when everything has happened; may be nil
}

// settling is how long the shop is used before it is watched.
const settling = 4 * time.Second

// Run rolls a new version out to both services of the shop, one of them bad, and
// shows how Andon judges them and has the bad one halted. It ends with ctx. If
// something does not go as expected, it returns an error.
func Run(ctx context.Context, o Options) (err error) {
	o.setDefaults()
	started := time.Now()
	s, err := startStack(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	screen := newScreen(o, s.url)
	defer screen.leave()
	show := &watcher{stack: s, screen: screen, started: started, bad: o.badService()}
	screen.open(s.shop)
	if !pause(ctx, settling) {
		return nil
	}
	if err := s.watch(); err != nil {
		return err
	}
	if !show.until(ctx, o.Baseline, func() (bool, error) { return false, nil }) {
		return show.err
	}
	for _, service := range Services() {
		if err := s.delivery.Roll(service, New, time.Now()); err != nil {
			return err
		}
	}
	ranOut := show.until(ctx, o.Limit-time.Since(started), func() (bool, error) { return asExpected(show.last, show.bad) })
	switch {
	case show.err != nil:
		return show.err
	case ctx.Err() != nil:
		return nil
	case ranOut:
		return fmt.Errorf("after %s: %s", andon.Spell(o.Limit), missing(show.last, show.bad))
	}
	if o.happened != nil {
		o.happened(s)
	}
	screen.close(show.last, show.bad, o.Exit)
	if !o.Exit {
		show.until(ctx, 0, func() (bool, error) { return false, nil })
	}
	return show.err
}

func (o *Options) setDefaults() {
	if o.Baseline == 0 {
		o.Baseline = 20 * time.Second
	}
	if o.Limit == 0 {
		o.Limit = 3 * time.Minute
	}
	if o.Listen == "" {
		o.Listen = "localhost:9415"
	}
	if o.Rules == "" {
		o.Rules = "rules"
	}
	if o.Shop.Bad == "" {
		o.Shop.Bad = "checkout"
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
}

// badService returns the service whose new version has a fault; empty if none has.
func (o *Options) badService() string {
	if o.Shop.Fault == "" {
		return ""
	}
	return o.Shop.Bad
}

// A serviceView is the state of one service at one time.
type serviceView struct {
	Status
	at         time.Duration // since the start of the demonstration
	fault      Fault         // of the version that goes out
	verdict    andon.Verdict
	hasVerdict bool // there is a verdict
}

// A watcher looks at the services twice a second and shows their state.
type watcher struct {
	*stack
	screen  *screen
	started time.Time
	bad     string
	last    []serviceView
	err     error
}

// until shows the services until enough returns true, ctx ends or something goes
// wrong, at most for d if that is not zero. It returns whether the time ran out.
func (s *watcher) until(ctx context.Context, d time.Duration, enough func() (bool, error)) (ranOut bool) {
	const every = 500 * time.Millisecond
	for begun := time.Now(); d == 0 || time.Since(begun) < d; {
		s.look(ctx)
		done, err := enough()
		if s.err == nil {
			s.err = err
		}
		if s.err != nil || done {
			return false
		}
		select {
		case err := <-s.failed:
			s.err = fmt.Errorf("the exporter stopped: %w", err)
			return false
		default:
		}
		if !pause(ctx, every) {
			return false
		}
	}
	return true
}

// look reads the state of every service and shows it. If the verdict cannot be read,
// the previous one stays.
func (s *watcher) look(ctx context.Context) {
	sights := make([]serviceView, len(Services()))
	for i, service := range Services() {
		v := serviceView{at: time.Since(s.started)}
		v.Status, _ = s.delivery.Status(service)
		if service == s.bad {
			v.fault = s.shop.config.Fault
		}
		if i < len(s.last) && s.last[i].ID == v.ID {
			v.verdict, v.hasVerdict = s.last[i].verdict, s.last[i].hasVerdict
		}
		if v.ID != "" {
			if newest, ok, err := s.verdict(ctx, v.ID); ok && err == nil {
				v.verdict, v.hasVerdict = newest, true
			}
		}
		sights[i] = v
	}
	s.screen.show(s.last, sights)
	s.last = sights
}

// asExpected reports whether everything has happened: the good versions are on all
// nodes and pass, and the bad one failed, was halted once and rolled back. It returns
// an error once that can no longer come true.
func asExpected(sights []serviceView, bad string) (bool, error) {
	all := true
	for _, s := range sights {
		switch {
		case s.Phase == Broken:
			return false, fmt.Errorf("rolling out %s failed: %s", s.Name, s.Error)
		case s.Name == bad && s.Phase == Complete:
			return false, fmt.Errorf("%s %s is bad, but reached all nodes without being halted", s.Name, s.Version)
		case s.Name != bad && s.Halts > 0:
			return false, fmt.Errorf("%s %s is good, but was halted: %s", s.Name, s.Version, s.Reason)
		case s.Name == bad:
			all = all && s.Phase == RolledBack && s.verdict.Verdict == andon.Fail
		default:
			all = all && s.Phase == Complete && s.hasVerdict && s.verdict.Verdict == andon.Pass
		}
	}
	return all, nil
}

// missing says what has not happened.
func missing(sights []serviceView, bad string) string {
	for _, s := range sights {
		want := andon.Pass
		if s.Name == bad {
			want = andon.Fail
		}
		if s.verdict.Verdict != want {
			return fmt.Sprintf("the verdict on %s is %q, expected was %q: %s", s.Name, s.verdict.Verdict, want, s.verdict.Reason)
		}
	}
	for _, s := range sights {
		if s.Name == bad && s.Phase != RolledBack || s.Name != bad && s.Phase != Complete {
			return fmt.Sprintf("the rollout of %s is still %s", s.Name, s.Phase)
		}
	}
	return "everything has happened"
}
