package exporter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// parseRollout reads the body of an announcement.
func parseRollout(body []byte) (andon.Rollout, error) {
	var ro andon.Rollout
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&ro)
	if field, unknown := unknownField(err); unknown {
		return ro, errors.New(andon.UnknownKey(field, andon.Keys(reflect.TypeFor[andon.Rollout](), "json")))
	}
	if err != nil {
		return ro, fmt.Errorf("the body is not a valid rollout: %w", jsonWords(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ro, errors.New("the body has text after the rollout; announce one rollout at a time")
	}
	return ro, nil
}

// A rolloutAPI accepts announcements and lists the announced rollouts.
type rolloutAPI struct {
	rollouts  *rollouts
	announcer *announcer
	history   *history
	now       func() time.Time
}

// postRollout accepts one announcement.
func (a rolloutAPI) postRollout(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r, maxAnnouncement)
	if !ok {
		return
	}
	ro, err := parseRollout(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), announceHint)
		return
	}
	stands, first, err := a.announcer.accept(r.Context(), ro)
	if no, refused := errors.AsType[*refusal](err); refused {
		refuse(w, no.status, no.wrong, no.hint)
		return
	}
	status := http.StatusOK
	if first {
		status = http.StatusCreated
		w.Header().Set("Location", "/api/v1/rollouts/"+stands.ID)
	}
	answer(w, status, stands)
}

// getRollouts lists all rollouts, newest first.
func (a rolloutAPI) getRollouts(w http.ResponseWriter, _ *http.Request) {
	all := a.rollouts.board().List(a.now())
	if all == nil {
		all = []andon.Rollout{} // [] on the wire, not null
	}
	answer(w, http.StatusOK, all)
}

// getRollout returns one rollout.
func (a rolloutAPI) getRollout(w http.ResponseWriter, r *http.Request) {
	if ro, ok := pathRollout(w, r, a.rollouts.board(), a.now()); ok {
		answer(w, http.StatusOK, ro)
	}
}

// getVerdict returns the newest verdict on a rollout.
func (a rolloutAPI) getVerdict(w http.ResponseWriter, r *http.Request) {
	ro, ok := pathRollout(w, r, a.rollouts.board(), a.now())
	if !ok {
		return
	}
	v, judged := a.history.newest(ro.ID)
	if !judged {
		refuse(w, http.StatusNotFound, "there is no verdict on this rollout", "the next tick judges it if it is under way")
		return
	}
	answer(w, http.StatusOK, v.Verdict)
}
