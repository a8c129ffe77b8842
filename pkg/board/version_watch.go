package board

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A VersionWatch finds rollouts that no tool announced: those that show as a new
// value of a service's version label.
type VersionWatch struct {
	Board *Board
	Bake  time.Duration // that the Board was made with

	// Ask runs the query for the nodes by version.
	Ask andon.RangeFunc

	// Announce has the Board keep a rollout that was seen, or what is new
	// about one.
	Announce func(ctx context.Context, ro andon.Rollout, now time.Time) error

	// Refused is called with versions that are ignored, and why; may be nil.
	Refused func(service, version string, err error)
}

// Look announces the rollouts of a service that its version label shows by
// now, and the stages and the ends of those that were announced before. A
// service without a version label or a metric shows none.
func (l VersionWatch) Look(ctx context.Context, svc andon.Service, now time.Time) error {
	query, ok := VersionQuery(svc)
	if !ok || svc.Version == "" {
		return nil
	}
	step := svc.Bin()
	end := now.Truncate(step) // on one grid, so that what was seen once is seen at the same time again
	r := andon.Range{Start: end.Add(-l.Bake - 2*GoneFor).Truncate(step), End: end, Step: step}
	answer, err := l.Ask(ctx, query, r)
	if err != nil {
		return err
	}
	nodes := nodesOf(answer, svc.Version, r)
	if err := l.announceNew(ctx, rolloutsIn(svc.Name, nodes, r), now); err != nil {
		return err
	}
	for _, ro := range l.Board.UnderWay(now) {
		if ro.Service != svc.Name || ro.Tool != ByVersion {
			continue
		}
		if at := lastGrowth(nodes, ro, r); !at.IsZero() {
			if err := l.Announce(ctx, andon.Rollout{ID: ro.ID, Service: ro.Service, Stages: []time.Time{at}}, now); err != nil {
				return fmt.Errorf("announcing a stage of %s: %w", ro.ID, err)
			}
		}
	}
	return nil
}

// announceNew announces what was seen and is not known yet.
func (l VersionWatch) announceNew(ctx context.Context, seen []andon.Rollout, now time.Time) error {
	known := l.Board.List(now)
	for _, ro := range seen {
		same := func(k andon.Rollout) bool {
			return k.Service == ro.Service && k.Version == ro.Version && !k.Started.After(ro.Started.Add(GoneFor)) &&
				(k.Ended.IsZero() || k.Ended.After(ro.Started.Add(-GoneFor)))
		}
		if i := slices.IndexFunc(known, same); i >= 0 {
			// An announcement of the same change by a delivery tool stands; ours
			// ends once its version is gone.
			if known[i].Tool != ByVersion || ro.Ended.IsZero() || !known[i].Ended.IsZero() {
				continue
			}
			ro = andon.Rollout{ID: known[i].ID, Service: ro.Service, Ended: ro.Ended}
		}
		if wrong := andon.CheckVersion(ro.Version); len(wrong) > 0 {
			if l.Refused != nil {
				l.Refused(ro.Service, ro.Version, wrong[0])
			}
			continue
		}
		if err := l.Announce(ctx, ro, now); err != nil {
			return fmt.Errorf("announcing %s: %w", ro.ID, err)
		}
	}
	return nil
}

// lastGrowth returns when the new version of a rollout last came to more nodes
// than before, next to the previous one: it still goes out, and has not begun
// to bake. It is the zero time within GoneFor of the last stage known, lest
// every node be a stage.
func lastGrowth(nodes map[string][]float64, ro andon.Rollout, r andon.Range) time.Time {
	maxNodes, grown := 0., time.Time{}
	for i, n := range nodes[ro.Version] {
		at := r.Start.Add(time.Duration(i) * r.Step)
		previousNodes := nodes[ro.Previous]
		if n > maxNodes && at.After(ro.Started) && previousNodes != nil && previousNodes[i] > 0 {
			grown = at
		}
		maxNodes = max(maxNodes, n)
	}
	last := ro.Started
	if len(ro.Stages) > 0 {
		last = ro.Stages[len(ro.Stages)-1]
	}
	if grown.Sub(last) < GoneFor {
		return time.Time{}
	}
	return grown
}

// WithCohorts returns the rollout with the cohorts that the service's version
// label gives it, where it was announced without any: nodes on the new version
// against those on the previous, or on any other if that is not known.
func WithCohorts(ro andon.Rollout, label string) andon.Rollout {
	otherwise := ro.Strategy == andon.RegionControl || ro.Strategy == andon.BeforeAfter || ro.Strategy == andon.LoadTest || ro.Strategy == andon.Threshold
	if otherwise || label == "" || ro.Version == "" || len(ro.Candidate) > 0 || len(ro.Control) > 0 {
		return ro
	}
	ro.Candidate = andon.Selector{label: ro.Version}
	ro.Control = andon.Selector{label: "!=" + ro.Version}
	if ro.Previous != "" {
		ro.Control = andon.Selector{label: ro.Previous}
	}
	return ro
}
