package crash

import (
	"slices"
	"strings"
)

// maxCycle is the longest cycle of calls that is recognised as recursion.
const maxCycle = 8

// overflows tells whether the stack of a crash grew too deep. Where it ended is
// chance then, so that only the cycle of calls identifies the crash.
func overflows(c *Crash) bool {
	switch c.Class {
	case "stack overflow", "java.lang.StackOverflowError", "RecursionError", "System.StackOverflowException", "stack-overflow":
		return true
	}
	return c.Class == "RangeError" && strings.HasPrefix(c.Message, "Maximum call stack")
}

// collapse removes recursion: it keeps one round of a repeated cycle of up to
// maxCycle calls. Of a stack that overflowed it keeps the innermost cycle only,
// rotated to start at its smallest frame. It takes linear time.
func collapse(frames []Frame, overflow bool) []Frame {
	out := frames[:0:0]
	folded := 0 // length of the first cycle found
	at := 0     // its start
	for _, f := range frames {
		out = append(out, f)
		for p := 1; p <= maxCycle && 2*p <= len(out); p++ {
			n := len(out)
			if slices.Equal(out[n-p:], out[n-2*p:n-p]) {
				out = out[:n-p]
				if folded == 0 {
					folded, at = p, n-2*p
				}
				break
			}
		}
	}
	if !overflow || folded == 0 {
		return out
	}
	cycle := out[at : at+folded]
	first := 0
	for i := range cycle {
		if cycle[i].String() < cycle[first].String() {
			first = i
		}
	}
	return slices.Concat(cycle[first:], cycle[:first])
}

// hasPrefix tells whether name begins with one of the prefixes.
func hasPrefix(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// outside returns the part of s outside brackets of one kind, such as those of type
// arguments. The > of an arrow, ->, is no bracket.
func outside(s string, left, right byte) string {
	if strings.IndexByte(s, left) < 0 {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == left:
			depth++
		case c == right && depth > 0 && (c != '>' || s[i-1] != '-'):
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// roots are directories that say where a program was installed, not what it is.
var roots = map[string]bool{
	"": true, ".": true, "..": true, "app": true, "apps": true, "src": true, "code": true, "workspace": true, "www": true, "html": true,
	"usr": true, "var": true, "lib": true, "local": true, "current": true, "build": true, "dist": true, "out": true, "bin": true,
	"repo": true, "task": true, "function": true, "server": true, "static": true, "chunks": true, "release": true, "debug": true,
	"tmp": true, "mnt": true, "data": true, "root": true, "project": true, "C:": true, "c:": true, "D:": true, "d:": true,
}

// rootParents are directories whose children are roots too.
var rootParents = map[string]bool{
	"home": true, "Users": true, "opt": true, "srv": true, "releases": true, "builds": true, "deploy": true, "deployments": true, "tmp": true,
}

// place returns the module of a source file: the names of its directory and of the
// file, without the extension and without parts that depend on where or from which
// build it was installed: /srv/releases/20240102/shop/cart.py → shop.cart.
func place(file string) string {
	file = strings.ReplaceAll(file, `\`, "/")
	parts := strings.Split(file[max(0, len(file)-512):], "/")
	name := unversioned(stem(parts[len(parts)-1]))
	dir := ""
	if n := len(parts) - 2; n >= 0 {
		dir = parts[n]
		if roots[dir] || versioned(dir) || n > 0 && rootParents[parts[n-1]] || rootParents[dir] {
			dir = ""
		}
	}
	if name == "__init__" || name == "__main__" || name == "index" && dir != "" {
		if dir != "" {
			return dir
		}
		return name
	}
	if dir == "" {
		return name
	}
	return dir + "." + name
}

// stem is a file's name without its extensions.
func stem(name string) string {
	for _, ext := range []string{".py", ".pyc", ".pyx", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx"} {
		if s, ok := strings.CutSuffix(name, ext); ok {
			return s
		}
	}
	return name
}

// unversioned drops the hash that a bundler puts into a file's name:
// main.3f2a1b9c → main.
func unversioned(name string) string {
	if hashy(name) {
		return ""
	}
	for {
		i := strings.LastIndexAny(name, ".-_")
		if i <= 0 || !hashy(name[i+1:]) {
			return name
		}
		name = name[:i]
	}
}

// hashy tells whether a word looks like a content hash or a build number.
func hashy(w string) bool {
	digits, letters, inner := 0, 0, 0
	for i := range len(w) {
		switch c := w[i]; {
		case '0' <= c && c <= '9':
			digits++
		case 'A' <= c && c <= 'Z':
			letters++
			inner += min(i, 1)
		case 'a' <= c && c <= 'z':
			letters++
		default:
			return false
		}
	}
	if len(w) == 8 && inner > 0 && inner < 7 {
		return true // Rollup's, in base 64: DiwrgTda
	}
	return digits > 0 && (letters == 0 || len(w) >= 6 && digits >= 2)
}

// versioned tells whether a directory is named for a release: shop-1.2.3, v12,
// 20240102, 3f2a1b9.
func versioned(dir string) bool {
	digits := 0
	for i := range len(dir) {
		if '0' <= dir[i] && dir[i] <= '9' {
			digits++
		}
	}
	if digits == 0 {
		return false
	}
	if dir[0] == 'v' && digits == len(dir)-1 || digits == len(dir) || hashy(dir) {
		return true
	}
	if i := strings.IndexAny(dir, "-_@"); i >= 0 {
		return strings.ContainsAny(dir[i:], "0123456789")
	}
	return false
}
