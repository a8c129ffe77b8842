package exporter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/delivery"
	"github.com/andon-project/andon/pkg/ledger"
)

// The kinds of facts about notifications and halts.
const (
	factReceived   = "notification.received" // data: notification
	factObserved   = "halt.observed"         // data: decision; mode observe: the request that would have been sent
	factRefused    = "halt.refused"          // data: decision; no halt, and why
	factAsked      = "halt.asked"            // data: decision; recorded before the tool is called
	factAnswered   = "halt.answered"         // data: decision; the halt is in force
	factHaltFailed = "halt.failed"           // data: decision; the tool refused for good
)

// A notification is one alert that Alertmanager sent.
type notification struct {
	Fingerprint string    `json:"fingerprint"`
	StartsAt    time.Time `json:"startsAt"`
	Status      string    `json:"status"` // firing or resolved
	Alert       string    `json:"alertname,omitempty"`
	Rollout     string    `json:"rollout"`
	Receiver    string    `json:"receiver,omitempty"`

	Action delivery.Action `json:"action,omitempty"` // that is requested; a halt if empty
}

// key names the alert: every repetition and every copy from the other of a
// pair of Alertmanagers has the same. The sender chooses the fingerprint, so the
// key has the rollout too: an alert on one rollout never settles another.
func (n notification) key() string {
	return n.Rollout + "/" + n.Fingerprint + "/" + n.StartsAt.UTC().Format(time.RFC3339Nano)
}

// A decision is what was decided about halting or holding a rollout, or its
// result.
type decision struct {
	Halt         string           `json:"halt"`             // id of the halt, or of the hold
	Action       delivery.Action  `json:"action,omitempty"` // a halt if empty
	Rollout      string           `json:"rollout"`
	Tool         string           `json:"tool,omitempty"`
	Notification string           `json:"notification,omitempty"` // key of the alert that caused it
	Why          reason           `json:"why,omitempty"`          // a refusal's
	Text         string           `json:"says"`
	Verdict      *andon.Verdict   `json:"verdict,omitempty"`
	Answer       *delivery.Answer `json:"answer,omitempty"`
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

// A haltState is the progress of a halt.
type haltState struct {
	requested   *decision
	requestedAt time.Time
	answered    *decision
	failed      *decision // the tool's last refusal for good; nil once it is requested again
}

// halts hold the state of every halt: a fold over facts. They are safe for
// concurrent use.
type halts struct {
	mu      sync.Mutex
	byID    map[string]*haltState
	rulings map[string]ruling // by notification, which needs no further decision
}

// A ruling is a decision as it was kept. A notification that comes again is
// answered with the one on it.
type ruling struct {
	kind string // of the fact
	decision
}

func newHalts() *halts {
	return &halts{byID: make(map[string]*haltState), rulings: make(map[string]ruling)}
}

// haltID names the one halt, or the one hold, that a rollout can have. It holds
// nothing else, so that no restart and no second alert can make two of it.
func haltID(a delivery.Action, id string) string {
	return string(cmp.Or(a, delivery.ActionHalt)) + "-" + id
}

// Fold implements folder.
func (h *halts) Fold(f ledger.Fact) error {
	switch f.Kind {
	case factObserved, factRefused, factAsked, factAnswered, factHaltFailed:
	default:
		return nil
	}
	var d decision
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return fmt.Errorf("the fact %s cannot be read as a decision: %w", f.Key, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	state := h.byID[d.Halt]
	if state == nil {
		state = &haltState{}
		h.byID[d.Halt] = state
	}
	switch f.Kind {
	case factAsked:
		if state.requested == nil {
			state.requested, state.requestedAt = &d, f.At
		}
		state.failed = nil
		return nil
	case factAnswered:
		state.answered = &d
	case factHaltFailed:
		state.failed = &d
	case factRefused:
		if d.Why != whyEnded {
			return nil // may be decided otherwise when the alert is sent again
		}
	}
	if d.Notification != "" {
		h.rulings[d.Notification] = ruling{f.Kind, d}
	}
	return nil
}

// state returns the state of the halt of that id.
func (h *halts) state(id string) haltState {
	h.mu.Lock()
	defer h.mu.Unlock()
	if state := h.byID[id]; state != nil {
		return *state
	}
	return haltState{}
}

// rulingOn returns the ruling on a notification, if there is one.
func (h *halts) rulingOn(notification string) (ruling, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, ok := h.rulings[notification]
	return r, ok
}

// requestedSince returns how many halts were requested after t. Holds do not
// count: they give nothing up.
func (h *halts) requestedSince(t time.Time) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, state := range h.byID {
		if state.requested != nil && state.requested.Action != delivery.ActionHold && state.requestedAt.After(t) {
			n++
		}
	}
	return n
}

// open returns the halts that were requested and neither answered nor refused.
func (h *halts) open() []decision {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []decision
	for _, state := range h.byID {
		if state.requested != nil && state.answered == nil && state.failed == nil {
			out = append(out, *state.requested)
		}
	}
	return out
}
