package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

func open(t testing.TB, c Config) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), c, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func fact(key string) Fact {
	return Fact{Key: key, Kind: "test.happened", At: at, Data: json.RawMessage(`{"n":1}`)}
}

func appendFact(t testing.TB, l *Ledger, f Fact, first bool) {
	t.Helper()
	got, err := l.Append(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if got != first {
		t.Fatalf("Append(%q): first is %v, want %v", f.Key, got, first)
	}
}

func all(t testing.TB, l *Ledger) []Fact {
	t.Helper()
	var fs []Fact
	for f, err := range l.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return fs
}

func TestAppendKeepsFactsAcrossReopening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on demand")
	l := open(t, Config{Dir: dir})
	if a := l.server.ns.Addr(); a != nil {
		t.Errorf("the embedded server listens on %s", a)
	}
	if got := all(t, l); len(got) != 0 {
		t.Fatalf("a new ledger holds %v", got)
	}
	want := []Fact{
		{Key: "a.b *>", Kind: "k", At: at, Data: json.RawMessage(`{"html":"<&>","u":"\u2028é"}`)},
		{Key: "second\n\x00", Kind: "k", At: at.Add(-time.Hour), Data: json.RawMessage(`[1,2.50]`)},
		{Key: "third", Kind: "other", Data: json.RawMessage(`null`)},
	}
	for _, f := range want {
		appendFact(t, l, f, true)
	}
	changed := want[0]
	changed.Data = json.RawMessage(`{"changed":true}`)
	appendFact(t, l, changed, false)
	appendFact(t, l, want[1], false)
	if diff := cmp.Diff(want, all(t, l)); diff != "" {
		t.Error("before reopening:", diff)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	l = open(t, Config{Dir: dir})
	appendFact(t, l, changed, false)
	appendFact(t, l, fact("fourth"), true)
	if diff := cmp.Diff(append(want, fact("fourth")), all(t, l)); diff != "" {
		t.Error("after reopening:", diff)
	}
	got, found, err := l.Get(t.Context(), want[0].Key)
	if diff := cmp.Diff(want[0], got); err != nil || !found || diff != "" {
		t.Error("Get of a fact that was kept:", found, err, diff)
	}
	if _, found, err := l.Get(t.Context(), "never"); found || err != nil {
		t.Error("Get of a fact that was not kept:", found, err)
	}
}

func TestAppendRefuses(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir()})
	tests := []struct {
		name, want string
		f          Fact
	}{
		{"no key", "it has no key", Fact{Kind: "k"}},
		{"no kind", "it has no kind", Fact{Key: "a"}},
		{"key that is not UTF-8", "UTF-8", Fact{Key: "a\xff", Kind: "k"}},
		{"kind that is not UTF-8", "UTF-8", Fact{Key: "a", Kind: "k\xff"}},
		{"data that are not JSON", "not valid JSON", Fact{Key: "a", Kind: "k", Data: json.RawMessage(`{`)}},
		{"a year that JSON cannot hold", "year", Fact{Key: "a", Kind: "k", At: at.AddDate(9999, 0, 0)}},
		{"one byte too many", "the maximum is 524288", sized(MaxFact + 1)},
		{"far too big", "the maximum is 524288", sized(4 * MaxFact)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, err := l.Append(t.Context(), tt.f)
			if first || !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want ErrInvalid with %q", first, err, tt.want)
			}
		})
	}
	if got := all(t, l); len(got) != 0 {
		t.Errorf("%d refused facts were kept", len(got))
	}
	appendFact(t, l, sized(MaxFact), true)
	if got := all(t, l); len(got) != 1 || len(got[0].Data) != len(sized(MaxFact).Data) {
		t.Errorf("the largest fact did not come back: %d facts", len(got))
	}
}

// sized returns a fact whose JSON form has n bytes.
func sized(n int) Fact {
	f := Fact{Key: "big", Kind: "k", At: at, Data: json.RawMessage(`""`)}
	b, _ := json.Marshal(f)
	f.Data = json.RawMessage(`"` + strings.Repeat("x", n-len(b)) + `"`)
	return f
}

func TestAppendKeepsOneOfManyConcurrent(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir()})
	const appenders, keys = 8, 25
	var wg sync.WaitGroup
	var mu sync.Mutex
	firsts := map[string]int{}
	for a := range appenders {
		wg.Go(func() {
			for k := range keys {
				f := fact(fmt.Sprint("key ", (k+a)%keys))
				f.Data = json.RawMessage(fmt.Sprint(a))
				first, err := l.Append(t.Context(), f)
				if err != nil {
					t.Error(err)
				}
				if first {
					mu.Lock()
					firsts[f.Key+string(f.Data)]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	got := all(t, l)
	if len(got) != keys || len(firsts) != keys {
		t.Errorf("%d facts and %d firsts, want %d", len(got), len(firsts), keys)
	}
	for _, f := range got {
		if firsts[f.Key+string(f.Data)] != 1 {
			t.Errorf("%s of appender %s stands, which was not told so", f.Key, f.Data)
		}
	}
}

func TestAllStopsAtTheNewestOfItsCall(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir()})
	for i := range 300 { // more than are on their way at a time
		appendFact(t, l, fact(fmt.Sprint(i)), true)
	}
	n := 0
	for f, err := range l.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Key != fmt.Sprint(n) {
			t.Fatalf("fact %d is %q", n, f.Key)
		}
		if n == 0 {
			appendFact(t, l, fact("while reading"), true)
		}
		n++
	}
	if n != 300 {
		t.Errorf("%d facts, want 300", n)
	}
	for range l.All(t.Context()) {
		break // a reader may leave early
	}
}

func TestFollowYieldsWhatIsKeptLater(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir()})
	appendFact(t, l, fact("before"), true)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	for f, err := range l.Follow(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, f.Key); len(got) == 1 {
			appendFact(t, l, fact("after"), true)
		} else {
			cancel()
		}
	}
	if diff := cmp.Diff([]string{"before", "after"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestContextEndsCalls(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir()})
	appendFact(t, l, fact("kept"), true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Append(ctx, fact("late")); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnknown) {
		t.Errorf("Append: %v, want canceled and known", err)
	}
	if _, _, err := l.Get(ctx, "kept"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v, want canceled", err)
	}
	for _, err := range l.All(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("All: %v, want canceled", err)
		}
	}
	if got := all(t, l); len(got) != 1 {
		t.Errorf("%d facts, want 1", len(got))
	}
}

func TestCloseEndsCalls(t *testing.T) {
	l := open(t, Config{Dir: t.TempDir()})
	appendFact(t, l, fact("kept"), true)
	followed := make(chan error)
	go func() {
		for _, err := range l.Follow(context.Background()) {
			followed <- err
		}
	}()
	if err := <-followed; err != nil {
		t.Error(err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if err := <-followed; !errors.Is(err, ErrClosed) {
		t.Errorf("Follow: %v, want ErrClosed", err)
	}
	if _, err := l.Append(t.Context(), fact("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("Append: %v, want ErrClosed", err)
	}
	for _, err := range l.All(t.Context()) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("All: %v, want ErrClosed", err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	busy := t.TempDir()
	open(t, Config{Dir: busy})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blocked := t.TempDir()
	if err := os.WriteFile(filepath.Join(blocked, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		c    Config
		is   error
		want string
	}{
		{"nothing configured", Config{}, nil, "neither a folder nor a NATS URL"},
		{"a folder in use", Config{Dir: busy}, ErrLocked, fmt.Sprintf("process %d", os.Getpid())},
		{"a file for a folder", Config{Dir: file}, nil, "not a directory"},
		{"a folder below a file", Config{Dir: filepath.Join(file, "x")}, nil, "not a directory"},
		{"a file where the server wants a folder", Config{Dir: blocked}, nil, "did not start"},
		{"nobody at the URL", Config{URL: "nats://me:hush@127.0.0.1:1"}, nil, "nats://<secret>@127.0.0.1:1: connecting to NATS"},
		{"no URL at all", Config{URL: "::"}, nil, "connecting to NATS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Open(t.Context(), tt.c, nil)
			if err == nil {
				l.Close()
				t.Fatal("it opened")
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("error %q, want %q in it", err, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %q is not %q", err, tt.is)
			}
		})
	}
}

func TestOpenRefusesAFolderItMayNotWrite(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("the superuser may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: dir}, nil); err == nil || !strings.Contains(err.Error(), "may write") {
		t.Errorf("error %v, want a hint", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	l := open(b, Config{Dir: b.TempDir()})
	for i := 0; b.Loop(); i++ {
		appendFact(b, l, fact(fmt.Sprint(i)), true)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/publish")
}
