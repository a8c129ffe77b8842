package plugin

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
)

// mostStates is how many times a rollout is judged for one panel.
const mostStates = 500

// states answers with the verdict as it was at each point of the time range,
// as a number.
func (j judging) states(ctx context.Context) backend.DataResponse {
	if j.stream == nil {
		once := &ahead{ask: j.analyzer.Metrics, until: j.until, known: make(map[string]*stretch)}
		j.analyzer.Metrics = once.get
	}
	watch := j.watch()
	l := line{labels: j.labels(), config: stateConfig(j.legend(j.labels()))}
	var last analysis.Verdict
	for _, at := range j.moments() {
		last = watch.Tick(ctx, j.asOf(at), at)[0]
		if err := ctx.Err(); err != nil {
			return failed(ctx, err)
		}
		l.times, l.values = append(l.times, at), append(l.values, stateOf[last.Verdict])
	}
	j.executed = executed(last)
	j.notices = append(j.notices, unread(last)...)
	return j.answer(j.series([]line{l})...)
}

// asOf returns the rollouts as they were known at a time: the one that is asked
// about, and those of the others that were under way.
func (j judging) asOf(at time.Time) []analysis.Underway {
	var out []analysis.Underway
	for i, u := range j.under {
		if ended := u.Rollout.Ended; i > 0 && (u.Rollout.Started.After(at) || !ended.IsZero() && ended.Before(at)) {
			continue
		}
		u.Rollout = u.Rollout.AsOf(at)
		out = append(out, u)
	}
	return out
}

// moments returns the whole steps of the time range at which the rollout was
// under way, and the last one.
func (j judging) moments() []time.Time {
	start := j.Window.From
	if s := j.under[0].Rollout.Started; s.After(start) {
		start = s
	}
	every := max(j.Range.Step, j.Grid.Bin)
	every *= max(1, ceilDiv(j.until.Sub(start), every*mostStates))
	var out []time.Time
	for at := start.Truncate(every).Add(every); at.Before(j.until); at = at.Add(every) {
		out = append(out, at)
	}
	return append(out, j.until)
}

// An ahead asks each question once, for all of the time that is looked at, and
// answers from that what is asked step by step.
type ahead struct {
	ask   analysis.RangeFunc
	until time.Time
	mu    sync.Mutex
	known map[string]*stretch
}

// A stretch is an answer from start on.
type stretch struct {
	start  time.Time
	step   time.Duration
	answer model.Matrix
}

func (a *ahead) get(ctx context.Context, expr string, r analysis.Range) (model.Matrix, error) {
	a.mu.Lock()
	s := a.known[expr]
	a.mu.Unlock()
	if s == nil || s.step != r.Step || r.Start.Before(s.start) || r.Start.Sub(s.start)%r.Step != 0 || r.End.After(a.until) {
		whole := r
		if n := a.until.Sub(r.Start) / r.Step; r.Start.Add(n * r.Step).After(r.End) {
			whole.End = r.Start.Add(n * r.Step)
		}
		answer, err := a.ask(ctx, expr, whole)
		if err != nil {
			return nil, err
		}
		s = &stretch{r.Start, r.Step, answer}
		a.mu.Lock()
		a.known[expr] = s
		a.mu.Unlock()
	}
	out := make(model.Matrix, 0, len(s.answer))
	for _, series := range s.answer {
		if part := between(series.Values, model.TimeFromUnixNano(r.Start.UnixNano()), model.TimeFromUnixNano(r.End.UnixNano())); len(part) > 0 {
			out = append(out, &model.SampleStream{Metric: series.Metric, Values: part})
		}
	}
	return out, nil
}

// between returns the samples from start to end, both included.
func between(v []model.SamplePair, start, end model.Time) []model.SamplePair {
	from := sort.Search(len(v), func(i int) bool { return v[i].Timestamp >= start })
	to := sort.Search(len(v), func(i int) bool { return v[i].Timestamp > end })
	return v[from:to]
}
