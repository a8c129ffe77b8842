package judge_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// Every kind of signal says which effect would have been seen by now, for the
// worse, and a verdict that is still open says it in words.
func TestSmallest(t *testing.T) {
	kpi := andon.Signal{Name: "kpi", Metric: "kpi", Unit: "ms", Kind: andon.Value}
	for _, tc := range []struct {
		name     string
		service  andon.Service
		rollout  func(r *andon.Rollout)
		build    func(w *world)
		after    time.Duration
		kind     string
		from, to float64
		says     string // in the verdict's reason
	}{
		{
			name: "counts", service: shop(failing), after: 20 * time.Minute, from: .001, to: .05,
			build: func(w *world) {
				w.fleet("errors_rate", constant(.1), constant(.1))
				w.fleet("calls_rate", constant(10), constant(10))
			},
		},
		{
			name: "failures", service: shop(success), after: 30 * time.Minute, from: -.9, to: -.01,
			build: func(w *world) { w.fleet("success_ratio", steady(.95, .02), steady(.95, .02)) },
		},
		{
			name: "levels", service: shop(latency), after: 20 * time.Minute, from: .05, to: .4,
			build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1)) },
		},
		{
			name: "before and after", service: shop(kpi), rollout: before, after: 30 * time.Minute, from: .5, to: 20,
			build: func(w *world) { w.kpi(func(t time.Time) float64 { return day(t) + noise("k", t) }) },
		},
		{
			name: "absence", service: shop(success), after: 6 * time.Minute, kind: "presence", from: 300, to: 1500,
			build: func(w *world) { w.fleet("success_ratio", constant(1), nil) },
		},
		{
			name: "in words", service: shop(failing), after: 3 * time.Minute, from: .001, to: 1,
			build: func(w *world) {
				w.fleet("errors_rate", constant(.1), constant(.1))
				w.fleet("calls_rate", constant(10), constant(10))
			},
			says: "errors would have had to rise by 2.1 points to fail the rollout by now",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, r := scene{build: tc.build, rollout: tc.rollout, before: 4 * 24 * time.Hour}.world()
			a, _ := w.analyzer()
			v, err := a.Judge(context.Background(), r, tc.service, noon.Add(tc.after))
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range v.Findings {
				if f.Kind == tc.kind || tc.kind == "" && f.Kind == "metric" {
					found = true
					if s := float64(f.Smallest); !(s >= tc.from && s <= tc.to) {
						t.Errorf("smallest of %s is %v, want %v to %v", f.Signal, s, tc.from, tc.to)
					}
				}
			}
			if !found {
				t.Fatalf("no finding of kind %q in %+v", tc.kind, v.Findings)
			}
			if tc.says != "" && (v.Verdict != andon.Inconclusive || !strings.Contains(v.Reason, tc.says)) {
				t.Errorf("%s: %q, want inconclusive and %q", v.Verdict, v.Reason, tc.says)
			}
		})
	}
}

// TestSmallestOfLines: of new lines and new crashes, a rate on candidate is
// named that would have failed the rollout by now in four of five cases.
// Rollouts that show just that fail about so often.
func TestSmallestOfLines(t *testing.T) {
	const runs = 60
	fleet := func(s *scribe) {
		for i := range 6 {
			s.poisson(fmt.Sprintf("old-%d", i), "v1", "served request %d in time", noon.Add(-2*time.Hour), noon.Add(time.Hour), 5)
			s.poisson(fmt.Sprintf("new-%d", i), "v2", "served request %d in time", noon.Add(time.Minute), noon.Add(time.Hour), 5)
		}
	}
	for _, tc := range []struct {
		name   string
		signal andon.Signal
		show   func(s *scribe, node string, perHour float64)
	}{
		{"logs", allLogs, func(s *scribe, node string, perHour float64) {
			s.poisson(node, "v2", lost, noon.Add(time.Minute), noon.Add(time.Hour), perHour/60)
		}},
		{"crashes", panics, func(s *scribe, node string, perHour float64) {
			for at := noon.Add(time.Minute); ; {
				at = at.Add(time.Duration(s.rng.ExpFloat64() / perHour * float64(time.Hour)))
				if !at.Before(noon.Add(time.Hour)) {
					return
				}
				s.crash(node, "v2", at)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ro := newWorld(time.Minute, noon, noon).canary()
			at := noon.Add(59 * time.Minute)
			judge := func(s *scribe) andon.Verdict {
				v, err := s.analyzer().Judge(context.Background(), ro, shop(tc.signal), at)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			clean := newScribe(1)
			fleet(clean)
			f := judge(clean).Findings[0]
			if !f.Smallest.Known() || f.Unseen != "" {
				t.Fatalf("smallest %v (%s)", f.Smallest, f.Unseen)
			}
			failed := 0
			for i := range runs {
				s := newScribe(uint64(i) + 2)
				fleet(s)
				for j := range 6 {
					tc.show(s, fmt.Sprintf("new-%d", j), float64(f.Smallest))
				}
				failed += b2i(judge(s).Verdict == andon.Fail)
			}
			t.Logf("%.2f a node and hour: %d of %d fail", float64(f.Smallest), failed, runs)
			// Four of five, give or take three standard errors of 60 runs.
			if share := float64(failed) / runs; share < .645 || share > .955 {
				t.Errorf("%d of %d fail at %.2f a node and hour, want four of five", failed, runs, float64(f.Smallest))
			}
		})
	}
}

// Where no smallest effect is known it is said why.
func TestNoSmallest(t *testing.T) {
	s := newScribe(1)
	s.fleet()
	for _, tc := range []struct {
		name    string
		signal  andon.Signal
		rollout func(r *andon.Rollout)
		after   time.Duration
		says    string
	}{
		{name: "no time has passed", signal: errorLogs, after: 4 * time.Minute, says: "not even a new line all the time on every node"},
		{name: "it weighs nothing", signal: with(errorLogs, func(s *andon.Signal) { w := 0.; s.Weight = &w }), after: 40 * time.Minute, says: "its weight is 0"},
		{name: "no candidate", signal: errorLogs, rollout: func(r *andon.Rollout) { r.Candidate = andon.Selector{"version": "v3"} }, after: 40 * time.Minute, says: "no line from the new nodes"},
		{name: "no control", signal: errorLogs, rollout: func(r *andon.Rollout) { r.Control = andon.Selector{"version": "v0"} }, after: 40 * time.Minute, says: "no line from the old nodes"},
		{name: "thresholds", signal: errorLogs, rollout: func(r *andon.Rollout) { r.Strategy = andon.Threshold }, after: 40 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ro := newWorld(time.Minute, noon, noon).canary()
			if tc.rollout != nil {
				tc.rollout(&ro)
			}
			v, err := s.analyzer().Judge(context.Background(), ro, shop(tc.signal), noon.Add(tc.after))
			if err != nil {
				t.Fatal(err)
			}
			if f := v.Findings[0]; f.Smallest.Known() || f.Unseen == "" || !strings.Contains(f.Unseen, tc.says) {
				t.Errorf("smallest %v (%s), want none and %q", f.Smallest, f.Unseen, tc.says)
			}
		})
	}
}
