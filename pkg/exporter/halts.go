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
	Halt         string           `json:"halt"`             // id of the halt, or of the hold
	Action       delivery.Action  `json:"action,omitempty"` // a halt if empty
	Rollout      string           `json:"rollout"`
	Tool         string           `json:"tool,omitempty"`
	Notification string           `json:"notification,omitempty"` // key of the alert that brought it about
	Why          reason           `json:"why,omitempty"`          // a refusal's
	Says         string           `json:"says"`
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

// A haltState is how far a halt has come.
type haltState struct {
	asked    *decision
	askedAt  time.Time
	answered *decision
	failed   *decision // the tool's last refusal for good; nil once it is asked again
}

// halts hold what was decided about them: a fold over facts. They are safe for
// concurrent use.
type halts struct {
	mu      sync.Mutex
	byID    map[string]*haltState
	rulings map[string]ruling // by notification: nothing more is to be done about it
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
		if state.asked == nil {
			state.asked, state.askedAt = &d, f.At
		}
		state.failed = nil
		return nil
	case factAnswered:
		state.answered = &d
	case factHaltFailed:
		state.failed = &d
	case factRefused:
		if d.Why != whyEnded {
			return nil // may be different the next time the alert is told
		}
	}
	if d.Notification != "" {
		h.rulings[d.Notification] = ruling{f.Kind, d}
	}
	return nil
}

// state returns how far the halt of that id has come.
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

// askedSince returns how many halts were asked for after t; holds, which give
// nothing up, do not count.
func (h *halts) askedSince(t time.Time) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, state := range h.byID {
		if state.asked != nil && state.asked.Action != delivery.ActionHold && state.askedAt.After(t) {
			n++
		}
	}
	return n
}

// open returns the halts that were asked for and neither answered nor refused.
func (h *halts) open() []decision {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []decision
	for _, state := range h.byID {
		if state.asked != nil && state.answered == nil && state.failed == nil {
			out = append(out, *state.asked)
		}
	}
	return out
}
