package crash

import (
	"strings"
)

// demangle reads the name, without template arguments and parameters, of a
// symbol that is mangled as the Itanium C++ ABI says (section 5.1); false for
// one that is not, or that needs more of the grammar than names.
func demangle(s string) (string, bool) {
	if !strings.HasPrefix(s, "_Z") {
		return "", false
	}
	d := demangler{s: s[2:]}
	name, ok := d.name(0)
	if !ok || name == "" {
		return "", false
	}
	// Rust mangles so too, with a hash as the last name
	if i := strings.LastIndex(name, "::h"); i > 0 && len(name)-i == len("::h")+16 {
		name = name[:i]
	}
	return name, true
}

type demangler struct{ s string }

func (d *demangler) eat(p string) bool {
	rest, ok := strings.CutPrefix(d.s, p)
	d.s = rest
	return ok
}

// name reads <name>: nested, local or plain.
func (d *demangler) name(depth int) (string, bool) {
	if depth > 32 {
		return "", false
	}
	switch {
	case d.eat("N"):
		return d.nested(depth)
	case d.eat("Z"):
		outer, ok := d.name(depth + 1)
		return outer, ok // a local of it: folded into it
	case d.eat("L"):
		return d.name(depth + 1)
	}
	name, ok := d.unqualified()
	if ok && strings.HasPrefix(d.s, "I") {
		ok = d.arguments(depth)
	}
	return name, ok
}

// nested reads the parts of N … E.
func (d *demangler) nested(depth int) (string, bool) {
	for d.eat("K") || d.eat("V") || d.eat("r") || d.eat("R") || d.eat("O") {
	}
	var parts []string
	for !d.eat("E") {
		if d.s == "" {
			return "", false
		}
		if strings.HasPrefix(d.s, "I") {
			if !d.arguments(depth) {
				return "", false
			}
			continue
		}
		if d.s[0] == 'B' { // an ABI tag
			d.s = d.s[1:]
			if _, ok := d.source(); !ok {
				return "", false
			}
			continue
		}
		if len(d.s) > 1 && (d.s[0] == 'C' || d.s[0] == 'D') && '0' <= d.s[1] && d.s[1] <= '5' && len(parts) > 0 {
			last := parts[len(parts)-1]
			if d.s[0] == 'D' {
				last = "~" + last
			}
			parts = append(parts, last)
			d.s = d.s[2:]
			continue
		}
		p, ok := d.unqualified()
		if !ok {
			return "", false
		}
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "::"), len(parts) > 0
}

// unqualified reads one name: source, operator, standard substitution or lambda.
func (d *demangler) unqualified() (string, bool) {
	if d.s == "" {
		return "", false
	}
	d.eat("L") // internal linkage
	if d.s != "" && '0' <= d.s[0] && d.s[0] <= '9' {
		name, ok := d.source()
		if strings.HasPrefix(name, "_GLOBAL__N") {
			name = ""
		}
		return name, ok
	}
	for _, k := range mangledNames {
		if d.eat(k.code) {
			if k.code == "St" && d.s != "" && '0' <= d.s[0] && d.s[0] <= '9' {
				name, ok := d.source()
				return "std::" + name, ok
			}
			return k.name, true
		}
	}
	if d.eat("Ul") { // a lambda: its parameters up to E, its number up to _
		_, rest, ok := strings.Cut(d.s, "E")
		if !ok {
			return "", false
		}
		_, d.s, ok = strings.Cut(rest, "_")
		return "lambda", ok
	}
	return "", false
}

// source reads a length and as many bytes.
func (d *demangler) source() (string, bool) {
	n, i := 0, 0
	for i < len(d.s) && '0' <= d.s[i] && d.s[i] <= '9' && n < 1<<16 {
		n = 10*n + int(d.s[i]-'0')
		i++
	}
	if i == 0 || n == 0 || i+n > len(d.s) {
		return "", false
	}
	name := d.s[i : i+n]
	d.s = d.s[i+n:]
	return name, true
}

// skipPast skips everything up to the end of text; false if text does not follow.
func (d *demangler) skipPast(text string) bool {
	_, rest, ok := strings.Cut(d.s, text)
	if ok {
		d.s = rest
	}
	return ok
}

// arguments skips template arguments, I … E. Names are skipped as a whole, so that
// an E in a name ends nothing; every opening letter has its E.
func (d *demangler) arguments(depth int) bool {
	if depth > 32 || !d.eat("I") {
		return false
	}
	open := 1
	for open > 0 {
		if d.s == "" {
			return false
		}
		switch c := d.s[0]; {
		case '0' <= c && c <= '9':
			if _, ok := d.source(); !ok {
				return false
			}
			continue
		case c == 'N' || c == 'I' || c == 'J' || c == 'F' || c == 'X':
			open++
		case c == 'L' && len(d.s) < 3:
			return false
		case c == 'L' && d.s[1] >= 'a' && d.s[1] <= 'z': // a literal: L type value E
			if !d.skipPast("E") {
				return false
			}
			continue
		case c == 'L': // L_Z name E
			open++
		case c == 'E':
			open--
		case c == 'S' || c == 'T': // a substitution or parameter up to _, or two letters
			if len(d.s) > 1 && 'a' <= d.s[1] && d.s[1] <= 'z' {
				d.s = d.s[2:]
				continue
			}
			if !d.skipPast("_") {
				return false
			}
			continue
		}
		d.s = d.s[1:]
	}
	return true
}

var mangledNames = []struct{ code, name string }{
	{"St", "std"}, {"Sa", "std::allocator"}, {"Ss", "std::string"}, {"Sb", "std::basic_string"}, {"Si", "std::istream"}, {"So", "std::ostream"},
	{"cl", "operator()"}, {"ix", "operator[]"}, {"pt", "operator->"}, {"eq", "operator=="}, {"ne", "operator!="}, {"aS", "operator="}, {"ls", "operator<<"}, {"rs", "operator>>"},
	{"lt", "operator<"}, {"gt", "operator>"}, {"le", "operator<="}, {"ge", "operator>="}, {"pl", "operator+"}, {"mi", "operator-"}, {"ml", "operator*"}, {"dv", "operator/"}, {"rm", "operator%"},
	{"pL", "operator+="}, {"mI", "operator-="}, {"nw", "operator new"}, {"na", "operator new[]"}, {"dl", "operator delete"}, {"da", "operator delete[]"}, {"nt", "operator!"}, {"de", "operator*"},
	{"pp", "operator++"}, {"mm", "operator--"},
}
