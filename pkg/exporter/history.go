package exporter

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/ledger"
)

// The kinds of facts about verdicts; the data of both are a verdictRecord.
const (
	factVerdictFailed = "verdict.failed" // a rollout failed for the first time
	factVerdictFinal  = "verdict.final"  // a rollout ended with this verdict
)

// A verdictRecord is a verdict with the evidence over time that led to it.
type verdictRecord struct {
	andon.Verdict
	Trail []judge.Point `json:"trail,omitempty"`
}

// history holds the last verdicts on rollouts that are no longer under way,
// and the first failing ones: a fold over facts. It is safe for concurrent use.
type history struct {
	snapshots *snapshots // hold the verdicts on what is under way
	facts     *facts
	log       hclog.Logger

	mu   sync.Mutex
	last map[string]verdictRecord // by rollout
}

func newHistory(s *snapshots, f *facts, log hclog.Logger) *history {
	return &history{snapshots: s, facts: f, log: log, last: make(map[string]verdictRecord)}
}

// Fold implements folder.
func (h *history) Fold(f ledger.Fact) error {
	if f.Kind != factVerdictFailed && f.Kind != factVerdictFinal {
		return nil
	}
	var v verdictRecord
	if err := json.Unmarshal(f.Data, &v); err != nil {
		return fmt.Errorf("the fact %s cannot be read as a verdict: %w", f.Key, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[v.Rollout] = v
	return nil
}

// past returns the last verdict on a rollout that was kept.
func (h *history) past(id string) (verdictRecord, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.last[id]
	return v, ok
}

// newest returns the newest verdict on a rollout, under way or not.
func (h *history) newest(id string) (verdictRecord, bool) {
	if j, ok := h.snapshots.current().get(id); ok {
		return verdictRecord{j.verdict, j.trail}, true
	}
	return h.past(id)
}

// onTick keeps first failures. It is a tickFunc.
func (h *history) onTick(ctx context.Context, before, after *snapshot) {
	for _, j := range after.judgments {
		last, _ := before.get(j.rollout.ID)
		if j.verdict.Verdict == andon.Fail && last.verdict.Verdict != andon.Fail {
			h.keep(ctx, factVerdictFailed, after.at, j)
		}
	}
}

// onEnding keeps the last verdict. It is an endFunc.
func (h *history) onEnding(ctx context.Context, at time.Time, last judgment) {
	h.keep(ctx, factVerdictFinal, at, last)
}

// keep keeps a verdict as a fact; the first of its kind on a rollout stands.
func (h *history) keep(ctx context.Context, kind string, at time.Time, j judgment) {
	f, err := newFact(kind, kind+"/"+j.rollout.ID, at, verdictRecord{j.verdict, j.trail})
	if err == nil {
		var first bool
		if first, err = h.facts.keep(ctx, f); err == nil && !first {
			err = h.Fold(f) // until a restart the newer of the two is shown
		}
	}
	if err != nil {
		h.log.Error("verdict not stored", "rollout", j.rollout.ID, "kind", kind, "error", err)
	}
}

// logVerdicts returns a tickFunc that logs every verdict that has changed since
// the tick before.
func logVerdicts(log hclog.Logger) tickFunc {
	return func(_ context.Context, before, after *snapshot) {
		for _, j := range after.judgments {
			last, _ := before.get(j.rollout.ID)
			if j.verdict.Verdict != last.verdict.Verdict {
				log.Info("verdict", "rollout", j.rollout.ID, "service", j.rollout.Service, "verdict", j.verdict.Verdict,
					"quality", j.verdict.Quality, "reason", j.verdict.Reason)
			}
		}
	}
}
