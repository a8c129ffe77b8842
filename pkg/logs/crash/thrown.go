package crash

import (
	"strings"
)

// thrown reads the traces of the JVM, Node.js and .NET: a throwable, then its
// calls as "at …". The form of the calls tells which runtime wrote it.
var thrown = dialect{
	anchors: []string{"Exception", "Error", "Throwable", "UnhandledPromiseRejection", "Stack overflow.", "Process terminated. "},
	opens:   openThrown,
	roleOf:  joinThrown,
	read:    readThrown,
}

// Phases of a throwable's trace.
const (
	thrownHead   = iota // its message, of maybe several lines
	thrownFrames        // its calls
	thrownParts         // the errors that an AggregateError of Node.js holds, in brackets
	thrownChain         // the causes of an error of Rust
)

// maxClass is the longest name of a class, in bytes on either side of the anchor.
const maxClass = 256

func openThrown(line string, at int) (string, bool) {
	if frameLine(line) {
		return "", false
	}
	rest := line[at:]
	if hasPrefix(rest, dotNetEnds) {
		return rest, at == 0
	}
	if in, ok := strings.CutPrefix(rest, "Exception in thread \""); ok {
		// whatever the class is called
		_, head, ok := strings.Cut(in, "\" ")
		return head, ok
	}
	start, end := throwable(line, at)
	if end < 0 || strings.HasSuffix(line[:end], "Warning") {
		return "", false
	}
	return line[start:], true
}

// throwable is where the class around an anchor starts and ends, if a message
// or nothing follows it; else its end is -1.
func throwable(line string, at int) (start, end int) {
	start, end = at, at
	for start > 0 && classByte(line[start-1]) {
		if start--; at-start > maxClass {
			return start, -1
		}
	}
	for end < len(line) && classByte(line[end]) {
		if end++; end-at > maxClass {
			return start, -1
		}
	}
	for start < end && line[start] == '.' {
		start++
	}
	rest := line[end:]
	if start > 0 && (line[start-1] == '/' || line[start-1] == '=') {
		return start, -1
	}
	switch {
	case rest == "", rest[0] == ':', strings.HasPrefix(rest, " ---> "):
		return start, end
	case strings.HasPrefix(rest, " ["): // TypeError [ERR_INVALID_ARG_TYPE]: message
		if i := strings.IndexByte(rest, ']'); i > 0 && i+1 < len(rest) && rest[i+1] == ':' {
			return start, end
		}
	case strings.HasPrefix(rest, " (0x"): // System.Net.Sockets.SocketException (0x80004005): message
		return start, end
	case strings.HasPrefix(rest, " ("):
		if i := strings.IndexByte(rest, ')'); i > 0 && i+1 < len(rest) && rest[i+1] == ':' {
			return start, end
		}
	}
	return start, -1
}

func classByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '$' || c == '`' || c == '+'
}

func frameLine(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return strings.HasPrefix(line, "at ") && (strings.IndexByte(line, '(') > 0 || strings.IndexByte(line, ':') > 0 || strings.HasPrefix(line, "at <anonymous>"))
}

func joinThrown(s *stack, line string) role {
	if s.phase == thrownHead && rustChain(line) && strings.HasPrefix(s.lines[0], "Error: ") {
		s.phase = thrownChain
	}
	if s.phase == thrownChain {
		return rustChainRole(line)
	}
	text := strings.TrimLeft(line, " \t")
	switch {
	case text == "":
		return roleBlank
	case s.phase == thrownParts && len(line) > len(text):
		return roleBlank
	case strings.HasPrefix(text, "[errors]: ["):
		s.phase = thrownParts
		return roleBlank
	case frameLine(text):
		s.phase = thrownFrames
		return roleInside
	case strings.HasPrefix(text, "Caused by: "), strings.HasPrefix(text, "Suppressed: "), strings.HasPrefix(text, "Wrapped by: "),
		strings.HasPrefix(text, "---> "), strings.HasPrefix(text, "--- End of "), strings.HasPrefix(text, "----------"), strings.HasPrefix(text, "Repeat "), strings.Contains(text, "[cause]: "):
		return roleInside
	case strings.HasPrefix(text, "... ") && (strings.HasSuffix(text, " more") || strings.Contains(text, "common frames omitted")):
		return roleInside
	}
	return roleForeign
}

// A cause is one throwable of a chain with its own calls.
type cause struct {
	head   string
	frames []string
	common int // calls that it shares with the one it caused, "... 23 more"
}

func readThrown(lines []string) (Crash, bool) {
	if len(lines) > 1 && rustChain(lines[1]) {
		return readRustChain(lines)
	}
	for _, line := range lines {
		if !frameLine(line) {
			continue
		}
		switch frame := strings.TrimSpace(line)[len("at "):]; {
		case nodeFrame(frame):
			return readNode(lines)
		case javaFrame(frame):
			return readJava(lines)
		default:
			return readDotNet(lines)
		}
	}
	return Crash{}, false
}

// classMessage splits "a.b.C: message".
func classMessage(head string) (class, message string) {
	head = strings.TrimSpace(head)
	i := 0
	for i < len(head) && classByte(head[i]) {
		i++
	}
	class = head[:i]
	if _, message, _ = strings.Cut(head[i:], ":"); message != "" {
		message = strings.TrimSpace(message)
	}
	return class, message
}
