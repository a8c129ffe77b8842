package crash

import (
	"strings"
)

// cppName is a function without its return type, arguments, template
// arguments, anonymous namespaces and the suffixes of clones.
func cppName(s string) string {
	s = strings.TrimSpace(s)
	if s == "<signal handler called>" {
		return s
	}
	if d, ok := demangle(s); ok {
		s = d
	}
	for _, a := range [...]string{"(anonymous namespace)::", "{anonymous}::", "<unnamed>::", "`anonymous namespace'::", "[abi:cxx11]", "__cxx11::", "__1::", "(anonymous class)::"} {
		s = strings.ReplaceAll(s, a, "")
	}
	for _, a := range [...]string{" [clone", ".isra.", ".constprop.", ".part.", ".cold", ".lto_priv.", ".llvm.", "@@", "@plt", "@GLIBC"} {
		s, _, _ = strings.Cut(s, a)
	}
	return strings.TrimSpace(cppBare(s))
}

// cppBare drops template arguments, arguments and what follows them, and the
// return type before the name. A lambda stays as lambda.
func cppBare(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == 'o' && strings.HasPrefix(s[i:], "operator") && (i == 0 || !letter(s[i-1])) {
			n := operatorEnd(s, i)
			b.WriteString(s[i:n])
			i = n - 1
			continue
		}
		switch c {
		case '<', '{', '\'':
			end := closing(s, i)
			if strings.Contains(s[i:end], "lambda") {
				b.WriteString("lambda")
			}
			i = end - 1
		case '(':
			end := closing(s, i)
			if strings.HasPrefix(s[end:], "::") { // a local: f(int)::lambda
				i = end - 1
				continue
			}
			return afterType(b.String())
		case '$':
			b.WriteString("lambda")
			for i+1 < len(s) && (letter(s[i+1])) {
				i++
			}
		default:
			b.WriteByte(c)
		}
	}
	return afterType(b.String())
}

// afterType cuts the return type before a name.
func afterType(s string) string {
	s = strings.TrimSpace(s)
	end := len(s)
	if i := strings.Index(s, "operator"); i >= 0 {
		end = i
	}
	if i := strings.LastIndexByte(s[:end], ' '); i >= 0 {
		s = s[i+1:]
	}
	return strings.TrimLeft(s, "*&")
}

// operatorEnd is where the name of an operator that starts at i ends.
func operatorEnd(s string, i int) int {
	n := i + len("operator")
	for _, op := range [...]string{"()", "[]", "->*", "->", "<<=", ">>=", "<=>", "<<", ">>", "<=", ">=", "<", ">", " new[]", " delete[]", " new", " delete", "==", "!=", "="} {
		if strings.HasPrefix(s[n:], op) {
			return n + len(op)
		}
	}
	return n
}

// closing is the end of the bracket that opens at i; the text's where it never closes.
func closing(s string, i int) int {
	depth := 0
	for j := i; j < len(s); j++ {
		switch s[j] {
		case '<', '(', '{':
			depth++
		case '>':
			if j > 0 && s[j-1] == '-' {
				continue
			}
			depth--
		case ')', '}':
			depth--
		case '\'':
			if s[i] == '\'' && j > i {
				return j + 1
			}
			continue
		}
		if depth <= 0 && s[i] != '\'' {
			return j + 1
		}
	}
	return len(s)
}
