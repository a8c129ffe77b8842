package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"
)

// runCheck runs "andon check" and returns what it prints on standard output.
func runCheck(t *testing.T, file string) (string, error) {
	t.Helper()
	app := kingpin.New("andon", "").Terminate(nil)
	_, run := check(app)
	if _, err := app.Parse([]string{"check", file}); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func(old *os.File) { os.Stdout = old }(os.Stdout)
	os.Stdout = w
	err = run(t.Context(), hclog.NewNullLogger())
	w.Close()
	out, rerr := io.ReadAll(r)
	if rerr != nil {
		t.Fatal(rerr)
	}
	return string(out), err
}

func TestCheck(t *testing.T) {
	out, err := runCheck(t, "../../andon.example.yml")
	if err != nil || out != "ok: 2 services, 5 signals\n" {
		t.Errorf("got %q, %v", out, err)
	}
	file := filepath.Join(t.TempDir(), "bad.yml")
	if err := os.WriteFile(file, []byte("prometheus: {url: nowhere}\ntick: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = runCheck(t, file)
	if err == nil || out != "" {
		t.Fatalf("got %q, %v", out, err)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 4 || lines[0] != file+" has 3 problems:" {
		t.Fatalf("want the file and three problems, each on its line:\n%v", err)
	}
	for _, l := range lines[1:] {
		if !strings.HasPrefix(l, "  line ") {
			t.Errorf("%q does not say where", l)
		}
	}
}
