package exporter

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

// The kinds of facts about clusters of log lines and crash signatures.
const (
	factFeedback = "feedback.given"   // a person said how much of a risk one is; the data are a andon.Feedback
	factUndone   = "feedback.undone"  // a person took back what was said last of one; the data are a andon.Feedback without risk
	factSighted  = "cluster.sighted"  // one was seen where all was well; the data are a sighting
	factResolved = "cluster.resolved" // a release that passed does not show one any more; the data are a resolution
	factStarted  = "cluster.started"  // a rollout passed, and what its nodes say as they start is in the catalogue; the data are a startUp
)

const (
	// rememberFor is how long the catalogue remembers a sighting; a cluster
	// that is seen all the time is sighted anew every sightEvery, so that it is
	// remembered for thirty days at least after it was last seen.
	rememberFor = 45 * 24 * time.Hour
	sightEvery  = 15 * 24 * time.Hour

	// maxSighted is how many clusters and signatures of a service the
	// catalogue holds.
	maxSighted = 5000
)

// A sighting is one cluster or signature that a service showed.
type sighting struct {
	Service string `json:"service"`
	ID      string `json:"id"`
	Name    string `json:"name"` // template or title
	Crash   bool   `json:"crash,omitempty"`
}

// A resolution is a cluster or signature that a release does not show any more.
type resolution struct {
	Service string `json:"service"`
	ID      string `json:"id"`
	Release string `json:"release"`
}

// A startUp is a rollout that passed: what its nodes say as they start is in
// the catalogue.
type startUp struct {
	Service string `json:"service"`
	Release string `json:"release"`
}

// memory is what people and the past taught of clusters and signatures: a fold
// over facts. It is safe for concurrent use.
type memory struct {
	mu       sync.Mutex
	services map[string]*serviceMemory
	given    map[andon.Risk]float64 // how often each risk was said

	// releases returns the versions of a service in the order in which they
	// first went out.
	releases func(service string, at time.Time) []string
}

// A serviceMemory is what is known of one service.
type serviceMemory struct {
	said     map[string][]andon.Feedback // by id, the newest last; undone ones are gone
	actions  map[string]int              // by id, how often something was said or undone
	seen     map[string]catalogueEntry
	resolved map[string]string // by id, the release
	starts   []time.Time

	recollections map[string]*andon.Recollection // by release; made anew when anything is new
	made          time.Time
}

// A catalogueEntry is a cluster or signature with when it was seen.
type catalogueEntry struct {
	sighting
	first, last time.Time
}

func newMemory(releases func(service string, at time.Time) []string) *memory {
	return &memory{releases: releases, services: make(map[string]*serviceMemory), given: make(map[andon.Risk]float64)}
}

// service returns what is known of a service; the caller holds mu.
func (m *memory) service(service string) *serviceMemory {
	r := m.services[service]
	if r == nil {
		r = &serviceMemory{said: map[string][]andon.Feedback{}, actions: map[string]int{}, seen: map[string]catalogueEntry{}, resolved: map[string]string{}}
		m.services[service] = r
	}
	return r
}

// Fold implements folder.
func (m *memory) Fold(f ledger.Fact) error {
	var data any
	var feedback andon.Feedback
	var seen sighting
	var gone resolution
	var start startUp
	switch f.Kind {
	case factFeedback, factUndone:
		data = &feedback
	case factSighted:
		data = &seen
	case factResolved:
		data = &gone
	case factStarted:
		data = &start
	default:
		return nil
	}
	if err := json.Unmarshal(f.Data, data); err != nil {
		return fmt.Errorf("the fact %s cannot be read as %s: %w", f.Key, f.Kind, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch f.Kind {
	case factFeedback:
		r := m.service(feedback.Service)
		r.actions[feedback.ID]++
		r.said[feedback.ID] = append(r.said[feedback.ID], feedback)
		m.given[feedback.Risk]++
		r.changed()
	case factUndone:
		r := m.service(feedback.Service)
		r.actions[feedback.ID]++
		if n := len(r.said[feedback.ID]); n > 0 {
			r.said[feedback.ID] = r.said[feedback.ID][:n-1]
		}
		r.changed()
	case factSighted:
		r := m.service(seen.Service)
		s, ok := r.seen[seen.ID]
		if !ok || f.At.Sub(s.last) > rememberFor {
			s = catalogueEntry{sighting: seen, first: f.At}
		}
		s.last = f.At
		r.seen[seen.ID] = s
		r.changed()
	case factResolved:
		r := m.service(gone.Service)
		r.resolved[gone.ID] = gone.Release
		r.changed()
	case factStarted:
		r := m.service(start.Service)
		r.starts = append(r.starts, f.At)
		r.changed()
	}
	return nil
}

func (r *serviceMemory) changed() { r.recollections = nil }

// recall returns what is remembered of a service, as the verdict on a release
// of it is to know it; it is an andon.RecallFunc.
func (m *memory) recall(service, release string, at time.Time) *andon.Recollection {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.services[service]
	if r == nil {
		return nil
	}
	if r.recollections == nil || at.Sub(r.made) > time.Hour || at.Before(r.made) { // sightings grow old
		r.recollections, r.made = map[string]*andon.Recollection{}, at
	}
	if known := r.recollections[release]; known != nil {
		return known
	}
	out := &andon.Recollection{Groups: map[string]andon.Remembered{}}
	for id, s := range r.seen {
		if at.Sub(s.last) > rememberFor {
			continue
		}
		g := andon.Remembered{Seen: s.first}
		if !s.Crash {
			g.Template = s.Name
		}
		out.Groups[id] = g
	}
	for id, all := range r.said {
		if n := len(all); n > 0 {
			g := out.Groups[id]
			g.Risk = all[n-1].Risk
			if all[n-1].Template != "" {
				g.Template = all[n-1].Template
			}
			out.Groups[id] = g
		}
	}
	var order []string
	if len(r.resolved) > 0 {
		order = m.releases(service, at)
	}
	now := slices.Index(order, release)
	for id, in := range r.resolved {
		if slices.Index(order, in) < now {
			g := out.Groups[id]
			g.Resolved = in
			out.Groups[id] = g
		}
	}
	for _, s := range r.starts {
		if at.Sub(s) <= rememberFor {
			out.Starts++
		}
	}
	r.recollections[release] = out
	return out
}

// sighting returns what the catalogue holds of a cluster or signature, whether
// it holds it, and whether it has no room for more of the service.
func (m *memory) sighting(service, id string) (e catalogueEntry, seen, full bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.service(service)
	e, seen = r.seen[id]
	return e, seen, len(r.seen) >= maxSighted
}

// current returns what was last said of each cluster and signature.
func (m *memory) current(service string) []andon.Feedback {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []andon.Feedback{}
	for name, r := range m.services {
		if service != "" && name != service {
			continue
		}
		for _, all := range r.said {
			if n := len(all); n > 0 {
				out = append(out, all[n-1])
			}
		}
	}
	return out
}

// last returns what was last said of one, and how many actions there were.
func (m *memory) last(service, id string) (f andon.Feedback, said bool, actions int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.service(service)
	if n := len(r.said[id]); n > 0 {
		f, said = r.said[id][n-1], true
	}
	return f, said, r.actions[id]
}

// counts returns how often each risk was said.
func (m *memory) counts() map[andon.Risk]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[andon.Risk]float64, len(m.given))
	for _, r := range andon.Risks {
		out[r] = m.given[r]
	}
	return out
}
