package judge_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/lab/cases"
	"github.com/andon-project/andon/pkg/lab/replay"
)

// TestOwnCases judges the labelled rollouts in the repository, over all of
// what they record: every bad one fails, no good one does, and a Watch that
// sees one at its end for the first time says the same.
func TestOwnCases(t *testing.T) {
	var o replay.Options
	o.Inspect = func(ctx context.Context, a *judge.Analyzer, j replay.Outcome) error {
		c, err := replay.LoadCase(filepath.Join(cases.Root(t), "testdata", "rollouts", j.Verdict.Case))
		if err != nil {
			return err
		}
		var under []judge.Underway
		which := 0
		for i, ro := range c.Rollouts {
			if ro.ID == j.Rollout.ID {
				which = i
			}
			service, _ := c.Service(ro.Service)
			under = append(under, judge.Underway{Rollout: ro, Service: service})
		}
		all := a.NewWatch(2).Tick(ctx, under, j.Rollout.Ended)
		if len(all) != len(under) {
			return fmt.Errorf("%d verdicts on %d rollouts", len(all), len(under))
		}
		again := all[which]
		again.Case = j.Verdict.Case
		if d := cmp.Diff(j.Verdict, again, cmp.Comparer(func(a, b andon.Number) bool { return fmt.Sprint(a) == fmt.Sprint(b) })); d != "" {
			return fmt.Errorf("%s is judged differently by who sees it at its end:\n%s", j.Verdict.Case, d)
		}
		return nil
	}
	found := 0
	err := replay.All(t.Context(), cases.Own(t), o, func(r replay.Result) error {
		if r.Err != nil {
			return nil // All returns it
		}
		bad := make(map[string]bool)
		for _, truth := range r.Case.Truth {
			bad[truth.Rollout] = truth.Regression
		}
		for _, j := range r.Outcomes {
			fail := j.Verdict.Verdict == andon.Fail
			if fail != bad[j.Rollout.ID] {
				t.Errorf("%s, %s: %s, and it is bad: %t", r.Case.Name, j.Rollout.ID, j.Verdict.Verdict, bad[j.Rollout.ID])
			}
			found += b2i(fail)
			record(t, j.Verdict)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("nothing failed")
	}
}
