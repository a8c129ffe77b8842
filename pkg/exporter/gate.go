package exporter

import (
	"fmt"
	"net/http"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A gate is the answer to a delivery tool that asks whether it may go on or
// should roll back.
type gate struct {
	Gate    string         `json:"gate"` // open or hold
	Rollout string         `json:"rollout,omitempty"`
	Verdict andon.Decision `json:"verdict,omitempty"`
	Reason  string         `json:"reason"`
}

// A gateAPI answers delivery tools that ask whether to go on.
type gateAPI struct {
	settings  *settings
	rollouts  *rollouts
	snapshots *snapshots
	now       func() time.Time
}

// getGate serves the gate of a service: the newest rollout of it that is under
// way. It is open, 200, if the verdict is pass, or with ?when=fail if it is
// fail; otherwise, and whenever that is not known, it holds: 409.
func (a gateAPI) getGate(w http.ResponseWriter, r *http.Request) {
	when := andon.Decision(r.URL.Query().Get("when"))
	switch when {
	case "":
		when = andon.Pass
	case andon.Pass, andon.Fail:
	default:
		refuse(w, http.StatusBadRequest, fmt.Sprintf("when: %.20q is not a verdict to wait for; write pass or fail", when), "leave it out to ask whether the rollout may go on")
		return
	}
	service := r.PathValue("service")
	s := a.settings.current()
	if _, known := s.config.Service(service); !known {
		refuse(w, http.StatusNotFound, unknownService(s.config, service), "GET /api/v1/services lists the names")
		return
	}
	g := a.gate(s, service, when)
	status := http.StatusConflict
	if g.Gate == "open" {
		status = http.StatusOK
	}
	answer(w, status, g)
}

// gate returns the gate of a service now.
func (a gateAPI) gate(s *setup, service string, when andon.Decision) gate {
	now := a.now()
	g := gate{Gate: "hold", Reason: fmt.Sprintf("no rollout of %s is under way; announce it", service)}
	for _, ro := range a.rollouts.board().UnderWay(now) {
		if ro.Service == service { // oldest first
			g.Rollout = ro.ID
		}
	}
	snap := a.snapshots.current()
	j, judged := snap.get(g.Rollout)
	switch {
	case g.Rollout == "":
	case !judged:
		g.Reason = "the rollout has not been judged yet; the next tick judges it"
	case now.Sub(snap.at) > staleTicks*tickTimeout(s.config):
		g.Reason = "the last tick was at " + snap.at.UTC().Format(time.RFC3339) + ", which is too long ago to act on"
	default:
		g.Verdict, g.Reason = j.verdict.Verdict, j.verdict.Reason
		if g.Verdict == when {
			g.Gate = "open"
		}
	}
	return g
}
