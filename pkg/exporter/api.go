package exporter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/andon-project/andon/pkg/analysis"
)

// parseRollout reads the body of an announcement.
func parseRollout(body []byte) (analysis.Rollout, error) {
	var ro analysis.Rollout
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&ro)
	if field, unknown := unknownField(err); unknown {
		return ro, errors.New(analysis.UnknownKey(field, analysis.Keys(reflect.TypeFor[analysis.Rollout](), "json")))
	}
	if err != nil {
		return ro, fmt.Errorf("the body is not a rollout: %w", jsonWords(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ro, errors.New("the body goes on after the rollout; announce one at a time")
	}
	return ro, nil
}

// unknownField returns the key that the JSON package did not know; it has no
// type for that error.
func unknownField(err error) (string, bool) {
	if err == nil {
		return "", false
	}
	field, ok := strings.CutPrefix(err.Error(), "json: unknown field ")
	return strings.Trim(field, `"`), ok
}

func (e *Exporter) postRollout(w http.ResponseWriter, r *http.Request) {
	body, ok := e.body(w, r, maxAnnouncement)
	if !ok {
		return
	}
	ro, err := parseRollout(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), curl)
		return
	}
	stands, first, err := e.take(r.Context(), ro)
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

func (e *Exporter) getRollouts(w http.ResponseWriter, _ *http.Request) {
	all := e.board.Load().List(e.opt.Now())
	if all == nil {
		all = []analysis.Rollout{} // [] on the wire, not null
	}
	answer(w, http.StatusOK, all)
}

func (e *Exporter) getRollout(w http.ResponseWriter, r *http.Request) {
	if ro, ok := e.rolloutOf(w, r); ok {
		answer(w, http.StatusOK, ro)
	}
}

func (e *Exporter) getVerdict(w http.ResponseWriter, r *http.Request) {
	ro, ok := e.rolloutOf(w, r)
	if !ok {
		return
	}
	v, judged := e.verdict(ro.ID)
	if !judged {
		refuse(w, http.StatusNotFound, "there is no verdict on this rollout", "it is judged at the next tick while it is under way")
		return
	}
	answer(w, http.StatusOK, v)
}

// rolloutOf returns the rollout that the path names; if there is none, it
// answers and returns false.
func (e *Exporter) rolloutOf(w http.ResponseWriter, r *http.Request) (analysis.Rollout, bool) {
	id := r.PathValue("id")
	if !rolloutID.MatchString(id) {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("%.100q is not the id of a rollout", id), "GET /api/v1/rollouts lists them")
		return analysis.Rollout{}, false
	}
	ro, ok := e.board.Load().Get(id, e.opt.Now())
	if !ok {
		refuse(w, http.StatusNotFound, fmt.Sprintf("no rollout %q was announced", id), "GET /api/v1/rollouts lists them")
	}
	return ro, ok
}

func (e *Exporter) postReload(w http.ResponseWriter, r *http.Request) {
	err := e.Reload(r.Context())
	if wrong, ok := errors.AsType[*ConfigError](err); ok {
		answer(w, http.StatusUnprocessableEntity, struct {
			Error    string    `json:"error"`
			Hint     string    `json:"hint"`
			Problems []Problem `json:"problems"`
		}{"the configuration is wrong; the last good one stays", "andon check FILE tells the same", wrong.Problems})
		return
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error(), "the last good configuration stays")
		return
	}
	answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"reloaded"})
}

func (e *Exporter) getHealthy(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"healthy"})
}

func (e *Exporter) getReady(w http.ResponseWriter, _ *http.Request) {
	if e.snap.Load() == nil {
		refuse(w, http.StatusServiceUnavailable, "the first tick is not done", "ask again in a moment")
		return
	}
	answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ready"})
}
