package crash

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// A variant is one trace of a file of testdata/traces. Lines "-- name --"
// divide a file into the variants of one crash.
type variant struct{ file, name, trace string }

func variants(t testing.TB) []variant {
	t.Helper()
	files, err := filepath.Glob("testdata/traces/*/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces in testdata/traces (%v)", err)
	}
	var all []variant
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := strings.TrimPrefix(strings.TrimSuffix(path, ".txt"), "testdata/traces/")
		name := "as first seen"
		var trace strings.Builder
		flush := func() {
			if strings.TrimSpace(trace.String()) != "" {
				all = append(all, variant{file, name, trace.String()})
			}
			trace.Reset()
		}
		for line := range strings.Lines(string(text)) {
			if l := strings.TrimSuffix(line, "\n"); strings.HasPrefix(l, "-- ") && strings.HasSuffix(l, " --") {
				flush()
				name = strings.TrimSuffix(strings.TrimPrefix(l, "-- "), " --")
				continue
			}
			trace.WriteString(line)
		}
		flush()
	}
	return all
}

// TestTable: the variants of a crash have one signature, different crashes
// different ones, and each is of the runtime its folder is named for.
func TestTable(t *testing.T) {
	first := map[string]Crash{}     // by file
	owner := map[Signature]string{} // file by signature
	var golden strings.Builder
	for _, v := range variants(t) {
		c, ok := parseTrace(v.trace)
		if !ok {
			t.Errorf("%s, %s: no crash found", v.file, v.name)
			continue
		}
		if string(c.Runtime) != filepath.Dir(v.file) {
			t.Errorf("%s, %s: read as %s", v.file, v.name, c.Runtime)
		}
		f, seen := first[v.file]
		if !seen {
			first[v.file] = c
			fmt.Fprintf(&golden, "%s  %s\n%s", v.file, c.Signature, describe(c))
		} else if c.Signature != f.Signature {
			t.Errorf("%s, %s: another signature\n%swant that of the first\n%s", v.file, v.name, describe(c), describe(f))
		}
		if other, taken := owner[c.Signature]; taken && other != v.file {
			t.Errorf("%s, %s: has the signature of %s\n%s", v.file, v.name, other, describe(c))
		}
		owner[c.Signature] = v.file
	}
	compare(t, "testdata/signatures.golden", golden.String())
}

func describe(c Crash) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  title    %s\n  class    %s\n  message  %s\n", c.Title, c.Class, c.Message)
	for i, f := range c.Frames {
		if i == 12 {
			b.WriteString("  …\n")
			break
		}
		where := "system"
		if f.InApp {
			where = "app   "
		}
		fmt.Fprintf(&b, "  %s   %s\n", where, f)
	}
	return b.String()
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run the test with -update and read the difference\n%s", path, got)
	}
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
