package exporter

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/delivery"
)

// maxHistory is how many rollouts GET /api/v1/verdicts tells of at most.
const maxHistory = 1000

// A watched is a service as GET /api/v1/services tells of it.
type watched struct {
	analysis.Service
	Judged []string `json:"judged"` // the signals that verdicts are made of
	Tool   string   `json:"tool,omitempty"`
}

// getServices lists what is configured, so that others can judge as Andon does.
func (e *Exporter) getServices(w http.ResponseWriter, _ *http.Request) {
	c := e.setup.Load().config
	all := make([]watched, len(c.Services))
	for i, s := range c.Services {
		all[i] = watched{Service: s.Service, Judged: []string{}}
		for _, sig := range s.Judged().Signals {
			all[i].Judged = append(all[i].Judged, sig.Name)
		}
		if s.Tool != nil {
			all[i].Tool = s.Tool.Tool
		}
	}
	answer(w, http.StatusOK, all)
}

// A past is a rollout with what became of it.
type past struct {
	Rollout  analysis.Rollout  `json:"rollout"` // with the cohorts that it is judged by
	Layer    analysis.Layer    `json:"layer,omitempty"`
	UnderWay bool              `json:"under_way"`
	Verdict  *analysis.Verdict `json:"verdict"` // the newest, without its findings; null if it was never judged
	Halt     *halted           `json:"halt"`    // null if none was asked for
}

// A halted says how far a halt has come.
type halted struct {
	State string    `json:"state"` // asked, answered or failed
	Tool  string    `json:"tool"`
	Says  string    `json:"says"`
	At    time.Time `json:"at"` // when it was asked for
}

// getVerdicts lists rollouts, newest first, with their verdicts.
func (e *Exporter) getVerdicts(w http.ResponseWriter, r *http.Request) {
	service, since, limit, err := historyOf(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), "docs/reference/http.md tells the parameters")
		return
	}
	now, c := e.opt.Now(), e.setup.Load().config
	out := []past{}
	for _, ro := range e.board.Load().List(now) {
		over := !ro.Ended.IsZero() && !ro.Ended.After(now)
		if service != "" && ro.Service != service || over && ro.Ended.Before(since) {
			continue
		}
		if len(out) == limit {
			break
		}
		out = append(out, e.pastOf(c, ro, now))
	}
	answer(w, http.StatusOK, out)
}

func historyOf(r *http.Request) (service string, since time.Time, limit int, err error) {
	q := r.URL.Query()
	service, limit = q.Get("service"), maxHistory
	if s := q.Get("since"); s != "" {
		if since, err = time.Parse(time.RFC3339, s); err != nil {
			return "", since, 0, fmt.Errorf("since: %.50q is not a time in RFC 3339", s)
		}
	}
	if s := q.Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > maxHistory {
			return "", since, 0, fmt.Errorf("limit: %.50q is not a number from 1 to %d", s, maxHistory)
		}
	}
	return service, since, limit, nil
}

// pastOf tells of one rollout.
func (e *Exporter) pastOf(c *Config, ro analysis.Rollout, now time.Time) past {
	svc, _ := c.service(ro.Service)
	p := past{Rollout: e.withBaseline(board.WithCohorts(ro, svc.Version), now), Layer: svc.Layer,
		UnderWay: !ro.Started.After(now) && (ro.Ended.IsZero() || ro.Ended.After(now))}
	if v, ok := e.verdict(ro.ID); ok {
		v.Findings = []analysis.Finding{}
		p.Verdict = &v
	}
	switch h := e.halts.state(haltID(delivery.HaltIt, ro.ID)); {
	case h.answered != nil:
		p.Halt = &halted{"answered", h.answered.Tool, h.answered.Says, h.askedAt}
	case h.failed != nil:
		p.Halt = &halted{"failed", h.failed.Tool, h.failed.Says, h.askedAt}
	case h.asked != nil:
		p.Halt = &halted{"asked", h.asked.Tool, h.asked.Says, h.askedAt}
	}
	return p
}

// getLearnt tells what the judge knows for a rollout beside its samples: what
// earlier ones of the service taught, and whom the service calls.
func (e *Exporter) getLearnt(w http.ResponseWriter, r *http.Request) {
	ro, ok := e.rolloutOf(w, r)
	if !ok {
		return
	}
	took, lessons := e.lessons.of(ro.Service, ro.Started)
	out := struct {
		Startups     []float64              `json:"startup_seconds"`
		Lessons      []analysis.Lesson      `json:"lessons"`
		Dependencies *analysis.Dependencies `json:"dependencies"` // null unless queries tell who calls whom
	}{[]float64{}, append([]analysis.Lesson{}, lessons...), e.calls.ofService(e.setup.Load().config, ro.Service)}
	for _, t := range took {
		out.Startups = append(out.Startups, t.Seconds())
	}
	answer(w, http.StatusOK, out)
}
