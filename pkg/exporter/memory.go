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
	factFeedback = "feedback.given"   // a person gave feedback on one; data: andon.Feedback
	factUndone   = "feedback.undone"  // a person undid the last feedback on one; data: andon.Feedback without risk
	factSighted  = "cluster.sighted"  // one was seen in a healthy version; data: sighting
	factResolved = "cluster.resolved" // a release that passed no longer has one; data: resolution
	factStarted  = "cluster.started"  // a rollout passed, and the catalogue has the log lines of its start; data: startUp
)

const (
	// rememberFor is how long the catalogue remembers a sighting; a cluster
	// that is seen all the time is recorded again every renewEvery, so that it is
	// remembered for at least thirty days after it was last seen.
	rememberFor = 45 * 24 * time.Hour
	renewEvery  = 15 * 24 * time.Hour

	// maxEntries is how many clusters and signatures of a service the
	// catalogue holds.
	maxEntries = 5000
)

// A sighting is one cluster or signature that a service showed.
type sighting struct {
	Service string `json:"service"`
	ID      string `json:"id"`
	Name    string `json:"name"` // template or title
	Crash   bool   `json:"crash,omitempty"`
}

// A resolution is a cluster or signature that a release no longer has.
type resolution struct {
	Service string `json:"service"`
	ID      string `json:"id"`
	Release string `json:"release"`
}

// A startUp is a rollout that passed, so that the catalogue has the log lines of
// its start.
type startUp struct {
	Service string `json:"service"`
	Release string `json:"release"`
}

// memory holds the feedback on clusters and signatures and the catalogue of
// those seen before: a fold over facts. It is safe for concurrent use.
type memory struct {
	mu             sync.Mutex
	services       map[string]*serviceMemory
	feedbackCounts map[andon.Risk]float64 // how often each risk was given

	// releases returns the versions of a service in the order in which they
	// first went out.
	releases func(service string, at time.Time) []string
}

// A serviceMemory is what is known of one service.
type serviceMemory struct {
	feedback map[string][]andon.Feedback // by id, the newest last; undone ones are gone
	actions  map[string]int              // by id, how often feedback was given or undone
	seen     map[string]catalogueEntry
	resolved map[string]string // by id, the release
	starts   []time.Time

	recollections map[string]*andon.Recollection // by release; nil after a change
	made          time.Time
}

// A catalogueEntry is a cluster or signature with when it was seen.
type catalogueEntry struct {
	sighting
	first, last time.Time
}

func newMemory(releases func(service string, at time.Time) []string) *memory {
	return &memory{releases: releases, services: make(map[string]*serviceMemory), feedbackCounts: make(map[andon.Risk]float64)}
}

// service returns what is known of a service; the caller holds mu.
func (m *memory) service(service string) *serviceMemory {
	r := m.services[service]
	if r == nil {
		r = &serviceMemory{feedback: map[string][]andon.Feedback{}, actions: map[string]int{}, seen: map[string]catalogueEntry{}, resolved: map[string]string{}}
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
		r.feedback[feedback.ID] = append(r.feedback[feedback.ID], feedback)
		m.feedbackCounts[feedback.Risk]++
		r.changed()
	case factUndone:
		r := m.service(feedback.Service)
		r.actions[feedback.ID]++
		if n := len(r.feedback[feedback.ID]); n > 0 {
			r.feedback[feedback.ID] = r.feedback[feedback.ID][:n-1]
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

// recall returns what is remembered of a service for the verdict on a release of
// it; it is an andon.RecallFunc.
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
	for id, all := range r.feedback {
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

// entry returns what the catalogue holds of a cluster or signature, whether
// it holds it, and whether it has no room for more of the service.
func (m *memory) entry(service, id string) (e catalogueEntry, seen, full bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.service(service)
	e, seen = r.seen[id]
	return e, seen, len(r.seen) >= maxEntries
}

// current returns the newest feedback on each cluster and signature.
func (m *memory) current(service string) []andon.Feedback {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []andon.Feedback{}
	for name, r := range m.services {
		if service != "" && name != service {
			continue
		}
		for _, all := range r.feedback {
			if n := len(all); n > 0 {
				out = append(out, all[n-1])
			}
		}
	}
	return out
}

// last returns the newest feedback on one, and the number of actions on it.
func (m *memory) last(service, id string) (f andon.Feedback, found bool, actions int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.service(service)
	if n := len(r.feedback[id]); n > 0 {
		f, found = r.feedback[id][n-1], true
	}
	return f, found, r.actions[id]
}

// counts returns how often each risk was given.
func (m *memory) counts() map[andon.Risk]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[andon.Risk]float64, len(m.feedbackCounts))
	for _, r := range andon.Risks {
		out[r] = m.feedbackCounts[r]
	}
	return out
}
