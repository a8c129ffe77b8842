package crash

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/lab/cases"
)

// TestOwnLogs: in what the nodes of the recorded rollouts wrote, the crash of
// the bad version is found where that was rolled out and nowhere else, and
// what all versions meet now and then is one crash and not many.
func TestOwnLogs(t *testing.T) {
	signatures, files, cart := make(map[string]string), 0, false
	for _, dir := range cases.Own(t) {
		found := make(map[string]int) // by version and signature
		if !ownLines(t, filepath.Join(dir, "logs.jsonl.gz"), func(version string, c Found) {
			found[version+" "+string(c.Signature)]++
			signatures[string(c.Signature)] = c.Raw
		}) {
			continue
		}
		files++
		for key, n := range found {
			version, signature, _ := strings.Cut(key, " ")
			bad := strings.Contains(signatures[signature], "cart.go")
			cart = cart || bad
			if want := filepath.Base(dir) == "shop-crash" && version == "v2"; bad && (!want || n < 50) {
				t.Errorf("%s: the crash of the bad version %d times in %s", dir, n, version)
			}
			if !bad && n > 20 {
				t.Errorf("%s: %d crashes of %s that all versions have:\n%s", dir, n, version, signatures[signature])
			}
		}
	}
	// That of the bad version, and that of each of two services.
	if files < 3 || !cart || len(signatures) < 2 || len(signatures) > 3 {
		t.Errorf("%d signatures in %d files: %v", len(signatures), files, signatures)
	}
}

// ownLines tells of every crash in a file of lines; false if there is no such file.
func ownLines(t *testing.T, path string, each func(version string, c Found)) bool {
	t.Helper()
	r, err := os.Open(path)
	if os.IsNotExist(err) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	f, versions := NewFinder(Options{}), make(map[string]string)
	tell := func(all []Found) {
		for _, c := range all {
			each(versions[c.Stream], c)
		}
	}
	for s := bufio.NewScanner(z); s.Scan(); {
		var l struct {
			TS     time.Time
			Labels map[string]string
			Line   string
		}
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		versions[l.Labels["pod"]] = l.Labels["version"]
		tell(f.Add(l.Labels["pod"], l.Line, l.TS))
	}
	tell(f.Flush())
	return true
}
