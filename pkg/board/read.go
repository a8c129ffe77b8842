package board

import (
	"maps"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// UnderWay returns the rollouts that are under way at now, oldest first.
func (b *Board) UnderWay(now time.Time) []andon.Rollout {
	return b.pick(now, func(ro andon.Rollout) bool {
		return !ro.Started.After(now) && ro.Ended.IsZero()
	})
}

// Get returns the rollout of that id as it was known at now (see
// andon.Rollout.AsOf), with the end that superseding or baking gave it by
// now.
func (b *Board) Get(id string, now time.Time) (andon.Rollout, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	e, ok := b.byID[id]
	if !ok {
		return andon.Rollout{}, false
	}
	g := b.groups[group(e.ro)]
	return b.at(g, slices.Index(g, e), now), true
}

// List returns all rollouts known, newest first, each as Get returns it.
func (b *Board) List(now time.Time) []andon.Rollout {
	all := b.pick(now, func(andon.Rollout) bool { return true })
	slices.Reverse(all)
	return all
}

// pick returns the rollouts for which keep is true, oldest first.
func (b *Board) pick(now time.Time, keep func(andon.Rollout) bool) []andon.Rollout {
	type match struct {
		e  *entry
		ro andon.Rollout
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	var some []match
	for _, g := range b.groups {
		for i, e := range g {
			if ro := b.at(g, i, now); keep(ro) {
				some = append(some, match{e, ro})
			}
		}
	}
	slices.SortFunc(some, func(x, y match) int { return older(x.e, y.e) })
	out := make([]andon.Rollout, len(some))
	for i, p := range some {
		out[i] = p.ro
	}
	return out
}

// at returns the i-th rollout of its group as it was known at now. What it
// returns shares nothing with the board.
func (b *Board) at(g []*entry, i int, now time.Time) andon.Rollout {
	known := g[i].ro
	ro := known.AsOf(now)
	if len(ro.Stages) == 0 {
		ro.Stages = nil
	}
	ro.Scope, ro.Candidate, ro.Control = maps.Clone(ro.Scope), maps.Clone(ro.Candidate), maps.Clone(ro.Control)
	if known.Baseline != nil {
		b := *known.Baseline
		ro.Baseline = &b
	}
	if i+1 < len(g) {
		if next := g[i+1].ro.Started; !next.After(now) {
			ro.Ended = earlier(ro.Ended, next)
		}
	}
	if known.Ended.IsZero() {
		last := ro.Started
		if n := len(ro.Stages); n > 0 {
			last = ro.Stages[n-1]
		}
		if baked := last.Add(b.bake); !baked.After(now) {
			ro.Ended = earlier(ro.Ended, baked)
		}
	}
	return ro
}

// matchingID returns the id of the rollout that an announcement without one speaks
// of, if there is one under way. One that names no version could be of
// anything, and one that says when it started is named by that.
func (b *Board) matchingID(ro andon.Rollout, now time.Time) (id string) {
	if ro.Version == "" || !ro.Started.IsZero() {
		return ""
	}
	for _, u := range b.UnderWay(now) {
		if u.Service == ro.Service && u.Version == ro.Version && maps.Equal(u.Scope, ro.Scope) {
			id = u.ID
		}
	}
	return id
}
