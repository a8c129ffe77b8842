package judge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

func tick(w *judge.Watch, now time.Time, under ...judge.Underway) []andon.Verdict {
	return w.Tick(context.Background(), under, now)
}

func wire(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A Watch that ticked all along, one that started in the middle and one that
// sees the rollout for the first time at the end say the same, to the last digit.
func TestRestartChangesNothing(t *testing.T) {
	for _, s := range slices.Concat(scenes, regionScenes) {
		t.Run(s.name, func(t *testing.T) {
			w, r := s.world()
			a, _ := w.analyzer()
			steady, restarted := a.NewWatch(3), a.NewWatch(1)
			every := s.span() / 15
			for now := noon; !now.After(noon.Add(s.span())); now = now.Add(every) {
				u := judge.Underway{Rollout: r.AsOf(now), Service: s.service}
				if now.Equal(noon.Add(7 * every)) {
					restarted = a.NewWatch(2)
				}
				one, two := tick(steady, now, u), tick(restarted, now, u)
				fresh, err := a.Judge(context.Background(), r, s.service, now)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(wire(t, one), wire(t, two)); d != "" {
					t.Fatalf("at %s a restart changed the verdict:\n%s", now, d)
				}
				if d := cmp.Diff(wire(t, one[0]), wire(t, fresh)); d != "" {
					t.Fatalf("at %s a judgment from scratch differs:\n%s", now, d)
				}
			}
		})
	}
}

func TestTickLooksAtNothingLater(t *testing.T) {
	for _, s := range slices.Concat(scenes, regionScenes) {
		w, r := s.world()
		a, l := w.analyzer()
		watch := a.NewWatch(2)
		for now := noon.Add(13 * time.Second); now.Before(noon.Add(s.span())); now = now.Add(s.span() / 9) {
			tick(watch, now, judge.Underway{Rollout: r, Service: s.service})
			if l.latest.After(now) {
				t.Fatalf("%s: samples were asked for up to %s at %s", s.name, l.latest, now)
			}
		}
	}
}

func TestTickCostsTheSameAtAnyAge(t *testing.T) {
	for _, s := range slices.Concat(scenes, regionScenes) {
		t.Run(s.name, func(t *testing.T) {
			s.lasts = 3 * s.span()
			w, r := s.world()
			a, l := w.analyzer()
			watch := a.NewWatch(2)
			step := time.Duration(s.service.Step)
			if step == 0 {
				step = time.Minute
			}
			tick(watch, noon, judge.Underway{Rollout: r, Service: s.service})
			first := 0
			for i := 1; i <= 80; i++ {
				l.points = 0
				tick(watch, noon.Add(time.Duration(i)*step), judge.Underway{Rollout: r, Service: s.service})
				if i == 1 {
					first = l.points
				}
				if l.points != first {
					t.Fatalf("tick %d asked for %d points, tick 1 for %d", i, l.points, first)
				}
			}
			if want := 4 * len(s.service.Signals); first > want {
				t.Errorf("a tick asks for %d points, want %d at most", first, want)
			}
		})
	}
}

// Two rollouts overlap; only one of them is bad, or both are. If what speaks
// against them may be owed to the other as well, none fails.
func TestBlame(t *testing.T) {
	build := func(bad map[string]float64, absent bool) []andon.Verdict {
		w := newWorld(time.Minute, noon.Add(-time.Hour), noon.Add(time.Hour))
		var under []judge.Underway
		for _, name := range []string{"cart", "pay"} {
			sig := with(success, func(s *andon.Signal) { s.Metric = name + "_success" })
			candidate := after(3*time.Minute, constant(1), constant(1-bad[name]))
			if absent {
				candidate = nil
			}
			w.fleet(sig.Metric, constant(1), candidate)
			s := shop(sig)
			s.Name = name
			r := w.canary()
			r.ID, r.Service = name, name
			under = append(under, judge.Underway{Rollout: r, Service: s})
		}
		a, _ := w.analyzer()
		return tick(a.NewWatch(2), noon.Add(12*time.Minute), under...)
	}
	one := build(map[string]float64{"cart": .9}, false)
	if one[0].Verdict != andon.Fail || one[0].Blame < .95 || one[1].Verdict == andon.Fail || one[1].Score > .1 {
		t.Errorf("cart %s (%v), pay %s (%v); want cart to fail alone", one[0].Verdict, one[0].Score, one[1].Verdict, one[1].Score)
	}
	for _, v := range build(map[string]float64{"cart": .9, "pay": .9}, false) {
		if v.Verdict != andon.Fail || v.Blame < .95 {
			t.Errorf("%s: %s (%s), want it to fail beside its own control", v.Rollout, v.Verdict, v.Reason)
		}
	}
	for _, v := range build(nil, true) {
		if v.Verdict != andon.Inconclusive {
			t.Errorf("%s: %s (%s), want inconclusive: each may be absent for the other", v.Rollout, v.Verdict, v.Reason)
		}
	}
}

func TestFailureIsLatched(t *testing.T) {
	s := scene{service: shop(success), lasts: 3 * time.Hour, build: func(w *world) {
		w.fleet("success_ratio", constant(1), after(12*time.Minute, constant(.3), constant(1)))
	}}
	w, r := s.world()
	a, _ := w.analyzer()
	watch := a.NewWatch(1)
	u := judge.Underway{Rollout: r, Service: s.service}
	early, late := tick(watch, noon.Add(15*time.Minute), u)[0], tick(watch, noon.Add(3*time.Hour), u)[0]
	if early.Verdict != andon.Fail || late.Verdict != andon.Fail || !early.FirstFail.Equal(*late.FirstFail) {
		t.Errorf("%s at %v, later %s at %v", early.Verdict, early.FirstFail, late.Verdict, late.FirstFail)
	}
	if late.Score < early.Score || late.Evidence < early.Evidence {
		t.Errorf("score %v and evidence %v sank to %v and %v", early.Score, early.Evidence, late.Score, late.Evidence)
	}
}

func TestSourceError(t *testing.T) {
	s := scene{service: shop(success, latency), build: func(w *world) {
		w.fleet("success_ratio", constant(1), after(8*time.Minute, constant(1), constant(.3)))
		w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1))
	}}
	w, r := s.world()
	a, l := w.analyzer()
	watch := a.NewWatch(2)
	u := judge.Underway{Rollout: r, Service: s.service}
	tick(watch, noon.Add(5*time.Minute), u)
	l.failing = "success_ratio"
	v := tick(watch, noon.Add(18*time.Minute), u)[0]
	f := v.Findings[0]
	if f.Quality != andon.SourceError || !strings.Contains(f.Reason, "the server is away") {
		t.Errorf("finding of quality %s: %s", f.Quality, f.Reason)
	}
	if v.Verdict != andon.Inconclusive || v.Quality != andon.SourceError {
		t.Errorf("%s, %s, while the heaviest signal could not be read: %s", v.Verdict, v.Quality, v.Reason)
	}
	l.failing = ""
	v = tick(watch, noon.Add(18*time.Minute+time.Second), u)[0]
	fresh, _ := a.Judge(context.Background(), r, s.service, noon.Add(18*time.Minute))
	if v.Verdict != andon.Fail || math.Abs(float64(v.Evidence/fresh.Evidence)-1) > 1e-9 {
		t.Errorf("%s with evidence %v after the source came back, want %s with %v", v.Verdict, v.Evidence, fresh.Verdict, fresh.Evidence)
	}

	l.failing = "_"
	v = tick(a.NewWatch(2), noon.Add(20*time.Minute), u)[0]
	if v.Verdict != andon.Inconclusive || v.Quality != andon.SourceError || !strings.Contains(v.Reason, "the server is away") {
		t.Errorf("nothing could be read: %s, %s: %s", v.Verdict, v.Quality, v.Reason)
	}
}

func TestSourceAwayForLongIsNotAskedForAll(t *testing.T) {
	s := scene{service: shop(latency), lasts: 24 * time.Hour, build: func(w *world) {
		w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1))
	}}
	w, r := s.world()
	a, l := w.analyzer()
	watch := a.NewWatch(2)
	u := judge.Underway{Rollout: r, Service: s.service}
	tick(watch, noon.Add(5*time.Minute), u)
	l.failing = "latency"
	for i := range 20 {
		tick(watch, noon.Add(time.Duration(i+1)*time.Hour), u)
	}
	l.failing, l.points = "", 0
	v := tick(watch, noon.Add(21*time.Hour), u)[0]
	if l.points > 2*320 {
		t.Errorf("%d points were asked for when the source came back", l.points)
	}
	if v.Verdict != andon.Pass {
		t.Errorf("%s: %s", v.Verdict, v.Reason)
	}
}

func TestWatchForgetsAndTrails(t *testing.T) {
	s := scenes[0]
	s.lasts = 30 * time.Hour
	w, r := s.world()
	a, _ := w.analyzer()
	watch := a.NewWatch(2)
	u := judge.Underway{Rollout: r, Service: s.service}
	tick(watch, noon.Add(s.lasts), u, u) // twice the same does no harm
	trail := watch.Trail(r.ID)
	if len(trail) == 0 || len(trail) > 720 {
		t.Fatalf("a trail of %d points", len(trail))
	}
	for i := 1; i < len(trail); i++ {
		if !trail[i].At.After(trail[i-1].At) {
			t.Fatalf("points out of order at %d", i)
		}
	}
	if !trail[0].At.Equal(noon) || !trail[len(trail)-1].At.Equal(noon.Add(s.lasts)) {
		t.Errorf("trail from %s to %s", trail[0].At, trail[len(trail)-1].At)
	}
	tick(watch, noon.Add(s.lasts))
	if watch.Trail(r.ID) != nil {
		t.Error("a rollout that is no longer under way was not forgotten")
	}
	if got := len(tick(watch, noon, judge.Underway{Rollout: r, Service: s.service})); got != 1 {
		t.Errorf("%d verdicts", got)
	}
}

func TestChangedCohortsBeginAnew(t *testing.T) {
	s := scenes[1]
	w, r := s.world()
	a, _ := w.analyzer()
	watch := a.NewWatch(2)
	now := noon.Add(20 * time.Minute)
	if v := tick(watch, now, judge.Underway{Rollout: r, Service: s.service})[0]; v.Verdict != andon.Fail {
		t.Fatalf("%s: %s", v.Verdict, v.Reason)
	}
	r.Candidate = andon.Selector{"version": "v3"}
	if v := tick(watch, now, judge.Underway{Rollout: r, Service: s.service})[0]; v.FirstFail != nil && v.FirstFail.Before(noon.Add(9*time.Minute)) {
		t.Errorf("failed at %s for what another candidate did", v.FirstFail)
	}
}

func TestRolloutThatHasNotBegun(t *testing.T) {
	s := scenes[0]
	w, r := s.world()
	a, _ := w.analyzer()
	for _, early := range []time.Duration{0, time.Second, time.Hour, 24 * time.Hour} {
		v, err := a.Judge(context.Background(), r, s.service, noon.Add(-early))
		if err != nil || v.Verdict != andon.Inconclusive || v.Reason == "" {
			t.Errorf("%s before: %s (%q), %v", early, v.Verdict, v.Reason, err)
		}
	}
}

func TestFindingsAreComplete(t *testing.T) {
	s := scenes[1]
	w, r := s.world()
	a, _ := w.analyzer()
	v, _ := a.Judge(context.Background(), r, s.service, noon.Add(20*time.Minute))
	f := v.Findings[0]
	for what, ok := range map[string]bool{
		"query":     f.Query == `latency_seconds{version="v2"}`,
		"against":   f.Against == `latency_seconds{version="v1"}`,
		"node":      f.Node == "new-0",
		"deviation": f.Deviation > 5,
		"effect":    math.Abs(float64(f.Effect)-.6) < .1,
		"evidence":  f.Evidence > 1000,
		"smallest":  f.Smallest > 0 && f.Smallest < .6,
		"weight":    f.Weight > 0 && f.Weight < 1,
		"onset":     f.Onset != nil && f.Onset.Sub(noon) < 8*time.Minute,
		"quality":   f.Quality == andon.OK,
		"samples":   f.Candidate == 20 && f.Control == 84,
		"kind":      f.Kind == "metric",
	} {
		if !ok {
			t.Errorf("%s: %s", what, wire(t, f))
		}
	}
	if s := fmt.Sprint(v.Score); v.Score < .99 || v.Score > 1 {
		t.Errorf("score %s", s)
	}
}
