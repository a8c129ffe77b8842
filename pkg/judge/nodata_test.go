package judge_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// What is missing is an answer of its own, of a signal and of the rollout: it
// is never a zero, a pass or a fail.
func TestMissingData(t *testing.T) {
	tests := []struct {
		name    string
		build   func(w *world)
		signals []andon.Signal
		after   time.Duration
		want    andon.Decision
		of      int // the finding looked at
		quality andon.Quality
		says    string
	}{
		{
			"a signal that matches no series beside one that does", func(w *world) { w.fleet("success_ratio", steady(.97, .01), steady(.97, .01)) },
			[]andon.Signal{success, latency}, 30 * time.Minute,
			andon.Pass, 1, andon.NoSeries, "latency has no series at all; check the query and the labels of candidate and control",
		},
		{
			"NaN is no value: latency of a node that nobody calls",
			func(w *world) { w.fleet("latency_seconds", steady(.2, .1), constant(math.NaN())) },
			[]andon.Signal{latency}, 30 * time.Minute,
			andon.Inconclusive, 0, andon.NoCandidateData, "latency: no sample from the new nodes",
		},
		{
			"NaN is no error: calls without any", func(w *world) {
				w.fleet("errors_rate", constant(.1), constant(math.NaN()))
				w.fleet("calls_rate", constant(10), constant(0))
			},
			[]andon.Signal{failing}, 30 * time.Minute,
			andon.Inconclusive, 0, andon.NoCandidateData, "errors: no sample from the new nodes",
		},
		{
			"two bins are too few", func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1)) },
			[]andon.Signal{latency}, 5 * time.Minute,
			andon.Inconclusive, 0, andon.LowExposure, "2 minutes compared after the warm-up, needs 3 minutes",
		},
		{
			"no sample for ten minutes is stale, whatever came before",
			func(w *world) {
				w.fleet("success_ratio", constant(1), after(10*time.Minute, constant(1), constant(math.NaN())))
			},
			[]andon.Signal{success}, 30 * time.Minute,
			andon.Inconclusive, 0, andon.Stale, "success: no sample from the new nodes since 2026-03-02T12:09:00Z",
		},
		{
			"no infinity is a value", func(w *world) { w.fleet("latency_seconds", steady(.2, .1), constant(math.Inf(1))) },
			[]andon.Signal{latency}, 30 * time.Minute,
			andon.Inconclusive, 0, andon.NoCandidateData, "no sample from the new nodes",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
			tt.build(w)
			v := judgeRegion(t, w, w.canary(), shop(tt.signals...), noon.Add(tt.after))
			f := v.Findings[tt.of]
			if v.Verdict != tt.want || f.Quality != tt.quality || !strings.Contains(f.Reason, tt.says) {
				t.Errorf("%s (%s), finding %s: %s; want %s, %s: %s", v.Verdict, v.Reason, f.Quality, f.Reason, tt.want, tt.quality, tt.says)
			}
			if tt.want == andon.Inconclusive && v.Reason == "" {
				t.Error("inconclusive without a reason")
			}
			if f.Evidence > 1 {
				t.Errorf("what is missing is evidence of %v", f.Evidence)
			}
		})
	}
}
