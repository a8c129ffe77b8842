package cluster

// word reads what begins with a letter or digit at i and returns where it ends.
func (s *scanner) word(i int) int {
	line := s.line
	j := i
	for j < len(line) && classes[line[j]]&letter != 0 {
		j++
	}
	if j > i && (j == len(line) || classes[line[j]]&(digit|joiner) == 0 || classes[line[j]]&joiner != 0 && !s.joined(j)) {
		return s.plain(i, j)
	}
	return s.wordFrom(i, i)
}

// joined tells whether the joiner at j stands inside a word.
func (s *scanner) joined(j int) bool {
	switch s.line[j] {
	case '~': // A~B~~1.2, as packages are named
		return s.is(j+1, wordClass) || s.at(j+1) == '~'
	case '\\':
		return s.is(j+1, wordClass) && s.escaped(j) == 0
	case '-': // blk_-77
		return s.is(j+1, wordClass) || s.at(j+1) == '-' && s.at(j-1) == '_' && s.is(j+2, digit)
	}
	return s.is(j+1, wordClass) || s.line[j] == '/' && s.at(j+1) == '.' && s.is(j+2, wordClass) // org.example/.Main
}

// plain adds the word of letters in [i, j) and what belongs to it.
func (s *scanner) plain(i, j int) int {
	w := s.line[i:j]
	if s.at(j) == '=' {
		s.push(i, j, word)
		return j
	}
	if end := s.plainValue(i, j); end > j {
		return s.valueTo(i, end)
	}
	if len(w) == 2 && allHex(w) {
		if end := s.hexDump(i); end > j {
			return s.valueTo(i, end)
		}
	}
	switch {
	case s.literal(w, j):
		s.push(i, j, value).solid = true
	case len(w) >= 8 && allHex(w):
		s.push(i, j, value)
	case s.n > 0 && s.space && s.toks[s.n-1].kind == value && !s.toks[s.n-1].date && (unit(w) || s.currency(w)):
		s.measure(j)
	case s.ofUser():
		s.push(i, j, soft).hash = hashValue
	case s.zone(w, j):
		s.toks[s.n-1].end = int32(j)
		s.space = false
	default:
		s.push(i, j, word)
	}
	return j
}

// plainValue returns where the value ends that begins with the letters in [i, j)
// and goes on with the byte at j: a URL, a path, an address; 0 if there is none.
func (s *scanner) plainValue(i, j int) int {
	w := s.line[i:j]
	switch s.at(j) {
	case ':':
		switch {
		case s.at(j+1) == '/' && s.at(j+2) == '/':
			return s.pathEnd(j + 3)
		case j == i+1 && s.at(j+1) == '\\':
			return s.pathEnd(j + 2)
		case allHex(w) && len(w) <= 8:
			return s.colons(i)
		}
	case '\\':
		if s.joined(j) {
			return s.pathEnd(j)
		}
	case '@':
		return s.mail(j)
	case '+':
		return s.base64(atom{start: i, end: j})
	}
	return 0
}

// valueTo adds the value in [i, end) and returns its end.
func (s *scanner) valueTo(i, end int) int {
	s.push(i, end, value)
	return end
}

func allHex(w []byte) bool {
	for _, c := range w {
		if classes[c]&(hexa|digit) == 0 {
			return false
		}
	}
	return true
}

// literal tells whether w, which ends at j, is a value that languages or
// systems spell as a word.
func (s *scanner) literal(w []byte, j int) bool {
	if len(w) < 3 || len(w) > 13 {
		return false
	}
	if account(w) {
		return s.namesAccount(j)
	}
	if !languageValue(w) {
		return false
	}
	switch w[0] {
	case 'n', 'N': // "null pointer" is text, "(null)" a value
		return j == len(s.line) || s.n > 0 && s.toks[s.n-1].kind == mark && !s.is(j, blank)
	}
	return true
}

// namesAccount tells whether a word that ends at j stands where the name of an
// account does: behind "for", "user", "by", or alone in brackets or quotes.
func (s *scanner) namesAccount(j int) bool {
	if s.n == 0 {
		return false
	}
	t := &s.toks[s.n-1]
	if t.kind == mark {
		return !s.space && opens(string(s.line[t.start:t.end])) || nesting(string(s.line[t.start:t.end])) > 0 && (j == len(s.line) || s.is(j, stop) && !s.is(j, blank))
	}
	switch string(s.line[t.start:t.end]) {
	case "for", "user", "User", "by", "as", "account":
		return true
	}
	return false
}

// ofUser tells whether the next word is the name of a user: "for user alice".
func (s *scanner) ofUser() bool {
	if s.n < 2 || string(s.line[s.toks[s.n-1].start:s.toks[s.n-1].end]) != "user" {
		return false
	}
	t := &s.toks[s.n-2]
	switch string(s.line[t.start:t.end]) {
	case "for", "invalid", "by", "as", "of":
		return true
	}
	return false
}

// measure takes the unit that ends at j into the number before it: 5 ms, 1.2 s
// and 00:03 are the same for a template. The unit is constant until it is seen to vary.
func (s *scanner) measure(j int) {
	t := &s.toks[s.n-1]
	t.kind, t.from, t.end = soft, t.end, int32(j)
	t.soft = hashBytes(s.line[t.from:j])
	s.softs++
	s.space = false
}

// currency tells whether w stands behind a decimal number and looks like the
// code of a currency.
func (s *scanner) currency(w []byte) bool {
	if len(w) != 3 || classes[w[0]]&classes[w[1]]&classes[w[2]]&upper == 0 {
		return false
	}
	t, dots := &s.toks[s.n-1], 0
	for _, c := range s.line[t.start:t.end] {
		if c == '.' {
			dots++
		} else if classes[c]&digit == 0 {
			return false
		}
	}
	return dots == 1
}

// An atom is what is known of a word with digits or joiners in it.
type atom struct {
	start, end                int
	digits, letters, segments int
	dots, slashes, tildes     int
	capital, nonhex, back     bool
}

// wordFrom reads a word with digits or joiners; its text begins at start, the sign before it included, and its first letter or digit stands at i.
func (s *scanner) wordFrom(start, i int) int {
	a := atom{start: start, segments: 1}
	line := s.line
	j := i
scan:
	for j < len(line) {
		c := line[j]
		cl := classes[c]
		switch {
		case cl&digit != 0:
			if j > i && classes[line[j-1]]&foreign != 0 {
				break scan // a number in a script that leaves no blanks
			}
			a.digits++
		case cl&letter != 0:
			if cl&foreign != 0 && j > i && classes[line[j-1]]&digit != 0 && !micro(line[j:]) {
				break scan
			}
			a.letters++
			if cl&hexa == 0 {
				a.nonhex = true
			}
			if cl&upper != 0 {
				a.capital = true
			}
		case cl&joiner != 0 && s.joined(j):
			a.segments++
			switch c {
			case '.':
				a.dots++
			case '/':
				a.slashes++
			case '~':
				a.tildes++
			case '\\':
				a.back = true
			}
		default:
			break scan
		}
		j++
	}
	a.end = j
	return s.atom(a)
}

// atomValue returns where the value ends that begins with a and goes on with the
// byte behind it: a URL, an address, a percentage; 0 if there is none.
func (s *scanner) atomValue(a atom) int {
	i, j := a.start, a.end
	switch s.at(j) {
	case ':':
		if s.at(j+1) == '/' && s.at(j+2) == '/' {
			return s.pathEnd(j + 3)
		}
		if !a.nonhex && a.segments == 1 {
			if end := s.colons(i); end > i {
				return end
			}
		}
		return s.port(a)
	case '@':
		return s.mail(j)
	case '%':
		if classes[s.line[i]]&letter == 0 {
			return j + 1
		}
	case '=', '+', '/':
		return s.base64(a)
	}
	return 0
}

// micro tells whether b begins with µ or °.
func micro(b []byte) bool {
	return len(b) > 1 && (b[0] == 0xc2 && (b[1] == 0xb5 || b[1] == 0xb0) || b[0] == 0xce && b[1] == 0xbc)
}

// atom adds a word with digits or joiners and what belongs to it.
func (s *scanner) atom(a atom) int {
	line, i, j := s.line, a.start, a.end
	if end := s.atomValue(a); end > j {
		return s.valueTo(i, end)
	}
	if s.at(j) == '=' && a.segments == 1 && classes[line[i]]&letter != 0 && s.at(j+1) != '=' {
		s.push(i, j, word) // a key is constant, whatever it looks like
		return j
	}
	if j == i+2 && !a.nonhex {
		if end := s.hexDump(i); end > j {
			return s.valueTo(i, end)
		}
	}
	if a.slashes > 0 && s.base64(a) == j {
		return s.valueTo(i, j)
	}
	switch {
	case classes[line[i]]&letter == 0,
		a.back,
		a.letters == 1 && a.dots > 0 && a.dots+1 == a.segments, // v1.2
		a.slashes > 2 || a.slashes == 2 && a.dots+a.digits > 0,
		!a.nonhex && a.digits > 0 && a.digits+a.letters >= 6,
		a.dots > 0 && s.domain(a):
		if a.back || a.slashes > 1 {
			return s.valueTo(i, max(j, s.pathEnd(j)))
		}
		return s.valueTo(i, j)
	case a.dots > 1 && a.slashes < 2 && !failure(line[i:j]) && !constantName(line[i:j]):
		// org.example.Thing$Part is a name: of a class, a package, a property.
		s.push(i, j, soft).hash = hashValue
		return j
	case a.digits == 0:
		s.push(i, j, word)
		return j
	}
	return s.pieces(a)
}
