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

// TestImports keeps the law of who may import whom, as ARCHITECTURE.md draws it.
func TestImports(t *testing.T) {
	const (
		numbers  = "gonum.org/v1/gonum"
		prom     = "github.com/prometheus/"
		grafana  = "github.com/grafana/grafana-plugin-sdk-go"
		kube     = "k8s.io/"
		nats     = "github.com/nats-io"
		wire     = "google.golang.org/protobuf"
		yaml     = "go.yaml.in/yaml"
		goExtras = "golang.org/x/"
		network  = "net/http"
	)
	ours := func(names ...string) []string {
		out := make([]string, len(names))
		for i, n := range names {
			out[i] = module + "pkg/" + n
		}
		return out
	}
	// What the judgment stands on, floor by floor: each may reach those named
	// before it and nothing else of ours.
	floors := []string{"stat", "logs/logql", "logs/crash", "logs/cluster", "andon", "deviation", "evidence", "logs", "preflight", "judge"}
	// Besides: numbers, and the types of samples.
	besides := []string{numbers, prom + "common/model", prom + "client_model", wire, yaml, goExtras}
	type rule struct {
		name, of string
		never    []string // packages that of must not reach, by prefix
		only     []string // if set, the only packages outside the standard library that it may reach
	}
	tests := []rule{
		{name: "numbers know nothing", of: "pkg/stat", only: append(ours("stat"), numbers, goExtras), never: []string{network}},
		{name: "words know nothing", of: "pkg/andon", only: append(ours("andon", "stat"), besides...), never: []string{network}},
		{name: "crashes know nothing", of: "pkg/logs/crash", only: ours("logs/crash"), never: []string{network}},
		{name: "clusters know nothing", of: "pkg/logs/cluster", only: append(ours("logs/cluster", "stat"), numbers, goExtras), never: []string{network}},
		{name: "facts know no rollouts", of: "pkg/ledger", never: append(ours("andon", "board", "delivery", "exporter", "plugin"), grafana)},
		{name: "what is under way knows words and facts", of: "pkg/board", never: append(ours("judge", "evidence", "delivery", "exporter", "plugin", "lab", "source"), kube)},
		{name: "delivery tools know words", of: "pkg/delivery", never: ours("board", "ledger", "judge", "evidence", "exporter", "plugin", "lab", "source")},
		{name: "sources do not know who asks", of: "pkg/source", never: ours("judge", "evidence", "ledger", "board", "delivery", "exporter", "plugin", "lab")},
		{name: "the configuration knows no exporter", of: "pkg/config", never: ours("exporter", "judge", "evidence", "board", "ledger", "plugin", "lab")},
		{name: "pages know the judgment's numbers", of: "pkg/report", never: ours("exporter", "plugin", "lab", "delivery", "board")},
		{name: "the lab knows no exporter", of: "pkg/lab/replay", never: append(ours("exporter", "plugin", "delivery", "demo"), grafana)},
		{name: "the backtest knows no exporter", of: "pkg/lab/backtest", never: append(ours("exporter", "plugin", "lab/replay", "demo"), grafana)},
		{name: "the exporter links no Grafana", of: "pkg/exporter", never: append(ours("plugin", "lab", "demo"), grafana)},
		{name: "andon links no Grafana, no demo, no Alertmanager and no database", of: "cmd/andon", never: append(ours("plugin", "demo"), grafana,
			prom+"alertmanager", prom+"prometheus/rules", prom+"prometheus/scrape", prom+"prometheus/discovery", prom+"prometheus/web", prom+"prometheus/tsdb$")},
		{name: "the data source halts nothing", of: "pkg", never: append(ours("board", "delivery", "exporter", "ledger", "lab"), nats, kube)},
	}
	for i, floor := range floors {
		if strings.HasPrefix(floor, "logs/") || floor == "stat" || floor == "andon" {
			continue
		}
		tests = append(tests, rule{name: floor + " looks down only", of: "pkg/" + floor, only: append(ours(floors[:i+1]...), besides...), never: []string{network}})
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

// under returns the prefix that a path is or lies below, or "". One that ends in $
// means the package alone.
func under(path string, prefixes []string) string {
	for _, p := range prefixes {
		if only, alone := strings.CutSuffix(p, "$"); alone {
			if path == only {
				return p
			}
			continue
		}
		if path == strings.TrimSuffix(p, "/") || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") {
			return p
		}
	}
	return ""
}

// TestClock: whoever computes a verdict takes the time as a parameter.
func TestClock(t *testing.T) {
	clock := regexp.MustCompile(`\btime\.(Now|Since|Until|After|Tick|NewTimer|NewTicker|Sleep)\(`)
	for _, dir := range []string{"stat", "logs/crash", "logs/cluster", "andon", "deviation", "evidence", "logs", "preflight", "judge", "report"} {
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
