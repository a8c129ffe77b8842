package rollout

import (
	"context"
	"errors"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/ledger"
)

// AppendFunc keeps a fact, as ledger.Ledger.Append does.
type AppendFunc func(ctx context.Context, f ledger.Fact) (first bool, err error)

// A Board holds the rollouts that were announced: a fold over facts. It is
// safe for concurrent use.
type Board struct{}

// NewBoard returns an empty Board. A rollout that does not end is under way
// for bake after its last known stage.
func NewBoard(append AppendFunc, bake time.Duration) *Board { return &Board{} }

// Fold takes in one fact that was kept before; facts of other kinds are passed over.
func (b *Board) Fold(f ledger.Fact) error { return errors.New("not yet") }

// Announce keeps a rollout, or what is new about one that is known by its id
// (further stages, its end), and returns it as it now stands. A new rollout of
// a service and scope supersedes the one that was under way.
func (b *Board) Announce(ctx context.Context, ro analysis.Rollout, now time.Time) (stands analysis.Rollout, first bool, err error) {
	return ro, false, errors.New("not yet")
}

// UnderWay returns the rollouts that are under way at now, oldest first.
func (b *Board) UnderWay(now time.Time) []analysis.Rollout { return nil }

// Get returns the rollout of that id, with the end that superseding or baking
// gave it by now.
func (b *Board) Get(id string, now time.Time) (analysis.Rollout, bool) {
	return analysis.Rollout{}, false
}

// List returns all rollouts known, newest first.
func (b *Board) List(now time.Time) []analysis.Rollout { return nil }
