package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats-server/v2/server"
)

// rewrite changes the one file of dir that the pattern names.
func rewrite(t *testing.T, pattern string, change func([]byte) []byte) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) != 1 {
		t.Fatalf("%s: %v, %v", pattern, names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	if b = change(b); b == nil {
		err = os.Remove(names[0])
	} else {
		err = os.WriteFile(names[0], b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenSaysWhatIsDamaged(t *testing.T) {
	remove := func([]byte) []byte { return nil }
	half := func(b []byte) []byte { return b[:len(b)/2] }
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	flipLast := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	spoil := func([]byte) []byte { return []byte("spoilt") }
	type step struct {
		file   string
		change func([]byte) []byte
	}
	const block, index, meta, sum = "msgs/1.blk", "msgs/index.db", "meta.inf", "meta.sum"
	tests := []struct {
		name  string
		steps []step
		left  int // facts that are left; -1 if the folder cannot be opened any more
	}{
		{"a bit flipped in the middle", []step{{block, flip}}, 25},
		{"the same without the index", []step{{block, flip}, {index, remove}}, 25},
		{"a bit flipped at the end", []step{{block, flipLast}, {index, remove}}, 49},
		{"half a file", []step{{block, half}}, 25},
		{"half a file without the index", []step{{block, half}, {index, remove}}, 25},
		{"no file", []step{{block, remove}}, 0},
		{"no file and no index", []step{{block, remove}, {index, remove}}, 0},
		{"no description", []step{{meta, remove}}, -1},
		{"a spoilt description", []step{{meta, spoil}}, -1},
		{"a spoilt checksum", []step{{sum, spoil}}, -1},
		{"a spoilt index, which can be made anew", []step{{index, spoil}}, 50},
		{"no index, which can be made anew", []step{{index, remove}}, 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, Config{Dir: dir})
			for i := range 50 {
				appendFact(t, l, fact(fmt.Sprint(i)), true)
			}
			l.Close()
			for _, s := range tt.steps {
				rewrite(t, filepath.Join(dir, "jetstream/$G/streams", streamName, s.file), s.change)
			}
			l, err := Open(t.Context(), Config{Dir: dir}, nil)
			if tt.left == 50 {
				if err != nil || len(all(t, l)) != 50 {
					t.Errorf("all could be read: %v", err)
				}
				l.Close()
				return
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "backup") {
				t.Fatalf("got %v, want ErrDamaged with a hint", err)
			}
			if tt.left >= 0 {
				accept(t, dir, tt.left)
			}
		})
	}
}

// accept does what the hint says and sees that the ledger goes on with what is left.
func accept(t *testing.T, dir string, left int) {
	t.Helper()
	if _, err := Open(t.Context(), Config{Dir: dir}, nil); !errors.Is(err, ErrDamaged) {
		t.Fatalf("the second time: %v, want ErrDamaged", err)
	}
	rewrite(t, filepath.Join(dir, witnessFile), func([]byte) []byte { return nil })
	var said bytes.Buffer
	l, err := Open(t.Context(), Config{Dir: dir}, hclog.New(&hclog.LoggerOptions{Output: &said}))
	if err != nil {
		t.Fatal(err)
	}
	appendFact(t, l, fact("new"), true)
	for range 2 {
		if got := all(t, l); len(got) != left+1 || got[left].Key != "new" {
			t.Errorf("%d facts are left, want %d and a new one", len(got)-1, left)
		}
		l.Close()
		l = open(t, Config{Dir: dir})
	}
}

func TestOpenGoesOnWithABackup(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	for i := range 100 {
		appendFact(t, l, fact(fmt.Sprint(i)), true)
	}
	// A copy made while facts come in, as docs/operate/state.md says to make one.
	stop, stopped := make(chan bool), make(chan int)
	go func() {
		n := 100
		for ; ; n++ {
			select {
			case <-stop:
				stopped <- n
				return
			default:
				if _, err := l.Append(t.Context(), fact(fmt.Sprint(n))); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	close(stop)
	n := <-stopped
	rewrite(t, filepath.Join(backup, witnessFile), func([]byte) []byte { return nil })

	b := open(t, Config{Dir: backup})
	got := all(t, b)
	if len(got) < 100 || len(got) > n {
		t.Fatalf("%d facts in the backup, want 100 to %d", len(got), n)
	}
	for i, f := range got {
		if f.Key != fmt.Sprint(i) {
			t.Fatalf("fact %d of the backup is %s", i, f.Key)
		}
	}
	appendFact(t, b, fact("50"), false)
	appendFact(t, b, fact("new"), true)
}

// What docs/operate/state.md says about looking at the folder with NATS' own tools.
func TestFolderIsOneOfNATS(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	appendFact(t, l, fact("a"), true)
	appendFact(t, l, fact("b"), true)
	l.Close()
	s := serve(t, &server.Options{StoreDir: dir})
	if got := all(t, open(t, Config{URL: s.ClientURL()})); len(got) != 2 || got[1].Key != "b" {
		t.Errorf("a NATS server sees %v", got)
	}
}

func TestOpenRefusesASpoiltWitness(t *testing.T) {
	dir := t.TempDir()
	open(t, Config{Dir: dir}).Close()
	rewrite(t, filepath.Join(dir, witnessFile), func([]byte) []byte { return []byte("spoilt") })
	if _, err := Open(t.Context(), Config{Dir: dir}, nil); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), witnessFile) {
		t.Errorf("got %v, want ErrDamaged that names the file", err)
	}
}
