package accuracy

import (
	"context"
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// A Rule is a published way to judge a rollout.
type Rule struct {
	Name   string
	What   string // what it does, for people: Markdown
	Source string // where it is described: Markdown
	New    func() Judge
}

// A Judge judges one rollout: it is called at every tick, oldest first, and
// may keep what it has seen.
type Judge func(View) Reading

// A Reading is what a Judge says at one tick.
type Reading struct {
	Verdict andon.Decision
	Score   float64 // higher is worse, finite
}

// Peers are the rules that Andon is measured against.
var Peers = []Rule{
	requestsOnly(kayentaEveryMinute), requestsOnly(kayentaOnce), kayentaAll, flagger, argo,
	requestsOnly(sigmas("high", 1)), requestsOnly(sigmas("medium", 2)), requestsOnly(sigmas("low", 3)),
}

// requestsOnly returns r as an operator would set it up who knows that a fresh
// process never uses as much CPU and memory as an old one: without the signals
// of either, unless there are no others.
func requestsOnly(r Rule) Rule {
	begin := r.New
	r.New = func() Judge {
		judge := begin()
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
			return judge(v)
		}
	}
	return r
}

// judge shows a rollout to a rule bin by bin, from the end of the first stage
// on. A fail stays; the score is the highest.
func (r Rule) judge(v View, g span) (o Outcome) {
	o.Verdict = andon.Inconclusive
	judge, failed := r.New(), false
	for n := v.First + 1; n <= v.bins(); n++ {
		said := judge(v.upTo(n))
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

// judgeAll returns what each rule says of a rollout that ended at end.
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
