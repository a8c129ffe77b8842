package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/lab/replay"
)

// recorded returns two of the recorded cases beside the repository, which are
// not part of it.
func recorded(t *testing.T) []string {
	t.Helper()
	cases := filepath.Join("..", "..", "..", "shared", "cases")
	paths := []string{filepath.Join(cases, "changerca-2023-09-22_1"), filepath.Join(cases, "kontrast-000")}
	for _, p := range paths {
		if !replay.IsCase(p) {
			t.Skipf("the recorded case %s is not here", p)
		}
	}
	return paths
}

func TestReplayLines(t *testing.T) {
	var out strings.Builder
	page := filepath.Join(t.TempDir(), "report.html")
	r := replaying{paths: recorded(t), format: "jsonl", report: page, out: &out}
	if err := r.run(t.Context(), hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		var v analysis.Verdict
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		got = append(got, v.Rollout+" "+string(v.Verdict))
		if n := strings.Count(string(html), "<h1>"+v.Rollout+"</h1>"); n != 1 {
			t.Errorf("the report has %d sections on %s", n, v.Rollout)
		}
	}
	if want := "adservice-v2 fail, productcatalogservice-v2 pass, currencyservice-v2 pass, kontrast-000 fail"; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	// One chart of the evidence, and two for each signal that has series.
	if n := strings.Count(string(html), "<svg"); n < 4+2*4 {
		t.Errorf("the report has %d charts", n)
	}
}

func TestReplayTable(t *testing.T) {
	var out strings.Builder
	r := replaying{paths: recorded(t)[:1], format: "table", out: &out}
	if err := r.run(t.Context(), hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CASE ", "adservice-v2 ", "3 rollouts in 1 case: 1 fail, 2 pass, 0 inconclusive", "1 of 1 regressions failed, 0 of 2 clean"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not hold %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("colours, and no terminal to show them")
	}
}

func TestReplayRefuses(t *testing.T) {
	r := replaying{paths: []string{t.TempDir()}, format: "table", out: new(strings.Builder)}
	err := r.run(t.Context(), hclog.NewNullLogger())
	var wrong *replay.InputError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "neither holds a case.yaml") {
		t.Errorf("got %v", err)
	}
}
