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
	"github.com/andon-project/andon/pkg/lab/cases"
	"github.com/andon-project/andon/pkg/lab/replay"
)

// A set is labelled cases with what the document says of them.
type set struct {
	name     string
	paths    []string
	measured []string
	verdicts int
}

// sets returns the cases of this repository, and some of those beside it where
// they are.
func sets(t *testing.T) []set {
	t.Helper()
	shared := cases.SharedFolder(t)
	out := []set{
		{name: "own", paths: []string{filepath.Join(cases.Root(t), "testdata", "rollouts")}, measured: []string{"|shop|12|6 bad, 8 clean|"}, verdicts: 14},
		{
			name: "shared", paths: []string{filepath.Join(shared, "changerca-2023-09-22_1"), filepath.Join(shared, "kontrast-000")},
			measured: []string{"|changerca|1|1 bad, 2 clean|", "|kontrast|1|1 bad, 0 clean|"}, verdicts: 4,
		},
	}
	if !replay.IsCase(out[1].paths[0]) {
		out = out[:1]
	}
	return out
}

func TestAccuracyWritesFiles(t *testing.T) {
	for _, s := range sets(t) {
		t.Run(s.name, func(t *testing.T) { writesFiles(t, s) })
	}
}

func writesFiles(t *testing.T, s set) {
	dir := t.TempDir()
	app := kingpin.New("andon", "")
	name, run := measureAccuracy(app)
	args := append([]string{name, "--out", filepath.Join(dir, "accuracy.md"), "--verdicts", filepath.Join(dir, "verdicts")}, s.paths...)
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
	for _, want := range s.measured {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document does not tell that %s was measured:\n%s", want, text)
		}
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
		if n != s.verdicts {
			t.Errorf("%s: %d verdicts, want %d", f.Name(), n, s.verdicts)
		}
	}
}
