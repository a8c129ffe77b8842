package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/lab/accuracy"
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

func TestAccuracyWritesFiles(t *testing.T) {
	dir := t.TempDir()
	app := kingpin.New("andon", "")
	name, run := measureAccuracy(app)
	args := append([]string{name, "--out", filepath.Join(dir, "accuracy.md"), "--verdicts", filepath.Join(dir, "verdicts")}, recorded(t)...)
	if _, err := app.Parse(args); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "accuracy.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "| changerca | 1 | 1 bad, 2 clean |") || !strings.Contains(string(text), "| kontrast | 1 | 1 bad, 0 clean |") {
		t.Errorf("the document does not tell what was measured:\n%s", text)
	}
	if _, err := os.Stat(filepath.Join(dir, "img", accuracy.Picture)); err != nil {
		t.Error(err)
	}
	files, err := os.ReadDir(filepath.Join(dir, "verdicts"))
	if err != nil || len(files) != len(accuracy.Peers)+1 {
		t.Fatalf("%d files of verdicts, want one for each judge (%v)", len(files), err)
	}
	for _, f := range files {
		lines, err := os.ReadFile(filepath.Join(dir, "verdicts", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(lines)) {
			var o accuracy.Outcome
			if err := json.Unmarshal([]byte(line), &o); err != nil || o.Rollout == "" || o.Verdict == "" {
				t.Errorf("%s: %s (%v)", f.Name(), line, err)
			}
			n++
		}
		if n != 4 {
			t.Errorf("%s: %d verdicts, want 4", f.Name(), n)
		}
	}
}
