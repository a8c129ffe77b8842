package exporter

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/delivery"
	"github.com/andon-project/andon/pkg/report"
)

const (
	pageTimeout = 20 * time.Second // for the charts of a page
	pagesAtOnce = 2                // that ask Prometheus for charts
	endedShown  = 100              // rollouts on the first page
)

// getIndex lists the rollouts.
func (e *Exporter) getIndex(w http.ResponseWriter, _ *http.Request) {
	now, snap := e.opt.Now(), e.snap.Load()
	p := report.IndexPage{Links: []report.Link{{Text: "Metrics", Href: "/metrics"}, {Text: "Rollouts as JSON", Href: "/api/v1/rollouts"}}}
	c := e.setup.Load().config
	p.Notes = c.Warnings()
	if c.Halt.Mode != HaltIt {
		p.Notes = append(p.Notes, "halt.mode is observe: failed rollouts are told of and not halted")
	}
	if snap == nil {
		p.Notes = append(p.Notes, "the first tick is not done: nothing has been judged since the start")
	} else {
		p.At = snap.at
	}
	for _, ro := range e.board.Load().List(now) {
		row := report.Row{Rollout: ro, Href: "/rollouts/" + ro.ID}
		row.Verdict, _ = e.verdict(ro.ID)
		switch {
		case ro.Ended.IsZero() || ro.Ended.After(now):
			p.UnderWay = append(p.UnderWay, row)
		case len(p.Ended) < endedShown:
			p.Ended = append(p.Ended, row)
		}
	}
	e.page(w, func(w io.Writer) error { return report.WriteIndex(w, p) })
}

// getPage shows one rollout with its findings and charts.
func (e *Exporter) getPage(w http.ResponseWriter, r *http.Request) {
	ro, ok := e.rolloutOf(w, r)
	if !ok {
		return
	}
	s := e.setup.Load()
	svc, configured := s.config.service(ro.Service)
	p := report.Page{Rollout: board.WithCohorts(ro, svc.Version), Service: svc.Judged(), Home: "/"}
	if j, ok := e.snap.Load().get(ro.ID); ok {
		p.Verdict, p.Trail = j.verdict, j.trail
	} else if v, ok := e.past.get(ro.ID); ok {
		p.Verdict, p.Trail = v.Verdict, v.Trail
	} else {
		p.Verdict = unjudged(ro, e.opt.Now(), analysis.NoSeries, "it has not been judged")
	}
	if said, times := e.labels.get(ro.ID); times > 0 {
		p.Label = report.Label{Regression: said.Regression, By: said.By, Reason: said.Reason, At: said.At}
	}
	if !configured {
		p.Notes = append(p.Notes, "the service is not in the configuration any more")
	}
	p.Notes = append(p.Notes, e.haltNotes(ro.ID)...)
	p = e.withCharts(r.Context(), s, p)
	e.page(w, func(w io.Writer) error { return report.Write(w, p) })
}

// haltNotes says what became of the hold and the halt of a rollout.
func (e *Exporter) haltNotes(id string) []string {
	var out []string
	for _, a := range []struct {
		action     delivery.Action
		done, noun string
	}{{delivery.HoldIt, "held", "hold"}, {delivery.HaltIt, "halted", "halt"}} {
		switch h := e.halts.state(haltID(a.action, id)); {
		case h.answered != nil:
			out = append(out, a.done+" through "+h.answered.Tool+": "+h.answered.Says)
		case h.failed != nil:
			out = append(out, "not "+a.done+", "+h.failed.Tool+" refused: "+h.failed.Says)
		case h.asked != nil:
			out = append(out, "a "+a.noun+" was asked of "+h.asked.Tool+", which has not answered yet")
		}
	}
	return out
}

// withCharts asks for what the page draws. A page without charts is better
// than none, and many readers must not keep Prometheus from the ticks.
func (e *Exporter) withCharts(ctx context.Context, s *setup, p report.Page) report.Page {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	select {
	case e.drawing <- struct{}{}:
		defer func() { <-e.drawing }()
	case <-ctx.Done():
		p.Notes = append(p.Notes, "no charts: other pages are being drawn; load this one again")
		return p
	}
	full, err := report.Collect(ctx, e.analyzer(s), p)
	if err != nil {
		p.Notes = append(p.Notes, "no charts: "+err.Error())
		return p
	}
	return full
}

// page sends HTML once all of it is written.
func (e *Exporter) page(w http.ResponseWriter, write func(io.Writer) error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		e.log.Error("page not written", "error", err)
		refuse(w, http.StatusInternalServerError, "the page cannot be written", err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}
