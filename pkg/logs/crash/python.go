package crash

import (
	"strings"
)

// python reads tracebacks (Lib/traceback.py), syntax errors and faulthandler's
// dumps.
var python = dialect{
	anchors: []string{"Traceback (most recent call last):", "  File \"", `  File \"`, "Fatal Python error: "},
	opens: func(line string, at int) (string, bool) {
		if strings.HasPrefix(line[at:], "  File") {
			// a syntax error of the file that python was asked to run
			return line, at == 0 && !strings.Contains(line, ", in ") && strings.Contains(line, "\", line ")
		}
		return line[at:], true
	},
	roleOf: joinPython,
	read:   readPython,
}

// Phases of a traceback.
const (
	pyFrames = iota // in the calls, before the exception
	pyRaised        // after the exception; another of the chain may follow
	pyChain         // between two of a chain
	pyRest          // after the first of an exception group
	pyDump          // faulthandler's
)

const (
	pyTraceback = "Traceback (most recent call last):"
	pyDuring    = "During handling of the above exception, another exception occurred:"
	pyDirect    = "The above exception was the direct cause of the following exception:"
)

func joinPython(s *stack, raw string) role {
	margin := pyMargin(s.lines)
	line, group := gutter(outdent(raw, margin))
	text := strings.TrimLeft(line, " \t")
	last, _ := gutter(outdent(s.lines[len(s.lines)-1], margin))
	if s.seen == 1 && strings.HasPrefix(last, "Fatal Python") {
		s.phase = pyDump
	}
	switch {
	case group && (s.phase == pyRest || strings.HasPrefix(text, "+-") && strings.Contains(text, "- 2 -")):
		s.phase = pyRest
		return roleBlank
	case text == "", strings.HasPrefix(text, "+-"):
		return roleBlank
	case s.phase == pyDump:
		if strings.HasPrefix(text, "File \"") || strings.Contains(text, "hread 0x") {
			return roleInside
		}
		return roleForeign
	case text == pyDuring, text == pyDirect:
		s.phase = pyChain
		return roleInside
	case strings.HasSuffix(text, pyTraceback):
		if s.phase != pyChain && (!group || strings.HasPrefix(strings.TrimLeft(raw, " "), "+ ")) {
			return roleForeign
		}
		s.phase = pyFrames
		return roleInside
	case s.phase != pyFrames:
		return roleForeign
	case strings.HasPrefix(text, "File \""), strings.HasPrefix(text, "[Previous line repeated"):
		return roleInside
	case pyFile(last) != "" && (len(line) > len(text) || !indented(last)):
		return roleInside // the source of the call
	case pyException(text) && (len(text) == len(line) || !indented(last)):
		s.phase = pyRaised
		return roleInside
	case len(line) > len(text):
		return roleInside
	}
	return roleForeign
}

// pyMargin is how far a whole traceback is indented: its first call stands two
// to the right.
func pyMargin(lines []string) int {
	if len(lines) < 2 || pyFile(lines[1]) == "" {
		return 0
	}
	return max(0, len(lines[1])-len(strings.TrimLeft(lines[1], " "))-2)
}

// outdent takes at most n spaces off.
func outdent(line string, n int) string {
	for n > 0 && strings.HasPrefix(line, " ") {
		line = line[1:]
		n--
	}
	return line
}

// gutter takes the bar off that stands before the lines of an exception group.
func gutter(line string) (string, bool) {
	text := strings.TrimLeft(line, " ")
	if rest, ok := strings.CutPrefix(text, "|"); ok {
		return strings.TrimPrefix(rest, " "), true
	}
	if strings.HasPrefix(text, "+-") {
		return text, true
	}
	if rest, ok := strings.CutPrefix(text, "+ "); ok {
		return rest, true
	}
	return line, false
}

func indented(line string) bool { return line != "" && (line[0] == ' ' || line[0] == '\t') }

// pyFile is the file of a line File "x.py", line 12, in f; or "".
func pyFile(line string) string {
	rest, ok := strings.CutPrefix(strings.TrimLeft(line, " \t"), "File \"")
	if !ok {
		return ""
	}
	file, _, _ := strings.Cut(rest, "\"")
	return file
}

// pyException tells whether a line names an exception: a dotted name, then a
// colon or nothing.
func pyException(line string) bool {
	i := 0
	for i < len(line) && classByte(line[i]) {
		i++
	}
	return i > 0 && (i == len(line) || line[i] == ':' || strings.HasPrefix(line[i:], " (")) && line[i-1] != '.' && (line[0] < '0' || line[0] > '9')
}

// readPython reads the last exception of the chain.
func readPython(lines []string) (Crash, bool) {
	c := Crash{Runtime: Python}
	if reason, ok := strings.CutPrefix(lines[0], "Fatal Python error: "); ok {
		return readPythonDump(c, reason, lines[1:])
	}
	var frames []Frame // outermost first
	exception := ""
	margin := pyMargin(lines)
	last := ""
	for i, line := range lines {
		line, _ = gutter(outdent(line, margin))
		text := strings.TrimLeft(line, " \t")
		switch {
		case strings.HasSuffix(text, pyTraceback):
			frames, exception = nil, ""
		case text == pyDuring, text == pyDirect:
		case pyFile(text) != "":
			if f, ok := pyFrame(text); ok {
				if f.Function != "" && !strings.HasPrefix(pyFile(text), "<frozen importlib") {
					frames = append(frames, f)
				}
			} else if exception == "" && i+1 < len(lines) {
				// the place of a syntax error: the file, no function
				frames = append(frames, Frame{Module: pyModule(pyFile(text)), InApp: pyInApp(pyFile(text))})
			}
		case i > 0 && pyException(text) && (len(text) == len(line) || !indented(last)) && (pyFile(last) == "" || i == len(lines)-1):
			exception = text
		}
		last = line
	}
	if exception == "" && len(frames) == 0 {
		return c, false
	}
	class, message := classMessage(exception)
	if class == "" {
		class = "exception" // the trace was cut
	}
	c.Class = class
	c.Message = pyMessage(c.Class, message)
	for i := len(frames) - 1; i >= 0; i-- {
		c.Frames = append(c.Frames, frames[i])
	}
	return c, true
}

func readPythonDump(c Crash, reason string, lines []string) (Crash, bool) {
	if c.Class, _, _ = strings.Cut(reason, ":"); c.Class == "" {
		c.Class = "fatal error"
	}
	threads := 0
	for _, line := range lines {
		if strings.Contains(line, "hread 0x") {
			threads++
		}
		if f, ok := pyFrame(strings.TrimLeft(line, " ")); ok && threads <= 1 {
			c.Frames = append(c.Frames, f)
		}
	}
	return c, true
}

// pyMessage keeps names of code in the messages that the interpreter writes of it.
func pyMessage(class, message string) string {
	switch class {
	case "AttributeError", "NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "TypeError":
		return parameteriseCode(message)
	case "KeyError":
		return "" // always a key
	case "SyntaxError", "IndentationError", "TabError":
		message, _, _ = strings.Cut(message, " (")
	}
	return parameterise(message)
}

// pyFrame reads File "/app/shop/cart.py", line 12, in total. The function of a
// comprehension is empty: since Python 3.12 it has no call of its own.
func pyFrame(text string) (Frame, bool) {
	file := pyFile(text)
	i := strings.LastIndex(text, " in ")
	if file == "" || i < 0 || i < len(file) {
		return Frame{}, false
	}
	fn := strings.TrimSpace(text[i+len(" in "):])
	var parts []string
	for p := range strings.SplitSeq(fn, ".") {
		if !strings.HasPrefix(p, "<") || p == "<module>" || p == "<lambda>" {
			parts = append(parts, p)
		}
	}
	return Frame{Module: pyModule(file), Function: strings.Join(parts, "."), InApp: pyInApp(file)}, true
}

// Where installed packages and the standard library are.
var pyRoots = []string{"/site-packages/", "/dist-packages/", "\\site-packages\\"}

// pyModule is a file as a module: of a package by its whole path, of the
// application by its name and directory.
func pyModule(file string) string {
	for _, root := range pyRoots {
		if i := strings.LastIndex(file, root); i >= 0 {
			return pyDotted(file[i+len(root):])
		}
	}
	if i := strings.LastIndex(file, "/lib/python"); i >= 0 {
		if _, rest, ok := strings.Cut(file[i+len("/lib/python"):], "/"); ok {
			return pyDotted(rest)
		}
	}
	if strings.HasPrefix(file, "<frozen ") || strings.HasPrefix(file, "<") {
		return strings.Trim(strings.TrimPrefix(file, "<frozen "), "<>")
	}
	return place(file)
}

func pyDotted(path string) string {
	path = strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(stem(path), "\\", "/"), "/", "."), ".__init__")
	return path
}

func pyInApp(file string) bool {
	if strings.Contains(file, "/bin/") && !strings.HasSuffix(file, ".py") {
		return false // the script that starts a package
	}
	return !strings.HasPrefix(file, "<frozen") && !strings.Contains(file, "/lib/python") && !strings.Contains(file, "site-packages") && !strings.Contains(file, "dist-packages") && !strings.Contains(file, "\\Lib\\")
}
