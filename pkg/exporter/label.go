package exporter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/ledger"
)

// factLabelled: somebody said whether a rollout was a regression; data: label.
const factLabelled = "rollout.labelled"

// A label is what somebody said of a rollout, with what was known of it then.
type label struct {
	Rollout    string            `json:"rollout"`
	Service    string            `json:"service"`
	Regression bool              `json:"regression"`
	By         string            `json:"by,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	At         time.Time         `json:"at,omitzero"`        // the time of its fact, in whose data it is not
	Weight     analysis.Number   `json:"weight_of_evidence"` // null if it had not been judged by evidence
	Score      analysis.Number   `json:"score"`
	Verdict    analysis.Decision `json:"verdict,omitempty"`
}

// A labelBook holds the labels that stand, the newest of each rollout: a fold over facts.
type labelBook struct {
	mu      sync.Mutex
	of      map[string]label
	said    map[string]int        // how often each rollout was labelled
	learnt  *analysis.Calibration // from those that stood when it was last asked for; nil without any
	changed bool                  // since
}

func newLabelBook() *labelBook {
	return &labelBook{of: make(map[string]label), said: make(map[string]int)}
}

func (l *labelBook) fold(f ledger.Fact) error {
	if f.Kind != factLabelled {
		return nil
	}
	var said label
	if err := json.Unmarshal(f.Data, &said); err != nil || said.Rollout == "" {
		return errors.Join(fmt.Errorf("fact %s holds no label", f.Key), err)
	}
	said.At = f.At
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[said.Rollout], l.changed = said, true
	l.said[said.Rollout]++
	return nil
}

// get returns what stands of a rollout, and how often it was labelled.
func (l *labelBook) get(rollout string) (stands label, times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[rollout], l.said[rollout]
}

// notJudged is the verdict of a rollout that was labelled without one.
const notJudged = "not_judged"

// counts returns how many labels stand, by the verdict on the rollout when it
// was labelled and by what was said, with 0 for what nobody said.
func (l *labelBook) counts() map[string]map[bool]int {
	out := make(map[string]map[bool]int)
	for _, verdict := range append(slices.Clone(analysis.Decisions), notJudged) {
		out[string(verdict)] = map[bool]int{true: 0, false: 0}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, said := range l.of {
		of, known := out[string(said.Verdict)]
		if !known {
			of = out[notJudged]
		}
		of[said.Regression]++
	}
	return out
}

// calibration returns what the labels teach; nil if there are none.
func (l *labelBook) calibration() *analysis.Calibration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed {
		all := make([]analysis.Label, 0, len(l.of))
		for _, said := range l.of {
			all = append(all, analysis.Label{Service: said.Service, Regression: said.Regression, Weight: said.Weight})
		}
		l.learnt, l.changed = analysis.Calibrate(all), false
	}
	return l.learnt
}

const labelHint = `such as curl -d '{"regression": true, "by": "ops", "reason": "INC-42"}' http://localhost:9415/api/v1/rollouts/checkout-v42/label`

// parseLabel reads the body of a label.
func parseLabel(body []byte) (regression bool, by, reason string, err error) {
	var said struct {
		Regression *bool  `json:"regression"`
		By         string `json:"by"`
		Reason     string `json:"reason"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err = d.Decode(&said)
	if field, unknown := unknownField(err); unknown {
		return false, "", "", errors.New(analysis.UnknownKey(field, []string{"regression", "by", "reason"}))
	}
	if err != nil {
		return false, "", "", fmt.Errorf("the body is not a label: %w", jsonWords(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return false, "", "", errors.New("the body goes on after the label")
	}
	if said.Regression == nil {
		return false, "", "", errors.New(`"regression" is missing: true if the rollout made its service worse, false if it did not`)
	}
	return *said.Regression, strings.TrimSpace(said.By), strings.TrimSpace(said.Reason), nil
}

func (e *Exporter) postLabel(w http.ResponseWriter, r *http.Request) {
	ro, ok := e.rolloutOf(w, r)
	if !ok {
		return
	}
	body, ok := e.body(w, r, maxAnnouncement)
	if !ok {
		return
	}
	said := label{Rollout: ro.ID, Service: ro.Service, Weight: analysis.Unknown, Score: analysis.Unknown}
	var err error
	if said.Regression, said.By, said.Reason, err = parseLabel(body); err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), labelHint)
		return
	}
	if v, judged := e.verdict(ro.ID); judged {
		said.Weight, said.Score, said.Verdict = v.Weight, v.Score, v.Verdict
	}
	status, err := e.label(r.Context(), said)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the label was not kept: "+err.Error(), "send it again")
		return
	}
	stands, _ := e.labels.get(ro.ID)
	answer(w, status, stands)
}

// label keeps what was said, unless the same stands already.
func (e *Exporter) label(ctx context.Context, said label) (status int, err error) {
	stands, times := e.labels.get(said.Rollout)
	if times > 0 && stands.Regression == said.Regression && stands.By == said.By && stands.Reason == said.Reason {
		return http.StatusOK, nil
	}
	data, err := json.Marshal(said)
	if err != nil {
		return 0, err
	}
	// Who says the same at the same time says it once; who says it again after
	// something else was said, anew.
	key := fmt.Sprintf("%s/%d/%x/%s", factLabelled, times, sha256.Sum256(data), said.Rollout)
	f := ledger.Fact{Key: key, Kind: factLabelled, At: e.opt.Now(), Data: data}
	if _, err := e.ledger.Append(ctx, f); err != nil {
		return 0, err
	}
	e.log.Info("rollout labelled", "rollout", said.Rollout, "regression", said.Regression, "by", said.By, "reason", said.Reason)
	return http.StatusCreated, e.labels.fold(f)
}
