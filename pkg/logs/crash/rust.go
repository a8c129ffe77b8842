package crash

import (
	"strings"
)

// rustlang reads what Rust's panic hook prints, with a backtrace or without,
// in the formats before and after 1.73, and a stack that overflowed.
var rustlang = dialect{
	anchors: []string{"panicked at ", "has overflowed its stack"},
	opens: func(line string, at int) (string, bool) {
		i := strings.LastIndex(line[:at], "thread ")
		return line[max(i, 0):], i >= 0
	},
	roleOf: joinRust,
	read:   readRust,
}

func joinRust(s *stack, line string) role {
	const calls = 1
	text := strings.TrimLeft(line, " \t")
	switch {
	case text == "":
		return roleBlank
	case strings.HasPrefix(text, "stack backtrace:"):
		s.phase = calls
		return roleInside
	case strings.HasPrefix(text, "note: Some details"), strings.HasPrefix(text, "note: run with"), strings.HasPrefix(text, "fatal runtime error:"):
		return roleLast
	case s.phase == calls && (rustCall(text) != "" || strings.HasPrefix(text, "at ")):
		return roleInside
	case s.phase == 0 && s.seen == 1 && strings.HasSuffix(s.lines[0], ":"):
		return roleInside // the message
	}
	return roleForeign
}

// rustCall is the function of a line "3: name" or "3: 0x55aa - name"; or "".
func rustCall(text string) string {
	n, name, ok := strings.Cut(text, ": ")
	if !ok || !digitsOnly(n) {
		return ""
	}
	name = strings.TrimLeft(name, " ")
	if strings.HasPrefix(name, "0x") {
		if _, after, ok := strings.Cut(name, " - "); ok {
			name = after
		}
	}
	return name
}

func readRust(lines []string) (Crash, bool) {
	c := Crash{Runtime: Rust}
	if strings.Contains(lines[0], "has overflowed its stack") {
		c.Class = "stack overflow"
		return c, true
	}
	text, file := rustHead(lines)
	c.Class, c.Message = rustClass(text)
	c.Frames = rustFrames(lines[1:])
	if len(c.Frames) == 0 && file != "" {
		c.Frames = []Frame{{Module: rustFile(file), InApp: rustInApp("", file)}}
	}
	return c, text != "" || file != ""
}

// rustFrames are the calls of a backtrace, but for those of the panic itself.
func rustFrames(lines []string) (frames []Frame) {
	name := ""
	flush := func(place string) {
		fn := rustName(name)
		switch {
		case name == "":
		case hasPrefix(fn, rustPanicking): // above is the machinery that prints
			frames = frames[:0]
		default:
			frames = append(frames, Frame{Function: fn, InApp: rustInApp(fn, place)})
		}
		name = ""
	}
	for _, line := range lines {
		line = strings.TrimLeft(line, " \t")
		if place, ok := strings.CutPrefix(line, "at "); ok {
			flush(place)
		} else if call := rustCall(line); call != "" {
			flush("")
			name = call
		}
	}
	flush("")
	return frames
}

// rustHead splits the first lines into what was said and in which file:
//
//	thread 'main' panicked at 'message', src/main.rs:5:7
//	thread 'main' panicked at src/main.rs:5:7:
//	message
func rustHead(lines []string) (text, file string) {
	_, rest, _ := strings.Cut(lines[0], "panicked at ")
	if old, ok := strings.CutPrefix(rest, "'"); ok {
		if i := strings.LastIndex(old, "', "); i >= 0 {
			return old[:i], rustPlace(old[i+len("', "):])
		}
		return old, ""
	}
	if len(lines) > 1 && !strings.HasPrefix(lines[1], "stack backtrace:") {
		text = lines[1]
	}
	return text, rustPlace(strings.TrimSuffix(rest, ":"))
}

func rustPlace(s string) string {
	for range 2 {
		if rest, ok := cutNumber(s); ok {
			s = rest
		}
	}
	return s
}

// rustFile is a source file by its crate and its path below src.
func rustFile(file string) string {
	file = strings.ReplaceAll(file, `\`, "/")
	dir, tail := "", file
	i := strings.LastIndex(file, "src/")
	if i < 0 || i > 0 && file[i-1] != '/' {
		return place(file)
	}
	tail = file[i+len("src/"):]
	if i > 0 {
		dir = file[:i-1]
		dir = dir[strings.LastIndexByte(dir, '/')+1:]
	}
	if i := strings.LastIndexByte(dir, '-'); i > 0 && versioned(dir) {
		dir = dir[:i]
	}
	if dir == "" || roots[dir] || versioned(dir) || strings.HasPrefix(file, "/home/") && strings.Count(dir, "/") == 0 && strings.Count(file[:len(file)-len(tail)], "/") <= 4 {
		return tail
	}
	return dir + "/" + tail
}

// What Rust's core says, and how people call it.
var rustClasses = []struct{ text, class string }{
	{"index out of bounds", "index out of bounds"},
	{"range ", "range out of bounds"},
	{"slice index starts at", "range out of bounds"},
	{"byte index ", "byte index"},
	{"called `Option::unwrap()` on a `None` value", "unwrap on None"},
	{"called `Result::unwrap()` on an `Err` value", "unwrap on Err"},
	{"called `Result::unwrap_err()` on an `Ok` value", "unwrap_err on Ok"},
	{"attempt to ", "arithmetic"},
	{"assertion ", "assertion failed"},
	{"internal error: entered unreachable code", "unreachable code"},
	{"not yet implemented", "not implemented"},
	{"not implemented", "not implemented"},
	{"already borrowed", "already borrowed"},
	{"already mutably borrowed", "already borrowed"},
	{"RefCell already", "already borrowed"},
	{"explicit panic", "explicit panic"},
}

func rustClass(text string) (class, message string) {
	class = "panic"
	for _, k := range rustClasses {
		if strings.HasPrefix(text, k.text) {
			class = k.class
			break
		}
	}
	switch class {
	case "index out of bounds", "range out of bounds", "byte index", "unwrap on None", "explicit panic":
		return class, ""
	case "assertion failed":
		return class, parameteriseCode(text)
	case "unwrap on Err", "unwrap_err on Ok":
		_, text, _ = strings.Cut(text, ": ")
	}
	// the kind of an error identifies it: Os { code: 2, kind: NotFound, message: "…" }
	message = parameterise(text)
	if _, kind, ok := strings.Cut(text, "kind: "); ok {
		if i := strings.IndexAny(kind, " ,}("); i > 0 {
			message += " " + kind[:i]
		}
	}
	return class, clip(message, maxMessage)
}

// rustName is a path without hashes, type arguments, closures and impls:
// <alloc::vec::Vec<T> as core::ops::Index<I>>::index → alloc::vec::Vec::index.
func rustName(name string) string {
	if i := strings.LastIndex(name, "::h"); i > 0 && len(name)-i == len("::h")+16 {
		name = name[:i]
	}
	name = outside(name, '[', ']') // crates' hashes: core[c1f1a4ba060b9bfa]
	if strings.HasPrefix(name, "<") {
		depth, end := 0, -1
		for i := range len(name) {
			if name[i] == '<' {
				depth++
			} else if name[i] == '>' && i > 0 && name[i-1] != '-' {
				if depth--; depth == 0 {
					end = i
					break
				}
			}
		}
		if end > 0 {
			self, _, _ := strings.Cut(name[1:end], " as ")
			name = strings.TrimLeft(self, "&*<") + name[end+1:]
		}
	}
	name = outside(name, '<', '>')
	parts := strings.Split(name, "::")
	out := parts[:0]
	for _, p := range parts {
		if p != "" && p[0] != '{' && !strings.HasPrefix(p, "impl ") {
			out = append(out, p)
		}
	}
	return strings.Join(out, "::")
}

// What runs once a panic has begun.
var rustPanicking = []string{
	"std::panicking", "core::panicking", "rust_begin_unwind", "__rustc::rust_begin_unwind", "core::result::unwrap_failed", "core::option::unwrap_failed",
	"core::option::expect_failed", "core::slice::index::slice_", "core::str::slice_error_fail", "std::rt::begin_panic", "core::cell::panic_", "__rust_start_panic",
	"rust_panic", "std::backtrace", "std::sys::backtrace::BacktraceLock", "std::sys_common::backtrace::_print", "backtrace::",
}

var rustSystem = []string{
	"std::", "core::", "alloc::", "__rust", "_start", "__libc", "start_thread", "clone", "test::", "tokio::", "hyper::", "hyper_util::", "axum::", "actix", "tower",
	"futures", "rayon", "serde", "tonic::", "h2::", "reqwest::", "rocket::", "warp::", "mio::", "crossbeam", "tracing", "anyhow::", "eyre::", "sqlx", "diesel::",
	"async_std::", "lambda_runtime", "main",
}

func rustInApp(fn, place string) bool {
	if fn != "main" && strings.HasPrefix(fn, "main") { // the crate, not C's main
		fn = "crate " + fn
	}
	return !hasPrefix(fn, rustSystem) && !strings.HasPrefix(place, "/rustc/") && !strings.Contains(place, "/.cargo/registry/") && !strings.Contains(place, "/cargo/registry/") && !strings.Contains(place, "/lib/rustlib/")
}
