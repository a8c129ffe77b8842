package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/andon-project/andon/"

// TestImports keeps the law of who may import whom: the numbers know nothing,
// the judgment knows only the numbers, and each program links only its own.
func TestImports(t *testing.T) {
	tests := []struct {
		name, of string
		never    []string // packages that of must not reach, by prefix
		only     []string // if set, the only packages outside the standard library that it may reach
	}{
		{name: "numbers know nothing", of: "pkg/stat", only: []string{module + "pkg/stat", "gonum.org/v1/gonum", "golang.org/x/"}, never: []string{"net/http"}},
		{name: "crashes know nothing", of: "pkg/logs/crash", only: []string{module + "pkg/logs/crash"}, never: []string{"net/http"}},
		{name: "the judgment knows no network", of: "pkg/analysis", only: []string{module + "pkg/stat", module + "pkg/logs/cluster", module + "pkg/logs/crash", module + "pkg/logs/logql", module + "pkg/analysis", "gonum.org/v1/gonum", "github.com/prometheus/common/model", "github.com/prometheus/client_model", "google.golang.org/protobuf", "go.yaml.in/yaml", "golang.org/x/"}, never: []string{"net/http"}},
		{name: "clusters know nothing", of: "pkg/logs/cluster", only: []string{module + "pkg/logs/cluster", module + "pkg/stat", "gonum.org/v1/gonum", "golang.org/x/"}, never: []string{"net/http"}},
		{name: "facts know no rollouts", of: "pkg/ledger", never: []string{module + "pkg/delivery", module + "pkg/exporter", module + "pkg/plugin", "github.com/grafana/grafana-plugin-sdk-go"}},
		{name: "sources do not know who asks", of: "pkg/source", never: []string{module + "pkg/ledger", module + "pkg/delivery", module + "pkg/exporter", module + "pkg/plugin", module + "pkg/lab/replay"}},
		{name: "what is under way knows no tools", of: "pkg/board", never: []string{module + "pkg/delivery", module + "pkg/exporter", module + "pkg/plugin", module + "pkg/lab", module + "pkg/source", "k8s.io/"}},
		{name: "delivery tools do not know the exporter", of: "pkg/delivery", never: []string{module + "pkg/exporter", module + "pkg/plugin", module + "pkg/lab/replay", module + "pkg/source"}},
		{name: "replay does not know the exporter", of: "pkg/lab/replay", never: []string{module + "pkg/exporter", module + "pkg/plugin", module + "pkg/delivery", "github.com/grafana/grafana-plugin-sdk-go"}},
		{name: "the backtest knows no exporter", of: "pkg/lab/backtest", never: []string{module + "pkg/exporter", module + "pkg/plugin", module + "pkg/lab/replay", module + "pkg/demo/inprocess", "github.com/grafana/grafana-plugin-sdk-go"}},
		{name: "the page knows only the judgment", of: "pkg/report", never: []string{module + "pkg/exporter", module + "pkg/plugin", module + "pkg/lab/replay", module + "pkg/delivery"}},
		{name: "the exporter links no Grafana", of: "pkg/exporter", never: []string{"github.com/grafana/grafana-plugin-sdk-go", module + "pkg/plugin", module + "pkg/lab/replay", module + "pkg/demo"}},
		{name: "andon links no Grafana, no demonstration and no database", of: "cmd/andon", never: []string{module + "pkg/demo", "github.com/prometheus/prometheus/rules", "github.com/prometheus/prometheus/scrape", "github.com/prometheus/prometheus/discovery", "github.com/grafana/grafana-plugin-sdk-go", module + "pkg/plugin"}},
		{name: "the data source halts nothing", of: "pkg", never: []string{module + "pkg/delivery", module + "pkg/lab/replay", module + "pkg/exporter", module + "pkg/ledger", "github.com/nats-io", "k8s.io/"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, dep := range deps(t, tt.of) {
				if p := under(dep.path, tt.never); p != "" {
					t.Errorf("%s reaches %s, which it must not", tt.of, dep.path)
				}
				if len(tt.only) > 0 && !dep.standard && under(dep.path, tt.only) == "" {
					t.Errorf("%s reaches %s: only %s are allowed", tt.of, dep.path, strings.Join(tt.only, ", "))
				}
			}
		})
	}
}

type dep struct {
	path     string
	standard bool
}

func deps(t *testing.T, of string) []dep {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{.Standard}}", module+of)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list of %s: %v\n%s", of, err, stderr.Bytes())
	}
	var all []dep
	for line := range strings.Lines(string(out)) {
		path, standard, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, dep{path, standard == "true"})
	}
	if len(all) < 2 {
		t.Fatalf("go list of %s names %d packages; that cannot be", of, len(all))
	}
	return all
}

func under(path string, prefixes []string) string {
	for _, p := range prefixes {
		if path == strings.TrimSuffix(p, "/") || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") {
			return p
		}
	}
	return ""
}

// TestClock: whoever computes a verdict takes the time as a parameter.
func TestClock(t *testing.T) {
	clock := regexp.MustCompile(`\btime\.(Now|Since|Until|After|Tick|NewTimer|NewTicker|Sleep)\(`)
	for _, dir := range []string{"stat", "logs/crash", "analysis", "report"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no Go files in pkg/%s (%v)", dir, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if at := clock.FindIndex(text); at != nil {
				t.Errorf("pkg/%s reads the clock: %s", f, text[at[0]:at[1]])
			}
		}
	}
}
