package exporter

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/ledger"
)

const (
	questionsAtOnce = 8                // asked of Prometheus at the same time
	leastTimeout    = 10 * time.Second // a tick has at least this long
	giveUpTime      = time.Second      // after its timeout a tick has this long to give up
	callsShare      = 4                // one in so many parts of a tick's time may pass before who calls whom is known
)

// tickTimeout returns how long one tick may take.
func tickTimeout(c *Config) time.Duration {
	return max(time.Duration(c.Tick), leastTimeout)
}

// A judge holds what lasts from tick to tick.
type judge struct {
	watch    *analysis.Watch
	of       *setup               // what watch was made for
	overdue  chan struct{}        // closed when a tick that ran over its time has given up; nil if none did
	looked   time.Time            // when versions were last looked for
	surveyed map[string]time.Time // by service and signal, until when its lines are in the catalogue

	limit, grace time.Duration // of a tick, instead of those that follow from the configuration, if set
}

// loop ticks until ctx ends.
func (e *Exporter) loop(ctx context.Context) {
	every(ctx, func() time.Duration { return time.Duration(e.setup.Load().config.Tick) }, func() {
		e.drive(ctx)
		e.Tick(ctx, e.opt.Now())
	})
}

// every calls f at multiples of an interval until ctx ends. A call that is
// late is left out: the next one is at the next multiple.
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

// Tick looks for new versions, judges what is under way at now, and publishes
// what it found. It returns within the time a tick may take, whatever the
// sources do; what could not be judged by then is inconclusive. Run calls it
// at every tick.
func (e *Exporter) Tick(ctx context.Context, now time.Time) {
	e.ticking.Lock()
	defer e.ticking.Unlock()
	defer prometheus.NewTimer(e.metrics.tick).ObserveDuration()
	s := e.setup.Load()
	limit, grace := cmp.Or(e.judge.limit, tickTimeout(s.config)), cmp.Or(e.judge.grace, giveUpTime)

	if e.judge.overdue != nil {
		select {
		case <-e.judge.overdue:
			e.judge.overdue = nil
		default: // a source still holds up the last tick
			e.publish(ctx, now, e.overrun(now, limit))
			return
		}
	}
	if e.judge.watch == nil || e.judge.of.config.text != s.config.text {
		e.judge.watch, e.judge.of = e.analyzer(s).NewWatch(questionsAtOnce), s
	}
	e.judge.watch.Calibrate(e.labels.calibration())
	tctx, cancel := context.WithTimeout(ctx, limit)
	done, result := make(chan struct{}), make(chan []judged, 1)
	go func() {
		defer cancel()
		defer close(done)
		e.discover(tctx, s, now)
		e.readCalls(tctx, s, now, limit/callsShare)
		result <- e.judgeAll(tctx, s, now)
	}()
	giveUp := time.NewTimer(limit + grace)
	defer giveUp.Stop()
	select {
	case all := <-result:
		e.publish(ctx, now, all)
	case <-giveUp.C:
		e.judge.overdue = done
		e.publish(ctx, now, e.overrun(now, limit))
	}
}

// judgeAll judges every rollout under way.
func (e *Exporter) judgeAll(ctx context.Context, s *setup, now time.Time) []judged {
	all := e.underWay(s.config, now)
	under := make([]analysis.Underway, 0, len(all))
	place := make([]int, 0, len(all))
	for i := range all {
		if all[i].service.Name == "" {
			all[i].verdict = unjudged(all[i].rollout, now, analysis.NoSeries, fmt.Sprintf("the service %q is not in the configuration any more", all[i].rollout.Service))
			continue
		}
		took, lessons := e.lessons.of(all[i].rollout.Service, all[i].rollout.Started)
		under = append(under, analysis.Underway{Rollout: all[i].rollout, Service: all[i].service.Judged(), Startups: took, Lessons: lessons,
			Dependencies: e.calls.ofService(s.config, all[i].rollout.Service)})
		place = append(place, i)
	}
	for i, v := range e.judge.watch.Tick(ctx, under, now) {
		j := &all[place[i]]
		j.verdict, j.trail, j.seen = v, e.judge.watch.Trail(j.rollout.ID), e.judge.watch.Seen(j.rollout.ID)
		j.lesson = lessonOf(e.judge.watch, j.rollout.ID)
	}
	e.survey(ctx, s, now, all)
	return all
}

// readCalls reads who calls whom where it is time to, within a limit.
func (e *Exporter) readCalls(ctx context.Context, s *setup, now time.Time, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	e.calls.read(ctx, s, now, e.log)
}

// underWay returns the rollouts under way with their services, not judged yet.
func (e *Exporter) underWay(c *Config, now time.Time) []judged {
	ros := e.board.Load().UnderWay(now)
	all := make([]judged, len(ros))
	for i, ro := range ros {
		svc, _ := c.service(ro.Service)
		all[i] = judged{rollout: e.withBaseline(board.WithCohorts(ro, svc.Version), now), service: svc}
	}
	return all
}

// overrun returns what is said of the rollouts under way when a tick ran over
// its time. A rollout that had failed stays so: its evidence was seen.
func (e *Exporter) overrun(now time.Time, limit time.Duration) []judged {
	before := e.snap.Load()
	all := e.underWay(e.setup.Load().config, now)
	for i := range all {
		last, known := before.get(all[i].rollout.ID)
		if known && last.verdict.Verdict == analysis.Fail {
			all[i].verdict, all[i].trail = last.verdict, last.trail
			continue
		}
		all[i].trail = last.trail
		all[i].verdict = unjudged(all[i].rollout, now, analysis.SourceError,
			fmt.Sprintf("the tick did not finish within %v; see whether Prometheus answers, and how fast", limit))
	}
	e.log.Warn("tick ran over its time", "limit", limit, "rollouts", len(all))
	return all
}

func unjudged(ro analysis.Rollout, now time.Time, q analysis.Quality, reason string) analysis.Verdict {
	return analysis.Verdict{
		Rollout: ro.ID, Service: ro.Service, At: now, Verdict: analysis.Inconclusive,
		Score: analysis.Unknown, Evidence: analysis.Unknown, Blame: analysis.Unknown, Weight: analysis.Unknown,
		Strategy: ro.Strategy, Quality: q, Reason: reason, Findings: []analysis.Finding{},
	}
}

// publish makes a tick's findings the newest snapshot, and keeps as facts what
// changed for good: first failures, and the last verdicts on what ended.
func (e *Exporter) publish(ctx context.Context, now time.Time, all []judged) {
	if ctx.Err() != nil {
		return // half a tick is none
	}
	before, next := e.snap.Load(), newSnapshot(now, all)
	e.snap.Store(next)
	for _, j := range all {
		last, _ := before.get(j.rollout.ID)
		if j.verdict.Verdict != last.verdict.Verdict {
			e.log.Info("verdict", "rollout", j.rollout.ID, "service", j.rollout.Service, "verdict", j.verdict.Verdict,
				"quality", j.verdict.Quality, "reason", j.verdict.Reason)
		}
		if j.verdict.Verdict == analysis.Fail && last.verdict.Verdict != analysis.Fail {
			e.remember(ctx, factVerdictFailed, j, now)
		}
	}
	e.sight(ctx, now, all)
	if before == nil {
		return
	}
	for _, j := range before.judged {
		if _, still := next.byID[j.rollout.ID]; !still {
			e.remember(ctx, factVerdictFinal, j, now)
			e.learn(ctx, j, now)
			e.conclude(ctx, now, j)
		}
	}
}

// remember keeps a verdict as a fact; the first of its kind on a rollout stands.
func (e *Exporter) remember(ctx context.Context, kind string, j judged, now time.Time) {
	data, err := json.Marshal(keptVerdict{j.verdict, j.trail})
	if err == nil {
		f := ledger.Fact{Key: kind + "/" + j.rollout.ID, Kind: kind, At: now, Data: data}
		if _, err = e.ledger.Append(ctx, f); err == nil {
			err = e.past.fold(f)
		}
	}
	if err != nil {
		e.log.Error("verdict not kept", "rollout", j.rollout.ID, "kind", kind, "error", err)
	}
}
