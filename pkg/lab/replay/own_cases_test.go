package replay

import (
	"slices"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/lab/cases"
)

// blamed are the signals that may be to blame for a fault of the shop.
var blamed = map[string][]string{
	"latency": {"latency"},
	"errors":  {"errors", "error logs"},
	"crash":   {"restarts", "crashes", "errors"},
	"leak":    {"latency", "cpu", "memory"},
}

// TestOwnCases: of the rollouts recorded in this repository every bad one
// fails in its first stage, within five minutes and for what is wrong with it,
// and no good one fails.
func TestOwnCases(t *testing.T) {
	const within = 5 * time.Minute
	bad, good := 0, 0
	err := All(t.Context(), cases.Own(t), Options{}, func(r Result) error {
		if r.Err != nil {
			return nil // All returns it
		}
		if len(r.Case.Truth) != len(r.Case.Rollouts) || len(r.Case.Notes) > 0 {
			t.Errorf("%s: the truth of %d of %d rollouts is told; %v", r.Case.Name, len(r.Case.Truth), len(r.Case.Rollouts), r.Case.Notes)
		}
		for _, truth := range r.Case.Truth {
			j := r.Outcomes[slices.IndexFunc(r.Outcomes, func(j Outcome) bool { return j.Rollout.ID == truth.Rollout })]
			v := j.Verdict
			if !truth.Regression {
				if good++; v.Verdict != andon.Pass {
					t.Errorf("%s: good, and %s: %s %s", r.Case.Name, v.Verdict, v.Reason, why(v))
				}
				continue
			}
			if bad++; v.Verdict != andon.Fail || v.FirstFail == nil {
				t.Errorf("%s: bad, and %s: %s", r.Case.Name, v.Verdict, v.Reason)
				continue
			}
			if !v.FirstFail.Before(j.Rollout.Stages[1]) || v.FirstFail.Sub(j.Rollout.FirstStage()) > within {
				t.Errorf("%s failed %s after its first stage", r.Case.Name, v.FirstFail.Sub(j.Rollout.FirstStage()))
			}
			if !slices.ContainsFunc(v.Findings, func(f andon.Finding) bool { return f.Blamed && slices.Contains(blamed[truth.Fault], f.Signal) }) {
				t.Errorf("%s: none of %v is to blame: %s", r.Case.Name, blamed[truth.Fault], why(v))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if bad < 6 || good < 8 {
		t.Errorf("%d bad rollouts and %d good ones, want 6 and 8 or more", bad, good)
	}
}
