// Package cases finds the labelled rollouts that tests replay.
package cases

import (
	"os"
	"path/filepath"
	"testing"
)

// Own returns the folders of the cases in the repository, in the order of
// their names. There are always some.
func Own(t testing.TB) []string {
	t.Helper()
	out := below(t, filepath.Join(Root(t), "testdata", "rollouts"))
	if len(out) == 0 {
		t.Fatal("no rollouts in testdata/rollouts; andon-lab record makes them")
	}
	return out
}

// Shared returns the folders of the cases beside the repository, which are not
// part of it: none where they are not.
func Shared(t testing.TB) []string {
	t.Helper()
	return below(t, SharedFolder(t))
}

// SharedFolder returns where the cases beside the repository are, if they are.
func SharedFolder(t testing.TB) string {
	t.Helper()
	return filepath.Join(Root(t), "..", "shared", "cases")
}

// Root returns the folder of the repository.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// below returns the folders of cases in a folder.
func below(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "case.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = filepath.Dir(f)
	}
	return files
}
