package exporter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/delivery"
	"github.com/andon-project/andon/pkg/ledger"
)

// The kinds of facts about notifications and halts.
const (
	factReceived   = "notification.received" // data: notification
	factObserved   = "halt.observed"         // data: decision; mode observe: what would have been asked
	factRefused    = "halt.refused"          // data: decision; no halt, and why
	factAsked      = "halt.asked"            // data: decision; kept before the tool is called
	factAnswered   = "halt.answered"         // data: decision; the halt is in force
	factHaltFailed = "halt.failed"           // data: decision; the tool refused for good
)

// A notification is one alert that Alertmanager told us of.
type notification struct {
	Fingerprint string    `json:"fingerprint"`
	StartsAt    time.Time `json:"startsAt"`
	Status      string    `json:"status"` // firing or resolved
	Alert       string    `json:"alertname,omitempty"`
	Rollout     string    `json:"rollout"`
	Receiver    string    `json:"receiver,omitempty"`

	Action delivery.Action `json:"action,omitempty"` // that is asked for; a halt if empty
}

// key names the alert: every repetition and every copy from the other of a
// pair of Alertmanagers has the same. The fingerprint is the sender's word, so
// the rollout is in it too: what is said of one never settles another.
func (n notification) key() string {
	return n.Rollout + "/" + n.Fingerprint + "/" + n.StartsAt.UTC().Format(time.RFC3339Nano)
}

// A decision is what was decided about, or became of, halting a rollout, or
// holding it.
type decision struct {
	Halt         string            `json:"halt"`             // id of the halt, or of the hold
	Action       delivery.Action   `json:"action,omitempty"` // a halt if empty
	Rollout      string            `json:"rollout"`
	Tool         string            `json:"tool,omitempty"`
	Notification string            `json:"notification,omitempty"` // key of the alert that brought it about
	Why          reason            `json:"why,omitempty"`          // a refusal's
	Says         string            `json:"says"`
	Verdict      *analysis.Verdict `json:"verdict,omitempty"`
	Answer       *delivery.Answer  `json:"answer,omitempty"`
}

// A reason says why a rollout was not halted.
type reason string

const (
	whyObserve reason = "observe"         // mode observe
	whyBudget  reason = "budget"          // the halt budget is spent
	whyVerdict reason = "verdict"         // its verdict is not fail
	whyEnded   reason = "not_under_way"   // it has ended
	whyNoTool  reason = "no_tool"         // its service has no delivery tool
	whyFailed  reason = "refused_by_tool" // the tool refused for good
	whyPolicy  reason = "policy"          // halt.ambiguous is nothing
	whyNoHold  reason = "cannot_hold"     // the tool can halt and not hold
)

var reasons = []reason{whyObserve, whyBudget, whyVerdict, whyEnded, whyNoTool, whyFailed, whyPolicy, whyNoHold}

// A haltState is how far a halt has come.
type haltState struct {
	asked    *decision
	askedAt  time.Time
	answered *decision
	failed   *decision // the tool's last refusal for good; nil once it is asked again
}

// A haltBook holds what was decided about halts: a fold over facts.
type haltBook struct {
	mu      sync.Mutex
	halts   map[string]*haltState // by id of the halt
	settled map[string]settled    // by notification: nothing more is to be done about it
}

// A settled notification is answered as it was before.
type settled struct {
	kind string // of the fact
	decision
}

func newHaltBook() *haltBook {
	return &haltBook{halts: make(map[string]*haltState), settled: make(map[string]settled)}
}

// haltID names the one halt, or the one hold, that a rollout can have. It holds
// nothing else, so that no restart and no second alert can make two of it.
func haltID(a delivery.Action, of string) string {
	return string(cmp.Or(a, delivery.HaltIt)) + "-" + of
}

func (b *haltBook) fold(f ledger.Fact) error {
	switch f.Kind {
	case factObserved, factRefused, factAsked, factAnswered, factHaltFailed:
	default:
		return nil
	}
	var d decision
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return fmt.Errorf("fact %s holds no decision: %w", f.Key, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.halts[d.Halt]
	if h == nil {
		h = &haltState{}
		b.halts[d.Halt] = h
	}
	switch f.Kind {
	case factAsked:
		if h.asked == nil {
			h.asked, h.askedAt = &d, f.At
		}
		h.failed = nil
		return nil
	case factAnswered:
		h.answered = &d
	case factHaltFailed:
		h.failed = &d
	case factRefused:
		if d.Why != whyEnded {
			return nil // may be different the next time the alert is told
		}
	}
	if d.Notification != "" {
		b.settled[d.Notification] = settled{f.Kind, d}
	}
	return nil
}

// state returns how far the halt of that id has come.
func (b *haltBook) state(id string) haltState {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h := b.halts[id]; h != nil {
		return *h
	}
	return haltState{}
}

func (b *haltBook) settledBy(notification string) (settled, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.settled[notification]
	return s, ok
}

// askedSince returns how many halts were asked for after t; holds, which give
// nothing up, do not count.
func (b *haltBook) askedSince(t time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, h := range b.halts {
		if h.asked != nil && h.asked.Action != delivery.HoldIt && h.askedAt.After(t) {
			n++
		}
	}
	return n
}

// open returns the halts that were asked for and neither answered nor refused.
func (b *haltBook) open() []decision {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []decision
	for _, h := range b.halts {
		if h.asked != nil && h.answered == nil && h.failed == nil {
			out = append(out, *h.asked)
		}
	}
	return out
}
