package cluster

// dated makes the number in [start, end) one value with the date before it: a
// month and the weekday or day before that, or what has become a date already.
// It returns nil if there is none.
func (s *scanner) dated(start, end int) *token {
	t := &s.toks[s.n-1]
	if t.date {
		if n := end - start; !s.is(start, digit) || n < 4 || n > 4 && !s.clock(start, end) {
			return nil
		}
		t.end = int32(end)
		return t
	}
	if t.kind != word || !s.is(start, digit) || !month(s.line[t.start:t.end]) {
		return nil
	}
	from := s.n - 1
	if p := s.before(from); p >= 0 {
		d := &s.toks[p]
		if d.kind == word && weekday(s.line[d.start:d.end]) || d.kind == value && p == from-1 && t.space && d.end-d.start <= 2 {
			from = p
		}
	}
	d := &s.toks[from]
	d.kind, d.hash, d.date, d.end = value, hashValue, true, int32(end)
	s.n = from + 1
	return d
}

// before is the index of the token before i, a comma between them left out.
func (s *scanner) before(i int) int {
	if i > 1 && s.toks[i-1].kind == mark && s.line[s.toks[i-1].start] == ',' {
		return i - 2
	}
	return i - 1
}

// clock tells whether a time of day stands in [start, end).
func (s *scanner) clock(start, end int) bool {
	for _, c := range s.line[start:end] {
		if c == ':' {
			return true
		}
	}
	return false
}

// zone tells whether w, which ends at j, is the time zone of a date.
func (s *scanner) zone(w []byte, j int) bool {
	if s.n == 0 || !s.toks[s.n-1].date || len(w) < 3 || len(w) > 4 {
		return false
	}
	for _, c := range w {
		if classes[c]&upper == 0 {
			return false
		}
	}
	return j == len(s.line) || s.is(j+1, digit) || s.is(j, stop) && s.line[j] != ' '
}

func month(w []byte) bool {
	if len(w) < 3 || len(w) > 9 {
		return false
	}
	full := ""
	switch string(w[:3]) {
	case "Jan":
		full = "January"
	case "Feb":
		full = "February"
	case "Mar":
		full = "March"
	case "Apr":
		full = "April"
	case "May":
		full = "May"
	case "Jun":
		full = "June"
	case "Jul":
		full = "July"
	case "Aug":
		full = "August"
	case "Sep":
		full = "September"
	case "Oct":
		full = "October"
	case "Nov":
		full = "November"
	case "Dec":
		full = "December"
	default:
		return false
	}
	return len(w) == 3 || string(w) == full
}

func weekday(w []byte) bool {
	if len(w) < 3 || len(w) > 9 {
		return false
	}
	switch string(w) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday":
		return true
	}
	return false
}
