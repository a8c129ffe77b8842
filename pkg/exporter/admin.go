package exporter

import (
	"context"
	"errors"
	"net/http"

	"github.com/andon-project/andon/pkg/config"
)

// An adminAPI reports whether the exporter is up, and reloads its configuration.
type adminAPI struct {
	snapshots *snapshots
	reload    func(context.Context) error
}

// postReload loads the configuration again.
func (a adminAPI) postReload(w http.ResponseWriter, r *http.Request) {
	err := a.reload(r.Context())
	if wrong, ok := errors.AsType[*config.Error](err); ok {
		answer(w, http.StatusUnprocessableEntity, struct {
			Error    string           `json:"error"`
			Hint     string           `json:"hint"`
			Problems []config.Problem `json:"problems"`
		}{"the configuration is not valid; the last valid one stays in force", "andon check FILE lists the same problems", wrong.Problems})
		return
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error(), "the last valid configuration stays in force")
		return
	}
	answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"reloaded"})
}

// getHealthy answers while the process runs.
func (a adminAPI) getHealthy(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"healthy"})
}

// getReady reports whether a tick has finished.
func (a adminAPI) getReady(w http.ResponseWriter, _ *http.Request) {
	if a.snapshots.current() == nil {
		refuse(w, http.StatusServiceUnavailable, "the first tick has not finished", "try again in a moment")
		return
	}
	answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ready"})
}
