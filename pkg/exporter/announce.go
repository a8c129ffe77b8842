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

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
)

// maxUnderWay is how many rollouts may be under way; each is a row of several
// metrics.
const maxUnderWay = 1000

// rolloutID is what a rollout's id may be here: it stands in addresses, labels
// and the headers of delivery tools as it is.
var rolloutID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}$`)

// A refusal says why an announcement was not accepted.
type refusal struct {
	status      int
	wrong, hint string
}

func (r *refusal) Error() string { return r.wrong + "; " + r.hint }

const announceHint = `for example: curl -d '{"id":"checkout-v42","service":"checkout","version":"v42"}' http://localhost:9415/api/v1/rollouts`

// An announcer decides which announcements are accepted.
type announcer struct {
	settings *settings
	rollouts *rollouts
	now      func() time.Time
}

// accept has the board keep an announcement. If it is not accepted, the error is
// a *refusal.
func (a *announcer) accept(ctx context.Context, ro andon.Rollout) (stands andon.Rollout, first bool, err error) {
	now, kept := a.now(), a.rollouts.board()
	if err := a.acceptable(ro); err != nil {
		return ro, false, err
	}
	if _, known := kept.Get(ro.ID, now); !known && len(kept.UnderWay(now)) >= maxUnderWay {
		return ro, false, &refusal{http.StatusTooManyRequests, fmt.Sprintf("%d rollouts are under way, which is the maximum", maxUnderWay), `end other rollouts: announce them again with "ended"`}
	}
	seen := a.seenInLabel(ro, now)
	for _, s := range seen {
		if !ro.Started.IsZero() && ro.Started.Before(s.Started) {
			ro.Started = s.Started // or the seen rollout would start later, and replace this one
		}
	}
	stands, first, err = a.rollouts.announce(ctx, ro, now)
	for i := 0; err == nil && stands.Ended.IsZero() && i < len(seen); i++ {
		end := stands.Started
		if end.Before(seen[i].Started) {
			end = seen[i].Started
		}
		_, _, err = a.rollouts.announce(ctx, andon.Rollout{ID: seen[i].ID, Service: seen[i].Service, Ended: end}, now)
	}
	if wrong, ok := errors.AsType[*board.AnnouncementError](err); ok {
		status, hint := http.StatusBadRequest, announceHint
		if wrong.Conflict {
			status, hint = http.StatusConflict, "GET /api/v1/rollouts/{id} shows what was announced before"
		}
		return ro, false, &refusal{status, strings.ReplaceAll(err.Error(), "\n", "; "), hint}
	}
	if err != nil {
		return ro, false, &refusal{http.StatusServiceUnavailable, "the announcement was not stored: " + err.Error(), "send it again"}
	}
	return stands, first, nil
}

// seenInLabel returns the rollouts under way that were found by their version
// label and are the same change as ro, which a delivery tool announces now.
func (a *announcer) seenInLabel(ro andon.Rollout, now time.Time) []andon.Rollout {
	return slices.DeleteFunc(a.rollouts.board().UnderWay(now), func(s andon.Rollout) bool {
		return s.Tool != board.ByVersion || ro.Version == "" || s.Service != ro.Service || s.Version != ro.Version || s.ID == ro.ID
	})
}

// acceptable returns a *refusal of what the board would accept but this exporter
// cannot use.
func (a *announcer) acceptable(ro andon.Rollout) error {
	if ro.ID == "" && ro.Version == "" {
		return &refusal{http.StatusBadRequest, "id: is missing; write a unique name for this rollout, or its version", announceHint}
	}
	if ro.ID != "" && !rolloutID.MatchString(ro.ID) {
		return &refusal{http.StatusBadRequest, fmt.Sprintf("id: %.100q is not a valid id; write up to 200 letters, digits and ._:@+-, beginning with a letter or digit", ro.ID), announceHint}
	}
	c := a.settings.current().config
	if _, ok := c.Service(ro.Service); ro.Service != "" && !ok {
		return &refusal{http.StatusUnprocessableEntity, unknownService(c, ro.Service), "add the service to the configuration and reload it"}
	}
	return nil
}
