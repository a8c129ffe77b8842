package judge_test

import (
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// A control node that restarted shortly before the change is slow while it
// warms up; that must not pass for the way in which control nodes differ.
func TestColdControl(t *testing.T) {
	up := noon.Add(-6 * time.Minute)
	s := scene{service: shop(latency), build: func(w *world) {
		w.fleet("latency_seconds", steady(.2, .05), steady(.4, .05))
		w.add("latency_seconds", "restarted", "v1", up, func(at time.Time) float64 {
			if at.Before(up.Add(3 * time.Minute)) {
				return 20
			}
			return around(.2, .05, "restarted")(at)
		})
	}}
	w, r := s.world()
	a, _ := w.analyzer()
	v := tick(a.NewWatch(1), noon.Add(30*time.Minute), judge.Underway{Rollout: r, Service: s.service})[0]
	if v.Verdict != andon.Fail {
		t.Errorf("latency twice that of control is %s (%s), want fail", v.Verdict, v.Reason)
	}
}
