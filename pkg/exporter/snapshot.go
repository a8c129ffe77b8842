package exporter

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/ledger"
)

// A snapshot is what the last tick found. It is never changed once it is
// published: metrics, pages and the alert receiver all read the same one.
type snapshot struct {
	at     time.Time
	judged []judged // oldest rollout first
	byID   map[string]int
}

// A judged is a rollout under way with its verdict.
type judged struct {
	rollout analysis.Rollout
	service Service // the zero Service if it is not configured any more
	verdict analysis.Verdict
	trail   []analysis.Point
	lesson  *learnt         // that it has taught by now; nil if nothing
	seen    []analysis.Seen // in its logs
}

func newSnapshot(at time.Time, all []judged) *snapshot {
	s := &snapshot{at: at, judged: all, byID: make(map[string]int, len(all))}
	for i, j := range all {
		s.byID[j.rollout.ID] = i
	}
	return s
}

// get returns what is known of a rollout; s may be nil.
func (s *snapshot) get(id string) (judged, bool) {
	if s == nil {
		return judged{}, false
	}
	i, ok := s.byID[id]
	if !ok {
		return judged{}, false
	}
	return s.judged[i], true
}

// ambiguous returns the verdict by which a rollout is one of a set of which one
// made things worse and it cannot be told which: its own, or that of another of
// the set; and whether there is one. One that failed by itself is in no set.
func (s *snapshot) ambiguous(id string) (analysis.Verdict, bool) {
	own, known := s.get(id)
	if !known || own.verdict.Verdict == analysis.Fail {
		return analysis.Verdict{}, false
	}
	if own.verdict.Quality == analysis.Ambiguous {
		return own.verdict, true
	}
	for _, j := range s.judged {
		if j.verdict.Quality == analysis.Ambiguous && slices.Contains(j.verdict.Set, id) {
			return j.verdict, true
		}
	}
	return analysis.Verdict{}, false
}

// all returns the rollouts; s may be nil.
func (s *snapshot) all() []judged {
	if s == nil {
		return nil
	}
	return s.judged
}

// The kinds of facts about verdicts; the data of both is a keptVerdict.
const (
	factVerdictFailed = "verdict.failed" // a rollout failed for the first time
	factVerdictFinal  = "verdict.final"  // a rollout ended with this verdict
)

// A keptVerdict is a verdict with the evidence over time that led to it.
type keptVerdict struct {
	analysis.Verdict
	Trail []analysis.Point `json:"trail,omitempty"`
}

// pastVerdicts are the last verdicts on rollouts that are no longer under
// way, and the first failing ones: a fold over facts.
type pastVerdicts struct {
	mu   sync.Mutex
	last map[string]keptVerdict
}

func newPastVerdicts() *pastVerdicts {
	return &pastVerdicts{last: make(map[string]keptVerdict)}
}

func (p *pastVerdicts) fold(f ledger.Fact) error {
	if f.Kind != factVerdictFailed && f.Kind != factVerdictFinal {
		return nil
	}
	var v keptVerdict
	if err := json.Unmarshal(f.Data, &v); err != nil {
		return fmt.Errorf("fact %s holds no verdict: %w", f.Key, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last[v.Rollout] = v
	return nil
}

func (p *pastVerdicts) get(id string) (keptVerdict, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.last[id]
	return v, ok
}

// verdict returns the newest verdict on a rollout, under way or not.
func (e *Exporter) verdict(id string) (analysis.Verdict, bool) {
	if j, ok := e.snap.Load().get(id); ok {
		return j.verdict, true
	}
	v, ok := e.past.get(id)
	return v.Verdict, ok
}
