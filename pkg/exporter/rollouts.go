package exporter

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/ledger"
)

// rollouts are those that were announced: a fold over facts. They are safe for
// concurrent use.
type rollouts struct {
	facts *facts
	log   hclog.Logger

	newest atomic.Pointer[board.Board]
	// announcing is held shared while a rollout is announced, and alone while
	// another Board is folded, so that no announcement falls between the two.
	announcing sync.RWMutex
}

// board returns the current Board. One that was returned earlier stays usable,
// with the bake that it was made with.
func (r *rollouts) board() *board.Board { return r.newest.Load() }

// Fold implements folder. The board has folded facts that it kept itself, and
// folding them again changes nothing.
func (r *rollouts) Fold(f ledger.Fact) error { return r.board().Fold(f) }

// begin makes an empty board with that bake.
func (r *rollouts) begin(bake time.Duration) {
	r.newest.Store(board.NewBoard(r.facts.keep, bake))
}

// rebake makes a board with another bake from all facts kept so far.
func (r *rollouts) rebake(ctx context.Context, bake time.Duration) error {
	r.announcing.Lock()
	defer r.announcing.Unlock()
	b := board.NewBoard(r.facts.keep, bake)
	if err := r.facts.replay(ctx, b); err != nil {
		return err
	}
	r.newest.Store(b)
	return nil
}

// announce has the board keep a rollout, or what is new about one.
func (r *rollouts) announce(ctx context.Context, ro andon.Rollout, now time.Time) (stands andon.Rollout, first bool, err error) {
	r.announcing.RLock()
	defer r.announcing.RUnlock()
	stands, first, err = r.board().Announce(ctx, ro, now)
	if err == nil && first {
		r.log.Info("rollout announced", "rollout", stands.ID, "service", stands.Service, "version", stands.Version,
			"previous", stands.Previous, "tool", stands.Tool)
	}
	return stands, first, err
}

// releases returns the versions of a service in the order in which they first
// went out, which is what "later" means: not their dates, for an old one may go
// out again.
func (r *rollouts) releases(service string, at time.Time) []string {
	var out []string
	add := func(v string) {
		if v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	all := r.board().List(at)
	for i := range all {
		if ro := all[len(all)-1-i]; ro.Service == service { // oldest first
			add(ro.Previous)
			add(ro.Version)
		}
	}
	return out
}
