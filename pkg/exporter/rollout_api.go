package exporter

import (
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// parseRollout reads the body of an announcement.
func parseRollout(body []byte) (andon.Rollout, error) {
	var ro andon.Rollout
	keys := andon.Keys(reflect.TypeFor[andon.Rollout](), "json")
	if err := decodeBody(body, &ro, keys, "a valid rollout", "the rollout; announce one rollout at a time"); err != nil {
		return ro, err
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
