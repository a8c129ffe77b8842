package backtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
)

const (
	maxWindow         = time.Hour // longest placebo, however long rollouts bake
	minNodes          = 3         // fewest nodes of a placebo: one candidate and two to compare it with
	nodesPerCandidate = 4         // one node in four is a candidate
	// alone is a weight with which a signal is nearly all of the evidence.
	alone = 1e6
)

// The label that tells, in selectors of a placebo, which side of the split a node
// is on.
const (
	sideLabel     = "side"
	sideCandidate = "candidate"
	sideControl   = "control"
)

// A placebo is a rollout that did not happen: at a time without a rollout, some
// nodes are taken as the candidate and the others as the control.
type placebo struct {
	from, to  time.Time
	candidate map[string]bool
	nodes     int
}

// learn judges the placebos of a service and sums up what they show.
func (b *runner) learn(ctx context.Context, h *history) (Service, error) {
	s := Service{Name: h.service.Name, Configured: cmp.Or(h.service.Sensitivity, andon.Medium)}
	s.Notes = h.notes
	switch {
	case h.nodes == nil:
		s.Reason = "no history of its versions"
	case b.o.Placebos < 0:
		s.Reason = "placebos are turned off"
	case h.service.Node == "":
		s.Reason = "no node label, so nodes cannot be split; write node: with the label's name"
	}
	if s.Reason != "" {
		return s, nil
	}
	seed := fnv.New64a()
	seed.Write([]byte(h.service.Name))
	rng := rand.New(rand.NewPCG(b.o.Seed, seed.Sum64()))
	windows := b.windows(h, rng)
	t := newTally(h.service)
	few := 0
	for i, w := range windows {
		b.o.Progress(Progress{Doing: "placebos of " + s.Name, Share: float64(i) / float64(len(windows))})
		p, enough := b.split(ctx, h, placebo{from: w, to: w.Add(b.window(h))}, rng)
		if enough {
			b.try(ctx, h, p, t)
		} else {
			few++
		}
		if stop := errors.Join(ctx.Err(), b.archive.failure()); stop != nil {
			return s, fmt.Errorf("judging the placebo of %s at %s: %w", s.Name, stamp(w), stop)
		}
	}
	if few > 0 {
		h.note("%d of %s left out: fewer than %d nodes at the beginning, too few to split", few, count(len(windows), "window"), minNodes)
	}
	t.conclude(&s)
	s.Notes = h.notes
	return s, nil
}

// window returns the length of a placebo: the bake time of rollouts, at most
// maxWindow.
func (b *runner) window(h *history) time.Duration {
	return max(min(b.o.Bake, maxWindow).Truncate(h.step), h.step)
}

// windows returns the beginnings of a service's placebos, oldest first: a random
// choice of the windows that overlap neither one another nor a rollout of the
// service.
func (b *runner) windows(h *history, rng *rand.Rand) []time.Time {
	length := b.window(h)
	from := b.o.Since.Add(b.o.Bake) // earlier rollouts have ended by then
	if h.first.After(from) {
		from = h.first
	}
	var out []time.Time
	for at := from.Truncate(length).Add(length); !at.Add(length).After(b.o.Until); at = at.Add(length) {
		if !b.rolling(h, at, at.Add(length)) && h.served(at, at.Add(length)) {
			out = append(out, at)
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	out = out[:min(len(out), b.o.Placebos)]
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// rolling reports whether a rollout of the service was under way between two times.
func (b *runner) rolling(h *history, from, to time.Time) bool {
	for _, j := range b.outcomes {
		ro := j.Rollout
		if ro.Service == h.service.Name && ro.Started.Before(to) && (ro.Ended.IsZero() || ro.Ended.After(from)) {
			return true
		}
	}
	return false
}

// served reports whether a service had samples at half of the steps or more between
// two times.
func (h *history) served(from, to time.Time) bool {
	here := map[model.Time]bool{}
	for _, s := range cut(h.nodes, model.TimeFromUnixNano(from.UnixNano()), model.TimeFromUnixNano(to.UnixNano())) {
		for _, p := range s.Values {
			here[p.Timestamp] = true
		}
	}
	return 2*len(here) >= int(to.Sub(from)/h.step)
}

// split divides the nodes that have samples when a placebo begins; enough is false
// if they are too few.
func (b *runner) split(ctx context.Context, h *history, p placebo, rng *rand.Rand) (divided placebo, enough bool) {
	begin := grid(p.from, h.step)
	r := andon.Range{Start: begin, End: begin.Add(h.step), Step: h.step}
	var names []string
	for _, sig := range h.service.Signals {
		if sig.Metric == "" {
			continue
		}
		m, err := b.archive.Range(ctx, cmp.Or(sig.Per, sig.Metric), r)
		if err != nil {
			continue // the signal says so
		}
		for _, s := range m {
			if n := string(s.Metric[model.LabelName(h.service.Node)]); n != "" && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	if len(names) < minNodes {
		return p, false
	}
	slices.Sort(names)
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	p.candidate, p.nodes = map[string]bool{}, len(names)
	for _, n := range names[:max(1, len(names)/nodesPerCandidate)] {
		p.candidate[n] = true
	}
	return p, true
}

// grid returns the last step at or before t.
func grid(t time.Time, step time.Duration) time.Time {
	return time.Unix(0, t.UnixNano()/int64(step)*int64(step)).UTC()
}

// try judges a placebo at each sensitivity, and by each signal alone.
func (b *runner) try(ctx context.Context, h *history, p placebo, t *tally) {
	a := &judge.Analyzer{Metrics: deviation.Source{Ask: b.divided(h, p), Resolve: toSide}}
	verdict := func(s andon.Service) andon.Verdict {
		ro := andon.Rollout{
			ID: "placebo", Service: s.Name, Strategy: andon.Canary, Started: p.from,
			Candidate: andon.Selector{sideLabel: sideCandidate}, Control: andon.Selector{sideLabel: sideControl},
		}
		return a.NewWatch(max(1, b.o.AtOnce)).Tick(ctx, []judge.Underway{{Rollout: ro, Service: s}}, p.to)[0]
	}
	for i := range t.trials {
		s := h.service
		s.Sensitivity = t.trials[i].Sensitivity
		v := verdict(s)
		if !t.trials[i].add(v) {
			t.lastReason = v.Reason
		}
		t.weigh(v)
	}
	t.tried++
	samples := p.nodes * (int(p.to.Sub(p.from)/h.step) + 1)
	weight := alone
	for i := range t.signals {
		s := h.service
		sig := t.signals[i].signal
		sig.Weight = &weight
		s.Signals = []andon.Signal{sig}
		t.signals[i].add(verdict(s), samples)
	}
}

// toSide is the ResolveFunc of placebos. No label tells the sides apart, so that it
// writes the side on a line before the query, where divided reads it.
func toSide(expr string, s andon.Selector) (string, error) {
	return s[sideLabel] + "\n" + expr, nil
}

// divided answers a query for one side with the series of the nodes of that side.
func (b *runner) divided(h *history, p placebo) andon.RangeFunc {
	return func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
		if r.End.After(p.to) {
			return nil, fmt.Errorf("the query goes to %s, beyond the end of the window at %s", stamp(r.End), stamp(p.to))
		}
		side, expr, _ := strings.Cut(expr, "\n")
		m, err := b.archive.Range(ctx, expr, r)
		if err != nil {
			return nil, err
		}
		var out model.Matrix
		for _, s := range m {
			if p.candidate[string(s.Metric[model.LabelName(h.service.Node)])] == (side == sideCandidate) {
				out = append(out, s)
			}
		}
		return out, nil
	}
}
