package judge_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// hungry is a service whose fresh nodes need so many times the CPU of others.
func hungry(times float64) *world {
	w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
	w.fleet("success_ratio", steady(.97, .01), steady(.97, .01))
	w.fleet("cpu_ratio", steady(.2, .05), steady(.2*times, .05))
	return w
}

// What rollouts that passed showed of fresh nodes is taken for what start-ups
// explain, and no more than that.
func TestLessons(t *testing.T) {
	lessons := func(n int, mean, sd float64) (out []andon.Lesson) {
		for i := range n {
			level := mean + sd*math.Sqrt2*math.Sin(2*math.Pi*float64(i)/float64(n))
			out = append(out, andon.Lesson{Levels: map[string][]float64{"cpu": {level, level, level}}})
		}
		return out
	}
	tests := []struct {
		name    string
		times   float64
		lessons []andon.Lesson
		want    andon.Decision
	}{
		{"fresh nodes need half as much more, nothing known", 1.5, nil, andon.Fail},
		{"as they did before", 1.5, lessons(8, math.Log(1.5), .05), andon.Pass},
		{"as they did before, in too few rollouts", 1.5, lessons(4, math.Log(1.5), .05), andon.Fail},
		{"much more than before", 4, lessons(8, math.Log(1.5), .05), andon.Fail},
		{"start-ups differ so much that it tells nothing", 1.5, lessons(8, 0, .5), andon.Pass},
		{"lessons of another signal", 1.5, []andon.Lesson{{}, {}, {}, {}, {Levels: map[string][]float64{"other": {1}}}}, andon.Fail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := hungry(tt.times)
			a, _ := w.analyzer()
			u := judge.Underway{Rollout: w.canary(), Service: shop(success, cpu), Lessons: tt.lessons}
			if v := tick(a.NewWatch(1), noon.Add(50*time.Minute), u)[0]; v.Verdict != tt.want {
				t.Errorf("%s: %s, want %s", v.Verdict, v.Reason, tt.want)
			}
		})
	}
}

// A watch tells what a rollout taught.
func TestWatchLesson(t *testing.T) {
	w := hungry(1.3)
	a, _ := w.analyzer()
	watch := a.NewWatch(1)
	u := judge.Underway{Rollout: w.canary(), Service: shop(success, cpu)}
	if _, ok := watch.Lesson("shop-v2"); ok {
		t.Error("a lesson of a rollout that is not known")
	}
	tick(watch, noon.Add(6*time.Minute), u)
	if l, ok := watch.Lesson("shop-v2"); ok {
		t.Errorf("after two bins: %+v, want nothing", l)
	}
	tick(watch, noon.Add(30*time.Minute), u)
	l, ok := watch.Lesson("shop-v2")
	if !ok || len(l.Levels) != 1 || len(l.Levels["cpu"]) != 3 { // 27 bins: looks at 5, 10 and 20
		t.Fatalf("lesson %+v, want three levels of cpu", l)
	}
	for _, v := range l.Levels["cpu"] {
		if math.Abs(v-math.Log(1.3)) > .08 {
			t.Errorf("level %.3f, want about ln 1.3 = .262", v)
		}
	}
}

// ready tells the share of a node's containers that are ready.
var ready = andon.Signal{Name: "ready", Metric: "ready_ratio", Unit: "ratio", Kind: andon.Failures, Worse: andon.Lower, Family: andon.StartUpFamily}

// The first minutes of candidate nodes are compared with those of control nodes
// that came up, and of earlier rollouts; later ones are left out.
func TestStartUps(t *testing.T) {
	slow := with(ready, func(s *andon.Signal) {
		s.Name, s.Metric, s.Kind, s.Unit, s.Worse = "first requests", "first_seconds", andon.Latency, "seconds", ""
	})
	loops := with(ready, func(s *andon.Signal) {
		s.Name, s.Metric, s.Kind, s.Unit, s.Worse = "restarts", "restarts_rate", andon.Counts, "", ""
	})
	// control has six nodes that came up within the hour before; the candidate
	// has four, two minutes apart
	build := func(metric string, control, early, late func(node string) float64) *world {
		w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
		first := func(since time.Time, a, b float64) func(time.Time) float64 {
			return func(t time.Time) float64 {
				if t.Before(since.Add(3 * time.Minute)) {
					return a
				}
				return b
			}
		}
		w.fleet("success_ratio", steady(.97, .01), nil)
		for i := range 6 {
			node, since := fmt.Sprintf("old-%d", i), noon.Add(time.Duration(-60+8*i)*time.Minute)
			w.add(metric, node, "v1", since, first(since, control(node), late("")))
		}
		for i := range 4 {
			node, since := fmt.Sprintf("new-%d", i), noon.Add(time.Duration(1+2*i)*time.Minute)
			w.add(metric, node, "v2", since, first(since, early(node), late(node)))
			w.add("success_ratio", node, "v2", since, steady(.97, .01)(node))
		}
		return w
	}
	value := func(v, share float64) func(string) float64 {
		return func(node string) float64 { return v * math.Exp(share*noise(node, noon)) }
	}
	past := func(s andon.StartUp) (out []andon.Lesson) {
		for range 10 {
			out = append(out, andon.Lesson{StartUps: map[string]andon.StartUp{"ready": s}})
		}
		return out
	}
	tests := []struct {
		name    string
		signal  andon.Signal
		world   *world
		lessons []andon.Lesson
		want    andon.Decision
		says    string
	}{
		{"first requests as slow as those of control", slow, build("first_seconds", value(2, .2), value(2, .2), value(.1, 0)), nil, andon.Pass, ""},
		{"first requests ten times as slow", slow, build("first_seconds", value(2, .1), value(20, .1), value(.1, 0)), nil, andon.Fail, "first requests at start-up rose from 2"},
		{"slow later, which is for other signals", slow, build("first_seconds", value(2, .2), value(2, .2), func(node string) float64 {
			if node == "" {
				return .1
			}
			return 10
		}), nil, andon.Pass, ""},
		{"restarts as soon as it is up", loops, build("restarts_rate", value(0, 0), value(.03, 0), value(0, 0)), nil, andon.Fail, "restarts at start-up rose from 0 to"},
		{"restarts as of control", loops, build("restarts_rate", value(.01, 0), value(.01, 0), value(0, 0)), nil, andon.Pass, ""},
		{"not ready, where earlier rollouts were", ready, build("ready_ratio", value(1, 0), value(0, 0), value(1, 0)),
			past(andon.StartUp{Level: andon.Unknown, Events: .1, Exposure: 20}), andon.Fail, "ready at start-up fell from 99.5% to 0%"},
		{"not ready, as in earlier rollouts", ready, build("ready_ratio", value(.2, 0), value(0, 0), value(1, 0)),
			past(andon.StartUp{Level: andon.Unknown, Events: 18, Exposure: 20}), andon.Pass, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := tt.world.analyzer()
			s := shop(success, with(tt.signal, func(s *andon.Signal) { s.Critical = true }))
			u := judge.Underway{Rollout: tt.world.canary(), Service: s, Lessons: tt.lessons}
			v := tick(a.NewWatch(1), noon.Add(40*time.Minute), u)[0]
			if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.says) {
				t.Errorf("%s: %s, want %s: %s\n%+v", v.Verdict, v.Reason, tt.want, tt.says, v.Findings[1])
			}
		})
	}
}

// Without a start-up to compare with the signal tells nothing, and says so.
func TestStartUpsAlone(t *testing.T) {
	w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
	w.fleet("ready_ratio", constant(1), constant(0))
	w.fleet("success_ratio", constant(1), constant(1))
	v := judgeRegion(t, w, w.canary(), shop(success, ready), noon.Add(30*time.Minute))
	f := v.Findings[1]
	if v.Verdict != andon.Pass || f.Quality != andon.LowExposure || !strings.Contains(f.Reason, "needs 2 earlier start-ups to compare with, of old nodes or of earlier rollouts; there were 0") {
		t.Errorf("%s, finding %s: %s", v.Verdict, f.Quality, f.Reason)
	}
}
