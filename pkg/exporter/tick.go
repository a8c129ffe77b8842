package exporter

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/judge"
)

const (
	maxQueries  = 8                // to Prometheus at the same time
	minTimeout  = 10 * time.Second // a tick has at least this long
	gracePeriod = time.Second      // that a tick has after its timeout to end
	callsShare  = 4                // one n-th of a tick's time is the limit of the queries for calls
)

// tickTimeout returns how long one tick may take.
func tickTimeout(c *config.Config) time.Duration {
	return max(time.Duration(c.Tick), minTimeout)
}

// every calls f at multiples of an interval until ctx ends. A call that is
// late is skipped: the next one is at the next multiple.
func every(ctx context.Context, interval func() time.Duration, f func()) {
	for ctx.Err() == nil {
		begun := time.Now()
		f()
		i := interval()
		wait := time.NewTimer(i - time.Since(begun)%i)
		select {
		case <-ctx.Done():
			wait.Stop()
		case <-wait.C:
		}
	}
}

// A ticker judges what is under way, tick by tick. It is safe for concurrent
// use.
type ticker struct {
	settings  *settings
	rollouts  *rollouts
	baselines baselines
	labels    *labels
	lessons   *lessons
	recall    andon.RecallFunc
	snapshots *snapshots
	duration  prometheus.Observer // of ticks, in seconds
	log       hclog.Logger

	mu         sync.Mutex // held during a tick, or while waiting for it
	discovery  *discovery
	calls      *calls
	catalogue  *catalogue
	watch      *judge.Watch
	watchSetup *setup        // what watch was made for
	overdue    chan struct{} // closed when a tick that did not finish in time has ended; nil if there is none

	limit, grace time.Duration // of a tick, instead of the configured ones, if set
}

// tick looks for new versions, judges what is under way at now, and publishes
// what it found. It returns within the time a tick may take, whatever the
// sources do; what could not be judged by then is inconclusive.
func (t *ticker) tick(ctx context.Context, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer prometheus.NewTimer(t.duration).ObserveDuration()
	s := t.settings.current()
	limit, grace := cmp.Or(t.limit, tickTimeout(s.config)), cmp.Or(t.grace, gracePeriod)

	if t.overdue != nil {
		select {
		case <-t.overdue:
			t.overdue = nil
		default: // a source still holds up the last tick
			t.snapshots.publish(ctx, newSnapshot(now, t.overrun(now, limit)))
			return
		}
	}
	if t.watch == nil || t.watchSetup.config.Text != s.config.Text {
		t.watch, t.watchSetup = s.analyzer(t.recall).NewWatch(maxQueries), s
	}
	t.watch.Calibrate(t.labels.calibration())
	tctx, cancel := context.WithTimeout(ctx, limit)
	done, result := make(chan struct{}), make(chan []judgment, 1)
	go func() {
		defer cancel()
		defer close(done)
		t.discovery.look(tctx, s, now)
		t.readCalls(tctx, s, now, limit/callsShare)
		all := t.judge(tctx, s, now)
		t.catalogue.survey(tctx, s, now, all)
		result <- all
	}()
	giveUp := time.NewTimer(limit + grace)
	defer giveUp.Stop()
	select {
	case all := <-result:
		t.snapshots.publish(ctx, newSnapshot(now, all))
	case <-giveUp.C:
		t.overdue = done
		t.snapshots.publish(ctx, newSnapshot(now, t.overrun(now, limit)))
	}
}

// readCalls runs the queries for calls that are due, within a time limit.
func (t *ticker) readCalls(ctx context.Context, s *setup, now time.Time, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t.calls.read(ctx, s, now, t.log)
}

// judge judges every rollout under way.
func (t *ticker) judge(ctx context.Context, s *setup, now time.Time) []judgment {
	all := t.underWay(s.config, now)
	under := make([]judge.Underway, 0, len(all))
	place := make([]int, 0, len(all))
	for i := range all {
		if all[i].service.Name == "" {
			all[i].verdict = unjudged(all[i].rollout, now, andon.NoSeries, fmt.Sprintf("the service %q is no longer in the configuration", all[i].rollout.Service))
			continue
		}
		took, lessons := t.lessons.before(all[i].rollout.Service, all[i].rollout.Started)
		under = append(under, judge.Underway{Rollout: all[i].rollout, Service: all[i].service.Service, Startups: took, Lessons: lessons,
			Dependencies: t.calls.dependencies(s.config, all[i].rollout.Service)})
		place = append(place, i)
	}
	for i, v := range t.watch.Tick(ctx, under, now) {
		j := &all[place[i]]
		j.verdict, j.trail, j.seen = v, t.watch.Trail(j.rollout.ID), t.watch.Seen(j.rollout.ID)
		j.lesson = lessonOf(t.watch, j.rollout.ID)
	}
	return all
}

// underWay returns the rollouts under way with their services, not judged yet.
func (t *ticker) underWay(c *config.Config, now time.Time) []judgment {
	ros := t.rollouts.board().UnderWay(now)
	all := make([]judgment, len(ros))
	for i, ro := range ros {
		svc, _ := c.Service(ro.Service)
		all[i] = judgment{rollout: t.baselines.add(board.WithCohorts(ro, svc.Version), now), service: svc}
	}
	return all
}

// overrun returns the judgments of the rollouts under way when a tick did not
// finish in time. A rollout that had failed before stays failed.
func (t *ticker) overrun(now time.Time, limit time.Duration) []judgment {
	before := t.snapshots.current()
	all := t.underWay(t.settings.current().config, now)
	for i := range all {
		last, known := before.get(all[i].rollout.ID)
		if known && last.verdict.Verdict == andon.Fail {
			all[i].verdict, all[i].trail = last.verdict, last.trail
			continue
		}
		all[i].trail = last.trail
		all[i].verdict = unjudged(all[i].rollout, now, andon.SourceError,
			fmt.Sprintf("the tick did not finish within %s; check whether Prometheus answers, and how fast", andon.Spell(limit)))
	}
	t.log.Warn("tick did not finish in time", "limit", limit, "rollouts", len(all))
	return all
}

// unjudged returns the verdict on a rollout that could not be judged, and why.
func unjudged(ro andon.Rollout, now time.Time, q andon.Quality, reason string) andon.Verdict {
	return andon.Verdict{
		Rollout: ro.ID, Service: ro.Service, At: now, Verdict: andon.Inconclusive,
		Score: andon.Unknown, Evidence: andon.Unknown, Blame: andon.Unknown, Weight: andon.Unknown,
		Strategy: ro.Strategy, Quality: q, Reason: reason, Findings: []andon.Finding{},
	}
}
