//go:build mage

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/magefile/mage/sh"

	"github.com/andon-project/andon/internal/progress"
)

// A linter is a command that checks the Go code. Each line that it writes is a
// finding, whatever its exit status.
type linter struct {
	name    string
	command []string
}

// maxShown is how many findings of a linter are printed; its file has all.
const maxShown = 15

// linters are all that are in use, at the versions that tools/go.mod pins.
// From the second time on they take well under a minute together.
func linters() []linter {
	// The mage tag is for this file and its neighbour.
	const tags = "-tags=mage"
	folders, err := goFolders()
	if err != nil {
		return []linter{{"go list", []string{"go", "list", "./..."}}}
	}
	patterns := make([]string, len(folders))
	for i, f := range folders {
		patterns[i] = "./" + f + "/..."
	}
	magefiles := []string{"Magefile.go", "Magefile_lint.go"}
	prose := []string{"README.md", "CHANGELOG.md", "docs", "src", "rules", "dashboards"}
	return []linter{
		{"gofmt", slices.Concat([]string{"gofmt", "-l", "tools"}, folders, magefiles)},
		{"vet", []string{"go", "vet", tags, "./..."}},
		// staticcheck and exhaustive: see tools/lint.
		{"staticcheck", []string{filepath.Join("bin", "lint"), tags, "./..."}},
		{"revive", tool("revive", append([]string{"-config", "revive.toml", "-formatter", "unix"}, patterns...)...)},
		// strat is short for strategy; the others are misspelt on purpose, in tests of how that is answered.
		{"misspell", tool("misspell", slices.Concat([]string{"-i", "strat,nmae,adress,unkown"}, folders, magefiles, prose)...)},
		{"unparam", tool("unparam", "./...")},
		// What nothing uses, exported or not: see tools/unreached.
		{"unreached", []string{filepath.Join("bin", "unreached"), "./..."}},
	}
}

// tool is the command that runs a tool of tools/go.mod.
func tool(name string, args ...string) []string {
	return append([]string{"go", "tool", "-modfile=tools/go.mod", name}, args...)
}

// goFolders returns the folders at the top that have Go packages.
func goFolders() ([]string, error) {
	out, err := sh.Output("go", "list", "-f", "{{.Module.Dir}}\t{{.Dir}}", "./...")
	if err != nil {
		return nil, err
	}
	var folders []string
	for line := range strings.Lines(out) {
		root, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		inside, err := filepath.Rel(root, dir)
		if err != nil {
			return nil, err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
		if !slices.Contains(folders, top) {
			folders = append(folders, top)
		}
	}
	return folders, nil
}

// only returns what runs the named linters.
func only(names ...string) func() error {
	return func() error {
		return lint(slices.DeleteFunc(linters(), func(l linter) bool { return !slices.Contains(names, l.name) }))
	}
}

// lint runs linters, all of them even if some find something, and fails if one did.
func lint(all []linter) error {
	folder := filepath.Join("artifacts", "lint")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(l linter) bool { return l.name == "staticcheck" }) {
		fmt.Println("The first time, each linter is compiled and reads every package that Andon is linked with: minutes. Later: seconds.")
		if err := sh.Run("go", "build", "-C", "tools", "-o", filepath.Join("..", "bin")+string(filepath.Separator), "./lint", "./unreached"); err != nil {
			return err
		}
	}
	var failed []string
	for _, l := range all {
		fmt.Printf("%-12s", l.name)
		start := time.Now()
		findings, err := l.run()
		if err != nil {
			fmt.Println()
			return err
		}
		file := filepath.Join(folder, l.name+".txt")
		if err := os.WriteFile(file, []byte(strings.Join(append(findings, ""), "\n")), 0o644); err != nil {
			return err
		}
		fmt.Printf(" %s, %s\n", progress.Count(len(findings), "finding"), progress.Duration(time.Since(start)))
		for _, f := range findings[:min(len(findings), maxShown)] {
			fmt.Println("    " + f)
		}
		if len(findings) > maxShown {
			fmt.Printf("    and %d more, see %s\n", len(findings)-maxShown, file)
		}
		if len(findings) > 0 {
			failed = append(failed, fmt.Sprintf("%s %d", l.name, len(findings)))
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("linters found something: %s", strings.Join(failed, ", "))
	}
	return nil
}

// run returns what the linter finds.
func (l linter) run() ([]string, error) {
	out, err := exec.Command(l.command[0], l.command[1:]...).CombinedOutput()
	var findings []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		// Leave out the go command's progress and the headings above vet's findings.
		if line != "" && !strings.HasPrefix(line, "go: downloading ") && !strings.HasPrefix(line, "# ") && line != "exit status 1" && line != "exit status 2" {
			findings = append(findings, line)
		}
	}
	if err != nil && len(findings) == 0 {
		return nil, fmt.Errorf("%s: %w\n%s", l.name, err, out)
	}
	return findings, nil
}
