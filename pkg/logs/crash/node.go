package crash

import (
	"strings"
)

// nodeFrame tells whether a call is written as V8 does: fn (file:12:34),
// file:12:34, <anonymous>.
func nodeFrame(frame string) bool {
	if frame == "<anonymous>" || strings.HasSuffix(frame, "(<anonymous>)") || strings.HasSuffix(frame, "(native)") {
		return true
	}
	frame = strings.TrimSuffix(strings.TrimRight(frame, " {"), ")")
	rest, ok := cutNumber(frame)
	if !ok {
		return false
	}
	_, ok = cutNumber(rest)
	return ok
}

// cutNumber cuts ":12" off the end.
func cutNumber(s string) (string, bool) {
	i := strings.LastIndexByte(s, ':')
	return s[:max(i, 0)], i > 0 && digitsOnly(s[i+1:])
}

// readNode reads an error of Node.js: the innermost cause.
func readNode(lines []string) (Crash, bool) {
	c := Crash{Runtime: Node}
	head := lines[0]
	var frames []string
	for _, line := range lines[1:] {
		text := strings.TrimLeft(line, " \t")
		if i := strings.Index(text, "[cause]: "); i >= 0 {
			head, frames = text[i+len("[cause]: "):], nil
		} else if frameLine(text) {
			frames = append(frames, text[len("at "):])
		}
	}
	var message string
	c.Class, message = classMessage(head)
	switch c.Class {
	case "TypeError", "ReferenceError", "SyntaxError", "RangeError":
		c.Message = parameteriseCode(message)
	default:
		c.Message = parameterise(message)
	}
	for _, f := range frames {
		if frame, ok := nodeCall(f); ok {
			c.Frames = append(c.Frames, frame)
		}
	}
	return c, c.Class != ""
}

// nodeCall reads one call; false for one that has neither name nor place.
func nodeCall(frame string) (Frame, bool) {
	frame = strings.TrimRight(frame, " {")
	frame = strings.TrimPrefix(frame, "async ")
	name, file := "", frame
	if i := strings.LastIndex(frame, " ("); i >= 0 {
		name, file = frame[:i], strings.TrimSuffix(frame[i+2:], ")")
	}
	if i := strings.Index(name, " [as "); i >= 0 {
		name = name[:i]
	}
	name = strings.TrimPrefix(name, "new ")
	if rest, ok := cutNumber(file); ok {
		file = rest
		if rest, ok := cutNumber(file); ok {
			file = rest
		}
	}
	name = nodeName(name)
	file, _, _ = strings.Cut(strings.TrimPrefix(file, "file://"), "?")
	if file == "<anonymous>" || file == "native" {
		return Frame{Function: name}, name != ""
	}
	if i := strings.LastIndex(file, "node_modules/"); i >= 0 {
		return Frame{Module: nodePackage(file[i+len("node_modules/"):]), Function: name}, true
	}
	if strings.HasPrefix(file, "node:") || strings.HasPrefix(file, "internal/") || !strings.ContainsAny(file, "/\\") {
		return Frame{Module: strings.TrimPrefix(file, "node:"), Function: name}, !strings.HasPrefix(file, "node:internal") && !strings.HasPrefix(file, "internal/")
	}
	module := place(strings.TrimPrefix(file, "webpack://"))
	return Frame{Module: module, Function: name, InApp: true}, name != "" || module != ""
}

// nodeName drops the receivers that V8 makes up and what says nothing:
// Object.<anonymous>, <anonymous>, Function.all → all.
func nodeName(name string) string {
	parts := strings.Split(name, ".")
	out := parts[:0]
	for i, p := range parts {
		switch {
		case p == "<anonymous>" || p == "<computed>" || p == "anonymous":
		case i == 0 && len(parts) > 1 && (p == "Object" || p == "Function" || p == "Module" || p == "exports" || p == "process" || p == "global"):
		default:
			out = append(out, p)
		}
	}
	return strings.Join(out, ".")
}

// nodePackage is a file of node_modules by its package and its own name.
func nodePackage(path string) string {
	parts := strings.Split(path, "/")
	pkg := parts[0]
	if strings.HasPrefix(pkg, "@") && len(parts) > 1 {
		pkg += "/" + parts[1]
	}
	return pkg + ":" + unversioned(stem(parts[len(parts)-1]))
}

// v8 reads what Node.js prints when its heap is full.
var v8 = dialect{
	anchors: []string{"Allocation failed - "},
	opens:   func(line string, at int) (string, bool) { return line, true },
	roleOf: func(_ *stack, line string) role {
		text := strings.TrimLeft(line, " ")
		if n, _, ok := strings.Cut(text, ": 0x"); ok && digitsOnly(n) {
			return roleInside
		}
		if text == "" || strings.HasPrefix(text, "----- ") {
			return roleBlank
		}
		return roleForeign
	},
	read: func(lines []string) (Crash, bool) {
		_, what, _ := strings.Cut(lines[0], "Allocation failed - ")
		return Crash{Runtime: Node, Class: "out of memory", Message: parameterise(what)}, true
	},
}
