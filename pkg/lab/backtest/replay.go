package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/ledger"
)

// A history is which versions of one service ran when.
type history struct {
	service andon.Service
	step    time.Duration
	nodes   model.Matrix // number of series of each version; nil if it was not read
	first   time.Time    // time of the first sample
	starts  []time.Time  // when a version appeared, with or without a rollout
	notes   []string     // what was left out, and why
}

func (h *history) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(h.notes, n) {
		h.notes = append(h.notes, n)
	}
}

// read queries which versions of a service ran when.
func (b *runner) read(ctx context.Context, s andon.Service) (*history, error) {
	b.o.Progress(Progress{Doing: "looking for versions of " + s.Name})
	h := &history{service: s, step: s.Bin()}
	query, ok := board.VersionQuery(s)
	switch {
	case s.Version == "":
		h.note("no version label, so past rollouts cannot be found; write version: with the label's name")
		return h, nil
	case !ok:
		h.note("no metric to find versions in; write a signal with metric:")
		return h, nil
	}
	r := andon.Range{
		// Early enough to tell whether a version is new at Since.
		Start: grid(b.o.Since.Add(-2*board.GoneFor), h.step), End: grid(b.o.Until, h.step), Step: h.step,
	}
	m, err := b.archive.Range(ctx, query, r)
	if stop := errors.Join(ctx.Err(), b.archive.failure()); stop != nil {
		return nil, fmt.Errorf("looking for versions of %s: %w", s.Name, err)
	}
	if err != nil {
		h.note("versions could not be queried: %s", err)
		return h, nil
	}
	m = slices.DeleteFunc(m, func(x *model.SampleStream) bool {
		return x.Metric[model.LabelName(s.Version)] == "" || len(x.Values) == 0
	})
	if len(m) == 0 {
		h.note("no series with the label %s since %s; try the query %s, and check how long Prometheus keeps samples", s.Version, stamp(r.Start), query)
		return h, nil
	}
	h.nodes = m
	h.index(b.o.Since)
	if h.first.After(b.o.Since.Add(time.Hour)) {
		h.note("samples begin at %s; earlier rollouts are not known", stamp(h.first))
	}
	return h, nil
}

// index sets the time of the first sample and the times at which versions appeared.
func (h *history) index(since time.Time) {
	for _, s := range h.nodes {
		last := time.Time{}
		for _, p := range s.Values {
			at := p.Timestamp.Time().UTC()
			if at.Sub(last) > board.GoneFor && !at.Before(since) {
				h.starts = append(h.starts, at)
			}
			if last = at; h.first.IsZero() || at.Before(h.first) {
				h.first = at
			}
		}
	}
	slices.SortFunc(h.starts, time.Time.Compare)
}

// versions answers the query for a service's versions from its history.
func (h *history) versions(_ context.Context, _ string, r andon.Range) (model.Matrix, error) {
	return cut(h.nodes, model.TimeFromUnixNano(r.Start.UnixNano()), model.TimeFromUnixNano(r.End.UnixNano())), nil
}

// reached returns the share of a service's series that were on a version at a time.
func (h *history) reached(version string, at time.Time) andon.Number {
	here, all := 0., 0.
	t := model.TimeFromUnixNano(at.Truncate(h.step).UnixNano())
	for _, s := range cut(h.nodes, t, t) {
		n := float64(s.Values[0].Value)
		if all += n; string(s.Metric[model.LabelName(h.service.Version)]) == version {
			here += n
		}
	}
	return andon.Number(here / all)
}

// replay judges the past rollouts tick by tick. Those that were under way at the
// same time share one Watch.
func (b *runner) replay(ctx context.Context) error {
	keep := func(context.Context, ledger.Fact) (bool, error) { return true, nil }
	rollouts := board.NewBoard(keep, b.o.Bake)
	step := b.minStep()
	var watch *judge.Watch
	now, ok := b.nextStart(b.o.Since.Add(-1))
	for ok && !now.After(b.o.Until) {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.o.Progress(Progress{Doing: "replaying rollouts", Share: float64(now.Sub(b.o.Since)) / float64(b.o.Until.Sub(b.o.Since))})
		b.look(ctx, rollouts, now)
		under := b.underWay(rollouts, now)
		if len(under) == 0 {
			watch = nil
			now, ok = b.nextStart(now)
			continue
		}
		if watch == nil {
			a := &judge.Analyzer{Metrics: deviation.Source{Ask: b.notAfter(&now), Resolve: b.o.Resolve}}
			watch = a.NewWatch(max(1, b.o.AtOnce))
		}
		verdicts := watch.Tick(ctx, under, now)
		if err := errors.Join(ctx.Err(), b.archive.failure()); err != nil {
			return fmt.Errorf("replaying rollouts at %s: %w", stamp(now), err)
		}
		b.keep(under, verdicts)
		now = now.Add(step)
	}
	for id, j := range b.outcomes {
		if ro, known := rollouts.Get(id, b.o.Until); known {
			j.Rollout, j.Open = ro, ro.Ended.IsZero()
		}
	}
	return nil
}

// notAfter answers the judge's queries, and refuses one that goes beyond the tick.
func (b *runner) notAfter(now *time.Time) andon.RangeFunc {
	return func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
		if r.End.After(*now) {
			return nil, fmt.Errorf("query %s: it goes to %s, beyond the tick at %s", expr, stamp(r.End), stamp(*now))
		}
		return b.archive.Range(ctx, expr, r)
	}
}

func (b *runner) minStep() time.Duration {
	step := time.Minute
	for _, h := range b.services {
		step = min(step, h.step)
	}
	return step
}

// nextStart returns the first time after a given one at which a version appeared.
func (b *runner) nextStart(after time.Time) (next time.Time, ok bool) {
	for _, h := range b.services {
		i, _ := slices.BinarySearchFunc(h.starts, after.Add(1), time.Time.Compare)
		if i < len(h.starts) && (!ok || h.starts[i].Before(next)) {
			next, ok = h.starts[i], true
		}
	}
	return next, ok
}

// look has the board read the version labels as of now.
func (b *runner) look(ctx context.Context, rollouts *board.Board, now time.Time) {
	for _, h := range b.services {
		if h.nodes == nil {
			continue
		}
		w := board.VersionWatch{
			Board: rollouts, Bake: b.o.Bake, Ask: h.versions,
			Announce: func(ctx context.Context, ro andon.Rollout, now time.Time) error {
				if !ro.Started.IsZero() && ro.Started.Before(b.o.Since) {
					return nil // from before the history
				}
				_, _, err := rollouts.Announce(ctx, ro, now)
				return err
			},
			Refused: func(_, version string, err error) { h.note("the version %q is not judged: %s", version, err) },
		}
		if err := w.Look(ctx, h.service, now); err != nil && ctx.Err() == nil {
			h.note("not judged: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
}

// underWay returns the rollouts to judge at now.
func (b *runner) underWay(rollouts *board.Board, now time.Time) []judge.Underway {
	var out []judge.Underway
	for _, ro := range rollouts.UnderWay(now) {
		i := slices.IndexFunc(b.services, func(h *history) bool { return h.service.Name == ro.Service })
		s := b.services[i].service
		out = append(out, judge.Underway{Rollout: board.WithCohorts(ro, s.Version), Service: s})
	}
	return out
}

// keep keeps the newest verdict on each rollout.
func (b *runner) keep(under []judge.Underway, verdicts []andon.Verdict) {
	for i, u := range under {
		j := b.outcomes[u.Rollout.ID]
		if j == nil {
			j = &Outcome{Rollout: u.Rollout, Reached: andon.Unknown}
			b.outcomes[u.Rollout.ID] = j
			b.order = append(b.order, u.Rollout.ID)
		}
		j.Verdict = verdicts[i]
		if f := j.Verdict.FirstFail; f != nil && !j.Reached.Known() {
			at := slices.IndexFunc(b.services, func(h *history) bool { return h.service.Name == u.Service.Name })
			j.Reached = b.services[at].reached(u.Rollout.Version, *f)
		}
	}
}
