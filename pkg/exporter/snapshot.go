package exporter

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/logs"
)

// A snapshot is what one tick found. It is never changed once it is published:
// metrics, pages and the alert receiver all read the same one.
type snapshot struct {
	at        time.Time
	judgments []judgment // oldest rollout first
	byID      map[string]int
}

// A judgment is a rollout under way with its verdict.
type judgment struct {
	rollout andon.Rollout
	service config.Service // the zero Service if it is not configured any more
	verdict andon.Verdict
	trail   []judge.Point
	lesson  *lesson     // that it has taught by now; nil if nothing
	seen    []logs.Seen // in its logs
}

func newSnapshot(at time.Time, all []judgment) *snapshot {
	s := &snapshot{at: at, judgments: all, byID: make(map[string]int, len(all))}
	for i, j := range all {
		s.byID[j.rollout.ID] = i
	}
	return s
}

// get returns the judgment of a rollout, if it was under way; s may be nil.
func (s *snapshot) get(id string) (judgment, bool) {
	if s == nil {
		return judgment{}, false
	}
	i, ok := s.byID[id]
	if !ok {
		return judgment{}, false
	}
	return s.judgments[i], true
}

// ambiguous reports whether a rollout is in a set of which one made things worse
// and it is unknown which, and returns the verdict that says so: its own, or that
// of another rollout in the set. A rollout that failed is in no set.
func (s *snapshot) ambiguous(id string) (andon.Verdict, bool) {
	own, known := s.get(id)
	if !known || own.verdict.Verdict == andon.Fail {
		return andon.Verdict{}, false
	}
	if own.verdict.Quality == andon.Ambiguous {
		return own.verdict, true
	}
	for _, j := range s.judgments {
		if j.verdict.Quality == andon.Ambiguous && slices.Contains(j.verdict.Set, id) {
			return j.verdict, true
		}
	}
	return andon.Verdict{}, false
}

// all returns the judgments; s may be nil.
func (s *snapshot) all() []judgment {
	if s == nil {
		return nil
	}
	return s.judgments
}

// A tickFunc is called after every tick with its snapshot, which is the newest by
// then, and the one before, nil at the first tick.
type tickFunc func(ctx context.Context, before, after *snapshot)

// An endFunc is called with the last judgment of every rollout that is no longer
// under way, at the first tick at which it is not.
type endFunc func(ctx context.Context, at time.Time, last judgment)

// snapshots hold the newest snapshot and publish it. Subscribers are added before
// the first tick; everything else is safe for concurrent use.
type snapshots struct {
	newest   atomic.Pointer[snapshot]
	onTick   []tickFunc
	onEnding []endFunc
}

// current returns the newest snapshot; nil before the first tick.
func (s *snapshots) current() *snapshot { return s.newest.Load() }

// publish makes after the newest snapshot and calls the subscribers in their
// order: first for the tick, then for each rollout that has ended. If ctx has
// ended the tick is incomplete, and nothing is published.
func (s *snapshots) publish(ctx context.Context, after *snapshot) {
	if ctx.Err() != nil {
		return
	}
	before := s.newest.Swap(after)
	for _, tell := range s.onTick {
		tell(ctx, before, after)
	}
	for _, j := range before.all() {
		if _, still := after.byID[j.rollout.ID]; still {
			continue
		}
		for _, tell := range s.onEnding {
			tell(ctx, after.at, j)
		}
	}
}
