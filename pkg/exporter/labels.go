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

// factLabelled: somebody labelled a rollout as a regression or not; data: label.
const factLabelled = "rollout.labelled"

// A label says whether a rollout was a regression, with the verdict at that time.
type label struct {
	Rollout    string         `json:"rollout"`
	Service    string         `json:"service"`
	Regression bool           `json:"regression"`
	Author     string         `json:"by,omitempty"`
	Reason     string         `json:"reason,omitempty"`
	At         time.Time      `json:"at,omitzero"`        // the time of its fact, in whose data it is not
	Weight     andon.Number   `json:"weight_of_evidence"` // null if it had not been judged by evidence
	Score      andon.Number   `json:"score"`
	Verdict    andon.Decision `json:"verdict,omitempty"`
}

// labels hold the newest label of each rollout: a fold over facts. They are safe
// for concurrent use.
type labels struct {
	mu      sync.Mutex
	current map[string]label   // the newest, by rollout
	times   map[string]int     // how often each rollout was labelled
	learnt  *judge.Calibration // from the labels at the last call of calibration; nil without any
	changed bool               // since then
}

func newLabels() *labels {
	return &labels{current: make(map[string]label), times: make(map[string]int)}
}

// Fold implements folder.
func (l *labels) Fold(f ledger.Fact) error {
	if f.Kind != factLabelled {
		return nil
	}
	var given label
	if err := json.Unmarshal(f.Data, &given); err != nil || given.Rollout == "" {
		return errors.Join(fmt.Errorf("the fact %s cannot be read as a label", f.Key), err)
	}
	given.At = f.At
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current[given.Rollout], l.changed = given, true
	l.times[given.Rollout]++
	return nil
}

// get returns the newest label of a rollout, and how often it was labelled.
func (l *labels) get(rollout string) (stands label, times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current[rollout], l.times[rollout]
}

// notJudged is the verdict of a rollout that was labelled without one.
const notJudged = "not_judged"

// counts returns the number of labelled rollouts, by the verdict when they were
// labelled and by whether they were a regression; a count may be 0.
func (l *labels) counts() map[string]map[bool]int {
	out := make(map[string]map[bool]int)
	for _, verdict := range []string{string(andon.Pass), string(andon.Fail), string(andon.Inconclusive), notJudged} {
		out[verdict] = map[bool]int{true: 0, false: 0}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.current {
		counts, known := out[string(one.Verdict)]
		if !known {
			counts = out[notJudged]
		}
		counts[one.Regression]++
	}
	return out
}

// calibration returns the calibration from the labels; nil if there are none.
func (l *labels) calibration() *judge.Calibration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed {
		all := make([]judge.Label, 0, len(l.current))
		for _, one := range l.current {
			all = append(all, judge.Label{Service: one.Service, Regression: one.Regression, Weight: one.Weight})
		}
		l.learnt, l.changed = judge.Calibrate(all), false
	}
	return l.learnt
}
