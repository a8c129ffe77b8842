//go:build mage

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"

	"github.com/andon-project/andon/internal/progress"
)

// Import nothing here that takes long to compile: on a new machine every task
// waits for it.

// labProgram is the program of the demonstration and the measurements.
const labProgram = "./cmd/andon-lab"

// Default is what a bare `go tool mage` does.
var Default = Build

// Aliases lets `go tool mage test` mean every test, beside test:quick.
var Aliases = map[string]any{"test": Test.All}

// Demo rolls a good and a bad version out to a small shop and halts the bad one; FAULT=latency|errors|crash|leak.
func Demo() error {
	fault := os.Getenv("FAULT")
	if fault == "" {
		fault = "errors"
	}
	fmt.Println("Andon's demo: a small shop, a good rollout that passes and a bad one that is halted.")
	fmt.Println("It is compiled first: minutes the first time, seconds later.")
	return lab("the demo", "demo", "--fault", fault)
}

// Test holds the targets that run tests: all of them, or the quick ones.
type Test mg.Namespace

// All runs every test: Go, rules, front end, and end to end with real servers.
func (Test) All() error {
	others, err := packagesExcept(live)
	if err != nil {
		return err
	}
	steps := []progress.Step{
		{Name: "what the tests need, installed", Do: install(servers, npm)},
		{Name: "linters over the Go code", Do: Lint},
		{Name: "rules, with promtool and amtool", Do: rules},
	}
	steps = append(steps, frontend()...)
	steps = append(steps, goTests(others, "-p", "2")) // some start servers, and two cores are soon full
	for _, l := range live {
		steps = append(steps, progress.Step{Name: "Go tests of " + l + ", with a shop and real servers", Do: goTest([]string{l}, "-p", "1")})
	}
	return progress.Run(os.Stdout, steps...)
}

// Quick runs the tests that need no server and no browser, in two minutes or so.
func (Test) Quick() error {
	others, err := packagesExcept(live)
	if err != nil {
		return err
	}
	return progress.Run(os.Stdout,
		progress.Step{Name: "what the tests need, installed", Do: install(npm)},
		progress.Step{Name: "gofmt and go vet", Do: only("gofmt", "vet")},
		goTests(others, "-short"),
		progress.Step{Name: "front end: tests", Do: npmRun("test:ci")},
	)
}

// live are the packages whose tests run a shop and its servers in real time. They
// are tested last, one after the other: on a busy machine the shop is slow for
// reasons that have nothing to do with its versions.
var live = []string{"./cmd/andon", "./pkg/demo"}

// packagesExcept returns the module's packages without some of them.
func packagesExcept(excluded []string) ([]string, error) {
	all, err := sh.Output("go", "list", "./...")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Fields(all), func(p string) bool {
		return slices.ContainsFunc(excluded, func(l string) bool { return strings.HasSuffix(p, l[1:]) })
	}), nil
}

// goTests is the step that tests packages.
func goTests(packages []string, flags ...string) progress.Step {
	return progress.Step{Name: "Go tests, " + progress.Count(len(packages), "package"), Do: goTest(packages, flags...)}
}

func goTest(packages []string, flags ...string) func() error {
	return func() error {
		return sh.RunV("go", slices.Concat([]string{"test", "-timeout", "15m"}, flags, packages)...)
	}
}

// Rules checks the shipped rules and the Alertmanager route with promtool and amtool.
func Rules() error {
	if err := servers(); err != nil {
		return err
	}
	return rules()
}

func rules() error {
	for _, c := range [][]string{
		{"promtool", "check", "rules", "rules/alerts.yaml", "rules/recording.yaml"},
		{"promtool", "test", "rules", "rules/alerts_test.yaml"},
		{"amtool", "check-config", "rules/alertmanager.yaml"},
	} {
		if err := sh.RunV(c[0], c[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// Build makes the plugin for all platforms that Grafana runs on (into dist/) and the andon program (into bin/).
func Build() error {
	return progress.Run(os.Stdout,
		progress.Step{Name: "the front end's packages, installed", Do: npm},
		progress.Step{Name: "front end: build", Do: npmRun("build")},
		progress.Step{Name: "back end of the data source, for six platforms", Do: func() error { return sh.RunV("go", "run", "./internal/pluginbuild") }},
		progress.Step{Name: "the andon program", Do: func() error {
			return progress.Compile(os.Stderr, "andon", "./cmd/andon", filepath.Join("bin", "andon"))
		}},
	)
}

// Frontend builds, type-checks, lints and tests the editors, in a browser too; see artifacts/screenshots afterwards.
func Frontend() error {
	return progress.Run(os.Stdout, append([]progress.Step{{Name: "what the tests need, installed", Do: install(servers, npm)}}, frontend()...)...)
}

// frontend are the steps that check the front end.
func frontend() []progress.Step {
	return []progress.Step{
		{Name: "front end: types", Do: npmRun("typecheck")},
		{Name: "front end: eslint and prettier", Do: npmRun("lint")},
		{Name: "front end: what nothing uses", Do: npmRun("knip")},
		{Name: "front end: tests", Do: npmRun("test:ci")},
		{Name: "front end: build", Do: npmRun("build")},
		{Name: "front end: tests in a browser", Do: npmRun("test:browser")},
	}
}

func npmRun(script string) func() error {
	return func() error { return sh.RunV("npm", "run", script) }
}

// Lint has the Go code read by every linter; what they find is in artifacts/lint too.
func Lint() error { return lint(linters()) }

// Bench runs the benchmarks of the statistics, the judge and the ledger.
func Bench() error {
	return sh.RunV("go", "test", "-run", "^$", "-bench", ".", "-benchmem", "./pkg/stat", "./pkg/judge", "./pkg/logs/...", "./pkg/ledger")
}

// Accuracy replays labelled rollouts (CASES, ../shared/cases by default) with Andon and with other tools' rules, and writes docs/how/accuracy.md.
func Accuracy() error {
	cases := os.Getenv("CASES")
	if cases == "" {
		cases = filepath.Join("..", "shared", "cases")
	}
	if _, err := os.Stat(cases); err != nil {
		return fmt.Errorf("no labelled rollouts at %s: set CASES to their folder", cases)
	}
	return lab("the measurement", "accuracy", "--out", filepath.Join("docs", "how", "accuracy.md"), cases)
}

// Simulate judges rollouts drawn from known laws (ROLLOUTS of each, 10000 by default) and writes docs/how/simulation.md.
func Simulate() error {
	n := os.Getenv("ROLLOUTS")
	if n == "" {
		n = "10000"
	}
	return lab("the simulation", "simulate", "--rollouts", n, "--out", filepath.Join("docs", "how", "simulation.md"))
}

// lab compiles the lab's program, which users know by name, and runs it. It does
// not use "go run", which shows no progress and fails on Ctrl-C, the usual way to
// end the demonstration.
func lab(name string, args ...string) error {
	program := filepath.Join("bin", path.Base(labProgram))
	if err := progress.Compile(os.Stderr, name, labProgram, program); err != nil {
		return err
	}
	return sh.RunV(program, args...)
}

// install returns a function that installs several things, one after the other.
func install(all ...func() error) func() error {
	return func() error {
		for _, one := range all {
			if err := one(); err != nil {
				return err
			}
		}
		return nil
	}
}

// npm installs the front end's packages as package-lock.json pins them, if that was not done.
func npm() error {
	why := "none are installed yet"
	if have, err := os.Stat(filepath.Join("node_modules", ".package-lock.json")); err == nil {
		if lock, err := os.Stat("package-lock.json"); err == nil && !have.ModTime().Before(lock.ModTime()) {
			return nil
		}
		why = "package-lock.json is newer than the installed ones"
	}
	text, err := os.ReadFile("package-lock.json")
	if err != nil {
		return err
	}
	fmt.Printf("The front end is built and tested with the %s that package-lock.json pins, and %s.\nInstalling them into node_modules with npm ci (nothing outside this folder changes)\n",
		progress.Count(strings.Count(string(text), `"node_modules/`), "npm package"), why)
	return sh.RunV("npm", "ci", "--no-audit", "--no-fund")
}

// needs are the programs that tests start, the Debian packages that have them, and what for.
var needs = []struct{ program, debian, why string }{
	{"prometheus", "prometheus", "the end-to-end tests start a Prometheus"},
	{"promtool", "prometheus", "it checks the alert rules"},
	{"prometheus-alertmanager", "prometheus-alertmanager", "the end-to-end tests start an Alertmanager"},
	{"amtool", "prometheus-alertmanager", "it checks the route"},
	{"chromium", "chromium", "the editors are tested in a browser"},
}

// servers installs the programs that tests start, where they are missing.
func servers() error {
	var missing []string
	for _, n := range needs {
		if _, err := exec.LookPath(n.program); err == nil {
			continue
		}
		fmt.Printf("%s is missing: %s; it is in Debian's package %s\n", n.program, n.why, n.debian)
		if !slices.Contains(missing, n.debian) {
			missing = append(missing, n.debian)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	command := "apt-get install -y --no-install-recommends " + strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("the tests need %s, which root installs with %s; go tool mage test:quick runs without",
			progress.Count(len(missing), "Debian package"), strconv.Quote(command))
	}
	fmt.Printf("Installing: apt-get update && %s\n", command)
	if err := sh.RunV("apt-get", "-q", "update"); err != nil {
		return err
	}
	return sh.RunV("apt-get", strings.Fields(command)[1:]...)
}
