package judge_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// matrixWorld has control nodes around .2 s, of which one is slow, and
// candidate nodes: one alike, one thrice as slow, one that is gone half the time.
func matrixWorld(controls int) *world {
	w := newWorld(time.Minute, noon, noon.Add(time.Hour))
	for i := range controls {
		node := fmt.Sprintf("old-%02d", i)
		level := .2
		if i == 0 {
			level = .6
		}
		w.add("latency_seconds", node, "v1", noon, around(level, .1, node))
	}
	w.add("latency_seconds", "new-alike", "v2", noon, around(.2, .1, "new-alike"))
	w.add("latency_seconds", "new-slow", "v2", noon, around(.6, .1, "new-slow"))
	w.add("latency_seconds", "new-gone", "v2", noon, func(t time.Time) float64 {
		if t.Sub(noon) < 30*time.Minute {
			return none
		}
		return around(.2, .1, "new-gone")(t)
	})
	return w
}

var hour = andon.Range{Start: noon, End: noon.Add(59 * time.Minute), Step: time.Minute}

func TestMatrix(t *testing.T) {
	w := matrixWorld(10)
	a, _ := w.analyzer()
	m, err := a.Metrics.Matrix(context.Background(), andon.Compare(w.canary(), shop(latency), latency), hour)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.Candidate, " "); got != "new-alike new-gone new-slow" || len(m.Control) != 10 || len(m.Distance) != 3 || len(m.Distance[0]) != 10 {
		t.Fatalf("%s against %v: %v", got, m.Control, m.Distance)
	}
	alike, gone, slow := 0, 1, 2
	if d := m.Deviation; !(d[slow] > 1) || !(d[alike] < .3) || !(d[gone] < .3) {
		t.Errorf("deviations %v, want the slow one beyond 1 and the others within .3", d)
	}
	// It is near the one control node that is as slow; the median does not mind.
	if d := m.Distance[slow][0]; !(d < .3) || !(m.Distance[alike][0] > 1) {
		t.Errorf("the slow candidate is %v from the slow control node, the other %v", d, m.Distance[alike][0])
	}
	if word := m.CandidateWords[gone]; len(word) != 24 || strings.Count(word, ".") != 12 || strings.Contains(m.CandidateWords[slow], ".") {
		t.Errorf("words %q, want 12 of 24 segments gone in the second only", m.CandidateWords)
	}
	for i, row := range m.Distance {
		for j, d := range row {
			if !(d >= 0 && d <= 3.3) {
				t.Errorf("distance of %s from %s is %v", m.Candidate[i], m.Control[j], d)
			}
		}
	}
}

// With more and more control nodes a slow candidate is as far from control as
// with few.
func TestMatrixWithManyControlNodes(t *testing.T) {
	for _, n := range []int{5, 40} {
		w := matrixWorld(n)
		a, _ := w.analyzer()
		m, err := a.Metrics.Matrix(context.Background(), andon.Compare(w.canary(), shop(latency), latency), hour)
		if err != nil || !(m.Deviation[2] > 1) {
			t.Errorf("with %d control nodes the deviations are %v, %v", n, m.Deviation, err)
		}
	}
}

func TestMatrixWithoutPairs(t *testing.T) {
	w := matrixWorld(3)
	a, asked := w.analyzer()
	byLabel := andon.Compare(w.canary(), shop(latency), latency)
	timed := byLabel
	timed.Control = timed.Candidate
	gone := byLabel
	gone.Control.Select = andon.Selector{"version": "v0"}
	if m, err := a.Metrics.Matrix(context.Background(), gone, hour); err != nil || len(m.Control) != 0 || len(m.Deviation) != 3 || !math.IsNaN(m.Deviation[0]) {
		t.Errorf("without control: %+v, %v; want deviations that are not known", m, err)
	}
	asked.failing = "v2"
	for _, tc := range []struct {
		c    andon.Comparison
		r    andon.Range
		says string
	}{
		{timed, hour, "nothing to compare with"},
		{byLabel, andon.Range{Start: noon, End: noon.Add(30 * time.Second)}, "needs at least 2 minutes"},
		{byLabel, hour, "the server is away"},
		{andon.Comparison{Signal: andon.Signal{Name: "lines", Logs: "{}"}}, hour, "set metric"},
	} {
		if _, err := a.Metrics.Matrix(context.Background(), tc.c, tc.r); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("got error %v, want one that says %q", err, tc.says)
		}
	}
}
