package plugin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// The views of verdicts.
const (
	viewSummary  = "summary"
	viewFindings = "findings"
	viewEvidence = "evidence"
	viewState    = "state"
	viewStages   = "stages"
)

// questionsAtOnce is how many questions of one verdict are asked at a time.
const questionsAtOnce = 4

// checkVerdict checks what a query for a verdict needs.
func (q Query) checkVerdict() error {
	if q.Rollout == "" && q.Service == "" && len(q.Signals) == 0 {
		return errors.New("nothing to judge: name a rollout or a service of the exporter, or list signals")
	}
	return nil
}

// A judging is a question about a rollout.
type judging struct {
	picture
	analyzer analysis.Analyzer
	said     *sayings            // of Loki
	under    []analysis.Underway // the first is asked about, the others overlap it
	of       past                // the first, with what else is known of it
	until    time.Time           // what is known then is told
}

// verdict answers whether a rollout made its service worse. It judges as the
// exporter does: by the same function on the same samples.
func (d *Datasource) verdict(ctx context.Context, r request) backend.DataResponse {
	seen := &tally{nodes: make(map[string]map[string]bool)}
	j, err := d.judging(ctx, r, seen)
	if err != nil {
		return failed(ctx, err)
	}
	if len(j.under) == 0 {
		j.notices = append(j.notices, warning("the exporter knows of no rollout of %s in this time range", r.Query.Service))
		return j.nothing()
	}
	if r.Query.View == viewState {
		return j.states(ctx)
	}
	watch := j.watch()
	v := watch.Tick(ctx, j.under, j.until)[0]
	if err := ctx.Err(); err != nil {
		return failed(ctx, err)
	}
	j.executed = executed(v)
	for _, said := range append(seen.said, j.said.all()...) {
		j.notices = append(j.notices, warning("%s", said))
	}
	j.notices = append(j.notices, unread(v)...)
	switch r.Query.View {
	case viewFindings:
		return j.answer(j.findings(v))
	case viewStages:
		return j.answer(j.stages(v))
	case viewEvidence:
		return j.evidence(v, watch.Trail(v.Rollout))
	}
	j.of.Verdict = &v
	return j.answer(j.rolloutTable([]past{j.of}))
}

// watch returns what judges; in a stream the same for all of its frames.
func (j judging) watch() *analysis.Watch {
	if j.lasting == nil {
		return j.analyzer.NewWatch(questionsAtOnce)
	}
	if j.lasting.watch == nil {
		j.lasting.watch = j.analyzer.NewWatch(questionsAtOnce)
	}
	return j.lasting.watch
}

// nothing answers that there is no rollout, in the form of the view.
func (j judging) nothing() backend.DataResponse {
	switch j.executed = "# no rollout"; j.Query.View {
	case viewFindings:
		return j.answer(j.findings(analysis.Verdict{}))
	case viewStages:
		return j.answer(j.stages(analysis.Verdict{}))
	case viewEvidence:
		return j.answer(j.series([]line{{config: data.FieldConfig{}}})...)
	case viewState:
		return j.answer(j.series([]line{{config: stateConfig("")}})...)
	}
	return j.answer(j.rolloutTable(nil))
}

// executed returns what was asked of both cohorts, signal by signal.
func executed(v analysis.Verdict) string {
	var b strings.Builder
	for _, f := range v.Findings {
		fmt.Fprintf(&b, "# %s, candidate\n%s\n", f.Signal, f.Query)
		if f.Against != "" && f.Against != f.Query {
			fmt.Fprintf(&b, "# %s, control\n%s\n", f.Signal, f.Against)
		}
	}
	if b.Len() == 0 {
		return "# nothing was asked"
	}
	return b.String()
}

// unread tells which signals could not be judged, and why.
func unread(v analysis.Verdict) []data.Notice {
	var out []data.Notice
	for _, f := range v.Findings {
		switch f.Quality {
		case analysis.NoSeries, analysis.NoCandidateData, analysis.NoControlData, analysis.SourceError, analysis.Stale:
			out = append(out, warning("%s", f.Reason))
		}
	}
	return out
}

// evidence answers with the evidence over time.
func (j judging) evidence(v analysis.Verdict, trail []analysis.Point) backend.DataResponse {
	needs := j.under[0].Service.Sensitivity.Needs(v.Strategy)
	l := line{labels: j.labels(), config: data.FieldConfig{DisplayNameFromDS: j.legend(j.labels()), Thresholds: evidenceSteps(needs),
		Description: fmt.Sprintf("how many times better a regression explains the data than none; %.0f fails the rollout", needs),
		Custom:      map[string]any{"scaleDistribution": map[string]any{"type": "log", "log": 10}}}}
	for _, p := range trail {
		if !p.At.Before(j.Window.From) && !p.At.After(j.Window.To) {
			l.times, l.values = append(l.times, p.At), append(l.values, min(math.Exp(p.Log), math.MaxFloat64))
		}
	}
	return j.answer(j.series([]line{l})...)
}

// labels name the series of the rollout that is asked about.
func (j judging) labels() data.Labels {
	of := j.of
	of.Verdict = nil // it changes on the way, and would make another series for an alert rule
	return of.labels()
}
