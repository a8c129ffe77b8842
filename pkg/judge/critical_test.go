package judge_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

func critical(s andon.Signal) andon.Signal {
	s.Critical = true
	return s
}

// diluted is a rollout whose errors are worse, beside signals that are not and
// weigh much more.
func diluted(t *testing.T, signals ...andon.Signal) andon.Verdict {
	t.Helper()
	return last(t, func(w *world) {
		w.fleet("errors_rate", constant(.1), constant(.2))
		w.fleet("calls_rate", constant(10), constant(10))
		w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1))
		w.fleet("cpu_ratio", steady(.2, .1), steady(.2, .1))
	}, signals...)
}

// last judges a canary at every minute of half an hour and returns the last verdict.
func last(t *testing.T, build func(*world), signals ...andon.Signal) andon.Verdict {
	t.Helper()
	s := scene{build: build}
	w, r := s.world()
	a, _ := w.analyzer()
	watch := a.NewWatch(2)
	var v andon.Verdict
	for now := noon; !now.After(noon.Add(s.span())); now = now.Add(time.Minute) {
		v = tick(watch, now, judge.Underway{Rollout: r, Service: shop(signals...)})[0]
	}
	return v
}

func TestCriticalSignalFailsEarlier(t *testing.T) {
	light := failing
	light.Weight = ptr(.001)
	plain, alone := diluted(t, light, latency, cpu), diluted(t, critical(light), latency, cpu)
	shared := diluted(t, critical(light), critical(latency), critical(cpu))
	if plain.FirstFail == nil || alone.FirstFail == nil || shared.FirstFail == nil {
		t.Fatalf("first fails %v, %v, %v: want all", plain.FirstFail, alone.FirstFail, shared.FirstFail)
	}
	if !alone.FirstFail.Before(*plain.FirstFail) || alone.FirstFail.After(*shared.FirstFail) || !shared.FirstFail.Before(*plain.FirstFail) {
		t.Errorf("failed at %v as critical, %v as one of three, %v otherwise", alone.FirstFail, shared.FirstFail, plain.FirstFail)
	}
	if e := alone.Findings[0].Evidence; math.Abs(float64(alone.Evidence/e)-1) > 1e-9 {
		t.Errorf("the evidence is %v, want that of the critical signal, %v", alone.Evidence, e)
	}
	if e := shared.Findings[0].Evidence; math.Abs(float64(shared.Evidence/e)*3-1) > 1e-9 {
		t.Errorf("the evidence is %v, want a third of that of the critical signal, %v", shared.Evidence, e)
	}
	if alone.Findings[0].Smallest >= plain.Findings[0].Smallest {
		t.Errorf("the smallest effect that fails is %v as critical, %v otherwise", alone.Findings[0].Smallest, plain.Findings[0].Smallest)
	}
}

// Memory weighs nothing of itself; as critical it counts.
func TestCriticalMemoryCounts(t *testing.T) {
	for _, tc := range []struct {
		signal andon.Signal
		want   andon.Decision
	}{{memory, andon.Inconclusive}, {critical(memory), andon.Fail}} {
		v := last(t, func(w *world) { w.fleet("memory_bytes", steady(1e8, .05), steady(4e8, .05)) }, tc.signal)
		if v.Verdict != tc.want {
			t.Errorf("critical %v: %s (%s), want %s", tc.signal.Critical, v.Verdict, v.Reason, tc.want)
		}
	}
}

// A critical signal that cannot be compared keeps the rollout from passing, and
// any other does not.
func TestCriticalSignalWithoutData(t *testing.T) {
	for _, tc := range []struct {
		signal andon.Signal
		want   andon.Decision
	}{{cpu, andon.Pass}, {critical(cpu), andon.Inconclusive}} {
		v := last(t, func(w *world) { w.fleet("success_ratio", constant(1), constant(1)) }, success, tc.signal)
		if v.Verdict != tc.want || (v.Quality == andon.OK) != (tc.want == andon.Pass) {
			t.Errorf("critical %v: %s, %s (%s); want %s", tc.signal.Critical, v.Verdict, v.Quality, v.Reason, tc.want)
		}
	}
}

// Of harmless rollouts at most 2 in 100 may fail at high sensitivity with two
// critical signals: 2 alpha.
func TestCriticalPromise(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const runs = 150
	fails := 0
	for range runs {
		w := newWorld(time.Minute, noon.Add(-70*time.Minute), noon.Add(40*time.Minute))
		n := int(w.to.Sub(w.from)/w.step) + 1
		for i := range 5 {
			node, version, since := fmt.Sprintf("n-%d", i), "v1", w.from
			if i == 4 {
				version, since = "v2", noon
			}
			for _, metric := range []string{"errors_rate", "refusals_rate"} {
				x := make([]float64, n)
				for j := range x {
					x[j] = distuv.Poisson{Lambda: 1, Src: r}.Rand() / 60
				}
				w.add(metric, node, version, since, func(t time.Time) float64 { return x[int(t.Sub(w.from)/w.step)] })
			}
			w.add("calls_rate", node, version, since, func(time.Time) float64 { return 2 })
		}
		refusals := failing
		refusals.Name, refusals.Metric = "refusals", "refusals_rate"
		s := shop(critical(failing), critical(refusals))
		s.Sensitivity = andon.High
		a, _ := w.analyzer()
		if v := tick(a.NewWatch(2), w.to, judge.Underway{Rollout: w.canary(), Service: s})[0]; v.FirstFail != nil {
			fails++
		}
	}
	// Binomial(150, .02) exceeds 8 in 1 of 100 cases.
	if fails > 8 {
		t.Errorf("%d of %d harmless rollouts failed", fails, runs)
	}
	t.Logf("%d of %d", fails, runs)
}

// The signals to blame are named at the fail, and stay so.
func TestBlamed(t *testing.T) {
	v := diluted(t, failing, latency, cpu)
	if v.Verdict != andon.Fail {
		t.Fatalf("%s: %s", v.Verdict, v.Reason)
	}
	for _, f := range v.Findings {
		if f.Blamed != (f.Signal == "errors") {
			t.Errorf("%s is blamed: %v", f.Signal, f.Blamed)
		}
	}
	both := last(t, func(w *world) {
		w.fleet("latency_seconds", steady(.2, .1), steady(2, .1))
		w.fleet("cpu_ratio", steady(.2, .1), after(15*time.Minute, steady(.2, .1), steady(.8, .1)))
	}, latency, cpu)
	if both.Verdict != andon.Fail || !both.Findings[0].Blamed || both.Findings[1].Blamed {
		t.Errorf("%s; latency blamed %v, cpu, which rose after the fail, %v", both.Verdict, both.Findings[0].Blamed, both.Findings[1].Blamed)
	}
	gone := last(t, func(w *world) { w.fleet("success_ratio", constant(1), nil) }, success)
	if n := len(gone.Findings); gone.Verdict != andon.Fail || !gone.Findings[n-1].Blamed || gone.Findings[n-1].Kind != "presence" {
		t.Errorf("absence is not blamed: %+v", gone.Findings[n-1])
	}
	back := last(t, func(w *world) {
		w.fleet("success_ratio", constant(1), nil)
		w.add("success_ratio", "new-0", "v2", noon.Add(20*time.Minute), func(time.Time) float64 { return 1 })
	}, success)
	if back.Verdict != andon.Fail || !strings.HasPrefix(back.Reason, "no data from the new nodes for 1") || !back.Findings[1].Blamed {
		t.Errorf("%s: %s; want the absence that failed it, although it is over", back.Verdict, back.Reason)
	}
	quick := latency
	quick.FailFast = &andon.Bound{Above: ptr(.15)}
	if v := last(t, func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1)) }, quick); v.Verdict != andon.Fail || !v.Findings[0].Blamed {
		t.Errorf("%s; the signal whose threshold was breached is blamed: %v", v.Verdict, v.Findings[0].Blamed)
	}
	if v := diluted(t, latency, cpu); v.Verdict != andon.Pass || v.Findings[0].Blamed {
		t.Errorf("%s, and a signal is blamed: %v", v.Verdict, v.Findings[0].Blamed)
	}
}
