package cluster

const maxQuoted = 256 // longest text in quotes or brackets after a key that is taken for one value

// equals reads "=" at i and what it gives to the key before it.
func (s *scanner) equals(i int) int {
	end := i + 1
	for s.at(end) == '=' {
		end++
	}
	if s.n == 0 || end > i+1 || s.at(end) == '>' || s.at(end) == '~' {
		s.push(i, end, mark)
		return end
	}
	k := &s.toks[s.n-1]
	spaced := s.space
	named := k.kind == word || (k.kind == soft || k.kind == value) && classes[s.line[k.start]]&letter != 0
	if !named && !(k.kind == mark && s.line[k.start] == '"') {
		s.push(i, end, mark)
		return end
	}
	if k.kind != word && k.kind != mark {
		if k.kind == value && !s.keyLike(k) {
			s.push(i, end, mark)
			return s.afterKey(end, spaced)
		}
		if k.kind == soft {
			s.softs--
		}
		k.kind, k.hash = word, hashBytes(s.line[k.start:k.end])
	}
	k.key = k.kind == word
	tells := k.key && isMessageKey(s.line[k.start:k.end])
	s.push(i, end, mark)
	if tells {
		return s.message(end)
	}
	return s.afterKey(end, spaced)
}

// afterKey reads the value of a key, which may be text: whatever it is, the
// lines are alike. It is constant until it is seen to vary. spaced tells that
// a blank may stand before the value.
func (s *scanner) afterKey(i int, spaced bool) int {
	if s.is(i, blank) {
		if !spaced {
			if !s.number(i + 1) {
				s.given(i, i)
			}
			return i
		}
		s.space = true
		i++
	}
	c := s.at(i)
	switch {
	case c == '"' || c == '\'':
		if end := s.quoted(i, c); end > 0 {
			s.push(i, i+1, mark)
			s.given(i+1, end)
			s.push(end, end+1, mark)
			return end + 1
		}
		return i
	case c == '[' || c == '(' || c == '{':
		if end := s.balanced(i, true); end > 0 {
			s.push(i, i+1, mark)
			s.given(i+1, end-1)
			s.push(end-1, end, mark)
			return end
		}
		return i
	case i >= len(s.line) || classes[c]&stop != 0 && c != '<':
		s.given(i, i)
		return i
	case classes[c]&digit != 0 || s.number(i) || s.path(i) > i, (c == '@' || c == '#') && s.is(i+1, digit):
		return i // a value anyway
	}
	return s.givenWord(i, spaced)
}

// message reads what a key gives that names the message: text like any other,
// in quotes or not, and not one value.
func (s *scanner) message(i int) int {
	if c := s.at(i); (c == '"' || c == '\'') && s.quoted(i, c) > 0 {
		s.push(i, i+1, mark)
		return i + 1
	}
	return i
}

// number tells whether a number begins at i.
func (s *scanner) number(i int) bool {
	return s.is(i, digit) || (s.at(i) == '-' || s.at(i) == '+') && s.is(i+1, digit)
}

// givenWord reads a value of a key that is neither number nor path; spaced
// tells whether blanks stood around the "=".
func (s *scanner) givenWord(i int, spaced bool) int {
	line := s.line
	j, colon := i, 0
	for j < len(line) {
		c := line[j]
		cl := classes[c]
		switch {
		case cl&wordClass != 0, c == '%', c == '+', c == '~', c == '#', c == '*', c == '\\':
		case c == '.' || c == '-' || c == '/' || c == '@' || c == '?' || c == '!':
			if s.lastOfValue(j) {
				goto end
			}
		case c == ':':
			if j > i && s.colonEnds(j, spaced) {
				goto end
			}
			if colon == 0 {
				colon = j
			}
		case c == '{' || c == '(' || c == '[':
			k := s.balanced(j, false)
			if k == 0 {
				goto end
			}
			j = k
			continue
		case c == '=' && s.at(j+1) != '=' && j+1 < len(line) && classes[line[j+1]]&stop == 0:
			if colon > i {
				j = colon
			}
			goto end
		case c == '=':
		default:
			goto end
		}
		j++
	}
end:
	s.given(i, j)
	return j
}

// lastOfValue tells whether nothing of a value follows the mark at j.
func (s *scanner) lastOfValue(j int) bool {
	return j+1 == len(s.line) || classes[s.line[j+1]]&stop != 0 || s.line[j+1] == ':'
}

// colonEnds tells whether the colon at j ends the value of a key: key=a:b:c has one
// value, key = Why:code=1 does not. spaced is as for givenWord.
func (s *scanner) colonEnds(j int, spaced bool) bool {
	return !s.is(j+1, digit) && s.at(j+1) != '/' && s.at(j+1) != '\\' && (spaced || !s.is(j+1, letter))
}

// keyLike tells whether what stands before "=" is the name of a key, though it
// has the form of a value: r24, fpr29.
func (s *scanner) keyLike(k *token) bool {
	digits := 0
	for _, c := range s.line[k.start:k.end] {
		if classes[c]&digit != 0 {
			digits++
		} else if classes[c]&letter == 0 {
			return false
		}
	}
	return digits <= 3
}

// given adds the value of a key.
func (s *scanner) given(i, j int) {
	if s.plainlyValue(s.line[i:j]) {
		s.push(i, j, value)
		return
	}
	s.push(i, j, soft).hash = hashValue
}

// plainlyValue tells whether w would be a value in any place.
func (s *scanner) plainlyValue(w []byte) bool {
	if len(w) == 0 {
		return false
	}
	if c := w[0]; classes[c]&digit != 0 || c == '/' || (c == '-' || c == '+') && len(w) > 1 && classes[w[1]]&digit != 0 {
		return true
	}
	if languageValue(w) || account(w) {
		return true
	}
	run := 0
	for _, c := range w {
		if classes[c]&digit == 0 {
			run = 0
		} else if run++; run > 2 {
			return true
		}
	}
	return false
}

// quoted is where the quote that opens at i closes; 0 if it does not.
func (s *scanner) quoted(i int, q byte) int {
	for j := i + 1; j < len(s.line) && j-i <= maxQuoted; j++ {
		switch s.line[j] {
		case '\\':
			j++
		case q:
			return j
		}
	}
	return 0
}

// balanced is where the bracket that opens at i has closed, if that is near
// and nothing in it is a key; 0 if not. blanks tells whether there may be
// white space in it.
func (s *scanner) balanced(i int, blanks bool) int {
	depth := 0
	for j := i; j < len(s.line) && j-i <= maxQuoted; j++ {
		switch s.line[j] {
		case '[', '(', '{':
			depth++
		case ']', ')', '}':
			if depth--; depth == 0 {
				return j + 1
			}
		case '=', '"':
			return 0
		case ' ', '\t':
			if !blanks {
				return 0
			}
		}
	}
	return 0
}

const maxPhrase = 64 // longest text in quotes that is taken for one word

// phrase is where the quote that opens at i closes, if there is nothing but
// words between: "some text" is then one word to the statistics. 0 if not.
func (s *scanner) phrase(i int) int {
	if i > 0 && !s.is(i-1, blank) && classes[s.line[i-1]]&stop == 0 && s.line[i-1] != ':' {
		return 0
	}
	q := s.line[i]
	for j := i + 1; j < len(s.line) && j-i <= maxPhrase; j++ {
		switch c := s.line[j]; {
		case c == q:
			if j == i+1 || s.is(j+1, wordClass) {
				return 0
			}
			return j
		case classes[c]&letter != 0, c == ' ', c == '-', c == '\'':
		default:
			return 0
		}
	}
	return 0
}
