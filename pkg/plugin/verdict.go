package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// verdictConcurrency is how many queries of one verdict run at a time.
const verdictConcurrency = 4

// checkVerdict checks that a query says what to judge.
func (q querySpec) checkVerdict() error {
	if q.Rollout == "" && q.Service == "" && len(q.Signals) == 0 {
		return errors.New("nothing to judge: name a rollout or a service of the exporter, or list signals")
	}
	return nil
}

// A verdictQuery judges a rollout, by the same function on the same samples as
// the exporter.
type verdictQuery struct {
	frameBuilder
	analyzer judge.Analyzer
	rollouts []judge.Underway // the first is the one asked for, the others overlap it; empty if the exporter has none
	record   rolloutRow       // the first rollout, as the exporter knows it
	until    time.Time        // when the verdict is made

	prometheusWarnings, lokiWarnings *warnings
}

// verdictView makes a view of verdicts.
func verdictView(show func(*verdictQuery, context.Context) backend.DataResponse) answerFunc {
	return func(ctx context.Context, s sources, r request) backend.DataResponse {
		q, err := newVerdictQuery(ctx, s, r)
		if err != nil {
			return errorResponse(ctx, err)
		}
		if len(q.rollouts) == 0 {
			q.executedQuery = "# no rollout"
			q.notices = append(q.notices, warning("the exporter has no rollout of %s in this time range", r.Query.Service))
		}
		return show(q, ctx)
	}
}

// judge returns the verdict and the watch that made it; the zero Verdict and nil
// if there is no rollout.
func (q *verdictQuery) judge(ctx context.Context) (andon.Verdict, *judge.Watch, error) {
	if len(q.rollouts) == 0 {
		return andon.Verdict{}, nil, nil
	}
	watch := q.watch()
	v := watch.Tick(ctx, q.rollouts, q.until)[0]
	if err := ctx.Err(); err != nil {
		return andon.Verdict{}, nil, err
	}
	q.executedQuery = executedQueries(v)
	for _, text := range append(q.prometheusWarnings.all(), q.lokiWarnings.all()...) {
		q.notices = append(q.notices, warning("%s", text))
	}
	q.notices = append(q.notices, qualityNotices(v)...)
	return v, watch, nil
}

// watch returns the watch that judges; a stream has one for all its frames.
func (q *verdictQuery) watch() *judge.Watch {
	if q.stream == nil {
		return q.analyzer.NewWatch(verdictConcurrency)
	}
	if q.stream.watch == nil {
		q.stream.watch = q.analyzer.NewWatch(verdictConcurrency)
	}
	return q.stream.watch
}

const viewSummary = "summary"

// summary answers with the rollout as one row of a table of rollouts.
func (q *verdictQuery) summary(ctx context.Context) backend.DataResponse {
	v, watch, err := q.judge(ctx)
	switch {
	case err != nil:
		return errorResponse(ctx, err)
	case watch == nil:
		return q.answer(rolloutFrame(q.frameBuilder, nil))
	}
	q.record.Verdict = &v
	return q.answer(rolloutFrame(q.frameBuilder, []rolloutRow{q.record}))
}

// executedQueries returns the queries for both cohorts, signal by signal.
func executedQueries(v andon.Verdict) string {
	var b strings.Builder
	for _, f := range v.Findings {
		fmt.Fprintf(&b, "# %s, candidate\n%s\n", f.Signal, f.Query)
		if f.Against != "" && f.Against != f.Query {
			fmt.Fprintf(&b, "# %s, control\n%s\n", f.Signal, f.Against)
		}
	}
	if b.Len() == 0 {
		return "# no query"
	}
	return b.String()
}

// qualityNotices says which signals could not be judged, and why.
func qualityNotices(v andon.Verdict) []data.Notice {
	var out []data.Notice
	for _, f := range v.Findings {
		switch f.Quality {
		case andon.NoSeries, andon.NoCandidateData, andon.NoControlData, andon.SourceError, andon.Stale:
			out = append(out, warning("%s", f.Reason))
		default: // it was judged
		}
	}
	return out
}

// labels returns the labels of the rollout's series.
func (q *verdictQuery) labels() data.Labels {
	row := q.record
	row.Verdict = nil // it changes during the rollout, and an alert rule would see another series
	return row.labels()
}
