package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/accuracy"
)

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
		if want := strings.Count(s.verdicts, ",") + 1; n != want {
			t.Errorf("%s: %d verdicts, want %d", f.Name(), n, want)
		}
	}
}
