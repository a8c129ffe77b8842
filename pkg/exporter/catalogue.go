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
	surveyEvery  = 10 * time.Minute // that a service without a rollout is looked at
	surveyTime   = 20 * time.Second // for all services of one tick
	maxSightings = 200              // that are kept in one tick: each is synced to disk
)

// A catalogue adds to memory which clusters of log lines and crash signatures
// were seen where all was well, and which are gone since a release.
type catalogue struct {
	memory *memory
	facts  *facts
	log    hclog.Logger

	// until says by service and signal how far its lines are in the catalogue.
	// survey alone uses it.
	until map[string]time.Time
}

func newCatalogue(m *memory, f *facts, log hclog.Logger) *catalogue {
	return &catalogue{memory: m, facts: f, log: log, until: make(map[string]time.Time)}
}

// onTick adds what control showed. It is a tickFunc.
func (c *catalogue) onTick(ctx context.Context, _, after *snapshot) {
	n := 0
	for _, j := range after.judgments {
		for _, s := range j.seen {
			if s.Control && n < maxSightings && c.add(ctx, j.rollout.Service, s, after.at) {
				n++
			}
		}
	}
}

// onEnding adds what a rollout that passed showed, and notes what its release
// does not show any more. It is an endFunc.
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
	known, seen, full := c.memory.sighting(service, s.ID)
	if seen && now.Sub(known.last) < sightEvery {
		return false
	}
	if full && !seen {
		c.log.Debug("catalogue of clusters is full", "service", service)
		return false
	}
	at := s.First
	if at.IsZero() || now.Sub(at) > sightEvery {
		at = now
	}
	if seen {
		at = now
	}
	key := fmt.Sprintf("%s/%s/%d", service, s.ID, now.Unix()/int64(sightEvery.Seconds()))
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

// survey looks at the logs of services that have no rollout under way, so that
// what they show once a day is in the catalogue when one begins. all are those
// that have one.
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
				c.until[key] = now // control is looked at
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
