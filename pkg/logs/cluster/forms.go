package cluster

// path reads an absolute or dotted path at i; 0 if there is none.
func (s *scanner) path(i int) int {
	j := i
	switch s.line[i] {
	case '~':
		j++
	case '.':
		for j < i+2 && s.at(j) == '.' {
			j++
		}
	case '\\':
		if s.at(i+1) != '\\' || !s.is(i+2, wordClass) {
			return 0
		}
		return s.pathEnd(i + 2)
	}
	if s.at(j) != '/' || j+1 >= len(s.line) || s.is(j+1, stop) {
		return 0
	}
	if c := s.line[j+1]; classes[c]&wordClass == 0 && c != '.' && c != '%' && c != '-' && c != '*' && c != '~' && c != ':' {
		return 0
	}
	return s.pathEnd(j + 1)
}

// pathEnd is where the path, address or name with a byte before j ends.
func (s *scanner) pathEnd(j int) int {
	line := s.line
	windows := j > 0 && j < len(line) && (line[j] == '\\' || line[j-1] == '\\')
	from := j
	for {
		for j < len(line) && classes[line[j]]&stop == 0 {
			j++
		}
		if !windows || j == len(line) || line[j] != ' ' {
			break
		}
		// C:\Program Files\x: the next word goes on with the path.
		k := j + 1
		for k < len(line) && classes[line[k]]&(wordClass) != 0 {
			k++
		}
		if k == j+1 || s.at(k) != '\\' {
			break
		}
		j = k
	}
	for j > from {
		switch line[j-1] {
		case ':', '!', '?', '=':
			j--
			continue
		case '.':
			if j == len(line) || s.is(j+1, upper) || s.is(j+1, blank) {
				j--
				continue
			}
		}
		break
	}
	if j+9 <= len(line) && line[j] == ' ' && string(line[j+1:j+6]) == "HTTP/" {
		return j + 9 // what is asked for, and how, is one thing
	}
	return j
}

// colons reads groups of hexadecimal digits joined by at least two colons at
// i: a time, a MAC address, an IPv6 address. 0 if there are none.
func (s *scanner) colons(i int) int {
	line := s.line
	j, groups, run, digits := i, 0, 0, 0
	for j < len(line) {
		c := line[j]
		if classes[c]&(digit|hexa) != 0 {
			if run++; run > 8 {
				return 0
			}
			digits += int(classes[c] & digit)
		} else if c == ':' && (s.is(j+1, digit|hexa) || s.at(j+1) == ':' && (run > 0 || j == i)) {
			groups++
			run = 0
		} else {
			break
		}
		j++
	}
	if groups < 2 || digits == 0 || s.is(j, letter) && s.at(j) != 'Z' {
		return 0
	}
	if s.at(j) == '.' && s.is(j+1, digit) {
		for j++; s.is(j, digit); j++ {
		}
	}
	if s.at(j) == 'Z' {
		j++
	}
	return j
}

// port reads ":8080" and a path after it, behind the name of a host; 0 if there is none.
func (s *scanner) port(a atom) int {
	j := a.end + 1
	for s.is(j, digit) {
		j++
	}
	if n := j - a.end - 1; n < 2 || n > 5 || s.is(j, letter) {
		return 0
	}
	numbered := a.digits > 0 && a.segments > 1
	if !numbered && (a.dots == 0 || a.capital || source(s.line[a.start:a.end])) {
		return 0
	}
	if s.at(j) == '/' && s.is(j+1, wordClass) {
		return s.pathEnd(j)
	}
	return j
}

// source tells whether name is that of a source file: main.go:12 is no host.
func source(name []byte) bool {
	dot := len(name) - 1
	for dot > 0 && name[dot] != '.' {
		dot--
	}
	switch string(name[dot+1:]) {
	case "go", "c", "cc", "cpp", "h", "hpp", "java", "kt", "py", "js", "ts", "rb", "rs", "cs", "m", "mm", "php", "scala", "swift", "pl", "lua", "ex", "erl":
		return true
	}
	return false
}

// domain tells whether a is a host name by its last label.
func (s *scanner) domain(a atom) bool {
	if a.slashes > 0 {
		return false
	}
	name := s.line[a.start:a.end]
	last, before := label(name)
	switch string(last) {
	case "com", "net", "org", "edu", "gov", "mil", "local", "localdomain", "internal", "lan", "arpa":
		return true
	}
	if len(last) == 2 {
		switch b, _ := label(before); string(b) {
		case "co", "com", "edu", "ac", "gov", "net", "org":
			return true
		}
	}
	return false
}

// label cuts the last label off a dotted name.
func label(name []byte) (last, before []byte) {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[i+1:], name[:i]
		}
	}
	return name, nil
}

// mail reads "@host.tld" at j, behind a name; 0 if what follows is a number:
// the name is constant then, as in Object@1a2b3c.
func (s *scanner) mail(j int) int {
	k, digits, nonhex := j+1, 0, false
	for s.is(k, wordClass) || (s.at(k) == '.' || s.at(k) == '-') && s.is(k+1, wordClass) {
		c := classes[s.line[k]]
		if c&digit != 0 {
			digits++
		} else if c&hexa == 0 {
			nonhex = true
		}
		k++
	}
	if k == j+1 || !nonhex && digits > 0 {
		return 0
	}
	return k
}

// hexDump reads at least three bytes in hexadecimal with blanks between, digits
// and letters among them, at i; 0 if there are none.
func (s *scanner) hexDump(i int) int {
	j, groups, seen := i, 0, class(0)
	for s.is(j, digit|hexa) && s.is(j+1, digit|hexa) && !s.is(j+2, wordClass) {
		seen |= classes[s.line[j]] | classes[s.line[j+1]]
		groups++
		if j += 2; s.at(j) != ' ' {
			break
		}
		j++
	}
	if s.at(j-1) == ' ' {
		j--
	}
	if groups < 3 || seen&digit == 0 || seen&hexa == 0 {
		return 0
	}
	return j
}

// base64 reads text in base 64 that begins with a; 0 if it is none.
func (s *scanner) base64(a atom) int {
	j := a.start
	var lower, capital, number, path, plus bool
	for ; j < len(s.line); j++ {
		c := s.line[j]
		cl := classes[c]
		switch {
		case cl&digit != 0:
			number = true
		case cl&upper != 0:
			capital = true
		case cl&letter != 0 && cl&foreign == 0 && c != '$':
			lower = true
		case c == '+':
			plus = true
		case c == '/':
			path = true
		case c == '-':
		default:
			goto end
		}
	}
end:
	if j-a.start < 16 || !lower || !capital || !number {
		return 0
	}
	k := j
	for s.at(k) == '=' {
		k++
	}
	if path && !plus && k == j && !jumbled(s.line[a.start:j]) {
		return 0
	}
	if k-j > 2 || k < len(s.line) && !s.is(k, stop) {
		return 0
	}
	return k
}

// jumbled tells whether capitals, small letters and digits alternate as nowhere
// in the names of a path: at a sixth of the places. A capital that begins a word
// is no sign of it.
func jumbled(w []byte) bool {
	n := 0
	for i := 1; i < len(w); i++ {
		if w[i-1] == '/' || w[i] == '/' {
			continue
		}
		a, b := classes[w[i-1]]&(upper|digit), classes[w[i]]&(upper|digit)
		if a != b && !(a == upper && b == 0) {
			n++
		}
	}
	return 6*n >= len(w)
}
