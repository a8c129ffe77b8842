package exporter

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs"
)

const (
	surveyEvery   = 10 * time.Minute // between two surveys of a service
	surveyTime    = 20 * time.Second // for all services of one tick
	maxNewEntries = 200              // that are kept in one tick: each is synced to disk
)

// A catalogue adds to memory the clusters of log lines and crash signatures of
// healthy versions, and those that a release no longer has.
type catalogue struct {
	memory *memory
	facts  *facts
	log    hclog.Logger

	// until is the time up to which lines are in the catalogue, by service and
	// signal. Only survey uses it.
	until map[string]time.Time
}

func newCatalogue(m *memory, f *facts, log hclog.Logger) *catalogue {
	return &catalogue{memory: m, facts: f, log: log, until: make(map[string]time.Time)}
}

// onTick adds the clusters of control. It is a tickFunc.
func (c *catalogue) onTick(ctx context.Context, _, after *snapshot) {
	n := 0
	for _, j := range after.judgments {
		for _, s := range j.seen {
			if s.Control && n < maxNewEntries && c.add(ctx, j.rollout.Service, s, after.at) {
				n++
			}
		}
	}
}

// onEnding adds the clusters of a rollout that passed, and records those that its
// release no longer has. It is an endFunc.
func (c *catalogue) onEnding(ctx context.Context, at time.Time, last judgment) {
	if last.verdict.Verdict != andon.Pass || len(last.seen) == 0 {
		return
	}
	service, release := last.rollout.Service, last.rollout.Version
	for _, s := range last.seen {
		switch {
		case s.Candidate:
			c.add(ctx, service, s, at)
		case s.Gone && release != "":
			c.keep(ctx, factResolved, service+"/"+s.ID+"/"+release, at, resolution{service, s.ID, release})
		}
	}
	c.keep(ctx, factStarted, last.rollout.ID, at, startUp{service, release})
}

// add keeps a first sighting, or the first for long, and reports whether it
// was one.
func (c *catalogue) add(ctx context.Context, service string, s logs.Seen, now time.Time) bool {
	known, seen, full := c.memory.entry(service, s.ID)
	if seen && now.Sub(known.last) < renewEvery {
		return false
	}
	if full && !seen {
		c.log.Debug("catalogue of clusters is full", "service", service)
		return false
	}
	at := s.First
	if at.IsZero() || now.Sub(at) > renewEvery {
		at = now
	}
	if seen {
		at = now
	}
	key := fmt.Sprintf("%s/%s/%d", service, s.ID, now.Unix()/int64(renewEvery.Seconds()))
	return c.keep(ctx, factSighted, key, at, sighting{service, s.ID, s.Name, s.Crash})
}

// keep keeps a fact about clusters, and reports whether it was new.
func (c *catalogue) keep(ctx context.Context, kind, key string, at time.Time, data any) bool {
	first := false
	f, err := newFact(kind, kind+"/"+key, at, data)
	if err == nil {
		first, err = c.facts.keep(ctx, f)
	}
	if err != nil {
		c.log.Error("fact not stored", "kind", kind, "key", key, "error", err)
	}
	return first && err == nil
}

// survey reads the logs of services without a rollout under way, so that clusters
// that appear once a day are in the catalogue when a rollout begins. all are the
// rollouts under way.
func (c *catalogue) survey(ctx context.Context, s *setup, now time.Time, all []judgment) {
	if s.logs == nil {
		return
	}
	busy := map[string]bool{}
	for _, j := range all {
		busy[j.rollout.Service] = true
	}
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()
	a := s.analyzer(c.memory.recall)
	for _, svc := range s.config.Services {
		for _, sig := range svc.Signals {
			key := svc.Name + "\x00" + sig.Name
			since := c.until[key]
			if busy[svc.Name] {
				c.until[key] = now // onTick adds the clusters of control
				continue
			}
			if sig.Logs+sig.Crashes == "" || now.Sub(since) < surveyEvery || ctx.Err() != nil {
				continue
			}
			if now.Sub(since) > time.Hour {
				since = now.Add(-time.Hour)
			}
			seen, err := a.Logs.Survey(ctx, svc.Service, sig, andon.Range{Start: since, End: now})
			if err != nil {
				c.log.Debug("logs not read for the catalogue of clusters", "service", svc.Name, "signal", sig.Name, "error", err)
				c.until[key] = now.Add(-surveyEvery + time.Minute) // soon again, and not at once
				continue
			}
			c.until[key] = now
			for _, g := range seen {
				c.add(ctx, svc.Name, g, now)
			}
		}
	}
}
