package progress

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                "0.0s",
		430 * time.Millisecond:           "0.4s",
		12*time.Second + 600*1e6:         "13s",
		70 * time.Second:                 "1m10s",
		59*time.Minute + 59*time.Second:  "59m59s",
		62*time.Minute + 20*time.Second:  "1h2m",
		120*time.Minute + 20*time.Second: "2h0m",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 modules", 1: "1 module", 999: "999 modules", 1000: "1,000 modules", 1234567: "1,234,567 modules"} {
		if got := Count(n, "module"); got != want {
			t.Errorf("Count(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestCompilation(t *testing.T) {
	const took = 70 * time.Second
	tests := []struct {
		name    string
		waiting []string
		lines   []string // what the go command writes
		unknown []string // which of them are not about progress
		want    string
		looking bool
	}{
		{name: "before anything", looking: true, want: "Finding out what to compile for the demo, 1m10s"},
		{name: "modules come", looking: true, lines: []string{"go: downloading example.org/a v1.0.0", "go: downloading example.org/b v1.2.0"},
			want: "Finding out what to compile for the demo: 2 modules downloaded, 1m10s"},
		{name: "nothing yet", waiting: []string{"a", "b", "c"}, want: "Compiling the demo: 0 of 3 packages, 1m10s"},
		{name: "some", waiting: []string{"a", "b/c", "d"}, lines: []string{"b/c", "a"}, want: "Compiling the demo: 2 of 3 packages, 1m10s"},
		{name: "twice the same", waiting: []string{"a", "b"}, lines: []string{"a", "a"}, unknown: []string{"a"}, want: "Compiling the demo: 1 of 2 packages, 1m10s"},
		{name: "all", waiting: []string{"a"}, lines: []string{"a"}, want: "Compiling the demo: 1 of 1 package, linking, 1m10s"},
		{name: "the program itself", waiting: []string{"a"}, lines: []string{"a", "the/program"}, want: "Compiling the demo: 1 of 1 package, linking, 1m10s"},
		{name: "all were compiled before", want: "Linking the demo, 1m10s"},
		{name: "an error between", waiting: []string{"a", "b"}, lines: []string{"a", "# a", "a/x.go:3:1: undefined: y"},
			unknown: []string{"# a", "a/x.go:3:1: undefined: y"}, want: "Compiling the demo: 1 of 2 packages, 1m10s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &compilation{name: "the demo", program: "the/program", waiting: make(map[string]bool), total: len(tt.waiting)}
			for _, p := range tt.waiting {
				c.waiting[p] = true
			}
			var unknown []string
			for _, l := range tt.lines {
				if !c.read(l) {
					unknown = append(unknown, l)
				}
			}
			if strings.Join(unknown, "\n") != strings.Join(tt.unknown, "\n") {
				t.Errorf("not about progress are %q, want %q", unknown, tt.unknown)
			}
			got := c.compiling(took)
			if tt.looking {
				got = c.looking(took)
			}
			if got != tt.want {
				t.Errorf("it says %q, want %q", got, tt.want)
			}
		})
	}
}

// TestLine has a line change five times, six seconds apart.
func TestLine(t *testing.T) {
	tests := []struct {
		name     string
		terminal bool
		want     string
	}{
		{name: "in place on a terminal", terminal: true, want: "\r\x1b[K0 at 0s\r\x1b[K1 at 6s\r\x1b[K2 at 12s\r\x1b[Ka message\n\r\x1b[K2 at 12s\r\x1b[K3 at 18s\r\x1b[K4 at 24s\r\x1b[K5 at 30s\r\x1b[K5 at 30s\n"},
		{name: "every ten seconds elsewhere", want: "0 at 0s\n2 at 12s\na message\n4 at 24s\n5 at 30s\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			clock := time.Unix(1000, 0)
			l := newLine(&out)
			l.terminal, l.now = tt.terminal, func() time.Time { return clock }
			n := 0
			l.start(func(took time.Duration) string { return string(rune('0'+n)) + " at " + took.String() })
			for range 5 {
				clock = clock.Add(6 * time.Second)
				l.change(func() { n++ })
				if n == 2 {
					l.say("a message")
				}
			}
			l.end()
			l.change(func() { n++ }) // shows nothing: it has ended
			if out.String() != tt.want {
				t.Errorf("written is\n%q, want\n%q", out.String(), tt.want)
			}
		})
	}
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	spoilt := errors.New("spoilt")
	well, ill, never := func() error { return nil }, func() error { return spoilt }, func() error { t.Error("a step was done after one that failed"); return nil }
	if err := Run(&out, Step{"first", well}, Step{"second", ill}, Step{"third", never}); !errors.Is(err, spoilt) {
		t.Errorf("the error is %v, want that of the second step", err)
	}
	want := "\nstep 1 of 3: first\nstep 1 of 3 took 0.0s\n\nstep 2 of 3: second\nstep 2 of 3 failed after 0.0s: second\n"
	if out.String() != want {
		t.Errorf("written is\n%s, want\n%s", out.String(), want)
	}
}

// TestCompile compiles a program of two packages, then that anew, then one that is wrong.
func TestCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the compiler")
	}
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.org/program\n")
	// What Go has in its cache it does not compile, hence the time of day.
	write("part/part.go", "package part\n\nconst Made = \""+time.Now().String()+"\"\n")
	write("main.go", "package main\n\nimport \"example.org/program/part\"\n\nfunc main() { println(part.Made) }\n")
	compile := func() (string, error) {
		var out bytes.Buffer
		err := Compile(&out, "the program", ".", "program")
		return out.String(), err
	}
	out, err := compile()
	if err != nil || !strings.Contains(out, "Compiling the program: 1 of 1 package, linking") {
		t.Errorf("compiled at first: %v\n%s", err, out)
	}
	if _, err := os.Stat("program"); err != nil {
		t.Error("the program:", err)
	}
	if out, err = compile(); err != nil || strings.Contains(out, "Compiling") {
		t.Errorf("compiled again though nothing changed: %v\n%s", err, out)
	}
	write("main.go", "package main\n\nfunc main() { unknown() }\n")
	if out, err = compile(); err == nil || !strings.Contains(out, "undefined: unknown") {
		t.Errorf("compiled what is wrong: %v\n%s", err, out)
	}
}
