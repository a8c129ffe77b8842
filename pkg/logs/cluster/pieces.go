package cluster

// pieces adds a word that begins with a letter and has digits in it. Its
// segments, between the joiners, are constant or not by themselves: core.<*>,
// UTF-<*>, vmware-<*>.log; but what looks like a hash makes the whole a value
// (pod-7f9c4-x2v). To a template all of it is a value, the constant part of
// which is shown as long as all lines have the same; only at the very
// beginning of a line, where messages are told apart, it is constant.
func (s *scanner) pieces(a atom) int {
	line := s.line
	values, softs, runs, inValue := 0, 0, 0, false
	between, hashed, lastValue := false, false, false
	s.buf = s.buf[:0]
	var masked uint64
	for i := a.start; i < a.end; {
		j := s.segment(i, a.end)
		seg := line[i:j]
		k, h := piece(seg)
		lastValue = k == value
		switch k {
		case value:
			values++
			if !inValue {
				runs++
				s.buf = append(s.buf, wildcard...)
			}
			hashed = hashed || a.segments > 1 && classes[seg[0]]&letter != 0 && hashLike(seg)
			between = between || i > a.start && j < a.end && line[i-1] == '-' && line[j] == '-'
		case soft:
			softs++
			masked = h
			fallthrough
		default:
			s.buf = append(s.buf, seg...)
		}
		inValue = k == value
		from := j
		for j < a.end && classes[line[j]]&wordClass == 0 {
			j++
		}
		if !inValue || j < a.end && classes[line[j]]&digit == 0 {
			s.buf = append(s.buf, line[from:j]...)
		}
		i = j
	}
	switch {
	case hashed, values > 1 && (runs > 1 || !lastValue), between && !lastValue, values > 0 && a.segments == 1:
		s.push(a.start, a.end, value)
	case values+softs == 0:
		s.push(a.start, a.end, word)
	default:
		first := s.n == 0
		t := s.push(a.start, a.end, soft)
		if values > 0 {
			t.soft, t.mixed = hashBytes(s.buf), true
			masked = t.soft
		}
		t.hash = hashValue
		if first {
			t.hash = mix(hashUnit, masked)
		}
	}
	return a.end
}

// mixedText reads a word with a wildcard in it, in the text of a template at
// i; 0 if there is none.
func (s *scanner) mixedText(i int) int {
	j, wild := i, false
	for j < len(s.line) {
		switch {
		case classes[s.line[j]]&wordClass != 0:
			j++
		case classes[s.line[j]]&joiner != 0 && s.is(j+1, wordClass):
			j++
		case classes[s.line[j]]&joiner != 0 && s.wild(j+1):
			j += 1 + len(wildcard)
			wild = true
		default:
			goto end
		}
	}
end:
	if !wild {
		return 0
	}
	first := s.n == 0
	t := s.push(i, j, soft)
	t.hash = hashValue
	if first {
		t.hash = mix(hashUnit, t.soft)
	}
	return j
}

// segment is where the segment that begins at i ends; blk_-77 is one.
func (s *scanner) segment(i, end int) int {
	for i < end && (classes[s.line[i]]&wordClass != 0 || s.line[i] == '-' && s.at(i-1) == '_') {
		i++
	}
	return i
}

// piece tells what a segment is: constant, a value, or a numbered name, whose
// hash is that of its text with every number alike.
func piece(w []byte) (kind, uint64) {
	if classes[w[0]]&digit != 0 {
		return value, 0
	}
	digits, runs, longest, run, glued := 0, 0, 0, 0, false
	for i, c := range w {
		if classes[c]&digit == 0 {
			run = 0
			continue
		}
		if run == 0 {
			runs++
			glued = glued || i > 0 && (w[i-1] == '_' || w[i-1] == '-')
		}
		run++
		digits++
		longest = max(longest, run)
	}
	switch {
	case digits == 0:
		return word, 0
	case longest >= 3 || runs >= 3 || hashLike(w):
		return value, 0
	case longest == 1 && !glued:
		return word, 0 // IPv4, eth0, L3: the statistics decide
	}
	h := uint64(hashUnit)
	run = 0
	for _, c := range w {
		if classes[c]&digit != 0 {
			if run++; run > 1 {
				continue
			}
			c = '0'
		} else {
			run = 0
		}
		h = (h ^ uint64(c)) * prime1
	}
	return soft, h
}

// hashLike tells whether digits and letters alternate as in no name, or w is
// a hexadecimal number of some length.
func hashLike(w []byte) bool {
	changes, digits, nonhex := 0, 0, false
	for i, c := range w {
		cl := classes[c]
		if cl&digit != 0 {
			digits++
			continue
		}
		nonhex = nonhex || cl&hexa == 0
		if i > 0 && classes[w[i-1]]&digit != 0 {
			changes++
		}
	}
	return len(w) >= 5 && changes >= 2 || len(w) >= 7 && !nonhex && digits > 0 && digits < len(w)
}
