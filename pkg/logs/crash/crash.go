// Package crash finds crashes in logs and gives each a signature. A crash has the
// same signature on another node, in another build, at another address and with
// other arguments. The package knows the stack traces of nine runtimes; it knows
// no clusters, no rollouts and no clock.
package crash

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// version is the version of the algorithm behind a Signature. Raise it with every
// change that gives an unchanged trace another signature.
const version = "v1"

// The largest number of frames in a signature: of the application or, if a trace
// has none, of the system.
const (
	appFrames    = 8
	systemFrames = 3
)

// maxTitle is the longest Title, in bytes.
const maxTitle = 120

// A Runtime is the language runtime or system that wrote a trace.
type Runtime string

// The runtimes.
const (
	Go      Runtime = "go"
	Java    Runtime = "java" // and Kotlin, Scala: whatever runs in a JVM
	Python  Runtime = "python"
	Node    Runtime = "node"
	DotNet  Runtime = "dotnet"
	Cpp     Runtime = "cpp" // and C
	Rust    Runtime = "rust"
	Kernel  Runtime = "kernel" // Linux
	Windows Runtime = "windows"
)

// A Signature names all crashes with the same normalised stack: the version of the algorithm, a
// dash and 16 hexadecimal digits.
type Signature string

// A Frame is one call, without line number, address, arguments and anything else
// that differs between builds.
type Frame struct {
	Module   string // file, binary or kernel module, if the function alone is ambiguous; else empty
	Function string // as qualified as the trace has it: "shop/cart.(*Cart).Total", "com.shop.Cart.total"
	InApp    bool   // part of the application, not of the language, the platform or a well-known library
}

// String returns the frame as it enters the signature.
func (f Frame) String() string {
	if f.Module == "" {
		return f.Function
	}
	return f.Module + " " + f.Function
}

// A Crash is one crash, read from its trace.
type Crash struct {
	Runtime   Runtime
	Class     string  // panic class, exception type, signal, bug-check code
	Message   string  // first line, with numbers, addresses, paths, ids and quoted values as <*>
	Frames    []Frame // innermost first, recursion collapsed; of the cause that started a chain
	Signature Signature
	Title     string // one line for people: "nil dereference in (*Cart).Total"
	Raw       string // an excerpt of the trace, at most Options.MaxRaw bytes
}

// Found is a crash together with where and when it was logged.
type Found struct {
	Crash
	Stream      string
	First, Last time.Time // times of its first and its last line
	Lines       int       // number of its lines, kept or not
}

// parseTrace reads the first crash in a text: a trace with or without log headers before
// its lines, or within JSON. It returns false if there is none.
func parseTrace(trace string) (Crash, bool) {
	f := NewFinder(Options{})
	for line := range strings.Lines(trace) {
		if found := f.Add("", strings.TrimRight(line, "\r\n"), time.Time{}); len(found) > 0 {
			return found[0].Crash, true
		}
	}
	if found := f.Flush(); len(found) > 0 {
		return found[0].Crash, true
	}
	return Crash{}, false
}

// sign sets the signature and the title, from class, message and frames.
func (c *Crash) sign() {
	c.Class, c.Message = text(c.Class, maxTitle), text(c.Message, maxMessage)
	c.Frames = collapse(c.Frames, overflows(c))
	top := identifying(c.Frames)
	h := sha256.New()
	for _, part := range []string{version, string(c.Runtime), c.Class, c.Message} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	for _, f := range top {
		h.Write([]byte(f.String()))
		h.Write([]byte{'\n'})
	}
	c.Signature = Signature(version + "-" + hex.EncodeToString(h.Sum(nil)[:8]))
	c.Title = text(title(c, top), maxTitle)
}

// text returns s as valid UTF-8, cut to n bytes.
func text(s string, n int) string { return clip(strings.ToValidUTF8(s, "?"), n) }

// identifying returns the frames that enter the signature.
func identifying(frames []Frame) []Frame {
	var app []Frame
	for _, f := range frames {
		if f.InApp {
			if app = append(app, f); len(app) == appFrames {
				break
			}
		}
	}
	if len(app) > 0 {
		// Without the calls of the system between them, calls may repeat.
		return collapse(app, false)
	}
	return frames[:min(systemFrames, len(frames))]
}

func title(c *Crash, top []Frame) string {
	class := c.Class
	if i := strings.LastIndexAny(class, ".:"); i < len(class)-1 && (c.Runtime == Java || c.Runtime == DotNet || c.Runtime == Python) {
		class = class[i+1:]
	}
	if len(top) == 0 {
		if c.Message == "" || strings.Contains(class, c.Message) {
			return class
		}
		return class + ": " + c.Message
	}
	return class + " in " + short(c.Runtime, top[0])
}

// short returns the name of a frame's function as people say it.
func short(r Runtime, f Frame) string {
	name := f.Function
	switch r {
	case Go:
		name = name[strings.LastIndexByte(name, '/')+1:]
		if _, after, ok := strings.Cut(name, "."); ok {
			name = after
		}
	case Java, DotNet:
		if dot := strings.LastIndexByte(name, '.'); dot > 0 {
			name = name[strings.LastIndexByte(name[:dot], '.')+1:]
		}
	default:
		switch {
		case f.Module == "":
		case name == "":
			name = f.Module
		case r == Python:
			name = f.Module + "." + name
		case r == Cpp:
			name = f.Module + name
		default:
			name += " (" + f.Module + ")"
		}
	}
	return name
}
