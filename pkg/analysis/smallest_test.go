package analysis_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
)

// Every kind of signal says which effect would have been seen by now, for the
// worse, and a verdict that is still open says it in words.
func TestSmallest(t *testing.T) {
	kpi := analysis.Signal{Name: "kpi", Metric: "kpi", Unit: "ms", Kind: analysis.Value}
	for _, tc := range []struct {
		name     string
		service  analysis.Service
		rollout  func(r *analysis.Rollout)
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
			says: "to fail it by now, errors would have had to rise by 0.",
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
			if tc.says != "" && (v.Verdict != analysis.Inconclusive || !strings.Contains(v.Reason, tc.says)) {
				t.Errorf("%s: %q, want inconclusive and %q", v.Verdict, v.Reason, tc.says)
			}
		})
	}
}
