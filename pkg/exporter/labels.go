package exporter

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/ledger"
)

// factLabelled: somebody said whether a rollout was a regression; data: label.
const factLabelled = "rollout.labelled"

// A label is what somebody said of a rollout, with what was known of it then.
type label struct {
	Rollout    string         `json:"rollout"`
	Service    string         `json:"service"`
	Regression bool           `json:"regression"`
	By         string         `json:"by,omitempty"`
	Reason     string         `json:"reason,omitempty"`
	At         time.Time      `json:"at,omitzero"`        // the time of its fact, in whose data it is not
	Weight     andon.Number   `json:"weight_of_evidence"` // null if it had not been judged by evidence
	Score      andon.Number   `json:"score"`
	Verdict    andon.Decision `json:"verdict,omitempty"`
}

// labels hold those that stand, the newest of each rollout: a fold over facts.
// They are safe for concurrent use.
type labels struct {
	mu      sync.Mutex
	stand   map[string]label   // by rollout
	said    map[string]int     // how often each rollout was labelled
	learnt  *judge.Calibration // from those that stood when it was last asked for; nil without any
	changed bool               // since
}

func newLabels() *labels {
	return &labels{stand: make(map[string]label), said: make(map[string]int)}
}

// Fold implements folder.
func (l *labels) Fold(f ledger.Fact) error {
	if f.Kind != factLabelled {
		return nil
	}
	var said label
	if err := json.Unmarshal(f.Data, &said); err != nil || said.Rollout == "" {
		return errors.Join(fmt.Errorf("the fact %s cannot be read as a label", f.Key), err)
	}
	said.At = f.At
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stand[said.Rollout], l.changed = said, true
	l.said[said.Rollout]++
	return nil
}

// get returns what stands of a rollout, and how often it was labelled.
func (l *labels) get(rollout string) (stands label, times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stand[rollout], l.said[rollout]
}

// notJudged is the verdict of a rollout that was labelled without one.
const notJudged = "not_judged"

// counts returns how many labels stand, by the verdict on the rollout when it
// was labelled and by what was said, with 0 for what nobody said.
func (l *labels) counts() map[string]map[bool]int {
	out := make(map[string]map[bool]int)
	for _, verdict := range []string{string(andon.Pass), string(andon.Fail), string(andon.Inconclusive), notJudged} {
		out[verdict] = map[bool]int{true: 0, false: 0}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, said := range l.stand {
		counts, known := out[string(said.Verdict)]
		if !known {
			counts = out[notJudged]
		}
		counts[said.Regression]++
	}
	return out
}

// calibration returns what the labels teach; nil if there are none.
func (l *labels) calibration() *judge.Calibration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed {
		all := make([]judge.Label, 0, len(l.stand))
		for _, said := range l.stand {
			all = append(all, judge.Label{Service: said.Service, Regression: said.Regression, Weight: said.Weight})
		}
		l.learnt, l.changed = judge.Calibrate(all), false
	}
	return l.learnt
}
