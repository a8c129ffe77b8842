package cluster

// pieces adds a word that begins with a letter and has digits in it. Its
// segments, between the joiners, are constant or not by themselves:
// core.<*>, UTF-<*>, vmware-<*>.log; but what looks like a hash makes the
// whole a value (pod-7f9c4-x2v).
func (s *scanner) pieces(a atom) int {
	line := s.line
	if a.segments == 1 {
		k, h := piece(line[a.start:a.end])
		t := s.push(a.start, a.end, k)
		if k == soft {
			t.hash = h
		}
		return a.end
	}
	// First look: how many segments are values, and where.
	values, runs, inValue := 0, 0, false
	between, hashed, lastValue := false, false, false
	for i := a.start; i < a.end; {
		j := s.segment(i, a.end)
		seg := line[i:j]
		k, _ := piece(seg)
		lastValue = k == value
		if k == value {
			values++
			if !inValue {
				runs++
			}
			if classes[seg[0]]&letter != 0 && hashLike(seg) {
				hashed = true
			}
			if i > a.start && j < a.end && line[i-1] == '-' && line[j] == '-' {
				between = true
			}
		}
		inValue = k == value
		for j < a.end && classes[line[j]]&wordClass == 0 {
			j++
		}
		i = j
	}
	if hashed || values > 1 && (runs > 1 || !lastValue) || between && !lastValue {
		s.push(a.start, a.end, value)
		return a.end
	}
	// Second: constant segments up to the next that is not are one word.
	from := a.start
	for i := a.start; i < a.end; {
		j := s.segment(i, a.end)
		k, h := piece(line[i:j])
		end := j
		for j < a.end && classes[line[j]]&wordClass == 0 {
			j++
		}
		if k != word {
			if i > from {
				mark := i
				for mark > from && classes[line[mark-1]]&wordClass == 0 {
					mark--
				}
				if mark > from {
					s.push(from, mark, word)
				}
				s.mustPush(mark, i)
			}
			t := s.push(i, end, k)
			if k == soft {
				t.hash = h
			}
			if j < a.end {
				s.mustPush(end, j)
			}
			from = j
		}
		i = j
	}
	if from < a.end {
		s.push(from, a.end, word)
	}
	return a.end
}

// segment is where the segment that begins at i ends; blk_-77 is one.
func (s *scanner) segment(i, end int) int {
	for i < end && (classes[s.line[i]]&wordClass != 0 || s.line[i] == '-' && s.at(i-1) == '_') {
		i++
	}
	return i
}

// mustPush adds the joiners between two segments.
func (s *scanner) mustPush(i, j int) {
	if j > i && s.n < maxTokens-2 {
		s.push(i, j, mark)
	}
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
