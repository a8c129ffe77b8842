package crash

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var signature = regexp.MustCompile(`^v1-[0-9a-f]{16}$`)

// fuzz feeds a dialect's reader, and what stands before it, with whatever: the
// lines as they are, and as a log that was searched for crashes.
func fuzz(f *testing.F, d *dialect, runtimes ...Runtime) {
	for _, v := range variants(f) {
		for _, r := range runtimes {
			if filepath.Dir(v.file) == string(r) {
				f.Add(v.trace)
			}
		}
	}
	f.Fuzz(func(t *testing.T, trace string) {
		lines := strings.Split(trace, "\n")
		if i, of := anchors.next(lines[0], 0); of == d {
			if first, ok := d.opens(lines[0], i); ok {
				lines[0] = first
				if c, ok := d.read(lines); ok {
					c.sign()
					check(t, c)
				}
			}
		}
		c, ok := parseTrace(trace)
		if ok {
			check(t, c)
		}
		if again, _ := parseTrace(trace); again.Signature != c.Signature {
			t.Errorf("%s, then %s", c.Signature, again.Signature)
		}
	})
}

// check holds what is true of every crash.
func check(t *testing.T, c Crash) {
	t.Helper()
	if !signature.MatchString(string(c.Signature)) {
		t.Errorf("signature %q", c.Signature)
	}
	if c.Class == "" || c.Title == "" || len(c.Title) > maxTitle || len(c.Message) > maxMessage || !utf8.ValidString(c.Title+c.Class+c.Message+c.Raw) || len(c.Raw) > 4<<10 {
		t.Errorf("class %q, title %q, %d bytes of message, %d of raw", c.Class, c.Title, len(c.Message), len(c.Raw))
	}
}

func FuzzGo(f *testing.F)      { fuzz(f, &golang, Go) }
func FuzzThrown(f *testing.F)  { fuzz(f, &thrown, Java, Node, DotNet) }
func FuzzHotspot(f *testing.F) { fuzz(f, &hotspot, Java) }
func FuzzV8(f *testing.F)      { fuzz(f, &v8, Node) }
func FuzzPython(f *testing.F)  { fuzz(f, &python, Python) }
func FuzzRust(f *testing.F)    { fuzz(f, &rustlang, Rust) }
func FuzzCpp(f *testing.F)     { fuzz(f, &native, Cpp) }
func FuzzKernel(f *testing.F)  { fuzz(f, &kernel, Kernel) }
func FuzzWindows(f *testing.F) { fuzz(f, &windows, Windows) }

func FuzzDemangle(f *testing.F) {
	for _, s := range []string{"_ZN4shop4CartINS_12_GLOBAL__N_14ItemEE5totalERKSt3mapISsiE", "_ZNK4shop3maxILi3EEcvT_Ev", "_ZZN4shop4mainEvENKUlvE_clEv", "_ZSt9terminatev"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if name, ok := demangle(s); ok && (name == "" || len(name) > 10*len(s)) {
			t.Errorf("%q of %q", name, s)
		}
		cppName(s)
		rustName(s)
		goFunction(s)
		javaFunction(s)
		dotNetName(s)
	})
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{"can't open '/a/b': E_17", `index "a b" of {1, 2} = 0x1f`, "user bob@example.com: Not-found", "日本 ‘x’"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := parameterise(s)
		if len(got) > maxMessage || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%q of %q", got, s)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q of %q is cut in a character", got, s)
		}
	})
}

// FuzzFinder: lines of three streams in any order keep to the bounds, and what
// was found was logged.
func FuzzFinder(f *testing.F) {
	var all strings.Builder
	for i, v := range variants(f) {
		all.WriteString(v.trace)
		if i%7 == 0 {
			f.Add(all.String(), uint8(i))
			all.Reset()
		}
	}
	for _, wrap := range wrappers {
		f.Add(strings.Join(wrap("panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:1 +0x1\n"), "\n"), uint8(1))
	}
	o := Options{MaxStreams: 2, MaxBytes: 2000, MaxLines: 50, MaxRaw: 100}
	f.Fuzz(func(t *testing.T, log string, mix uint8) {
		finder := NewFinder(o)
		lines := 0
		take := func(all []Found) {
			for _, c := range all {
				check(t, c.Crash)
				if c.Lines < 1 || len(c.Raw) > o.MaxRaw || c.Last.Before(c.First) {
					t.Errorf("%d lines, %d bytes of raw, from %v to %v", c.Lines, len(c.Raw), c.First, c.Last)
				}
			}
		}
		for line := range strings.Lines(log) {
			stream := string(rune('a' + (lines*int(mix)/7)%3))
			lines++
			take(finder.Add(stream, strings.TrimSuffix(line, "\n"), noon.Add(time.Duration(lines)*time.Millisecond)))
			if len(finder.open) > o.MaxStreams {
				t.Fatalf("%d streams are open", len(finder.open))
			}
			for _, s := range finder.open {
				if s.bytes > o.MaxBytes+4*(maxKept+16) || len(s.part) > o.MaxBytes {
					t.Fatalf("keeps %d bytes and %d of a cut line", s.bytes, len(s.part))
				}
			}
		}
		take(finder.Flush())
		if len(finder.open) > 0 {
			t.Error("streams are open after the last")
		}
	})
}
