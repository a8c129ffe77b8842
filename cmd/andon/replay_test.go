package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/lab/cases"
	"github.com/andon-project/andon/pkg/lab/replay"
)

// A set is recorded cases with what is said of their rollouts.
type set struct {
	name     string
	paths    []string
	verdicts string // in order
	charts   int    // of the report, at least
	summary  []string
}

// sets returns the cases of this repository, and some of those beside it where
// they are.
func sets(t *testing.T) []set {
	t.Helper()
	own, shared := filepath.Join(cases.Root(t), "testdata", "rollouts"), cases.SharedFolder(t)
	out := []set{
		{
			name: "own", paths: []string{own},
			verdicts: "checkout-v2 pass, checkout-v2 fail, checkout-v2 fail, checkout-v2 fail, checkout-v2 fail, checkout-v2 pass, catalog-v2 pass, checkout-v2 pass, " +
				"checkout-v2 pass, checkout-v2 fail, checkout-v2 pass, checkout-v2 pass, catalog-v2 fail, checkout-v2 pass",
			charts:  14 * (1 + 2*5),
			summary: []string{"CASE ", "shop-upstream ", "14 rollouts in 12 cases: 6 failed, 8 passed, 0 inconclusive", "6 of 6 bad rollouts failed, and 0 of 8 good ones"},
		},
		{
			name: "shared", paths: []string{filepath.Join(shared, "changerca-2023-09-22_1"), filepath.Join(shared, "kontrast-000")},
			verdicts: "adservice-v2 fail, productcatalogservice-v2 pass, currencyservice-v2 pass, kontrast-000 fail", charts: 4 + 2*4,
			summary: []string{"CASE ", "adservice-v2 ", "4 rollouts in 2 cases: 2 failed, 2 passed, 0 inconclusive", "2 of 2 bad rollouts failed, and 0 of 2 good ones"},
		},
	}
	if !replay.IsCase(out[1].paths[0]) {
		out = out[:1]
	}
	return out
}

func TestReplayLines(t *testing.T) {
	for _, s := range sets(t) {
		t.Run(s.name, func(t *testing.T) {
			var out strings.Builder
			page := filepath.Join(t.TempDir(), "report.html")
			r := replayCommand{paths: s.paths, format: "jsonl", report: page, out: &out}
			if err := r.run(t.Context(), hclog.NewNullLogger()); err != nil {
				t.Fatal(err)
			}
			html, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			sections := make(map[string]int)
			for line := range strings.Lines(out.String()) {
				var v andon.Verdict
				if err := json.Unmarshal([]byte(line), &v); err != nil {
					t.Fatalf("%v in %s", err, line)
				}
				got = append(got, v.Rollout+" "+string(v.Verdict))
				sections[v.Rollout]++
			}
			for id, want := range sections {
				if n := strings.Count(string(html), "<h1>"+id+"</h1>"); n != want {
					t.Errorf("the report has %d sections on %s, want %d", n, id, want)
				}
			}
			if strings.Join(got, ", ") != s.verdicts {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), s.verdicts)
			}
			// One chart of the evidence, and two for each signal that has series.
			if n := strings.Count(string(html), "<svg"); n < s.charts {
				t.Errorf("the report has %d charts, want %d or more", n, s.charts)
			}
		})
	}
}

func TestReplayTable(t *testing.T) {
	for _, s := range sets(t) {
		t.Run(s.name, func(t *testing.T) {
			var out strings.Builder
			r := replayCommand{paths: s.paths, format: "table", out: &out}
			if err := r.run(t.Context(), hclog.NewNullLogger()); err != nil {
				t.Fatal(err)
			}
			for _, want := range s.summary {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the table does not hold %q:\n%s", want, out.String())
				}
			}
			if strings.Contains(out.String(), "\x1b") {
				t.Error("colours, and no terminal to show them")
			}
		})
	}
}

func TestReplayRefuses(t *testing.T) {
	r := replayCommand{paths: []string{t.TempDir()}, format: "table", out: new(strings.Builder)}
	err := r.run(t.Context(), hclog.NewNullLogger())
	var wrong *replay.InputError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "no case.yaml in it") {
		t.Errorf("got %v", err)
	}
}
