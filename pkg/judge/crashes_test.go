package judge_test

import (
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// fits returns a counter that begins at a value and counts up at times after noon.
func fits(begin float64, at ...time.Duration) func(string) func(time.Time) float64 {
	return func(string) func(time.Time) float64 {
		return func(t time.Time) float64 {
			v := begin
			for _, d := range at {
				if !t.Before(noon.Add(d)) {
					v++
				}
			}
			return v
		}
	}
}

func never(string) func(time.Time) float64 {
	return func(time.Time) float64 { return none }
}

// Crashes fail a rollout by their number however they are counted; one jump, or
// what a counter already held, does not.
func TestCrashes(t *testing.T) {
	minutes := func(from, to int) (all []time.Duration) {
		for i := from; i <= to; i++ {
			all = append(all, time.Duration(i)*time.Minute)
		}
		return all
	}
	bare := andon.Signal{Name: "restarts", Metric: "restarts_total"}
	rate := andon.Signal{Name: "crashes", Metric: "crashes_rate"}
	for _, tc := range []struct {
		name               string
		signal             andon.Signal
		control, candidate func(string) func(time.Time) float64
		want               andon.Decision
	}{
		{"one a minute", bare, fits(7), fits(0, minutes(2, 20)...), andon.Fail},
		{"the counter is born with the first", bare, never, after(4*time.Minute, never, fits(0, minutes(4, 20)...)), andon.Fail},
		{"nobody crashes", bare, fits(7), fits(0), andon.Pass},
		{"control has crashed before", bare, fits(1000), fits(0), andon.Pass},
		{"one jump by a hundred", bare, fits(7), fits(0, repeat(10*time.Minute, 100)...), andon.Pass},
		{"all crash", bare, fits(7, minutes(2, 20)...), fits(0, minutes(2, 20)...), andon.Pass},
		{"a rate of one a minute", rate, constant(0), constant(1 / 60.), andon.Fail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := scene{service: shop(tc.signal, latency), lasts: 20 * time.Minute, build: func(w *world) {
				w.fleet(tc.signal.Metric, tc.control, tc.candidate)
				w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1))
			}}
			w, r := s.world()
			a, _ := w.analyzer()
			v := tick(a.NewWatch(1), noon.Add(20*time.Minute), judge.Underway{Rollout: r, Service: s.service})[0]
			if v.Verdict != tc.want {
				t.Errorf("%s (%s, evidence %v), want %s", v.Verdict, v.Reason, v.Evidence, tc.want)
			}
		})
	}
}

func repeat(d time.Duration, n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = d
	}
	return all
}

func TestInferCrashes(t *testing.T) {
	for _, tc := range []struct {
		signal andon.Signal
		want   andon.Kind
	}{
		{andon.Signal{Name: "restarts", Metric: "increase(kube_pod_container_status_restarts_total[1m])"}, andon.Crashes},
		{andon.Signal{Name: "kills", Metric: "rate(container_oom_events_total[1m])"}, andon.Crashes},
		{andon.Signal{Name: "panics", Metric: "go_panics"}, andon.Crashes},
		{andon.Signal{Name: "memory at a crash", Metric: "x", Unit: "bytes"}, andon.Memory},
		{andon.Signal{Name: "time since restart", Metric: "x", Unit: "s"}, andon.Latency},
		{andon.Signal{Name: "crashes", Metric: "crashes", Per: "starts"}, andon.Counts},
		{andon.Signal{Name: "temperature", Metric: "room_temperature"}, andon.Value},
	} {
		if got := tc.signal.InferKind(); got != tc.want {
			t.Errorf("%s (%s) is %s, want %s", tc.signal.Name, tc.signal.Metric, got, tc.want)
		}
	}
}
