package exporter

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/delivery"
)

// maxHistory is the maximum number of rollouts in an answer to GET
// /api/v1/verdicts.
const maxHistory = 1000

// A verdictAPI lists services, rollouts with their verdicts and halts, and the
// prior knowledge that a rollout is judged with.
type verdictAPI struct {
	settings  *settings
	rollouts  *rollouts
	baselines baselines
	history   *history
	halts     *halts
	lessons   *lessons
	calls     *calls
	now       func() time.Time
}

// getServices lists the configured services, so that others can judge as Andon
// does.
func (a verdictAPI) getServices(w http.ResponseWriter, _ *http.Request) {
	c := a.settings.current().config
	all := make([]andon.ServiceInfo, len(c.Services))
	for i, s := range c.Services {
		all[i] = andon.ServiceInfo{Service: s.Service, Judged: []string{}}
		for _, sig := range s.Service.Signals {
			all[i].Judged = append(all[i].Judged, sig.Name)
		}
		if s.Tool != nil {
			all[i].Tool = s.Tool.Tool
		}
	}
	answer(w, http.StatusOK, all)
}

// getVerdicts lists rollouts, newest first, with their verdicts.
func (a verdictAPI) getVerdicts(w http.ResponseWriter, r *http.Request) {
	service, since, limit, err := verdictQuery(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), "docs/reference/http.md lists the parameters")
		return
	}
	now, c := a.now(), a.settings.current().config
	out := []andon.RolloutRecord{}
	for _, ro := range a.rollouts.board().List(now) {
		over := !ro.Ended.IsZero() && !ro.Ended.After(now)
		if service != "" && ro.Service != service || over && ro.Ended.Before(since) {
			continue
		}
		if len(out) == limit {
			break
		}
		out = append(out, a.record(c, ro, now))
	}
	answer(w, http.StatusOK, out)
}

// verdictQuery reads the parameters of getVerdicts.
func verdictQuery(r *http.Request) (service string, since time.Time, limit int, err error) {
	q := r.URL.Query()
	service, limit = q.Get("service"), maxHistory
	if s := q.Get("since"); s != "" {
		if since, err = time.Parse(time.RFC3339, s); err != nil {
			return "", since, 0, fmt.Errorf("since: %.50q is not a time; write one such as 2026-03-01T12:00:00Z", s)
		}
	}
	if s := q.Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > maxHistory {
			return "", since, 0, fmt.Errorf("limit: %.50q is not a number from 1 to %d", s, maxHistory)
		}
	}
	return service, since, limit, nil
}

// record returns the record of one rollout.
func (a verdictAPI) record(c *config.Config, ro andon.Rollout, now time.Time) andon.RolloutRecord {
	svc, _ := c.Service(ro.Service)
	out := andon.RolloutRecord{Rollout: a.baselines.add(board.WithCohorts(ro, svc.Version), now), Layer: svc.Layer,
		UnderWay: !ro.Started.After(now) && (ro.Ended.IsZero() || ro.Ended.After(now))}
	if v, ok := a.history.newest(ro.ID); ok {
		v.Findings = []andon.Finding{}
		out.Verdict = &v.Verdict
	}
	switch h := a.halts.state(haltID(delivery.ActionHalt, ro.ID)); {
	case h.answered != nil:
		out.Halt = &andon.HaltStatus{State: "answered", Tool: h.answered.Tool, Says: h.answered.Text, At: h.requestedAt}
	case h.failed != nil:
		out.Halt = &andon.HaltStatus{State: "failed", Tool: h.failed.Tool, Says: h.failed.Text, At: h.requestedAt}
	case h.requested != nil:
		out.Halt = &andon.HaltStatus{State: "asked", Tool: h.requested.Tool, Says: h.requested.Text, At: h.requestedAt}
	}
	return out
}

// getLearnt returns what the judge knows of a rollout besides its samples: the
// lessons of earlier rollouts of the service, and the services that it calls.
func (a verdictAPI) getLearnt(w http.ResponseWriter, r *http.Request) {
	ro, ok := pathRollout(w, r, a.rollouts.board(), a.now())
	if !ok {
		return
	}
	took, lessons := a.lessons.before(ro.Service, ro.Started)
	out := andon.PriorKnowledge{
		Startups: []float64{}, Lessons: append([]andon.Lesson{}, lessons...),
		Dependencies: a.calls.dependencies(a.settings.current().config, ro.Service),
	}
	for _, t := range took {
		out.Startups = append(out.Startups, t.Seconds())
	}
	answer(w, http.StatusOK, out)
}
