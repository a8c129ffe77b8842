package accuracy

import (
	"context"
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// A Rule is a published rule for judging a rollout.
type Rule struct {
	Name   string
	What   string       // what it does, for people: Markdown
	Source string       // where it is described: Markdown
	New    func() Judge // returns a Judge for one rollout
}

// A Judge judges one rollout. It is called at every tick, in order of time, and may
// keep state from tick to tick.
type Judge func(View) Reading

// A Reading is the result of a Judge at one tick.
type Reading struct {
	Verdict andon.Decision
	Score   float64 // finite; higher is worse
}

// Peers are the rules that Andon is measured against.
var Peers = []Rule{
	requestsOnly(kayentaEveryMinute), requestsOnly(kayentaOnce), kayentaAll, flagger, argo,
	requestsOnly(sigmas("high", 1)), requestsOnly(sigmas("medium", 2)), requestsOnly(sigmas("low", 3)),
}

// requestsOnly returns r without signals of CPU and memory, unless there are no
// others. Operators leave them out, because a new process never uses as much of
// either as an old one.
func requestsOnly(r Rule) Rule {
	begin := r.New
	r.New = func() Judge {
		inner := begin()
		return func(v View) Reading {
			var kept []Signal
			for _, s := range v.Signals {
				if k := s.InferKind(); k != andon.Memory && k != andon.Resource {
					kept = append(kept, s)
				}
			}
			if len(kept) > 0 {
				v.Signals = kept
			}
			return inner(v)
		}
	}
	return r
}

// judge judges a rollout by a rule at every bin from the end of the first stage on.
// The first fail is final; the score is the highest of all ticks.
func (r Rule) judge(v View, g span) (o Outcome) {
	o.Verdict = andon.Inconclusive
	verdict, failed := r.New(), false
	for n := v.First + 1; n <= v.bins(); n++ {
		said := verdict(v.upTo(n))
		o.Score = math.Max(o.Score, said.Score)
		if failed {
			continue
		}
		o.Verdict = said.Verdict
		if said.Verdict == andon.Fail {
			at := g.time(n - 1)
			failed, o.FirstFail = true, &at
		}
	}
	return o
}

// judgeAll returns the outcome of each rule for a rollout that ended at end.
func judgeAll(ctx context.Context, a *judge.Analyzer, u judge.Underway, end time.Time, rules []Rule) ([]Outcome, error) {
	v, g, err := collect(ctx, a, u.Rollout, u.Service, end)
	if err != nil {
		return nil, err
	}
	out := make([]Outcome, len(rules))
	for i, r := range rules {
		out[i] = r.judge(v, g)
	}
	return out, nil
}
