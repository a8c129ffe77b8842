package exporter

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/ledger"
)

const (
	surveyEvery = 10 * time.Minute // that a service without a rollout is looked at
	surveyTime  = 20 * time.Second // for all services of one tick
	mostAtOnce  = 200              // sightings that are kept in one tick: each is synced to disk
)

// sight puts what control showed into the catalogue.
func (e *Exporter) sight(ctx context.Context, now time.Time, all []judged) {
	n := 0
	for _, j := range all {
		for _, s := range j.seen {
			if s.Control && n < mostAtOnce && e.sighted(ctx, j.rollout.Service, s, now) {
				n++
			}
		}
	}
}

// conclude puts what a rollout that passed showed into the catalogue, and notes
// what its release does not show any more.
func (e *Exporter) conclude(ctx context.Context, now time.Time, j judged) {
	if j.verdict.Verdict != analysis.Pass || len(j.seen) == 0 {
		return
	}
	service, release := j.rollout.Service, j.rollout.Version
	for _, s := range j.seen {
		switch {
		case s.Candidate:
			e.sighted(ctx, service, s, now)
		case s.Gone && release != "":
			e.note(ctx, factResolved, service+"/"+s.ID+"/"+release, now, resolved{service, s.ID, release})
		}
	}
	e.note(ctx, factStarted, j.rollout.ID, now, started{service, release})
}

// sighted keeps a first sighting, and reports whether it was one.
func (e *Exporter) sighted(ctx context.Context, service string, s analysis.Seen, now time.Time) bool {
	m := e.memory.Load()
	m.mu.Lock()
	r := m.of(service)
	known, ok := r.seen[s.ID]
	full := len(r.seen) >= mostSighted
	m.mu.Unlock()
	if ok && now.Sub(known.last) < sightEvery {
		return false
	}
	if full && !ok {
		e.log.Debug("catalogue is full", "service", service)
		return false
	}
	at := s.First
	if at.IsZero() || now.Sub(at) > sightEvery {
		at = now
	}
	if ok {
		at = now // seen again
	}
	key := fmt.Sprintf("%s/%s/%d", service, s.ID, now.Unix()/int64(sightEvery.Seconds()))
	return e.note(ctx, factSighted, key, at, sighted{service, s.ID, s.Name, s.Crash})
}

// note keeps a fact about clusters, and reports whether it was new.
func (e *Exporter) note(ctx context.Context, kind, key string, at time.Time, data any) bool {
	b, err := json.Marshal(data)
	first := false
	f := ledger.Fact{Key: kind + "/" + key, Kind: kind, At: at, Data: b}
	if err == nil {
		first, err = e.ledger.Append(ctx, f)
	}
	if err == nil && first {
		err = e.memory.Load().fold(f)
	}
	if err != nil {
		e.log.Error("not remembered", "kind", kind, "key", key, "error", err)
	}
	return first && err == nil
}

// survey looks at the logs of services that have no rollout under way, so that
// what they show once a day is in the catalogue when one begins.
func (e *Exporter) survey(ctx context.Context, s *setup, now time.Time, all []judged) {
	if s.logs == nil {
		return
	}
	busy := map[string]bool{}
	for _, j := range all {
		busy[j.rollout.Service] = true
	}
	if e.judge.surveyed == nil {
		e.judge.surveyed = map[string]time.Time{}
	}
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()
	a := e.analyzer(s)
	for _, svc := range s.config.Services {
		for _, sig := range svc.Signals {
			key := svc.Name + "\x00" + sig.Name
			since := e.judge.surveyed[key]
			if busy[svc.Name] {
				e.judge.surveyed[key] = now // control is looked at
				continue
			}
			if sig.Logs+sig.Crashes == "" || now.Sub(since) < surveyEvery || ctx.Err() != nil {
				continue
			}
			if now.Sub(since) > time.Hour {
				since = now.Add(-time.Hour)
			}
			seen, err := a.Survey(ctx, svc.Judged(), sig, analysis.Range{Start: since, End: now})
			if err != nil {
				e.log.Debug("logs not surveyed", "service", svc.Name, "signal", sig.Name, "error", err)
				e.judge.surveyed[key] = now.Add(-surveyEvery + time.Minute) // soon again, and not at once
				continue
			}
			e.judge.surveyed[key] = now
			for _, g := range seen {
				e.sighted(ctx, svc.Name, g, now)
			}
		}
	}
}
