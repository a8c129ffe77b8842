package plugin

import (
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

const viewTimeline = "timeline"

// timeline answers with the state of each rollout over time.
func (q *rolloutsQuery) timeline() backend.DataResponse {
	lines := []line{}
	for _, x := range q.rollouts {
		labels := x.labels()
		delete(labels, "verdict") // it changes during the rollout, and an alert rule would see another series
		name := q.legend(labels)
		times, values := q.stateChanges(x)
		lines = append(lines, line{labels, times, values, stateConfig(name)})
	}
	if len(lines) == 0 {
		lines = []line{{config: stateConfig("")}}
	}
	return q.answer(q.series(lines)...)
}

// stateChanges returns the states of a rollout within the time range, and when
// each began. After the rollout's end there is no state.
func (q *rolloutsQuery) stateChanges(x rolloutRow) (times []time.Time, values []float64) {
	add := func(at time.Time, v float64) {
		if at.Before(q.Window.From) {
			at = q.Window.From
		}
		if n := len(times); n > 0 && !at.After(times[n-1]) {
			values[n-1] = v
			return
		}
		times, values = append(times, at), append(values, v)
	}
	last := stateNumber[x.decision()]
	end, atEnd := q.Window.To, last
	if e := x.ended(); e != nil && e.Before(end) {
		end, atEnd = *e, math.NaN() // nothing is drawn beyond
	}
	if fail := x.verdict().FirstFail; fail != nil {
		add(x.Rollout.Started, stateUnderWay)
		if fail.Before(end) {
			add(*fail, stateFail)
		}
	} else {
		add(x.Rollout.Started, last)
	}
	add(end, atEnd)
	return times, values
}
