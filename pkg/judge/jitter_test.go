package judge_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// swinging returns a value around 100 that scatters by sd from minute to minute.
func swinging(node string, sd float64) func(time.Time) float64 {
	return func(t time.Time) float64 { return 100 + sd*noise(node, t) }
}

var jitter = andon.Signal{Name: "queue", Metric: "queue_length", Kind: andon.Jitter, Worse: andon.Higher}

// jitterVerdict judges a rollout of which every new node swings by sd, where the
// old ones swing by 5, an hour after it started.
func jitterVerdict(t *testing.T, run int, sd float64, signal andon.Signal) andon.Verdict {
	t.Helper()
	w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
	for i := range 4 {
		old, fresh := fmt.Sprintf("old-%d-%d", run, i), fmt.Sprintf("new-%d-%d", run, i)
		w.add("queue_length", old, "v1", w.from, swinging(old, 5))
		w.add("queue_length", fresh, "v2", noon, swinging(fresh, sd))
	}
	a, _ := w.analyzer()
	v, err := a.Judge(context.Background(), w.canary(), shop(signal), noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestJitter: nodes that swing three times as far as the others about the same
// level are found by a signal of kind jitter and not by its level; those that
// swing as the others do fail no more often than promised.
func TestJitter(t *testing.T) {
	found := 0
	for run := range 20 {
		v := jitterVerdict(t, run, 15, jitter)
		if v.Verdict == andon.Fail {
			found++
		}
		if e := float64(v.Findings[0].Effect); math.Abs(e-11.3) > 3 { // E|x - y| is 2/√π of a standard deviation
			t.Errorf("run %d: effect %.1f, want about 11.3", run, e)
		}
	}
	if found < 18 {
		t.Errorf("%d of 20 rollouts whose jitter trebled were found", found)
	}
	level := jitter
	level.Kind = andon.Value
	if v := jitterVerdict(t, 0, 15, level); v.Verdict == andon.Fail {
		t.Errorf("the level, which stayed, failed: %s", v.Reason)
	}
	failed := 0
	for run := range 300 {
		if jitterVerdict(t, 1000+run, 5, jitter).Verdict == andon.Fail {
			failed++
		}
	}
	if failed > 1 { // 1 in 1,000 is promised
		t.Errorf("%d of 300 harmless rollouts failed", failed)
	}
}
