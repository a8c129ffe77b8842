package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// talking is goodCase with logs in the place of its metric.
var talking = strings.Replace(goodCase, "metric: avg by (pod) (success{service=\"shop\"})", "logs: '{service=\"shop\"} |= \"error\"'", 1)

const noSamples = "# EOF\n"

// chatter is what four nodes of v1 and one of v2 log for the case; the one
// loses payments from the fourth minute on, and control does so at the very end.
func chatter(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	say := func(at time.Time, pod, version, line string) {
		if err := json.NewEncoder(&b).Encode(map[string]any{"ts": at, "labels": map[string]string{"service": "shop", "pod": pod, "version": version}, "line": line}); err != nil {
			t.Fatal(err)
		}
	}
	noon := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for m := -30; m < 40; m++ {
		at := noon.Add(time.Duration(m)*time.Minute + 20*time.Second)
		for i := range 4 {
			say(at, fmt.Sprintf("old-%d", i), "v1", fmt.Sprintf("error: cart %d not found", m+100*i))
		}
		if m >= 1 {
			say(at, "new-0", "v2", fmt.Sprintf("error: cart %d not found", m))
		}
		if m >= 4 {
			say(at.Add(time.Second), "new-0", "v2", fmt.Sprintf("error: payment %d was lost", m))
		}
	}
	return b.Bytes()
}

func TestReplayOfLogs(t *testing.T) {
	dir := writeCase(t, talking, zip(t, []byte(noSamples)))
	if err := os.WriteFile(filepath.Join(dir, logsFile), zip(t, chatter(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := LoadCase(dir)
	if err != nil || len(c.Notes) > 0 {
		t.Fatalf("%v, notes %v", err, c.Notes)
	}
	all, err := Replay(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := all[0].Verdict
	if v.Verdict != andon.Fail || !strings.Contains(v.Reason, "“error: payment <*> was lost” is new") {
		t.Errorf("%s: %s", v.Verdict, v.Reason)
	}
	if n := v.Findings[0].Classes[andon.ClassUnknown]; n != 1 || v.Findings[0].Control < 200 {
		t.Errorf("%d unknown clusters, %d lines on control", n, v.Findings[0].Control)
	}
}

func TestCaseWithoutItsLogs(t *testing.T) {
	c, err := LoadCase(writeCase(t, talking, zip(t, []byte(noSamples))))
	if err != nil || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "the case has no logs.jsonl.gz") || len(c.Services[0].Signals) != 0 {
		t.Fatalf("%v, %+v", err, c)
	}
}

func TestParseLines(t *testing.T) {
	good := `{"ts":"2024-05-01T12:00:00Z","labels":{"pod":"a"},"line":"x"}`
	for _, tt := range []struct{ name, in, says string }{
		{"good", good + "\n\n" + good + "\n", ""},
		{"nothing", "", ""},
		{"not JSON", good + "\nline", "line 2: "},
		{"an unknown key", `{"ts":"2024-05-01T12:00:00Z","msg":"x"}`, `unknown field "msg"`},
		{"no time", `{"line":"x"}`, "ts is missing"},
		{"a time that is none", `{"ts":"noon","line":"x"}`, "line 1: "},
		{"out of order", good + "\n" + strings.Replace(good, "12:00", "11:00", 1), "line 2: ts is earlier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseLines([]byte(tt.in))
			if tt.says == "" && (err != nil || len(got) != strings.Count(tt.in, "ts")) || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("%d lines, %v; want %q", len(got), err, tt.says)
			}
		})
	}
}

func TestCaseRefusesLogQL(t *testing.T) {
	for _, tt := range []struct{ query, says string }{
		{`{service="shop"`, "comma or }"},
		{`{service="shop"} | json | level="error"`, "not supported for recorded lines"},
		{`rate({service="shop"}[1m])`, "without a function around it"},
	} {
		_, err := parseCase([]byte(strings.Replace(talking, `{service="shop"} |= "error"`, tt.query, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.query, err, tt.says)
		}
	}
}
