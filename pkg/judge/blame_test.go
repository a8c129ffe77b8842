package judge_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// TestDependencies: where no control that runs at the same time cancels it, a
// service is not blamed for what became of one that it calls.
func TestDependencies(t *testing.T) {
	drop := func(at time.Duration) func(time.Time) float64 {
		return func(t time.Time) float64 {
			if t.Before(noon.Add(at)) {
				return 100 + noise("k", t)
			}
			return 60 + noise("k", t)
		}
	}
	calm := func(t time.Time) float64 { return 100 + noise("calm", t) }
	kpi := func(name string, calls []string) judge.Underway {
		return judge.Underway{
			Rollout: andon.Rollout{ID: name, Service: name, Strategy: andon.BeforeAfter, Started: noon},
			Service: andon.Service{Name: name, DependsOn: calls, Signals: []andon.Signal{{Name: "kpi", Metric: name + "_kpi", Worse: andon.Lower}}},
		}
	}
	none := []string{}
	for _, tc := range []struct {
		name    string
		under   []judge.Underway
		spoilt  map[string]time.Duration // when the service's own value falls
		verdict map[string]andon.Decision
		set     map[string][]string
	}{
		{
			name:    "the callee went bad",
			under:   []judge.Underway{kpi("shop", []string{"payment"}), kpi("payment", none)},
			spoilt:  map[string]time.Duration{"shop": 3 * time.Minute, "payment": 3 * time.Minute},
			verdict: map[string]andon.Decision{"shop": andon.Inconclusive, "payment": andon.Fail},
			set:     map[string][]string{"shop": {"payment", "shop"}},
		},
		{
			name:    "the callee is well",
			under:   []judge.Underway{kpi("shop", []string{"payment"}), kpi("payment", none)},
			spoilt:  map[string]time.Duration{"shop": 3 * time.Minute},
			verdict: map[string]andon.Decision{"shop": andon.Fail, "payment": andon.Pass},
		},
		{
			name:    "one that it does not call went bad as well",
			under:   []judge.Underway{kpi("shop", []string{"stock"}), kpi("payment", none)},
			spoilt:  map[string]time.Duration{"shop": 3 * time.Minute, "payment": 3 * time.Minute},
			verdict: map[string]andon.Decision{"shop": andon.Fail, "payment": andon.Fail},
		},
		{
			name:    "nobody said who calls whom",
			under:   []judge.Underway{kpi("shop", nil), kpi("payment", nil)},
			spoilt:  map[string]time.Duration{"shop": 3 * time.Minute, "payment": 3 * time.Minute},
			verdict: map[string]andon.Decision{"shop": andon.Fail, "payment": andon.Fail},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(time.Minute, noon.Add(-24*time.Hour), noon.Add(time.Hour))
			for _, u := range tc.under {
				f := calm
				if at, ok := tc.spoilt[u.Service.Name]; ok {
					f = drop(at)
				}
				w.add(u.Service.Name+"_kpi", "", "", w.from, f)
			}
			a, _ := w.analyzer()
			watch := a.NewWatch(1)
			var got []andon.Verdict
			for now := noon; now.Before(noon.Add(25 * time.Minute)); now = now.Add(time.Minute) {
				got = tick(watch, now, tc.under...)
			}
			for _, v := range got {
				if v.Verdict != tc.verdict[v.Rollout] || !slices.Equal(v.Set, tc.set[v.Rollout]) {
					t.Errorf("%s: %s, set %v (%s), want %s, %v", v.Rollout, v.Verdict, v.Set, v.Reason, tc.verdict[v.Rollout], tc.set[v.Rollout])
				}
			}
			// That the callee was taken back does not make its caller guilty.
			var left []judge.Underway
			for _, u := range tc.under {
				if tc.verdict[u.Rollout.ID] != andon.Fail {
					left = append(left, u)
				}
			}
			for _, v := range tick(watch, noon.Add(50*time.Minute), left...) {
				if v.Verdict == andon.Fail {
					t.Errorf("%s fails once the others are gone: %s", v.Rollout, v.Reason)
				}
			}
		})
	}
}

// TestDependenciesChange: who calls whom may become known while a rollout is
// under way. It is judged on, not anew, and asks no more than before.
func TestDependenciesChange(t *testing.T) {
	w := newWorld(time.Minute, noon.Add(-24*time.Hour), noon.Add(time.Hour))
	var under []judge.Underway
	for _, name := range []string{"shop", "payment"} {
		w.add(name+"_kpi", "", "", w.from, func(t time.Time) float64 {
			if t.Before(noon.Add(3 * time.Minute)) {
				return 100 + noise("k", t)
			}
			return 60 + noise("k", t)
		})
		under = append(under, judge.Underway{
			Rollout: andon.Rollout{ID: name, Service: name, Strategy: andon.BeforeAfter, Started: noon},
			Service: andon.Service{Name: name, Signals: []andon.Signal{{Name: "kpi", Metric: name + "_kpi", Worse: andon.Lower}}},
		})
	}
	a, l := w.analyzer()
	watch := a.NewWatch(1)
	points, last := 0, 0
	var got []andon.Verdict
	for i := range 30 {
		switch i {
		case 5:
			under[0].Dependencies = &andon.Dependencies{Calls: []andon.Call{{Service: "payment", From: "calls"}}}
		case 8:
			under[1].Service.DependsOn = []string{"stock"}
		}
		got = tick(watch, noon.Add(time.Duration(i)*time.Minute), under...)
		points, last = l.points-last, l.points
		if i > 0 && points > 4 {
			t.Errorf("%d points are asked for in minute %d", points, i)
		}
	}
	if got[0].Verdict != andon.Inconclusive || got[0].Quality != andon.Ambiguous || got[1].Verdict != andon.Fail {
		t.Errorf("the caller: %s (%s); the callee: %s (%s)", got[0].Verdict, got[0].Reason, got[1].Verdict, got[1].Reason)
	}
	if d := cmp.Diff(under[0].Dependencies, got[0].Dependencies); d != "" {
		t.Errorf("what is known of calls (-want +got):\n%s", d)
	}
}

// Edges are walked with the fewest services between, and never back to where
// they began.
func TestEdges(t *testing.T) {
	e := andon.Edges{}
	for _, c := range [][3]string{{"shop", "cart", andon.DeclaredCall}, {"shop", "cart", "q"}, {"shop", "pay", "q"}, {"cart", "db", "q"}, {"pay", "db", "q"}, {"db", "shop", "q"}} {
		e.Add(c[0], c[1], c[2])
	}
	want := []andon.Call{{Service: "cart", From: andon.DeclaredCall}, {Service: "pay", From: "q"}, {Service: "db", Through: "cart", From: "q"}}
	if d := cmp.Diff(want, e.Calls("shop")); d != "" {
		t.Errorf("calls of shop (-want +got):\n%s", d)
	}
	if got := e.Calls("mail"); got != nil {
		t.Errorf("calls of an unknown service: %v", got)
	}
}

// Candidates that do not come up may be absent for a service that they call,
// not for one that they do not.
func TestAbsenceAndDependencies(t *testing.T) {
	for _, tc := range []struct {
		name  string
		calls []string
		want  andon.Decision
	}{
		{"not known", nil, andon.Inconclusive},
		{"calls it", []string{"pay"}, andon.Inconclusive},
		{"calls another", []string{"stock"}, andon.Fail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(time.Minute, noon.Add(-time.Hour), noon.Add(time.Hour))
			var under []judge.Underway
			for _, name := range []string{"cart", "pay"} {
				sig := with(success, func(s *andon.Signal) { s.Metric = name + "_success" })
				w.fleet(sig.Metric, constant(1), nil)
				s := shop(sig)
				s.Name = name
				r := w.canary()
				r.ID, r.Service = name, name
				under = append(under, judge.Underway{Rollout: r, Service: s})
			}
			under[0].Service.DependsOn = tc.calls
			a, _ := w.analyzer()
			v := tick(a.NewWatch(1), noon.Add(25*time.Minute), under...)[0]
			if v.Verdict != tc.want {
				t.Errorf("%s (%s), want %s", v.Verdict, v.Reason, tc.want)
			}
			if (v.Quality == andon.Ambiguous) != (tc.want != andon.Fail) || (v.Set != nil) != (tc.want != andon.Fail) {
				t.Errorf("quality %s, set %v", v.Quality, v.Set)
			}
		})
	}
}

func TestCallees(t *testing.T) {
	got := andon.Callees(map[string][]string{
		"shop": {"cart", "payment"}, "cart": {"db"}, "payment": nil, "db": {"shop"}, "mail": nil, "lone": {},
	})
	want := map[string][]string{
		"shop": {"cart", "db", "payment"}, "cart": {"db", "payment", "shop"}, "db": {"cart", "payment", "shop"}, "payment": {}, "lone": {},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("callees (-want +got):\n%s", d)
	}
	if _, ok := got["mail"]; ok {
		t.Error("a service of which nothing is known is said to call none")
	}
}

// The layer underneath is looked at, services beside are not; and a rollout
// that was taken back is not forgotten by those whose nodes it had come to.
func TestInnocentOnBadHosts(t *testing.T) {
	// Levels of control rise with the nodes that go bad: they show little here.
	for _, fault := range []string{"counts", "failures"} {
		t.Run(fault, func(t *testing.T) {
			waves := []wave{
				{label: "version", start: 3 * time.Minute, every: 6 * time.Minute, order: 1},
				{label: "os", every: 6 * time.Minute, order: 1, bad: true, other: true},
			}
			w := newWorld(time.Minute, noon.Add(-time.Hour), noon.Add(time.Hour))
			faults[fault].add(w, waves)
			w.fleetOf("host_success_ratio", waves, constant(1), constant(1))
			a, _ := w.analyzer()
			watch, under := a.NewWatch(1), underWaves(waves, shop(faults[fault].signal))
			var v andon.Verdict
			most, reason := 0., ""
			for now := noon.Add(3 * time.Minute); now.Before(noon.Add(55 * time.Minute)); now = now.Add(time.Minute) {
				if now.After(noon.Add(45 * time.Minute)) {
					under = under[:1]
				}
				v = tick(watch, now, under...)[0]
				if e := float64(v.Evidence); e > most {
					most, reason = e, v.Reason
				}
				if v.Verdict == andon.Fail {
					t.Fatalf("blamed at %s for what the hosts did: %s", now, v.Reason)
				}
			}
			t.Logf("at most %v: %s; in the end: %s", most, reason, v.Reason)
			if most < 1000 {
				t.Errorf("evidence of %v at most; the scene tests nothing", most)
			}
			if !strings.Contains(reason, "os may explain it better") {
				t.Errorf("the reason does not name what explains it better: %s", reason)
			}
		})
	}
}
