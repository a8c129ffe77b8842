package cluster

// Bounds of what is looked at in a line; what lies beyond counts as one value.
const (
	maxRaw    = 16384 // header included
	maxLine   = 8192
	maxTokens = 192
)

// A kind says what part a token plays in a template.
type kind uint8

const (
	word  kind = iota // constant text
	mark              // punctuation
	value             // what varies: number, address, path, identifier
	soft              // what may vary by its form, and is constant until it is seen to: the text after key=, a unit, a numbered name
)

// A token is a piece of a line.
type token struct {
	hash       uint64 // of what all lines of a template share: of the text of words and marks; the same for all values
	soft       uint64 // of a soft one: a hash of the text that is constant until it is seen to vary
	start, end int32
	from       int32 // where the text begins that may vary: behind the number, for a unit
	kind       kind
	space      bool // white space stands before it
	key        bool // a word before "="
	date       bool // part of a date
	solid      bool // a value that is spelt as a word, and not joined to numbers: root:12
	mixed      bool // a value with constant text around it: core.2275
}

const (
	hashValue = 0x5bd1e9955bd1e995 // the hash of every value
	hashUnit  = 0x27d4eb2f165667c5 // the hash of every unit
)

// A scanner cuts lines into tokens. It is used again for every line.
type scanner struct {
	line  []byte
	toks  [maxTokens]token
	n     int
	softs int // soft tokens among toks
	space bool
	text  bool // line is the text of a template
	buf   []byte
}

// scan cuts line into tokens.
func (s *scanner) scan(line []byte) {
	s.line, s.n, s.softs, s.space = line, 0, 0, false
	n := len(line)
	if n > maxLine {
		n = maxLine
		s.line = line[:n]
	}
	for i := 0; i < n; {
		if s.n >= maxTokens-4 {
			s.push(i, n, value)
			return
		}
		c := line[i]
		cl := classes[c]
		switch {
		case cl&wordClass != 0:
			if s.text {
				if end := s.mixedText(i); end > i {
					i = end
					continue
				}
			}
			i = s.word(i)
		case cl&blank != 0:
			s.space = true
			i++
		default:
			i = s.mark(i, c)
		}
	}
}

// skeleton is the hash of what all lines of the same template share.
func (s *scanner) skeleton() uint64 {
	h := uint64(s.n)
	for i := range s.toks[:s.n] {
		t := &s.toks[i]
		x := t.hash
		if t.space {
			x++
		}
		h = mix(h, x)
	}
	if h == 0 {
		h = 1 // 0 marks an empty slot of the table
	}
	return h
}

// push adds a token. A value that is joined to the value before it by one
// mark becomes one value with it: 10.0.0.1:80, 1,2,3.
func (s *scanner) push(start, end int, k kind) *token {
	if k == value && s.n > 0 && !s.text {
		if s.space {
			if t := s.dated(start, end); t != nil {
				s.space = false
				return t
			}
		} else if s.n >= 2 {
			m, v := &s.toks[s.n-1], &s.toks[s.n-2]
			if m.kind == mark && v.kind == value && !v.solid && !m.space && m.end-m.start == 1 && joins(s.line[m.start]) {
				v.end = int32(end)
				s.n--
				return v
			}
		}
	}
	t := &s.toks[s.n]
	s.n++
	*t = token{start: int32(start), end: int32(end), from: int32(start), kind: k, space: s.space}
	s.space = false
	switch k {
	case value:
		t.hash = hashValue
	case mark:
		t.hash = uint64(s.line[start])<<8 | uint64(min(end-start, 4))
		t.hash *= prime2
	case word:
		t.hash = hashBytes(s.line[start:end])
	case soft:
		t.soft = hashBytes(s.line[start:end])
		s.softs++
	}
	return t
}

func joins(c byte) bool {
	switch c {
	case '.', ':', '/', ',', '_', '-', '@', '#', '+', '~':
		return true
	}
	return false
}

// at is the byte at i, 0 beyond the end.
func (s *scanner) at(i int) byte {
	if uint(i) < uint(len(s.line)) {
		return s.line[i]
	}
	return 0
}

// is tells whether the byte at i has a class of cl.
func (s *scanner) is(i int, cl class) bool {
	return uint(i) < uint(len(s.line)) && classes[s.line[i]]&cl != 0
}

// fresh tells whether no word ends right before i.
func (s *scanner) fresh(i int) bool {
	return i == 0 || classes[s.line[i-1]]&wordClass == 0 && !(s.text && s.wild(i-len(wildcard)))
}

// wild tells whether a wildcard stands at i.
func (s *scanner) wild(i int) bool {
	return i >= 0 && i+3 <= len(s.line) && string(s.line[i:i+3]) == wildcard
}

// mark reads what begins with the punctuation c at i and returns where it ends.
func (s *scanner) mark(i int, c byte) int {
	if end := s.beyondMark(i, c); end > i {
		return end
	}
	end := i + 1
	switch c {
	case '.', '-', '*', '#', '=', '<', '>', '?', '!', '_':
		for end < len(s.line) && s.line[end] == c {
			end++
		}
	}
	if standalone(c) && s.fresh(i) && (i == 0 || s.is(i-1, blank)) && (end == len(s.line) || s.is(end, blank|stop)) {
		// A mark in the place of a word is a word: the "-" or "***" of a missing value.
		s.push(i, end, word)
		return end
	}
	s.push(i, end, mark)
	return end
}

// beyondMark adds what is more than punctuation, though it begins with the
// punctuation c at i: a path, a number, a wildcard, a phrase, the value of a key. It
// returns where that ends, or 0 if it is punctuation.
func (s *scanner) beyondMark(i int, c byte) int {
	switch c {
	case '/', '~', '.', '\\':
		if end := s.escaped(i); end > i {
			s.push(i, end, mark)
			return end
		}
		if s.fresh(i) {
			if end := s.path(i); end > i {
				s.push(i, end, value)
				return end
			}
		}
	case '-', '+':
		if s.is(i+1, digit) && s.signed(i) {
			return s.wordFrom(i, i+1)
		}
	case '<', '>':
		if s.wild(i) {
			s.push(i, i+3, value)
			return i + 3
		}
		if end := s.bound(i); end > i {
			s.push(i, end, value)
			return end
		}
	case '"', '\'':
		if end := s.phrase(i); end > 0 {
			s.push(i, i+1, mark)
			s.push(i+1, end, word)
			s.push(end, end+1, mark)
			return end + 1
		}
	case '=':
		return s.equals(i)
	case ':':
		if s.at(i+1) == ':' && s.fresh(i) && s.is(i+2, digit|hexa) {
			if end := s.colons(i); end > i {
				s.push(i, end, value)
				return end
			}
		}
		if s.n > 0 && s.toks[s.n-1].kind == mark && s.at(i-1) == '"' && s.n >= 2 && !s.space {
			s.push(i, i+1, mark)
			return s.afterKey(i+1, true)
		}
	}
	return 0
}

// escaped reads a byte that was written as backslash and three octal digits at
// i, as \042 for a quote.
func (s *scanner) escaped(i int) int {
	if s.line[i] != '\\' {
		return 0
	}
	for k := 1; k < 4; k++ {
		if c := s.at(i + k); c < '0' || c > '7' {
			return 0
		}
	}
	return i + 4
}

func standalone(c byte) bool { return c == '-' || c == '*' || c == '?' }

// signed tells whether the sign at i belongs to the number after it.
func (s *scanner) signed(i int) bool {
	return i == 0 || classes[s.line[i-1]]&(blank|stop) != 0 && s.line[i-1] != ')' && s.line[i-1] != ']' || s.line[i-1] == '=' || s.line[i-1] == ':'
}

// bound reads "<1 sec" and ">=90%": a number with a comparison before it.
func (s *scanner) bound(i int) int {
	if i > 0 && !s.is(i-1, blank) && s.line[i-1] != '=' && s.line[i-1] != '(' {
		return 0
	}
	j := i + 1
	if s.at(j) == '=' {
		j++
	}
	if !s.is(j, digit) {
		return 0
	}
	for s.is(j, wordClass) || s.at(j) == '.' && s.is(j+1, digit) {
		j++
	}
	if s.at(j) == '%' {
		j++
	}
	if j < len(s.line) && !s.is(j, blank) && s.line[j] != ',' && s.line[j] != ')' && s.line[j] != ';' {
		return 0
	}
	return j
}
