package exporter

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/delivery"
	"github.com/andon-project/andon/pkg/report"
)

const (
	pageTimeout   = 20 * time.Second // for the charts of a page
	maxChartPages = 2                // that query data for charts at the same time
	endedShown    = 100              // rollouts on the first page
)

// pages are the web pages of rollouts.
type pages struct {
	settings  *settings
	rollouts  *rollouts
	snapshots *snapshots
	history   *history
	labels    *labels
	halts     *halts
	recall    andon.RecallFunc
	now       func() time.Time
	log       hclog.Logger

	drawing chan struct{} // holds one entry for each page that queries data for charts
}

// getIndex lists the rollouts.
func (g *pages) getIndex(w http.ResponseWriter, _ *http.Request) {
	now, snap := g.now(), g.snapshots.current()
	p := report.IndexPage{Links: []report.Link{{Text: "Metrics", Href: "/metrics"}, {Text: "Rollouts as JSON", Href: "/api/v1/rollouts"}}}
	c := g.settings.current().config
	p.Notes = c.Warnings()
	if c.Halt.Mode != config.ModeHalt {
		p.Notes = append(p.Notes, "halt.mode is observe: Andon reports failed rollouts and does not halt them")
	}
	if snap == nil {
		p.Notes = append(p.Notes, "nothing has been judged since Andon started: the first tick has not finished")
	} else {
		p.At = snap.at
	}
	for _, ro := range g.rollouts.board().List(now) {
		row := report.Row{Rollout: ro, Href: "/rollouts/" + ro.ID}
		v, _ := g.history.newest(ro.ID)
		row.Verdict = v.Verdict
		switch {
		case ro.Ended.IsZero() || ro.Ended.After(now):
			p.UnderWay = append(p.UnderWay, row)
		case len(p.Ended) < endedShown:
			p.Ended = append(p.Ended, row)
		}
	}
	g.send(w, func(w io.Writer) error { return report.WriteIndex(w, p) })
}

// getPage shows one rollout with its findings and charts.
func (g *pages) getPage(w http.ResponseWriter, r *http.Request) {
	ro, ok := pathRollout(w, r, g.rollouts.board(), g.now())
	if !ok {
		return
	}
	s := g.settings.current()
	svc, configured := s.config.Service(ro.Service)
	p := report.Page{Rollout: board.WithCohorts(ro, svc.Version), Service: svc.Service, Home: "/"}
	if v, ok := g.history.newest(ro.ID); ok {
		p.Verdict, p.Trail = v.Verdict, v.Trail
	} else {
		p.Verdict = unjudged(ro, g.now(), andon.NoSeries, "this rollout has not been judged")
	}
	if label, times := g.labels.get(ro.ID); times > 0 {
		p.Label = report.Label{Regression: label.Regression, Author: label.Author, Reason: label.Reason, At: label.At}
	}
	if !configured {
		p.Notes = append(p.Notes, "the service is no longer in the configuration")
	}
	p.Notes = append(p.Notes, g.haltNotes(ro.ID)...)
	p = g.withCharts(r.Context(), s, p)
	g.send(w, func(w io.Writer) error { return report.Write(w, p) })
}

// haltNotes returns notes on the hold and the halt of a rollout.
func (g *pages) haltNotes(id string) []string {
	var out []string
	for _, a := range []struct {
		action     delivery.Action
		done, noun string
	}{{delivery.ActionHold, "held", "hold"}, {delivery.ActionHalt, "halted", "halt"}} {
		switch h := g.halts.state(haltID(a.action, id)); {
		case h.answered != nil:
			out = append(out, a.done+" through "+h.answered.Tool+": "+h.answered.Text)
		case h.failed != nil:
			out = append(out, "not "+a.done+", because "+h.failed.Tool+" refused: "+h.failed.Text)
		case h.requested != nil:
			out = append(out, "a "+a.noun+" was requested from "+h.requested.Tool+", which has not answered yet")
		}
	}
	return out
}

// withCharts queries the data of the page's charts. Without them the page is
// shown without charts, and few pages query at a time, so that ticks are not
// delayed.
func (g *pages) withCharts(ctx context.Context, s *setup, p report.Page) report.Page {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	select {
	case g.drawing <- struct{}{}:
		defer func() { <-g.drawing }()
	case <-ctx.Done():
		p.Notes = append(p.Notes, "no charts: Andon is drawing other pages; reload this page")
		return p
	}
	full, err := report.Collect(ctx, s.analyzer(g.recall).Metrics, p)
	if err != nil {
		p.Notes = append(p.Notes, "no charts: "+err.Error())
		return p
	}
	return full
}

// send sends HTML once all of it is written.
func (g *pages) send(w http.ResponseWriter, write func(io.Writer) error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		g.log.Error("page could not be written", "error", err)
		refuse(w, http.StatusInternalServerError, "the page could not be written", err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}
