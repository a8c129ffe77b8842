package replay

import (
	"strings"
	"testing"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/lab/cases"
)

// TestRecordedCases replays the recorded cases of the repository, and every
// fifth of those beside it. The bounds
// leave room for the judge to change its mind on one or two; a replay that
// feeds it wrongly misses them by far.
func TestRecordedCases(t *testing.T) {
	dirs := cases.Own(t)
	for i, d := range cases.Shared(t) {
		if i%5 == 0 {
			dirs = append(dirs, d)
		}
	}
	type score struct{ bad, found, clean, alarms int }
	got := make(map[string]*score)
	err := All(t.Context(), dirs, Options{}, func(r Result) error {
		if r.Err != nil {
			return nil // All returns it
		}
		set, _, _ := strings.Cut(r.Case.Name, "-")
		s := got[set]
		if s == nil {
			s = new(score)
			got[set] = s
		}
		truth := make(map[string]bool)
		for _, tr := range r.Case.Truth {
			truth[tr.Rollout] = tr.Regression
		}
		for _, j := range r.Outcomes {
			fail := 0
			if j.Verdict.Verdict == andon.Fail {
				fail = 1
			}
			if truth[j.Verdict.Rollout] {
				s.bad++
				s.found += fail
			} else {
				s.clean++
				s.alarms += fail
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for set, s := range got {
		t.Logf("%s: %d of %d regressions failed, %d of %d clean rollouts failed", set, s.found, s.bad, s.alarms, s.clean)
		if float64(s.found) < .7*float64(s.bad) || float64(s.alarms) > .05*float64(s.clean)+1 {
			t.Errorf("%s: %d of %d regressions failed, %d of %d clean rollouts failed", set, s.found, s.bad, s.alarms, s.clean)
		}
	}
}
