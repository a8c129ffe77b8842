package crash

import (
	"strings"
)

// native reads what C and C++ programs leave: uncaught exceptions, failed
// assertions, glibc's heap checks, sanitizers, gdb, systemd-coredump, glibc's
// and glog's backtraces, Android's tombstones, Boost.Stacktrace.
var native = dialect{
	anchors: []string{
		"terminate called ", "terminating ", "Assertion ", "Sanitizer: ", "received signal SIG", "terminated with signal SIG", "*** Aborted at ", "*** SIG", "*** stack smashing",
		"Check failed: ", "double free or corruption", "free(): ", "malloc(): ", "realloc(): ", "munmap_chunk(): ", "corrupted size vs", "Segmentation fault", "Bus error", "Fatal signal ",
		"signal 11", "signal 6", "signal 7", "signal 8", "signal 4", "segfault at ", "traps: ", "dumped core", "#0  0x", "#0 0x", ") [0x", ")[0x4", ")[0x5", ")[0x6", ")[0x7", ")[0xa", ")[0xf",
	},
	opens:  openNative,
	roleOf: joinNative,
	read:   readNative,
}

func openNative(line string, at int) (string, bool) {
	head, _ := nativeHead(line)
	return line, head != "" || nativeCall(line).ok
}

// nativeHead is the class and message that a line of a native crash gives; or "".
func nativeHead(line string) (class, message string) {
	cut := func(after string) (string, bool) {
		_, rest, ok := strings.Cut(line, after)
		return rest, ok
	}
	if strings.HasPrefix(line, "SUMMARY: ") {
		return "", ""
	}
	if rest, ok := cut("Sanitizer: "); ok && (strings.Contains(line, "ERROR: ") || strings.Contains(line, "WARNING: ")) {
		kind := strings.TrimPrefix(rest, "attempting ")
		if i := strings.IndexAny(kind, " :("); i > 0 && !strings.HasPrefix(kind, "detected memory leaks") && !strings.HasPrefix(kind, "data race") && !strings.HasPrefix(kind, "double") {
			kind = kind[:i]
		}
		kind, _, _ = strings.Cut(kind, " (")
		kind, _, _ = strings.Cut(kind, " on ")
		if kind == "SEGV" || kind == "FPE" || kind == "BUS" || kind == "ABRT" || kind == "ILL" {
			kind = "SIG" + kind
		}
		return kind, ""
	}
	if rest, ok := cut("terminate called after throwing an instance of '"); ok {
		class, _, _ := strings.Cut(rest, "'")
		return cppName(class), ""
	}
	if rest, ok := cut("terminate called "); ok {
		return "terminate", parameterise(rest)
	}
	for _, p := range [...]string{"uncaught exception of type ", "unexpected exception of type "} {
		if rest, ok := cut(p); ok {
			class, message, _ := strings.Cut(rest, ": ")
			return cppName(class), parameterise(message)
		}
	}
	if rest, ok := cut("Assertion "); ok && strings.Contains(rest, "ailed") {
		if i := strings.LastIndex(rest, " failed"); i > 0 {
			rest = rest[:i]
		}
		return "assertion", clip(unquoted(rest), maxMessage)
	}
	if rest, ok := cut("Check failed: "); ok {
		expr, _, _ := strings.Cut(rest, " (")
		return "check failed", parameteriseCode(expr)
	}
	return nativeSignal(line), ""
}

var signals = map[string]string{"4": "SIGILL", "6": "SIGABRT", "7": "SIGBUS", "8": "SIGFPE", "11": "SIGSEGV"}

// unquoted drops one quotation mark of any kind at either end.
func unquoted(s string) string {
	const marks = "`'‘’“”"
	for _, m := range marks {
		if rest, ok := strings.CutPrefix(s, string(m)); ok {
			s = rest
			break
		}
	}
	for _, m := range marks {
		if rest, ok := strings.CutSuffix(s, string(m)); ok {
			return rest
		}
	}
	return s
}

// nativeSignal is the signal, or the check of glibc's heap, that a line names.
func nativeSignal(line string) string {
	for _, p := range [...]string{"received signal ", "terminated with signal ", "*** SIG", "Fatal signal "} {
		i := strings.Index(line, p)
		if i < 0 {
			continue
		}
		rest := line[i:]
		if j := strings.Index(rest, "SIG"); j >= 0 {
			n := j
			for n < len(rest) && 'A' <= rest[n] && rest[n] <= 'Z' {
				n++
			}
			return rest[j:n]
		}
	}
	if _, rest, ok := strings.Cut(line, "signal "); ok {
		n := 0
		for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
			n++
		}
		if name := signals[rest[:n]]; name != "" && (n == len(rest) || !letter(rest[n])) {
			return name
		}
	}
	for _, p := range [...]string{"double free or corruption", "free(): ", "malloc(): ", "realloc(): ", "munmap_chunk(): ", "corrupted size vs", "stack smashing detected"} {
		if i := strings.Index(line, p); i == 0 || i > 0 && (line[i-1] == ' ') {
			text := line[i:]
			if j := strings.IndexAny(text, "*:0"); j > 0 && strings.ContainsAny(text[j:], "*0") {
				text = strings.TrimRight(text[:len(text)-len(strings.TrimLeft(text[j:], ":"))], ": *")
			}
			text, _, _ = strings.Cut(text, " ***")
			text, _, _ = strings.Cut(text, ": 0x")
			return text
		}
	}
	switch {
	case strings.HasPrefix(line, "Segmentation fault"), strings.Contains(line, " (Segmentation fault"), strings.Contains(line, "Caught Segmentation fault"), strings.Contains(line, "]: segfault at "):
		return "SIGSEGV"
	case strings.Contains(line, "traps: ") && strings.Contains(line, " ip:"):
		return "trap"
	case strings.HasPrefix(line, "Bus error"):
		return "SIGBUS"
	case strings.HasPrefix(line, "*** Aborted at "), strings.HasSuffix(line, "dumped core."):
		return "crash"
	}
	return ""
}

func joinNative(s *stack, line string) role {
	const calls = 1
	text := strings.TrimLeft(line, " \t")
	switch {
	case text == "":
		return roleBlank
	case strings.HasPrefix(text, "SUMMARY: "), strings.HasPrefix(text, "Aborted"), strings.HasPrefix(text, "Segmentation fault (core"):
		return roleLast
	case strings.HasPrefix(text, "what():"):
		return roleInside
	case nativeCall(line).ok:
		s.phase = calls
		return roleInside
	}
	// a signal follows from what was thrown or asserted; those are crashes of their own
	if class, _ := nativeHead(line); class != "" {
		if s.phase != calls && (class == nativeSignal(line) || s.seen == 1 && nativeSignal(s.lines[0]) == "crash") {
			return roleInside
		}
		return roleForeign
	}
	if hasPrefix(text, nativeLines) {
		return roleBlank
	}
	return roleForeign
}

// Other lines of a native crash.
var nativeLines = []string{"READ of size", "WRITE of size", "==", "0x", "PC: @", "Stack trace of thread", "Missing separate", "[Thread", "Using host", "backtrace:", "Backtrace", "Stack trace:", "Call stack", "Module "}

func readNative(lines []string) (Crash, bool) {
	c := Crash{Runtime: Cpp}
	where := ""
	zero := 0 // calls numbered 0
	for _, line := range lines {
		if call := nativeCall(line); call.ok {
			if call.number == 0 {
				if zero++; zero > 1 && len(c.Frames) > 1 {
					break // another thread, or where memory was freed
				} else if zero > 1 {
					c.Frames = nil
				}
			}
			c.Frames = append(c.Frames, call.frame)
			continue
		}
		if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "what():"); ok && c.Message == "" {
			c.Message = parameterise(rest)
			continue
		}
		if f, ok := segfaultFrame(line); ok && len(c.Frames) == 0 {
			c.Frames = []Frame{f}
		}
		class, message := nativeHead(line)
		if class != "" && (c.Class == "" || c.Class == "crash") {
			c.Class, c.Message = class, message
			if class == "assertion" {
				where = assertedIn(line)
			}
		}
	}
	if c.Class == "" {
		c.Class = "crash"
	}
	if c.Class == "crash" && len(c.Frames) < 2 {
		return c, false
	}
	c.Frames = nativeCrashed(c.Frames)
	if len(c.Frames) == 0 && where != "" {
		c.Frames = []Frame{{Function: where, InApp: true}}
	}
	return c, true
}

// assertedIn is the function of prog: file.cpp:12: int f(int): Assertion `x' failed.
func assertedIn(line string) string {
	head, _, _ := strings.Cut(line, ": Assertion ")
	parts := strings.SplitN(head, ": ", 3)
	if len(parts) < 3 {
		return ""
	}
	return cppName(parts[2])
}

// nativeCrashed drops the calls that only report a crash, and all above them.
func nativeCrashed(frames []Frame) []Frame {
	last := -1
	for i, f := range frames {
		if hasPrefix(f.Function, nativeReporting) {
			last = i
		}
	}
	frames = frames[last+1:]
	// unknown places of the C library below the report: terminate, throw
	for last >= 0 && len(frames) > 1 && !frames[0].InApp && strings.HasPrefix(frames[0].Function, "+0x") {
		frames = frames[1:]
	}
	return frames
}

// The functions through which a program reports that it fails.
var nativeReporting = []string{
	"abort", "__GI_abort", "raise", "__GI_raise", "gsignal", "__pthread_kill", "pthread_kill", "__assert", "__GI___assert", "__libc_message", "malloc_printerr", "_int_free",
	"__stack_chk_fail", "__fortify_fail", "__chk_fail", "std::terminate", "__cxa_throw", "__cxa_rethrow", "__cxxabiv1::", "__gnu_cxx::__verbose", "std::__throw_",
	"google::LogMessage", "google::ErrnoLogMessage", "google::logging_fail", "google::(anonymous", "killpg", "__restore_rt", "<signal handler called>", "__sanitizer::", "__asan::",
	"__interceptor_", "__GI___pthread_kill", "_Unwind_", "_ZSt9terminatev", "__kernel_rt_sigreturn", "art::", "absl::log_internal::", "logging::LogMessage", "absl::AbslFailureSignalHandler", "std::__glibcxx_assert_fail",
}
