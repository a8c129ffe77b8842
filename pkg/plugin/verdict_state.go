package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

const viewState = "state"

// maxStates is how many times one panel judges a rollout at most.
const maxStates = 500

// state answers with the verdict at each point of the time range, as a number.
func (q *verdictQuery) state(ctx context.Context) backend.DataResponse {
	if len(q.rollouts) == 0 {
		return q.answer(q.series([]line{{config: stateConfig("")}})...)
	}
	if q.stream == nil {
		cache := &rangeCache{ask: q.analyzer.Metrics.Ask, until: q.until, answers: make(map[string]*rangeAnswer)}
		q.analyzer.Metrics.Ask = cache.get
	}
	watch := q.watch()
	l := line{labels: q.labels(), config: stateConfig(q.legend(q.labels()))}
	var last andon.Verdict
	for _, at := range q.judgeTimes() {
		last = watch.Tick(ctx, q.asOf(at), at)[0]
		if err := ctx.Err(); err != nil {
			return errorResponse(ctx, err)
		}
		l.times, l.values = append(l.times, at), append(l.values, stateNumber[last.Verdict])
	}
	q.executedQuery = executedQueries(last)
	q.notices = append(q.notices, qualityNotices(last)...)
	return q.answer(q.series([]line{l})...)
}

// asOf returns the rollouts as they were known at a time: the one asked for, and
// the others that were under way.
func (q *verdictQuery) asOf(at time.Time) []judge.Underway {
	var out []judge.Underway
	for i, u := range q.rollouts {
		if ended := u.Rollout.Ended; i > 0 && (u.Rollout.Started.After(at) || !ended.IsZero() && ended.Before(at)) {
			continue
		}
		u.Rollout = u.Rollout.AsOf(at)
		out = append(out, u)
	}
	return out
}

// judgeTimes returns the times to judge at: each step while the rollout was under
// way, and the end.
func (q *verdictQuery) judgeTimes() []time.Time {
	start := q.Window.From
	if s := q.rollouts[0].Rollout.Started; s.After(start) {
		start = s
	}
	every := max(q.Range.Step, q.Grid.Bin)
	every *= max(1, ceilDiv(q.until.Sub(start), every*maxStates))
	var out []time.Time
	for at := start.Truncate(every).Add(every); at.Before(q.until); at = at.Add(every) {
		out = append(out, at)
	}
	return append(out, q.until)
}
