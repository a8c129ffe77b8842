package crash

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkOrdinary is what a line of a log costs that belongs to no crash.
func BenchmarkOrdinary(b *testing.B) {
	f := NewFinder(Options{})
	bytes := 0
	for _, l := range ordinary {
		bytes += len(l)
	}
	b.SetBytes(int64(bytes / len(ordinary)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f.Add("shop", ordinary[i%len(ordinary)], noon)
	}
}

// BenchmarkTrace is what the traces of the table cost, all of them together.
func BenchmarkTrace(b *testing.B) {
	all := variants(b)
	bytes := 0
	for _, v := range all {
		bytes += len(v.trace)
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	for b.Loop() {
		for _, v := range all {
			parseTrace(v.trace)
		}
	}
}

// growing are inputs that grow with n, each meant to catch a parser that takes
// more than linear time.
var growing = map[string]func(n int) string{
	"go, deep": func(n int) string {
		return "panic: x\n\ngoroutine 1 [running]:\n" + deep(n, "main.f%d(0x1)\n\t/app/a.go:%d +0x1\n")
	},
	"go, recursion": func(n int) string {
		return "panic: x\n\ngoroutine 1 [running]:\n" + strings.Repeat("main.f(0x1)\n\t/app/a.go:1 +0x1\nmain.g(0x1)\n\t/app/a.go:2 +0x1\n", n)
	},
	"go, panics": func(n int) string { return strings.Repeat("panic: x\n", n) },
	"go, long generics": func(n int) string {
		return "panic: x\n\ngoroutine 1 [running]:\nmain.f" + strings.Repeat("[int]", n) + "(0x1)\n"
	},
	"go, brackets": func(n int) string {
		return "panic: x\n\ngoroutine 1 [running]:\nmain.f" + strings.Repeat("(", n) + strings.Repeat(")", n) + "\n"
	},
	"java, deep": func(n int) string { return "a.Exception: x\n" + deep(n, "\tat a.B.m%d(B.java:%d)\n") },
	"java, causes": func(n int) string {
		return "a.Exception: x\n" + deep(n, "Caused by: a.Exception: %d\n\tat a.B.m%d(B.java:1)\n\t... 7 more\n")
	},
	"java, causes in common": func(n int) string {
		return "a.Exception: x\n" + deep(n, "\tat a.B.m%d(B.java:%d)\n") + strings.Repeat("Caused by: a.Exception: y\n\t... "+fmt.Sprint(n)+" more\n", n)
	},
	"java, heads":             func(n int) string { return strings.Repeat("a.Exception: x\n", n) },
	"java, heads in a line":   func(n int) string { return strings.Repeat("a.ErrorError ", n) },
	"java, one long class":    func(n int) string { return strings.Repeat("Error", n) },
	"java, one class of many": func(n int) string { return strings.Repeat("Error", n) + " and " + strings.Repeat("Error", n) + " then" },
	"cpp, anchors":            func(n int) string { return "SUMMARY: " + strings.Repeat("Sanitizer: ", n) },
	"python, chain": func(n int) string {
		return strings.Repeat(pyTraceback+"\n  File \"/a.py\", line 1, in f\n    g()\nValueError: x\n\n"+pyDuring+"\n\n", n)
	},
	"python, deep": func(n int) string {
		return pyTraceback + "\n" + deep(n, "  File \"/a.py\", line %d, in f%d\n    g()\n") + "ValueError: x\n"
	},
	"node, deep": func(n int) string { return "Error: x\n" + deep(n, "    at f%d (/app/a.js:%d:1)\n") },
	"node, causes": func(n int) string {
		return "Error: x\n" + deep(n, "  [cause]: Error: %d\n    at f%d (/app/a.js:1:1)\n")
	},
	"dotnet, inner": func(n int) string { return "A.Exception: x\n" + deep(n, " ---> A.Exception: %d\n   at A.B.C%d()\n") },
	"dotnet, inner in a line": func(n int) string {
		return "A.Exception: x" + strings.Repeat(" ---> A.Exception: y", n) + "\n   at A.B.C()\n"
	},
	"cpp, deep": func(n int) string { return "Segmentation fault\n" + deep(n, "#%d 0x1 in f%d (a=1) at a.cpp:1\n") },
	"cpp, templates": func(n int) string {
		return "Segmentation fault\n#0 0x1 in f" + strings.Repeat("<", n) + " (a=1) at a.cpp:1\n"
	},
	"cpp, locals": func(n int) string {
		return "Segmentation fault\n#0 0x1 in f" + strings.Repeat("(int)::g", n) + " at a.cpp:1\n"
	},
	"cpp, mangled": func(n int) string {
		return "Segmentation fault\n./a(_ZN" + strings.Repeat("1aI1bE", n) + "E+0x1) [0x55]\n"
	},
	"rust, deep": func(n int) string {
		return "thread 'main' panicked at a.rs:1:1:\nx\nstack backtrace:\n" + deep(n, "   %d: a::f%d\n")
	},
	"rust, generics": func(n int) string {
		return "thread 'main' panicked at a.rs:1:1:\nx\nstack backtrace:\n   0: " + strings.Repeat("<a as b>::", n) + "f\n"
	},
	"kernel, deep":      func(n int) string { return "BUG: kernel NULL pointer dereference\n" + deep(n, " f%d+0x%d/0x9\n") },
	"kernel, heads":     func(n int) string { return strings.Repeat("BUG: Oops: BUG: ", n) },
	"windows, fields":   func(n int) string { return "Bugcheck Analysis\n" + deep(n, "MODULE_NAME: a%d%d\n") },
	"windows, one line": func(n int) string { return "Faulting application name: a" + strings.Repeat(", Exception code: 0x1", n) },
	"message, quotes":   func(n int) string { return "panic: " + strings.Repeat("'a \"b {", n) + "\n\ngoroutine 1 [running]:\n" },
	"json, strings":     func(n int) string { return `{"a":` + strings.Repeat(`"Error: x\n",`, n) },
	"json, nested":      func(n int) string { return `"` + strings.Repeat(`\\\"Error: \\n`, n) + `"` },
	"json, crashes": func(n int) string {
		return strings.Repeat(`"panic: runtime error: x\ngoroutine 1 [running]:\nmain.f(0x1)\n"`, n)
	},
	"cut lines":            func(n int) string { return strings.Repeat("2024-01-02T03:04:05.678901234Z stderr P panic: \n", n) },
	"header, brackets":     func(n int) string { return strings.Repeat("[a] ", n) + "panic: x" },
	"anchors in a line":    func(n int) string { return strings.Repeat("panic: fatal error: ", n) },
	"assertions in a line": func(n int) string { return strings.Repeat("Assertion Sanitizer: Check failed: ", n) },
}

// deep is format n times, with the number of the round twice.
func deep(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i, i)
	}
	return b.String()
}

// BenchmarkGrowth shows the time for a byte of inputs that grow: flat, or
// falling where a bound cuts in.
func BenchmarkGrowth(b *testing.B) {
	for name, input := range growing {
		for _, n := range []int{100, 1000, 10_000} {
			text := input(n)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					parseTrace(text)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(text)), "ns/byte")
			})
		}
	}
}

// BenchmarkScan is the part of BenchmarkOrdinary that looks for anchors.
func BenchmarkScan(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		anchors.next(ordinary[i%len(ordinary)], 0)
	}
}
