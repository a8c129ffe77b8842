package exporter

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

const labelHint = `for example: curl -d '{"regression": true, "by": "ops", "reason": "INC-42"}' http://localhost:9415/api/v1/rollouts/checkout-v42/label`

// parseLabel reads the body of a label.
func parseLabel(body []byte) (regression bool, author, reason string, err error) {
	var given struct {
		Regression *bool  `json:"regression"`
		Author     string `json:"by"`
		Reason     string `json:"reason"`
	}
	if err := decodeBody(body, &given, []string{"regression", "by", "reason"}, "a valid label", "the label; send one label at a time"); err != nil {
		return false, "", "", err
	}
	if given.Regression == nil {
		return false, "", "", errors.New(`"regression" is missing; write true if the rollout made its service worse, false if it did not`)
	}
	return *given.Regression, strings.TrimSpace(given.Author), strings.TrimSpace(given.Reason), nil
}

// A labelAPI accepts the labels that people give rollouts.
type labelAPI struct {
	rollouts *rollouts
	history  *history
	labels   *labels
	facts    *facts
	now      func() time.Time
	log      hclog.Logger
}

// postLabel keeps a label with the verdict on the rollout at that time.
func (a labelAPI) postLabel(w http.ResponseWriter, r *http.Request) {
	ro, ok := pathRollout(w, r, a.rollouts.board(), a.now())
	if !ok {
		return
	}
	body, ok := readBody(w, r, maxAnnouncement)
	if !ok {
		return
	}
	given := label{Rollout: ro.ID, Service: ro.Service, Weight: andon.Unknown, Score: andon.Unknown}
	var err error
	if given.Regression, given.Author, given.Reason, err = parseLabel(body); err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), labelHint)
		return
	}
	if v, judged := a.history.newest(ro.ID); judged {
		given.Weight, given.Score, given.Verdict = v.Weight, v.Score, v.Verdict.Verdict
	}
	status, err := a.keep(r.Context(), given)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the label was not stored: "+err.Error(), "send it again")
		return
	}
	stands, _ := a.labels.get(ro.ID)
	answer(w, status, stands)
}

// keep keeps a label, unless the rollout has the same label already.
func (a labelAPI) keep(ctx context.Context, given label) (status int, err error) {
	stands, times := a.labels.get(given.Rollout)
	if times > 0 && stands.Regression == given.Regression && stands.Author == given.Author && stands.Reason == given.Reason {
		return http.StatusOK, nil
	}
	data, err := json.Marshal(given)
	if err != nil {
		return 0, err
	}
	// The same label sent twice at the same time is kept once; sent again after
	// another label, it is kept again.
	key := fmt.Sprintf("%s/%d/%x/%s", factLabelled, times, sha256.Sum256(data), given.Rollout)
	f := ledger.Fact{Key: key, Kind: factLabelled, At: a.now(), Data: data}
	first, err := a.facts.keep(ctx, f)
	if err == nil && !first {
		err = a.labels.Fold(f) // so that the answer has it, whoever is done first
	}
	if err != nil {
		return 0, err
	}
	a.log.Info("rollout labelled", "rollout", given.Rollout, "regression", given.Regression, "by", given.Author, "reason", given.Reason)
	return http.StatusCreated, nil
}
