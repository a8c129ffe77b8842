package crash

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What differs between two occurrences of a crash, by pattern: in the first
// group what stays.
var differs = []struct {
	runtimes string
	re       *regexp.Regexp
	with     string // of which alphabet
}{
	{"go java python node dotnet cpp rust", regexp.MustCompile(`((?:\.go|\.java|\.kt|\.cs:line|\.cpp|\.cc|\.js|\.rs|\.rs:[0-9]+|\.js:[0-9]+|\.cpp:[0-9]+|", line)[: ])[0-9]+`), "123456789"},
	{"go cpp rust python", regexp.MustCompile(`((?:^|[^+x0-9a-f])0x[0-9a-f])[0-9a-f]{5,15}`), "123456789abcdef"},
	{"go", regexp.MustCompile(`(\.go:[0-9]+ \+)0x[0-9a-f]+`), "123456789abcdef"},
	{"go", regexp.MustCompile(`(goroutine )[0-9]+`), "123456789"},
	{"kernel", regexp.MustCompile(`(\+)0x[0-9a-f]+`), "123456789abcdef"},
	{"kernel", regexp.MustCompile(`((?:PID|CPU): )[0-9]+`), "123456789"},
	{"kernel", regexp.MustCompile(`(\[ *)[0-9]+\.[0-9]{6}`), "123456789"},
	{"cpp", regexp.MustCompile(`(==)[0-9]+`), "123456789"},
}

// differently is a trace as the next occurrence would have it.
func differently(trace, runtime string, rng *rand.Rand) string {
	for _, d := range differs {
		if !strings.Contains(d.runtimes, runtime) {
			continue
		}
		trace = d.re.ReplaceAllStringFunc(trace, func(m string) string {
			kept := d.re.FindStringSubmatch(m)[1]
			b := []byte(m[len(kept):])
			for i := range b {
				if b[i] != '.' && b[i] != 'x' && !(i+1 < len(b) && b[i+1] == 'x') {
					b[i] = d.with[rng.IntN(len(d.with))]
				}
			}
			return kept + string(b)
		})
	}
	return trace
}

// TestOccurrences: other lines, addresses, offsets, processes and processors
// leave the signature of every trace as it is.
func TestOccurrences(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	changed := 0
	for _, v := range variants(t) {
		want, _ := parseTrace(v.trace)
		runtime, _, _ := strings.Cut(v.file, "/")
		for range 5 {
			trace := differently(v.trace, runtime, rng)
			if trace != v.trace {
				changed++
			}
			if got, _ := parseTrace(trace); got.Signature != want.Signature {
				t.Errorf("%s, %s: another signature for\n%s\n%swant\n%s", v.file, v.name, trace, describe(got), describe(want))
				break
			}
		}
	}
	t.Logf("%d occurrences that differ", changed)
	if changed < 500 {
		t.Errorf("only %d occurrences differ: the patterns match too little", changed)
	}
}

func linesOf(trace string) []string {
	return strings.Split(strings.TrimRight(trace, "\n"), "\n")
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func each(f func(i int, line string) string) func(string) []string {
	return func(trace string) []string {
		lines := linesOf(trace)
		for i, l := range lines {
			lines[i] = f(i, l)
		}
		return lines
	}
}

// wrappers are the ways in which the lines of a trace come out of a log store.
var wrappers = map[string]func(trace string) []string{
	"kubernetes (cri)": each(func(i int, l string) string { return fmt.Sprintf("2024-01-02T03:04:05.%09dZ stderr F %s", i, l) }),
	"kubernetes, cut lines": func(trace string) []string {
		var out []string
		for i, l := range linesOf(trace) {
			at := fmt.Sprintf("2024-01-02T03:04:05.%09dZ stderr ", i)
			half := len(l) / 2
			out = append(out, at+"P "+l[:half], at+"F "+l[half:])
		}
		return out
	},
	"docker json-file": each(func(i int, l string) string {
		return fmt.Sprintf(`{"log":%s,"stream":"stderr","time":"2024-01-02T03:04:05.%09dZ"}`, quote(l+"\n"), i)
	}),
	"docker, cut at 16 KiB": func(trace string) []string {
		line := `{"level":"error","body":"` + strings.Repeat("x", 20<<10) + `","stack":` + quote(trace) + "}\n"
		var out []string
		for part := range slices.Chunk([]byte(line), dockerCut) {
			out = append(out, fmt.Sprintf(`{"log":%s,"stream":"stderr","time":"2024-01-02T03:04:05Z"}`, quote(string(part))))
		}
		return out
	},
	"docker compose":     each(func(_ int, l string) string { return "shop-1  | " + l }),
	"kubectl timestamps": each(func(i int, l string) string { return fmt.Sprintf("2024-01-02T03:04:05.%09dZ %s", i, l) }),
	"syslog": each(func(i int, l string) string {
		return fmt.Sprintf("<14>Jan  2 03:04:%02d node-7 shop[123]: %s", i%60, l)
	}),
	"a header on every line": each(func(i int, l string) string {
		return fmt.Sprintf("2024-01-02 03:04:05,%03d ERROR [worker-3] %s", i%1000, l)
	}),
	"carriage returns": each(func(_ int, l string) string { return l + "\r" }),
	"one message":      func(trace string) []string { return []string{strings.TrimRight(trace, "\n")} },
	"json": func(trace string) []string {
		return []string{`{"ts":1700000000.5,"level":"error","msg":"it broke","stack":` + quote(trace) + `,"pod":"shop-1"}`}
	},
	"logfmt": func(trace string) []string { return []string{`level=error msg="it broke" stack=` + quote(trace)} },
	"json in docker's json": func(trace string) []string {
		return []string{`{"log":` + quote(`{"level":"error","stack":`+quote(trace)+"}\n") + `,"stream":"stderr","time":"2024-01-02T03:04:05Z"}`}
	},
	"rsyslog": func(trace string) []string {
		return []string{"Jan  2 03:04:05 node-7 shop[123]: " + strings.ReplaceAll(strings.TrimRight(trace, "\n"), "\n", "#012")}
	},
	"lines of others between": func(trace string) []string {
		var out []string
		for i, l := range linesOf(trace) {
			out = append(out, l, fmt.Sprintf("2024-01-02T03:04:05Z INFO served GET /cart in %dms", i))
		}
		return out
	},
}

// TestWrappers: however the lines of a trace come, it is the same crash.
func TestWrappers(t *testing.T) {
	for name, wrap := range wrappers {
		t.Run(name, func(t *testing.T) {
			for _, v := range variants(t) {
				if strings.HasPrefix(v.trace, "{") || strings.Contains(v.trace, `\n`) {
					continue // comes wrapped
				}
				if name == "lines of others between" && strings.HasPrefix(v.file, "rust/") {
					continue // what was said is any next line
				}
				want, _ := parseTrace(v.trace)
				f := NewFinder(Options{})
				var found []Found
				for _, l := range wrap(v.trace) {
					found = append(found, f.Add("shop", l, noon)...)
				}
				found = append(found, f.Flush()...)
				if len(found) == 0 {
					t.Errorf("%s, %s: no crash", v.file, v.name)
				} else if found[0].Signature != want.Signature {
					t.Errorf("%s, %s: another signature\n%swant\n%s", v.file, v.name, describe(found[0].Crash), describe(want))
				}
			}
		})
	}
}

// TestOnce: every trace is one crash, not two.
func TestOnce(t *testing.T) {
	for _, v := range variants(t) {
		f := NewFinder(Options{})
		var found []Found
		for _, l := range linesOf(v.trace) {
			found = append(found, f.Add("shop", l, noon)...)
		}
		found = append(found, f.Flush()...)
		if len(found) != 1 {
			t.Errorf("%s, %s: %d crashes", v.file, v.name, len(found))
			for _, c := range found {
				t.Log(describe(c.Crash))
			}
		}
	}
}

// TestStreams: the lines of all traces, each of a stream of its own, interleaved
// at random, make the same crashes, with their times.
func TestStreams(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	all := variants(t)
	want, got := map[string]Signature{}, map[string]Signature{}
	rest := make([][]string, len(all))
	var busy []int
	for i, v := range all {
		c, _ := parseTrace(v.trace)
		want[fmt.Sprint(i)] = c.Signature
		rest[i] = linesOf(v.trace)
		busy = append(busy, i)
	}
	f := NewFinder(Options{MaxGap: time.Hour})
	take := func(found []Found) {
		for _, c := range found {
			if _, twice := got[c.Stream]; !twice {
				got[c.Stream] = c.Signature
			}
			if c.First.Before(noon) || c.Last.Before(c.First) || c.Lines < 1 {
				t.Errorf("%s: %d lines from %v to %v", c.Title, c.Lines, c.First, c.Last)
			}
		}
	}
	for at := noon; len(busy) > 0; at = at.Add(time.Millisecond) {
		k := rng.IntN(len(busy))
		i := busy[k]
		take(f.Add(fmt.Sprint(i), rest[i][0], at))
		if rest[i] = rest[i][1:]; len(rest[i]) == 0 {
			busy = slices.Delete(busy, k, k+1)
		}
	}
	take(f.Flush())
	for i, v := range all {
		if key := fmt.Sprint(i); got[key] != want[key] {
			t.Errorf("%s, %s: %s, want %s", v.file, v.name, got[key], want[key])
		}
	}
}

// ordinary are lines of logs that belong to no crash, errors among them.
var ordinary = []string{
	`2024-01-02T03:04:05.678901234Z stdout F {"level":"info","msg":"served","method":"GET","path":"/cart/17","status":200,"ms":12.5}`,
	`10.1.2.3 - - [02/Jan/2024:03:04:05 +0000] "GET /cart/17 HTTP/1.1" 200 1234 "-" "Mozilla/5.0 (X11; Linux x86_64)"`,
	`2024-01-02 03:04:05,678 INFO [http-nio-8080-exec-1] c.s.Controller - order 17 of customer 99 shipped to Freiburg in 3 parcels`,
	`level=warn ts=2024-01-02T03:04:05Z caller=main.go:12 msg="retrying" attempt=3 err="connection refused"`,
	`I0102 03:04:05.678901       1 controller.go:123] Reconciling deployment shop/cart`,
	`[12345.678901] usb 1-1: new high-speed USB device number 5 using xhci_hcd`,
	`081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_38865049064139660 terminating`,
	`Jan  2 03:04:05 node-7 sshd[123]: Failed password for root from 10.0.0.1 port 22 ssh2`,
	`2024-01-02T03:04:05Z ERROR payment declined: card expired`,
	``,
}

// alike are lines that look like the start of a crash, and are none.
var alike = []string{
	`{"level":"error","ts":1700000000.12,"msg":"payment declined","stacktrace":"main.(*Server).pay\n\t/app/pay.go:31\nmain.main\n\t/app/main.go:9"}`,
	`WARNING: CPU usage of node-7 is at 93%`,
	`Error: the card is expired`,
	``,
	`Caused by: a holiday`,
}

func TestOrdinary(t *testing.T) {
	f := NewFinder(Options{})
	for _, l := range slices.Concat(ordinary, alike) {
		if found := f.Add("shop", l, noon); len(found) > 0 {
			t.Errorf("%q: %s", l, found[0].Title)
		}
	}
	if found := f.Flush(); len(found) > 0 {
		t.Errorf("found %s", found[0].Title)
	}
	allocs := testing.AllocsPerRun(100, func() {
		for _, l := range ordinary {
			f.Add("shop", l, noon)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for %d ordinary lines, want none", allocs, len(ordinary))
	}
}

// TestBounds: nothing that is logged makes a Finder keep more than it may.
func TestBounds(t *testing.T) {
	o := Options{MaxStreams: 4, MaxBytes: 8 << 10, MaxLines: 1000, MaxRaw: 500}
	t.Run("a stack that never ends", func(t *testing.T) {
		f := NewFinder(o)
		var found []Found
		f.Add("a", "java.lang.StackOverflowError: deep", noon)
		for i := range 5000 {
			found = append(found, f.Add("a", fmt.Sprintf("\tat com.shop.Tree.m%d(Tree.java:1)", i), noon)...)
			if s := f.open["a"]; s != nil && s.bytes > o.MaxBytes+maxKept {
				t.Fatalf("keeps %d bytes, %d are allowed", s.bytes, o.MaxBytes)
			}
		}
		if len(found) != 1 || found[0].Lines != o.MaxLines {
			t.Fatalf("found %d, want one of %d lines", len(found), o.MaxLines)
		}
		if len(found[0].Raw) > o.MaxRaw {
			t.Errorf("raw has %d bytes", len(found[0].Raw))
		}
	})
	t.Run("too many streams", func(t *testing.T) {
		f := NewFinder(o)
		var found []Found
		for i := range 10 {
			at := noon.Add(time.Duration(i) * time.Millisecond)
			found = append(found, f.Add(fmt.Sprint(i), "panic: boom", at)...)
			found = append(found, f.Add(fmt.Sprint(i), "goroutine 1 [running]:", at)...)
			if len(f.open) > o.MaxStreams {
				t.Fatalf("%d streams are open", len(f.open))
			}
		}
		if len(found) != 6 || found[0].Stream != "0" {
			t.Errorf("found %d before the end, want the 6 oldest", len(found))
		}
		if rest := f.Flush(); len(rest) != 4 {
			t.Errorf("found %d at the end, want 4", len(rest))
		}
	})
	t.Run("time passes", func(t *testing.T) {
		f := NewFinder(o)
		f.Add("a", "panic: boom", noon)
		f.Add("a", "goroutine 1 [running]:", noon)
		for i := range 3 {
			f.Add(fmt.Sprint(i), "panic: boom", noon.Add(58*time.Second))
			f.Add(fmt.Sprint(i), "goroutine 1 [running]:", noon.Add(58*time.Second))
		}
		if found := f.Add("b", "served", noon.Add(time.Minute)); len(found) != 0 {
			t.Errorf("found %d 2 seconds later, want none", len(found))
		}
		if found := f.Add("b", "served", noon.Add(2*time.Minute)); len(found) != 3 {
			t.Errorf("found %d a minute later, want 3", len(found))
		}
	})
	t.Run("others write on", func(t *testing.T) {
		f := NewFinder(o)
		f.Add("a", "panic: boom", noon)
		f.Add("a", "goroutine 1 [running]:", noon)
		var found []Found
		for range 20 {
			found = append(found, f.Add("a", "served", noon)...)
		}
		if len(found) != 1 {
			t.Errorf("found %d after 20 other lines, want 1", len(found))
		}
	})
	t.Run("cut short", func(t *testing.T) {
		for _, v := range variants(t) {
			for i := range len(v.trace) {
				parseTrace(v.trace[:i])
			}
		}
	})
}

// TestBackToBack: of two crashes of one stream each is found.
func TestBackToBack(t *testing.T) {
	all := variants(t)
	for i, v := range all[1:] {
		f := NewFinder(Options{})
		var found []Found
		for _, trace := range []string{all[i].trace, "served\nserved\nserved\nserved\nserved\nserved\nserved\nserved\nserved\n", v.trace} {
			for _, l := range linesOf(trace) {
				found = append(found, f.Add("shop", l, noon)...)
			}
		}
		found = append(found, f.Flush()...)
		a, _ := parseTrace(all[i].trace)
		b, _ := parseTrace(v.trace)
		if len(found) != 2 || found[0].Signature != a.Signature || found[1].Signature != b.Signature {
			t.Errorf("%s, %s after %s, %s: found %d", v.file, v.name, all[i].file, all[i].name, len(found))
		}
	}
}

// TestSharedLogs: there is no crash in logs of eight systems that have none, if
// they are beside the repository; TestOwnLogs looks into those that are in it.
func TestSharedLogs(t *testing.T) {
	files, _ := filepath.Glob("../../../../shared/logs/*/raw.txt")
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := NewFinder(Options{})
		var found []Found
		for line := range strings.Lines(string(text)) {
			found = append(found, f.Add(path, strings.TrimSuffix(line, "\n"), noon)...)
		}
		for _, c := range append(found, f.Flush()...) {
			t.Errorf("%s: %s\n%s", path, c.Title, c.Raw)
		}
	}
}
