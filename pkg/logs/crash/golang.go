package crash

import (
	"strings"
)

// golang reads what Go's runtime prints for a panic, a fatal error or a signal
// (runtime/panic.go, runtime/traceback.go), and what net/http and debug.Stack
// print of a recovered panic.
var golang = dialect{
	anchors: []string{"panic: ", "panic serving ", "fatal error: ", "runtime error: ", "[running]:", "SIGSEGV: ", "SIGABRT: ", "SIGQUIT: ", "SIGBUS: ", "SIGFPE: "},
	opens: func(line string, at int) (string, bool) {
		if strings.HasPrefix(line[at:], "[running]:") {
			i := strings.Index(line, "goroutine ")
			return line[max(i, 0):], i >= 0
		}
		if at > 0 && line[at-1] != ' ' {
			return "", false
		}
		return line[at:], true
	},
	roleOf: joinGo,
	read:   readGo,
}

// Phases of a Go trace.
const (
	goHead  = iota // message, signal, registers
	goCalls        // inside goroutines
)

func joinGo(s *stack, line string) role {
	if s.phase == goHead && strings.HasPrefix(s.lines[0], "goroutine ") {
		s.phase = goCalls
	}
	switch {
	case line == "":
		return roleBlank
	case strings.HasPrefix(line, "goroutine ") && strings.HasSuffix(line, ":"), line == "runtime stack:":
		s.phase = goCalls
		return roleInside
	case strings.HasPrefix(line, "exit status "):
		return roleLast
	case strings.HasPrefix(line, "[signal "), strings.HasPrefix(line, "\tpanic: "), strings.HasPrefix(line, "PC="), strings.HasPrefix(line, "signal arrived"),
		strings.HasPrefix(line, "created by "), strings.HasPrefix(line, "..."), strings.HasPrefix(line, "runtime: "):
		return roleInside
	case s.phase == goCalls && strings.HasPrefix(line, "panic: ") && len(s.lines) > 1:
		return roleForeign
	case s.phase == goCalls && (goPlace(line) || goCall(line) != ""):
		return roleInside
	}
	return roleForeign
}

// goPlace tells whether a line is the place of a call: file:line, and mostly +0x1f.
func goPlace(line string) bool {
	i := strings.LastIndex(line, ".go:")
	n := i + len(".go:")
	if i < 0 {
		i = strings.LastIndex(line, ".s:")
		n = i + len(".s:")
	}
	if i < 0 {
		return false
	}
	start := n
	for n < len(line) && '0' <= line[n] && line[n] <= '9' {
		n++
	}
	return n > start && (n == len(line) || strings.HasPrefix(line[n:], " +0x") || strings.HasPrefix(line[n:], " fp="))
}

// goCall is the function of a line such as main.(*T).F(0x1, {0x2, 0x3}), or "".
func goCall(line string) string {
	if !strings.HasSuffix(line, ")") || strings.IndexByte(line, '.') < 0 && !strings.HasPrefix(line, "panic(") {
		return ""
	}
	depth := 0
	for i := len(line) - 1; i > 0; i-- {
		switch line[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				if fn := line[:i]; !strings.ContainsAny(fn, " \t\"") {
					return fn
				}
				return ""
			}
		}
	}
	return ""
}

func readGo(lines []string) (Crash, bool) {
	c := Crash{Runtime: Go}
	text, ok := goText(lines[0])
	goroutine := strings.HasPrefix(lines[0], "goroutine ")
	if ok {
		c.Class, c.Message = goClass(text)
	} else {
		c.Class = "panic"
	}
	state, call, runtimeStack := goroutine, "", false
	flush := func(place string) {
		if call == "" {
			return
		}
		if call == "panic" {
			// above are deferred functions that ran because of it
			c.Frames = c.Frames[:0]
		} else if fn := goFunction(call); !strings.HasPrefix(fn, "runtime.") {
			c.Frames = append(c.Frames, Frame{Function: fn, InApp: goInApp(fn, place)})
		}
		call = ""
	}
	for _, line := range lines[1:] {
		switch {
		case strings.HasPrefix(line, "goroutine "):
			if state {
				flush("")
				goto done
			}
			state, goroutine = true, true
			runtimeStack = false
		case line == "runtime stack:":
			runtimeStack = true
		case strings.HasPrefix(line, "created by "):
			flush("")
			goto done
		case !state || runtimeStack:
		case goPlace(line) && goCall(line) == "":
			flush(line)
		default:
			flush("")
			call = goCall(line)
		}
	}
	flush("")
done:
	// without a stack only what the runtime itself began with "panic:" is sure to be one
	return c, goroutine || ok && strings.HasPrefix(text, "runtime error: ") && text != lines[0]
}

// goText is what a first line says: the panic's value, the fatal error, the signal.
func goText(line string) (string, bool) {
	if i := strings.Index(line, "panic serving "); i >= 0 {
		_, text, ok := strings.Cut(line[i+len("panic serving "):], ": ")
		return text, ok
	}
	for _, p := range [...]string{"panic: ", "fatal error: "} {
		if text, ok := strings.CutPrefix(line, p); ok {
			text, _, _ = strings.Cut(text, " [recovered")
			return strings.TrimPrefix(text, "panic: "), true
		}
	}
	return line, strings.HasPrefix(line, "SIG") || strings.HasPrefix(line, "runtime error: ")
}

// What Go's runtime says, and how people call it. The longest match stands first.
var goClasses = []struct{ text, class string }{
	{"runtime error: invalid memory address or nil pointer dereference", "nil dereference"},
	{"runtime error: index out of range", "index out of range"},
	{"runtime error: slice bounds out of range", "slice bounds out of range"},
	{"runtime error: integer divide by zero", "integer divide by zero"},
	{"runtime error: makeslice: ", "makeslice out of range"},
	{"runtime error: hash of unhashable type", "hash of unhashable type"},
	{"runtime error: comparing uncomparable type", "comparing uncomparable type"},
	{"runtime error: cannot convert slice", "slice to array conversion"},
	{"interface conversion: ", "interface conversion"},
	{"assignment to entry in nil map", "assignment to entry in nil map"},
	{"send on closed channel", "send on closed channel"},
	{"close of closed channel", "close of closed channel"},
	{"close of nil channel", "close of nil channel"},
	{"all goroutines are asleep - deadlock!", "deadlock"},
	{"concurrent map read", "concurrent map read and map write"},
	{"concurrent map iteration", "concurrent map iteration and map write"},
	{"concurrent map writes", "concurrent map writes"},
	{"runtime: out of memory", "out of memory"},
	{"out of memory", "out of memory"},
	{"runtime: cannot allocate memory", "out of memory"},
	{"stack overflow", "stack overflow"},
	{"unexpected signal during runtime execution", "unexpected signal"},
	{"fault", "memory fault"},
	{"sync: ", "misuse of sync"},
}

// goClass tells the class of a panic's text from its message.
func goClass(text string) (class, message string) {
	for _, k := range goClasses {
		if strings.HasPrefix(text, k.text) && (k.text != "fault" || text == "fault") {
			switch k.class {
			case "interface conversion", "misuse of sync", "hash of unhashable type", "comparing uncomparable type":
				return k.class, parameteriseCode(text)
			}
			return k.class, ""
		}
	}
	if strings.HasPrefix(text, "SIG") {
		signal, _, _ := strings.Cut(text, ":")
		return signal, ""
	}
	if rest, ok := strings.CutPrefix(text, "runtime error: "); ok {
		return "runtime error", parameterise(rest)
	}
	if t := goType(text); t != "" {
		return t, ""
	}
	return "panic", parameterise(text)
}

// goType is the type of a panic's value where the runtime prints it:
// (*main.T) 0xc000012345, (main.T) {…}, main.T("text"), main.T{…}; or "".
func goType(text string) string {
	if rest, ok := strings.CutPrefix(text, "("); ok {
		if t, after, ok := strings.Cut(rest, ") "); ok && !strings.ContainsAny(t, " \t") && (strings.HasPrefix(after, "0x") || strings.HasPrefix(after, "{") || strings.HasPrefix(after, "\"") || strings.HasPrefix(after, "(0x")) {
			return outside(t, '[', ']')
		}
	}
	i := strings.IndexAny(text, "({")
	if i <= 0 {
		return ""
	}
	t := strings.TrimLeft(text[:i], "&*")
	if strings.ContainsAny(t, " \t:\"") || !strings.Contains(t, ".") {
		return ""
	}
	return outside(t, '[', ']')
}
