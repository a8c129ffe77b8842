package judge_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// Some candidate nodes are up, as their CPU tells, and never serve.
func TestSomeNodesMissing(t *testing.T) {
	tests := []struct {
		name                   string
		candidates, silent     int // nodes; of those, that are up and show no success
		controls, controlsGone int
		nan                    bool // the silent show NaN: a series without a call
		want                   andon.Decision
		says                   string // of the finding; "" if there is none
		least, most            float64
		smallest               float64 // how many would have to be missing; 0 if no number would do
	}{
		{"all serve", 6, 0, 6, 0, false, andon.Pass, "", 0, 0, 0},
		{"one of six", 6, 1, 6, 0, false, andon.Pass, "1 of 6 new nodes is up without data for success; no old node is", 1, 4, 0},
		{"one of six, and one of control", 6, 1, 6, 1, false, andon.Pass, "1 of 6 new nodes is up without data for success; so is 1 of 6 old nodes", .1, 2, 0},
		{"nineteen of twenty", 20, 19, 20, 0, false, andon.Fail, "19 of 20 new nodes are up", 1000, math.MaxFloat64, 18},
		{"eighteen of twenty", 20, 18, 20, 0, false, andon.Fail, "18 of 20 new nodes are up", 1000, math.MaxFloat64, 18},
		{"seventeen of twenty", 20, 17, 20, 0, false, andon.Inconclusive, "17 of 20 new nodes are up", 100, 100000, 18},
		{"no call is not missing", 6, 3, 6, 0, true, andon.Pass, "", 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
			put := func(node, version string, since time.Time, silent bool) {
				w.add("cpu_ratio", node, version, since, around(.2, .1, node))
				switch {
				case !silent:
					w.add("success_ratio", node, version, since, around(.97, .01, node))
				case tt.nan:
					w.add("success_ratio", node, version, since, func(time.Time) float64 { return math.NaN() })
				}
			}
			for i := range tt.controls {
				put(fmt.Sprintf("old-%02d", i), "v1", w.from, i < tt.controlsGone)
			}
			for i := range tt.candidates {
				put(fmt.Sprintf("new-%02d", i), "v2", noon.Add(time.Minute), i < tt.silent)
			}
			v := judgeRegion(t, w, w.canary(), shop(success, cpu), noon.Add(40*time.Minute))
			if v.Verdict != tt.want {
				t.Errorf("%s: %s, want %s", v.Verdict, v.Reason, tt.want)
			}
			f := v.Findings[len(v.Findings)-1]
			if (f.Kind == "presence") != (tt.says != "") {
				t.Fatalf("finding %+v, want %q", f, tt.says)
			}
			if tt.says == "" {
				return
			}
			if !strings.Contains(f.Reason, tt.says) || float64(f.Evidence) < tt.least || float64(f.Evidence) > tt.most || f.Onset == nil || f.Node == "" {
				t.Errorf("finding %+v, want %q with evidence from %v to %v", f, tt.says, tt.least, tt.most)
			}
			if known := f.Smallest.Known(); known != (tt.smallest > 0) || known == (f.Unseen != "") || known && float64(f.Smallest) != tt.smallest {
				t.Errorf("%v nodes would have to be missing (%q), want %v", f.Smallest, f.Unseen, tt.smallest)
			}
		})
	}
}
