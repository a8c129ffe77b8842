package exporter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/ledger"
)

const (
	// factLearnt: a rollout passed, with what was learnt from it; data: lesson.
	factLearnt = "rollout.learnt"

	lessonsKeep = 30 * 24 * time.Hour // how long a lesson counts
	maxLessons  = 50                  // of one service, the newest
)

// A lesson is what was learnt from one rollout.
type lesson struct {
	Rollout string       `json:"rollout"`
	Service string       `json:"service"`
	At      time.Time    `json:"at"`
	Took    *float64     `json:"took_seconds"` // until its first node served; null if unknown
	Lesson  andon.Lesson `json:"lesson"`
}

// lessons hold what was learnt from rollouts that passed: a fold over facts. They
// are safe for concurrent use.
type lessons struct {
	facts *facts
	log   hclog.Logger

	mu  sync.Mutex
	all map[string][]lesson // by service, in order of facts
}

func newLessons(f *facts, log hclog.Logger) *lessons {
	return &lessons{facts: f, log: log, all: make(map[string][]lesson)}
}

// Fold implements folder.
func (l *lessons) Fold(f ledger.Fact) error {
	if f.Kind != factLearnt {
		return nil
	}
	var d lesson
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return fmt.Errorf("the fact %s cannot be read as a lesson: %w", f.Key, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.ContainsFunc(l.all[d.Service], func(k lesson) bool { return k.Rollout == d.Rollout }) {
		return nil // it was folded before
	}
	all := append(l.all[d.Service], d)
	if n := len(all) - maxLessons; n > 0 {
		all = append([]lesson(nil), all[n:]...)
	}
	l.all[d.Service] = all
	return nil
}

// before returns what was learnt within the 30 days before a rollout started, and
// not since: a judge that starts late then knows as much as one that judged all
// along.
func (l *lessons) before(service string, started time.Time) (took []time.Duration, out []andon.Lesson) {
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

// onEnding keeps the lesson of a rollout that passed. It is an endFunc.
func (l *lessons) onEnding(ctx context.Context, at time.Time, last judgment) {
	if last.verdict.Verdict != andon.Pass || last.lesson == nil {
		return
	}
	d := *last.lesson
	d.Rollout, d.Service, d.At = last.rollout.ID, last.rollout.Service, at
	f, err := newFact(factLearnt, factLearnt+"/"+d.Rollout, at, d)
	if err == nil {
		_, err = l.facts.keep(ctx, f)
	}
	if err != nil {
		l.log.Error("lesson of a rollout not stored", "rollout", d.Rollout, "error", err)
	}
}

// lessonOf returns the lesson of a rollout by now; nil if there is none.
func lessonOf(w *judge.Watch, id string) *lesson {
	taught, found := w.Lesson(id)
	took, came := w.Startup(id)
	if !found && !came {
		return nil
	}
	d := &lesson{Lesson: taught}
	if came {
		s := took.Seconds()
		d.Took = &s
	}
	return d
}
