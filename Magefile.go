//go:build mage

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/build"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
)

// Default is what a bare `go tool mage` does.
var Default = Build

// Demo rolls a good and a bad version out to a small shop and halts the bad one; FAULT=latency|errors|crash|leak.
func Demo() error {
	fault := os.Getenv("FAULT")
	if fault == "" {
		fault = "errors"
	}
	// Not "go run": it makes an error of Ctrl-C, which is how the demonstration ends.
	if err := sh.RunV("go", "build", "-o", "bin/andon-lab", "./cmd/andon-lab"); err != nil {
		return err
	}
	return sh.RunV(filepath.Join("bin", "andon-lab"), "demo", "--fault", fault)
}

// Test runs every test: Go, rules, front end, and end to end with real servers.
func Test() error {
	if err := servers(); err != nil {
		return err
	}
	mg.SerialDeps(Lint, Rules, Frontend)
	all, err := sh.Output("go", "list", "./...")
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(strings.Fields(all), func(p string) bool {
		return slices.ContainsFunc(live, func(l string) bool { return strings.HasSuffix(p, l[1:]) })
	})
	if err := goTest(2, others...); err != nil { // some start servers, and two cores are soon full
		return err
	}
	return goTest(1, live...)
}

// live are the packages whose tests watch a shop and its servers at work. They
// are tested when all else is done, one after the other: cores that are busy
// with other things make a shop falter, and what is judged then is the machine.
var live = []string{"./cmd/andon", "./pkg/demo"}

// goTest runs the tests of packages, of some at a time.
func goTest(atOnce int, packages ...string) error {
	return sh.RunV("go", append([]string{"test", "-p", strconv.Itoa(atOnce), "-timeout", "15m"}, packages...)...)
}

// Rules checks the shipped rules and the Alertmanager route with promtool and amtool.
func Rules() error {
	if err := servers(); err != nil {
		return err
	}
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
	mg.SerialDeps(npm)
	if err := sh.RunV("npm", "run", "build"); err != nil {
		return err
	}
	b := build.Build{}
	mg.SerialDeps(b.Linux, b.LinuxARM64, b.LinuxARM, b.Darwin, b.DarwinARM64, b.Windows, b.GenerateManifestFile)
	return sh.RunV("go", "build", "-o", "bin/andon", "./cmd/andon")
}

// Frontend builds, type-checks, lints and tests the editors, in a browser too; see artifacts/screenshots afterwards.
func Frontend() error {
	if err := servers(); err != nil {
		return err
	}
	mg.SerialDeps(npm)
	for _, script := range []string{"typecheck", "lint", "test:ci", "build", "test:browser"} {
		if err := sh.RunV("npm", "run", script); err != nil {
			return err
		}
	}
	return nil
}

// Lint vets the Go code, checks its format, and runs staticcheck.
func Lint() error {
	out, err := sh.Output("gofmt", "-l", "cmd", "pkg", "Magefile.go")
	if err != nil {
		return err
	}
	if out != "" {
		return fmt.Errorf("not formatted, run gofmt -w on:\n%s", out)
	}
	if err := sh.RunV("go", "vet", "./..."); err != nil {
		return err
	}
	return sh.RunV("go", "tool", "-modfile=tools/go.mod", "staticcheck", "./...")
}

// Bench runs the benchmarks of the statistics, the judge and the ledger.
func Bench() error {
	return sh.RunV("go", "test", "-run", "^$", "-bench", ".", "-benchmem", "./pkg/stat", "./pkg/analysis", "./pkg/ledger")
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
	return sh.RunV("go", "run", "./cmd/andon-lab", "accuracy", "--out", filepath.Join("docs", "how", "accuracy.md"), cases)
}

// Simulate judges rollouts drawn from known laws (ROLLOUTS of each, 10000 by default) and writes docs/how/simulation.md.
func Simulate() error {
	n := os.Getenv("ROLLOUTS")
	if n == "" {
		n = "10000"
	}
	return sh.RunV("go", "run", "./cmd/andon-lab", "simulate", "--rollouts", n, "--out", filepath.Join("docs", "how", "simulation.md"))
}

// npm installs the front end's packages as package-lock.json pins them, if that was not done.
func npm() error {
	done := filepath.Join("node_modules", ".package-lock.json")
	if lock, err := os.Stat("package-lock.json"); err == nil {
		if have, err := os.Stat(done); err == nil && !have.ModTime().Before(lock.ModTime()) {
			return nil
		}
	}
	return sh.RunV("npm", "ci", "--no-audit", "--no-fund")
}

// servers sees to it that the programs which tests start are installed.
func servers() error {
	packages := map[string]string{"prometheus": "prometheus", "promtool": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager", "amtool": "prometheus-alertmanager",
		"chromium": "chromium"}
	missing := make(map[string]bool)
	for program, pkg := range packages {
		if _, err := exec.LookPath(program); err != nil {
			missing[pkg] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	names := make([]string, 0, len(missing))
	for name := range missing {
		names = append(names, name)
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("the tests need these Debian packages; install them as root: apt-get install %s", strings.Join(names, " "))
	}
	if err := sh.Run("apt-get", "update"); err != nil {
		return err
	}
	return sh.RunV("apt-get", append([]string{"install", "-y", "--no-install-recommends"}, names...)...)
}
