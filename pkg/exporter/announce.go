package exporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/rollout"
)

// maxUnderWay is how many rollouts may be under way; each is a row of several
// metrics.
const maxUnderWay = 1000

// rolloutID is what a rollout's id may be here: it stands in addresses, labels
// and the headers of delivery tools as it is.
var rolloutID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}$`)

// A refusal is why an announcement was not taken, for its sender.
type refusal struct {
	status      int
	wrong, hint string
}

func (r *refusal) Error() string { return r.wrong + "; " + r.hint }

const curl = `such as curl -d '{"id":"checkout-v42","service":"checkout","version":"v42"}' http://localhost:9415/api/v1/rollouts`

// take has the board keep what somebody announced; what is not taken is a
// *refusal.
func (e *Exporter) take(ctx context.Context, ro analysis.Rollout) (stands analysis.Rollout, first bool, err error) {
	now, board := e.opt.Now(), e.board.Load()
	if err := e.acceptable(ro); err != nil {
		return ro, false, err
	}
	if _, known := board.Get(ro.ID, now); !known && len(board.UnderWay(now)) >= maxUnderWay {
		return ro, false, &refusal{http.StatusTooManyRequests, fmt.Sprintf("%d rollouts are under way, the most there may be", maxUnderWay), `announce the end of others with "ended"`}
	}
	seen := e.seenOf(ro, now)
	for _, s := range seen {
		if !ro.Started.IsZero() && ro.Started.Before(s.Started) {
			ro.Started = s.Started // or what was seen would come later, and supersede it
		}
	}
	stands, first, err = e.announce(ctx, ro, now)
	for i := 0; err == nil && stands.Ended.IsZero() && i < len(seen); i++ {
		end := stands.Started
		if end.Before(seen[i].Started) {
			end = seen[i].Started
		}
		_, _, err = e.announce(ctx, analysis.Rollout{ID: seen[i].ID, Service: seen[i].Service, Ended: end}, now)
	}
	if wrong, ok := errors.AsType[*rollout.AnnouncementError](err); ok {
		status, hint := http.StatusBadRequest, curl
		if wrong.Conflict {
			status, hint = http.StatusConflict, "GET /api/v1/rollouts/{id} has what was announced before"
		}
		return ro, false, &refusal{status, strings.ReplaceAll(err.Error(), "\n", "; "), hint}
	}
	if err != nil {
		return ro, false, &refusal{http.StatusServiceUnavailable, "the announcement was not kept: " + err.Error(), "send it again"}
	}
	return stands, first, nil
}

// seenOf returns what is under way because its version was seen, and is the
// same change that a delivery tool announces now: the tool knows more of it.
func (e *Exporter) seenOf(ro analysis.Rollout, now time.Time) []analysis.Rollout {
	return slices.DeleteFunc(e.board.Load().UnderWay(now), func(s analysis.Rollout) bool {
		return s.Tool != rollout.ByVersion || ro.Version == "" || s.Service != ro.Service || s.Version != ro.Version || s.ID == ro.ID
	})
}

// announce has the board keep a rollout.
func (e *Exporter) announce(ctx context.Context, ro analysis.Rollout, now time.Time) (analysis.Rollout, bool, error) {
	e.announcing.RLock()
	defer e.announcing.RUnlock()
	stands, first, err := e.board.Load().Announce(ctx, ro, now)
	if err == nil && first {
		e.log.Info("rollout announced", "rollout", stands.ID, "service", stands.Service, "version", stands.Version,
			"previous", stands.Previous, "tool", stands.Tool)
	}
	return stands, first, err
}

// acceptable returns a *refusal of what the board would take and this exporter
// could do nothing with.
func (e *Exporter) acceptable(ro analysis.Rollout) error {
	if ro.ID == "" && ro.Version == "" {
		return &refusal{http.StatusBadRequest, "id: is missing; write a name for this rollout that no other has, or its version", curl}
	}
	if ro.ID != "" && !rolloutID.MatchString(ro.ID) {
		return &refusal{http.StatusBadRequest, fmt.Sprintf("id: %.100q cannot stand in an address; write up to 200 letters, digits and ._:@+-, the first of them a letter or digit", ro.ID), curl}
	}
	c := e.setup.Load().config
	if _, ok := c.service(ro.Service); ro.Service != "" && !ok {
		var names []string
		for _, s := range c.Services {
			names = append(names, s.Name)
		}
		return &refusal{http.StatusUnprocessableEntity, fmt.Sprintf("the service %.100q is not in the configuration; %s", ro.Service, analysis.Suggest(ro.Service, names)),
			"add the service to the configuration and reload it"}
	}
	return nil
}
