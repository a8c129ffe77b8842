package judge_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/andon"
)

// A service as services are: traffic with a season, nodes that differ, noise
// that lingers, errors that come as they like. worse multiplies errors and
// latency of the candidate.
func busy(r *rand.Rand, worse float64) *world {
	w := newWorld(time.Minute, noon.Add(-90*time.Minute), noon.Add(time.Hour))
	n := int(w.to.Sub(w.from)/w.step) + 1
	season := make([]float64, n)
	for i := range season {
		season[i] = 1 + .5*math.Sin(float64(i)/40) + .1*r.NormFloat64()
	}
	at := func(t time.Time) int { return int(t.Sub(w.from) / w.step) }
	for i := range 7 {
		node, version, since, factor := fmt.Sprintf("old-%d", i), "v1", w.from, 1.
		if i >= 5 {
			node, version, since, factor = fmt.Sprintf("new-%d", i), "v2", noon.Add(time.Minute), worse
		}
		calls, errors, slow, busy := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		level, drift := .1*r.NormFloat64(), 0.
		for j := range n {
			drift = .8*drift + .1*r.NormFloat64()
			calls[j] = season[j] * 5 * math.Exp(level)
			errors[j] = distuv.Poisson{Lambda: 60 * calls[j] * .01 * factor, Src: r}.Rand() / 60
			slow[j] = .2 * factor * math.Exp(level+drift)
			busy[j] = .3 * season[j] * math.Exp(level+drift)
		}
		for metric, x := range map[string][]float64{"calls_rate": calls, "errors_rate": errors, "latency_seconds": slow, "cpu_ratio": busy} {
			w.add(metric, node, version, since, func(t time.Time) float64 { return x[at(t)] })
		}
	}
	return w
}

// Of clean rollouts at most one in 1,000 may fail, and of those that make it
// three times as bad nearly all must.
func TestPromise(t *testing.T) {
	for _, tc := range []struct {
		name      string
		worse     float64
		runs      int
		low, high int // that may fail
	}{
		{name: "clean", worse: 1, runs: 60, high: 0},
		{name: "three times as bad", worse: 3, runs: 20, low: 20, high: 20},
	} {
		t.Run(tc.name, func(t *testing.T) {
			failed, passed := 0, 0
			for i := range tc.runs {
				w := busy(rand.New(rand.NewPCG(uint64(i), 11)), tc.worse)
				a, _ := w.analyzer()
				v, err := a.Judge(context.Background(), w.canary(), shop(failing, latency, cpu), noon.Add(time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				switch v.Verdict {
				case andon.Fail:
					failed++
				case andon.Pass:
					passed++
				case andon.Inconclusive:
				}
			}
			t.Logf("%d failed and %d passed of %d", failed, passed, tc.runs)
			if failed < tc.low || failed > tc.high {
				t.Errorf("%d of %d failed, want %d to %d", failed, tc.runs, tc.low, tc.high)
			}
			if failed+passed < tc.runs*95/100 {
				t.Errorf("only %d of %d were decided", failed+passed, tc.runs)
			}
		})
	}
}
