package judge_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// yesterday is when the earlier run began, off the grid of bins.
var yesterday = noon.Add(-24*time.Hour - 17*time.Second)

// loadTests has two runs of half an hour, whose load rises as they go on:
// yesterday's and, times worse, that of noon.
func loadTests(worse func(sinceStart time.Duration) float64) *world {
	w := newWorld(time.Minute, noon.Add(-26*time.Hour), noon.Add(2*time.Hour))
	run := func(start time.Time, worse func(time.Duration) float64, name string) func(time.Time) float64 {
		return func(t time.Time) float64 {
			since := t.Sub(start)
			if since < 0 || since > time.Hour {
				return none
			}
			return (.1 + since.Hours()) * worse(since) * math.Exp(.05*noise(name, t))
		}
	}
	for i := range 3 {
		node := fmt.Sprintf("load-%d", i)
		before, now := run(yesterday, func(time.Duration) float64 { return 1 }, node), run(noon, worse, node)
		for _, metric := range []string{"latency_seconds", "queue_length"} {
			w.add(metric, node, "", w.from, func(t time.Time) float64 {
				if t.Before(noon) {
					return before(t)
				}
				return now(t)
			})
		}
	}
	return w
}

func times(x float64) func(time.Duration) float64 { return func(time.Duration) float64 { return x } }

func TestLoadTest(t *testing.T) {
	last := &andon.Baseline{Started: yesterday, Ended: yesterday.Add(30 * time.Minute)}
	limited := latency
	limited.FailFast = &andon.Bound{Above: ptr(1.5)}
	for _, tc := range []struct {
		name     string
		worse    func(time.Duration) float64
		baseline *andon.Baseline
		signal   andon.Signal
		want     andon.Decision
		strategy andon.Strategy
		says     string
	}{
		{"as yesterday, although the load rises", times(1), last, latency, andon.Pass, andon.LoadTest, "by more than chance"},
		{"thrice as slow as yesterday", times(3), last, latency, andon.Fail, andon.LoadTest, "rose from"},
		{"worse only after what yesterday's run lasted", func(d time.Duration) float64 {
			if d > 31*time.Minute {
				return 9
			}
			return 1
		}, last, latency, andon.Pass, andon.LoadTest, ""},
		{"no earlier run", times(3), nil, latency, andon.Inconclusive, andon.LoadTest, "no load test of shop has passed before"},
		{"no earlier run, and a threshold is breached", times(3), nil, limited, andon.Fail, andon.LoadTest, "fail-fast threshold"},
		{"accepted as the first", times(1), &andon.Baseline{Accept: true}, limited, andon.Pass, andon.Threshold, "thresholds"},
		{"accepted as the first, and a threshold is breached", times(3), &andon.Baseline{Accept: true}, limited, andon.Fail, andon.Threshold, "fail-fast threshold"},
		{"a run that nobody saw", times(3), &andon.Baseline{Started: yesterday.Add(-90 * time.Minute), Ended: yesterday.Add(-time.Hour)}, latency, andon.Inconclusive, andon.LoadTest, "no sample in the baseline run"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := loadTests(tc.worse)
			ro := andon.Rollout{ID: "load-7", Service: "shop", Strategy: andon.LoadTest, Started: noon, Baseline: tc.baseline}
			queue := andon.Signal{Name: "queue", Metric: "queue_length"}
			s := shop(tc.signal, queue)
			a, _ := w.analyzer()
			watch, late := a.NewWatch(2), a.NewWatch(2)
			var v andon.Verdict
			for now := noon; !now.After(noon.Add(50 * time.Minute)); now = now.Add(5 * time.Minute) {
				v = tick(watch, now, judge.Underway{Rollout: ro, Service: s})[0]
			}
			check(t, scene{want: tc.want, says: tc.says}, v)
			if v.Strategy != tc.strategy {
				t.Errorf("strategy %s, want %s", v.Strategy, tc.strategy)
			}
			if d := cmp.Diff(wire(t, v), wire(t, tick(late, noon.Add(50*time.Minute), judge.Underway{Rollout: ro, Service: s})[0])); d != "" {
				t.Errorf("one that began late differs:\n%s", d)
			}
		})
	}
}

// A baseline that comes to be known later is taken, from the start.
func TestLoadTestFindsItsBaselineLate(t *testing.T) {
	w := loadTests(times(3))
	ro := andon.Rollout{ID: "load-7", Service: "shop", Strategy: andon.LoadTest, Started: noon}
	a, _ := w.analyzer()
	watch := a.NewWatch(2)
	u := judge.Underway{Rollout: ro, Service: shop(latency)}
	if v := tick(watch, noon.Add(20*time.Minute), u)[0]; v.Verdict != andon.Inconclusive || !strings.Contains(v.Reason, "accept") {
		t.Errorf("%s: %s", v.Verdict, v.Reason)
	}
	u.Rollout.Baseline = &andon.Baseline{Started: yesterday, Ended: yesterday.Add(30 * time.Minute)}
	if v := tick(watch, noon.Add(20*time.Minute), u)[0]; v.Verdict != andon.Fail || v.FirstFail.After(noon.Add(15*time.Minute)) {
		t.Errorf("%s at %v: %s", v.Verdict, v.FirstFail, v.Reason)
	}
}
