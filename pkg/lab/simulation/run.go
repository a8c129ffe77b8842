package simulation

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
)

// An Outcome is the result for one rollout.
type Outcome struct {
	Bad     bool // it was a regression
	Verdict andon.Decision
	Score   float64    // at the end
	Early   float64    // Calibration, Learning: Score after a quarter of the time
	Weights [2]float64 // weights of the evidence, early and at the end
	Failed  bool
	Delay   float64 // minutes from the first expected candidate sample to the first fail
}

// A Result holds the outcomes of a scenario: one for each rollout of each world, in
// order.
type Result struct {
	Scenario Scenario
	Outcomes []Outcome
}

// Options say how scenarios are run.
type Options struct {
	// Worlds is the number of worlds to draw of each scenario.
	Worlds int

	// Progress is called after each world with the number of worlds done and to
	// be done, from several goroutines; may be nil.
	Progress func(s Scenario, done, total int)
}

// Run draws and judges the worlds of a scenario, as many at a time as there are
// processors. The same scenario and number of worlds give the same result.
func Run(ctx context.Context, s Scenario, o Options) (Result, error) {
	n := s.Worlds(o.Worlds)
	all := make([]Outcome, n*s.rollouts())
	var next, done atomic.Int64
	var failed error
	var once sync.Once
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			w := &world{}
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				w.draw(s, i)
				if err := w.judge(ctx, all[i*s.rollouts():(i+1)*s.rollouts()]); err != nil {
					once.Do(func() { failed = fmt.Errorf("scenario %s, world %d: %w", s.Name, i, err) })
					next.Store(int64(n))
					return
				}
				if o.Progress != nil {
					o.Progress(s, int(done.Add(1)), n)
				}
			}
		})
	}
	wg.Wait()
	return Result{s, all}, failed
}

// judge judges the world's rollouts to the end.
//
// A Watch that catches up reaches the same verdicts as one that ticked all along, so
// that a single tick is enough unless later events depend on a verdict.
func (w *world) judge(ctx context.Context, out []Outcome) error {
	a := &judge.Analyzer{Metrics: deviation.Source{Ask: w.ask, Resolve: resolve}}
	watch := a.NewWatch(1)
	end := w.s.minutes()
	step := end
	switch {
	case w.s.Halting:
		step = 1
	case w.s.Group == Calibration, w.s.Group == Learning:
		step = max(1, end/4)
	}
	var verdicts []andon.Verdict
	for m := step; ; m = min(m+step, end) {
		verdicts = watch.Tick(ctx, w.under, at(m))
		if err := ctx.Err(); err != nil {
			return err
		}
		for k, v := range verdicts {
			if w.s.Halting && v.Verdict == andon.Fail && w.under[k].Rollout.Ended.IsZero() {
				w.under[k].Rollout.Ended = at(m)
			}
			if m == step {
				out[k].Early, out[k].Weights[0] = float64(v.Score), float64(v.Weight)
			}
		}
		if m >= end {
			break
		}
	}
	for k, v := range verdicts {
		if v.Quality == andon.SourceError || v.Quality == andon.NoSeries {
			return fmt.Errorf("the judge could not read the samples: %s", v.Reason)
		}
		o := &out[k]
		o.Bad, o.Verdict, o.Score, o.Weights[1] = w.bad[k], v.Verdict, float64(v.Score), float64(v.Weight)
		if o.Failed = v.FirstFail != nil; o.Failed {
			o.Delay = v.FirstFail.Sub(w.under[k].Rollout.Started).Minutes() - arrival
		}
	}
	return nil
}
