package judge_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
)

func deviate(t *testing.T, a *judge.Analyzer, c andon.Comparison, r andon.Range) []deviation.Deviation {
	t.Helper()
	d, err := a.Metrics.Deviate(context.Background(), c, r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func minutes(from, to int) andon.Range {
	return andon.Range{Start: noon.Add(time.Duration(from) * time.Minute), End: noon.Add(time.Duration(to) * time.Minute), Step: time.Minute}
}

// What a panel shows and what a tick says are the same number, to the last digit.
func TestPanelAndTickAgree(t *testing.T) {
	for _, s := range slices.Concat(scenes, regionScenes) {
		if s.step != 0 || len(s.service.Signals) == 0 {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			w, r := s.world()
			a, _ := w.analyzer()
			watch := a.NewWatch(1)
			compared := 0
			for m := 1; m <= 25; m += 4 {
				now := noon.Add(time.Duration(m) * time.Minute)
				v := tick(watch, now, judge.Underway{Rollout: r, Service: s.service})[0]
				for i, sig := range s.service.Signals {
					f := v.Findings[i]
					for _, d := range deviate(t, a, andon.Compare(r, s.service, sig), minutes(m-10, m)) {
						last := d.Sigma[len(d.Sigma)-1]
						if d.Node != f.Node || !f.Deviation.Known() {
							continue
						}
						compared++
						if last != float64(f.Deviation) {
							t.Errorf("minute %d, %s, %s: the panel shows %v, the tick says %v", m, sig.Name, d.Node, last, f.Deviation)
						}
					}
				}
			}
			if compared == 0 && s.quality == andon.OK {
				t.Error("nothing was compared")
			}
		})
	}
}

func TestDeviationDoesNotDependOnWhereTheRangeBegins(t *testing.T) {
	for _, s := range slices.Concat(scenes, regionScenes) {
		if s.step != 0 {
			continue
		}
		w, r := s.world()
		a, _ := w.analyzer()
		for _, sig := range s.service.Signals {
			c := andon.Compare(r, s.service, sig)
			whole := deviate(t, a, c, minutes(-30, 25))
			for _, from := range []int{-7, 0, 13, 25} {
				for _, part := range deviate(t, a, c, minutes(from, 25)) {
					for _, d := range whole {
						if d.Node != part.Node {
							continue
						}
						n := len(d.Sigma) - len(part.Sigma)
						d.Times, d.Sigma, d.Value, d.Centre, d.Low, d.High = d.Times[n:], d.Sigma[n:], d.Value[n:], d.Centre[n:], d.Low[n:], d.High[n:]
						if diff := cmp.Diff(d, part, cmpopts.EquateNaNs()); diff != "" {
							t.Errorf("%s, %s from minute %d:\n%s", s.name, sig.Name, from, diff)
						}
					}
				}
			}
		}
	}
}

func TestDeviate(t *testing.T) {
	both := with(latency, func(s *andon.Signal) { s.Worse = andon.Both })
	for _, tc := range []struct {
		name     string
		signal   andon.Signal
		build    func(w *world)
		min, max float64
	}{
		{
			name: "like control", signal: latency, min: -3, max: 3,
			build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1)) },
		},
		{
			name: "slower is positive", signal: latency, min: 5, max: 100,
			build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.5, .1)) },
		},
		{
			name: "faster is negative", signal: latency, min: -100, max: -5,
			build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.08, .1)) },
		},
		{
			name: "faster is negative where both are bad", signal: both, min: -100, max: -5,
			build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.08, .1)) },
		},
		{
			name: "a success lost is positive, finite and readable", signal: success, min: 10, max: 30,
			build: func(w *world) { w.fleet("success_ratio", constant(1), constant(.34)) },
		},
		{
			name: "control that never moves", signal: andon.Signal{Name: "value", Metric: "kpi"}, min: 100, max: 100,
			build: func(w *world) { w.fleet("kpi", constant(0), constant(7)) },
		},
		{
			name: "errors out of calls", signal: failing, min: 3, max: 100,
			build: func(w *world) {
				w.fleet("errors_rate", steady(.1, .3), steady(2, .3))
				w.fleet("calls_rate", constant(10), constant(10))
			},
		},
		{
			name: "one control node", signal: latency, min: 5, max: 100,
			build: func(w *world) {
				w.add("latency_seconds", "old", "v1", w.from, around(.2, .1, "old"))
				w.add("latency_seconds", "new-0", "v2", noon, around(.5, .1, "new-0"))
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, r := scene{build: tc.build}.world()
			a, _ := w.analyzer()
			d := deviate(t, a, andon.Compare(r, shop(tc.signal), tc.signal), minutes(20, 20))
			if len(d) != 1 || d[0].Node != "new-0" || len(d[0].Sigma) != 1 {
				t.Fatalf("got %+v, want one value of new-0", d)
			}
			if got := d[0].Sigma[0]; !(got >= tc.min && got <= tc.max) {
				t.Errorf("deviation %v, want %v to %v", got, tc.min, tc.max)
			}
			if !(d[0].Low[0] <= d[0].Centre[0] && d[0].Centre[0] <= d[0].High[0]) {
				t.Errorf("band %v to %v around %v", d[0].Low[0], d[0].High[0], d[0].Centre[0])
			}
		})
	}
}

func TestDeviateWithoutSamples(t *testing.T) {
	w := newWorld(time.Minute, noon.Add(-time.Hour), noon.Add(time.Hour))
	w.add("latency_seconds", "new-0", "v2", noon, around(.2, .1, "n"))
	a, _ := w.analyzer()
	d := deviate(t, a, andon.Compare(w.canary(), shop(), latency), minutes(10, 10))
	if len(d) != 1 || !math.IsNaN(d[0].Sigma[0]) || math.IsNaN(d[0].Value[0]) {
		t.Errorf("without control: %+v, want a value and no deviation", d)
	}
	gone := andon.Selector{"version": "v9"}
	c := andon.Compare(w.canary(), shop(), latency)
	c.Candidate.Select = gone
	if d := deviate(t, a, c, minutes(10, 10)); len(d) != 0 {
		t.Errorf("no candidate: %+v, want nothing", d)
	}
}

func TestDeviateAgainstEarlier(t *testing.T) {
	w := newWorld(time.Minute, noon.Add(-30*time.Hour), noon.Add(time.Hour))
	w.kpi(func(t time.Time) float64 {
		v := day(t) + noise("k", t)
		if t.After(noon) {
			v += 10
		}
		return v
	})
	a, l := w.analyzer()
	sig := andon.Signal{Name: "kpi", Metric: "kpi"}
	yesterday := andon.Comparison{Signal: sig, Control: andon.Cohort{Back: 24 * time.Hour}}
	d := deviate(t, a, yesterday, minutes(30, 30))
	if len(d) != 1 || d[0].Sigma[0] < 2 {
		t.Errorf("against yesterday: %+v, want a deviation", d)
	}
	if got := d[0].Value[0] - d[0].Centre[0]; got < 5 || got > 15 {
		t.Errorf("the value lies %v above yesterday's, want about 10", got)
	}
	if !d[0].Times[0].Equal(noon.Add(30 * time.Minute)) {
		t.Errorf("at %s, want today", d[0].Times[0])
	}
	since := andon.Comparison{Signal: sig, Since: noon}
	if d := deviate(t, a, since, minutes(5, 5)); len(d) != 1 || d[0].Sigma[0] < 2 {
		t.Errorf("against the hour before: %+v, want a deviation", d)
	}
	_, err := a.Metrics.Deviate(context.Background(), andon.Comparison{Signal: sig}, minutes(5, 5))
	if err == nil || !strings.Contains(err.Error(), "or set since") {
		t.Errorf("nothing to compare with: %v", err)
	}
	l.failing = "kpi"
	if _, err := a.Metrics.Deviate(context.Background(), since, minutes(5, 5)); err == nil || !strings.Contains(err.Error(), "the server is away") {
		t.Errorf("got %v, want the source's error", err)
	}
}

func TestDeviateInWiderSteps(t *testing.T) {
	s := scenes[1]
	w, r := s.world()
	a, _ := w.analyzer()
	c := andon.Compare(r, s.service, latency)
	fine := deviate(t, a, c, minutes(0, 25))[0]
	byTime := map[time.Time]float64{}
	for i, at := range fine.Times {
		byTime[at] = fine.Sigma[i]
	}
	coarse := minutes(0, 25)
	coarse.Start, coarse.Step = coarse.Start.Add(7*time.Second), 270*time.Second
	got := deviate(t, a, c, coarse)[0]
	if len(got.Times) < 5 {
		t.Fatalf("%d times", len(got.Times))
	}
	for i, at := range got.Times {
		if want, ok := byTime[at]; !ok || want != got.Sigma[i] && !math.IsNaN(want) {
			t.Errorf("at %s: %v, in steps of a minute %v", at, got.Sigma[i], want)
		}
	}
}

func TestInferKind(t *testing.T) {
	for _, tc := range []struct {
		signal andon.Signal
		want   andon.Kind
	}{
		{andon.Signal{Name: "errors", Metric: "errors", Per: "calls"}, andon.Counts},
		{andon.Signal{Name: "rss", Metric: "x", Unit: "bytes"}, andon.Memory},
		{andon.Signal{Name: "memory", Metric: "pod_memory_ratio", Unit: "ratio"}, andon.Memory},
		{andon.Signal{Name: "cpu", Metric: "pod_cpu_ratio", Unit: "ratio"}, andon.Resource},
		{andon.Signal{Name: "p99", Metric: "x", Unit: "seconds"}, andon.Latency},
		{andon.Signal{Name: "latency", Metric: "x"}, andon.Latency},
		{andon.Signal{Name: "success", Metric: "x", Unit: "ratio"}, andon.Failures},
		{andon.Signal{Name: "availability", Metric: "x", Unit: "percent"}, andon.Failures},
		{andon.Signal{Name: "orders", Metric: "orders_failed", Unit: "ratio"}, andon.Failures},
		{andon.Signal{Name: "success", Metric: "x"}, andon.Value},
		{andon.Signal{Name: "kpi", Metric: "kpi"}, andon.Value},
		{andon.Signal{Name: "success", Metric: "x", Unit: "ratio", Kind: andon.Value}, andon.Value},
	} {
		if got := tc.signal.InferKind(); got != tc.want {
			t.Errorf("%s (%s %s): %s, want %s", tc.signal.Name, tc.signal.Metric, tc.signal.Unit, got, tc.want)
		}
	}
}

func BenchmarkDeviateOneTick(b *testing.B) {
	s := scenes[1]
	w, r := s.world()
	a, _ := w.analyzer()
	c := andon.Compare(r, s.service, latency)
	for b.Loop() {
		if _, err := a.Metrics.Deviate(context.Background(), c, minutes(20, 20)); err != nil {
			b.Fatal(err)
		}
	}
}
