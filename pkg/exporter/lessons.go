package exporter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/ledger"
)

const (
	// factLearnt is what a rollout that passed taught of start-ups; data: learnt.
	factLearnt = "rollout.learnt"

	lessonsKeep = 30 * 24 * time.Hour // how long a lesson counts
	mostLessons = 50                  // of one service, the newest
)

// learnt is what one rollout taught.
type learnt struct {
	Rollout string          `json:"rollout"`
	Service string          `json:"service"`
	At      time.Time       `json:"at"`
	Took    *float64        `json:"took_seconds"` // its first node to serve; null if none was seen to
	Lesson  analysis.Lesson `json:"lesson"`
}

// lessons hold what rollouts that passed taught: a fold over facts.
type lessons struct {
	mu  sync.Mutex
	all map[string][]learnt // by service, in order of facts
}

func newLessons() *lessons { return &lessons{all: make(map[string][]learnt)} }

func (l *lessons) fold(f ledger.Fact) error {
	if f.Kind != factLearnt {
		return nil
	}
	var d learnt
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return fmt.Errorf("fact %s holds no lesson: %w", f.Key, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.ContainsFunc(l.all[d.Service], func(k learnt) bool { return k.Rollout == d.Rollout }) {
		return nil // the facts are folded anew when bake changes
	}
	all := append(l.all[d.Service], d)
	if n := len(all) - mostLessons; n > 0 {
		all = append([]learnt(nil), all[n:]...)
	}
	l.all[d.Service] = all
	return nil
}

// of returns what is known for a rollout of a service: what was learnt within
// the 30 days before it started and not since, so that a judge that starts
// late knows as much as one that judged all along.
func (l *lessons) of(service string, started time.Time) (took []time.Duration, out []analysis.Lesson) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.all[service] {
		if d.At.After(started) || started.Sub(d.At) > lessonsKeep {
			continue
		}
		if d.Took != nil {
			took = append(took, time.Duration(*d.Took*float64(time.Second)))
		}
		out = append(out, d.Lesson)
	}
	return took, out
}

// learn keeps what a rollout taught that ended and passed.
func (e *Exporter) learn(ctx context.Context, j judged, now time.Time) {
	if j.verdict.Verdict != analysis.Pass || j.lesson == nil {
		return
	}
	d := *j.lesson
	d.Rollout, d.Service, d.At = j.rollout.ID, j.rollout.Service, now
	data, err := json.Marshal(d)
	if err == nil {
		f := ledger.Fact{Key: factLearnt + "/" + d.Rollout, Kind: factLearnt, At: now, Data: data}
		var first bool
		if first, err = e.ledger.Append(ctx, f); err == nil && first {
			err = e.lessons.fold(f)
		}
	}
	if err != nil {
		e.log.Error("what a rollout taught is not kept", "rollout", d.Rollout, "error", err)
	}
}

// lessonOf returns what a rollout has taught by now; nil if nothing.
func lessonOf(w *analysis.Watch, id string) *learnt {
	lesson, any := w.Lesson(id)
	took, came := w.Startup(id)
	if !any && !came {
		return nil
	}
	d := &learnt{Lesson: lesson}
	if came {
		s := took.Seconds()
		d.Took = &s
	}
	return d
}
