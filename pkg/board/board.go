// Package board holds the rollouts that are under way: those that were
// announced, and those that show as a new value of a version label. Its state is
// a fold over facts.
package board

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

// The kinds of facts that a Board writes and folds. Their data are a Rollout:
// the whole of it, or an update of one that was announced before.
const (
	KindAnnounced = "rollout.announced"
	KindUpdated   = "rollout.updated"
)

// AppendFunc keeps a fact, as ledger.Ledger.Append does.
type AppendFunc func(ctx context.Context, f ledger.Fact) (first bool, err error)

// A Board holds the rollouts that were announced: a fold over facts. It is
// safe for concurrent use.
//
// Folding only ever adds: stages are added, an end stays or moves earlier,
// and of everything else the first value stands. Folding a fact twice therefore
// changes nothing.
type Board struct {
	store AppendFunc
	bake  time.Duration

	announcing  chan struct{}          // full while somebody announces
	unconfirmed map[string]ledger.Fact // by id: announcements that may have been kept; guarded by announcing

	mu     sync.RWMutex
	byID   map[string]*entry
	groups map[string][]*entry // by service and scope, in the order of their start
}

// An entry is a rollout as the facts have it. Whether it has ended by now, Get
// and List work out.
type entry struct {
	ro        andon.Rollout
	order     int  // of its first fact
	announced bool // false while only updates of it were folded
}

// NewBoard returns an empty Board. A rollout that does not end is under way
// for bake after its last known stage.
func NewBoard(keep AppendFunc, bake time.Duration) *Board {
	return &Board{
		store: keep, bake: bake,
		announcing: make(chan struct{}, 1), unconfirmed: map[string]ledger.Fact{},
		byID: map[string]*entry{}, groups: map[string][]*entry{},
	}
}

// Fold adds one fact that was kept before; facts of other kinds are ignored. A
// fact that was folded before changes nothing.
func (b *Board) Fold(f ledger.Fact) error {
	if f.Kind != KindAnnounced && f.Kind != KindUpdated {
		return nil
	}
	var ro andon.Rollout
	err := json.Unmarshal(f.Data, &ro)
	if err == nil && (ro.ID == "" || ro.Service == "") {
		err = errors.New("it has no rollout id or no service")
	}
	if err != nil {
		return fmt.Errorf("reading the fact %q: %w", f.Key, err)
	}
	b.fold(tidy(ro), f.Kind == KindAnnounced)
	return nil
}

func (b *Board) fold(ro andon.Rollout, announced bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, known := b.byID[ro.ID]
	switch {
	case !known:
		e = &entry{ro: ro, order: len(b.byID), announced: announced}
		b.byID[ro.ID] = e
	case announced && !e.announced:
		// Its updates came first, from another replica's point of view: the
		// announcement still has the first values.
		b.removeFromGroup(e)
		e.ro, e.announced = mergeRollout(ro, e.ro), true
	default:
		b.removeFromGroup(e)
		e.ro = mergeRollout(e.ro, ro)
	}
	b.addToGroup(e)
}

func (b *Board) removeFromGroup(e *entry) {
	k := group(e.ro)
	b.groups[k] = slices.DeleteFunc(b.groups[k], func(o *entry) bool { return o == e })
}

func (b *Board) addToGroup(e *entry) {
	k := group(e.ro)
	i, _ := slices.BinarySearchFunc(b.groups[k], e, older)
	b.groups[k] = slices.Insert(b.groups[k], i, e)
}

// group names what one rollout at a time goes to: a service in a scope.
func group(ro andon.Rollout) string {
	scope, _ := json.Marshal(ro.Scope) // a map of strings has a JSON form, with sorted keys
	return ro.Service + "\x00" + string(scope)
}

func older(a, b *entry) int {
	return cmp.Or(a.ro.Started.Compare(b.ro.Started), cmp.Compare(a.order, b.order))
}

// Announce keeps a rollout, or what is new about one that is known by its id
// (further stages, its end, what was left empty), and returns it as it now
// stands; first reports whether it was new. Announcing the same again changes
// nothing. A new rollout of a service and scope supersedes the one that was
// under way: that one ends where the new one starts.
//
// Without an id one is made of service, version, scope and start; without a
// start too, a rollout of the same service, version and scope that is under
// way is meant, if there is one. Without a start it starts now.
//
// What cannot be is an *AnnouncementError, or several joined; any other error
// comes from keeping the fact, and announcing again is safe.
func (b *Board) Announce(ctx context.Context, ro andon.Rollout, now time.Time) (stands andon.Rollout, first bool, err error) {
	select {
	case b.announcing <- struct{}{}:
		defer func() { <-b.announcing }()
	case <-ctx.Done():
		return ro, false, fmt.Errorf("announcing a rollout of %q: %w", ro.Service, context.Cause(ctx))
	}
	if err := refusal(ro.ID, ro.CheckOrder()); err != nil {
		return ro, false, err
	}
	if err := b.retryUnconfirmed(ctx); err != nil {
		return ro, false, err
	}
	ro = tidy(ro)
	if ro.ID == "" {
		ro.ID = b.matchingID(ro, now)
	}
	known, ok := b.stored(ro.ID)
	if ok {
		return b.update(ctx, known, ro, now)
	}
	if ro.Started.IsZero() {
		ro.Started = tidyTime(now)
	}
	if ro.ID == "" {
		ro.ID = idOfAnnouncement(ro)
		if known, ok := b.stored(ro.ID); ok {
			return b.update(ctx, known, ro, now)
		}
	}
	if err := refusal(ro.ID, ro.Check(now)); err != nil {
		return ro, false, err
	}
	return b.announce(ctx, ro, now)
}

// announce keeps a rollout that the board does not know.
func (b *Board) announce(ctx context.Context, ro andon.Rollout, now time.Time) (stands andon.Rollout, first bool, err error) {
	f, err := factOf(KindAnnounced, ro, now)
	if err != nil {
		return ro, false, err
	}
	if first, err = b.store(ctx, f); err != nil {
		if errors.Is(err, ledger.ErrUnknown) {
			b.unconfirmed[ro.ID] = f
		}
		return ro, false, fmt.Errorf("announcing rollout %q: %w", ro.ID, err)
	}
	if !first {
		// Another replica was faster. Its words stand, ours add to them.
		if f, err = factOf(KindUpdated, ro, now); err == nil {
			_, err = b.store(ctx, f)
		}
		if err != nil {
			return ro, false, fmt.Errorf("announcing rollout %q: %w", ro.ID, err)
		}
	}
	b.fold(ro, first)
	stands, _ = b.Get(ro.ID, now)
	return stands, first, nil
}

// update keeps what is new about a rollout that the board knows.
func (b *Board) update(ctx context.Context, known, ro andon.Rollout, now time.Time) (stands andon.Rollout, first bool, err error) {
	ro.Started = known.Started // the first word stands; tools that do not know it say when they noticed
	ro.Service = cmp.Or(ro.Service, known.Service)
	if ro.Scope == nil {
		ro.Scope = maps.Clone(known.Scope)
	}
	// Who else announced it is no news, and in a fact it would leave the first
	// word to the order of folding.
	if known.Tool != "" {
		ro.Tool = ""
	}
	if known.Ref != "" {
		ro.Ref = ""
	}
	if err := errors.Join(refusal(ro.ID, ro.Check(now)), conflicts(known, ro)); err != nil {
		return ro, false, err
	}
	if !same(mergeRollout(known, ro), known) {
		f, err := factOf(KindUpdated, ro, now)
		if err == nil {
			_, err = b.store(ctx, f)
		}
		if err != nil {
			return ro, false, fmt.Errorf("updating rollout %q: %w", ro.ID, err)
		}
		b.fold(ro, false)
	}
	stands, _ = b.Get(ro.ID, now)
	return stands, false, nil
}

// retryUnconfirmed finds out about announcements whose answer got lost, since
// the next announcement may be about one of them.
func (b *Board) retryUnconfirmed(ctx context.Context) error {
	for id, f := range b.unconfirmed {
		if _, err := b.store(ctx, f); err != nil {
			return fmt.Errorf("announcing rollout %q again: %w", id, err)
		}
		delete(b.unconfirmed, id)
		if err := b.Fold(f); err != nil {
			return err
		}
	}
	return nil
}

// stored returns a rollout as the facts have it.
func (b *Board) stored(id string) (andon.Rollout, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if e, ok := b.byID[id]; ok {
		return e.ro, true
	}
	return andon.Rollout{}, false
}
