package cluster

// A fieldClass says what a field of a header looks like.
type fieldClass uint8

const (
	fieldWord  fieldClass = iota // letters
	fieldIdent                   // a name with marks or digits
	fieldTag                     // ends in ":" or "]"
	fieldPunct                   // no letter and no digit
	fieldBrack                   // in brackets
	fieldLevel                   // INFO, [warn], E
	fieldNum                     // begins with a digit; month, weekday
	fieldTime                    // has a time or a date in it
	fieldClasses
)

// A field is a piece of a line between white space or "|".
type field struct {
	start, end int
	pipe       bool // "|" stands behind it
	padded     bool // more than one blank stands behind it
}

const maxBracket = 256 // longest field in brackets

// fieldAt reads the field that begins at i, where no white space is, and returns it
// and where the next begins.
func fieldAt(line []byte, i int) (f field, next int) {
	f.start = i
	if i < len(line) && (line[i] == '[' || line[i] == '(') {
		if end := closing(line, i); end > 0 {
			i = end
			if i < len(line) && (line[i] == '[' || line[i] == '(') {
				f.end = i // [time][level]
				return f, i
			}
		}
	}
	for i < len(line) && line[i] != ' ' && line[i] != '\t' && line[i] != '|' {
		i++
	}
	f.end = i
	next = i
	for next < len(line) && (line[next] == ' ' || line[next] == '\t') {
		next++
	}
	f.padded = next > i+1
	if next < len(line) && line[next] == '|' {
		f.pipe = true
		for next++; next < len(line) && line[next] == ' '; next++ {
		}
	}
	return f, next
}

// closing is where the bracket that opens at i has closed; 0 if it is not near.
func closing(line []byte, i int) int {
	depth := 0
	for j := i; j < len(line) && j-i < maxBracket; j++ {
		switch line[j] {
		case '[', '(':
			depth++
		case ']', ')':
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	return 0
}

// classify tells what w looks like.
func classify(w []byte) fieldClass {
	if len(w) == 0 {
		return fieldPunct
	}
	letters, digits := 0, 0
	for _, c := range w {
		if classes[c]&letter != 0 && c != '_' && c != '$' {
			letters++
		} else if classes[c]&digit != 0 {
			digits++
		}
	}
	switch {
	case letters+digits == 0:
		return fieldPunct
	case isLevel(w):
		return fieldLevel
	case isTime(w, letters, digits):
		return fieldTime
	case isNum(w, letters):
		return fieldNum
	case w[len(w)-1] == ':':
		return fieldTag
	case w[0] == '[' || w[0] == '(':
		return fieldBrack
	case w[len(w)-1] == ']':
		return fieldTag
	case letters == len(w):
		return fieldWord
	}
	return fieldIdent
}

// isLevel tells whether w is the name of a level, in brackets or before ":" perhaps.
func isLevel(w []byte) bool {
	for len(w) > 0 && (w[0] == '[' || w[0] == '<' || w[0] == '(') {
		w = w[1:]
	}
	for len(w) > 0 {
		switch w[len(w)-1] {
		case ']', '>', ':', ')', ',':
			w = w[:len(w)-1]
			continue
		}
		break
	}
	if len(w) == 1 {
		switch w[0] {
		case 'I', 'W', 'E', 'D', 'V', 'F', 'T':
			return true
		}
		return false
	}
	if len(w) > 9 {
		return false
	}
	var low [9]byte
	for i, c := range w {
		if classes[c]&upper != 0 {
			c |= 0x20
		}
		low[i] = c
	}
	switch string(low[:len(w)]) {
	case "trace", "debug", "info", "information", "notice", "warn", "warning", "error", "err", "fatal", "critical", "crit", "severe", "alert", "emerg", "panic",
		"verbose", "log", "trc", "dbg", "inf", "wrn", "ftl", "fine", "finer", "finest", "config", "failure", "hint", "detail", "statement":
		return true
	}
	return false
}

// isTime tells whether w has hh:mm, a date, or an epoch in it.
func isTime(w []byte, letters, digits int) bool {
	if letters == 0 && number(w) {
		return true
	}
	if letters > 5 && w[0] != '[' {
		return false
	}
	for i := range w {
		if classes[w[i]]&digit == 0 {
			continue
		}
		if i > 0 && classes[w[i-1]]&digit != 0 {
			continue
		}
		// A run of digits begins: is it followed by a mark of time and digits?
		j := i
		for j < len(w) && classes[w[j]]&digit != 0 {
			j++
		}
		if j+2 < len(w) && classes[w[j+1]]&digit != 0 && classes[w[j+2]]&digit != 0 {
			switch {
			case w[j] == ':' && j-i <= 2,
				(w[j] == '-' || w[j] == '/') && (j-i == 4 || j-i == 2 && letters == 0),
				w[j] == '.' && j-i == 4,
				w[j] == '.' && j-i == 2 && (len(w) >= j+8 && w[j+3] == '.' && classes[w[j+5]]&classes[w[j+6]]&classes[w[j+7]]&digit != 0): // 30.10.2024
				return true
			}
		}
	}
	// klog: I0102
	return len(w) == 5 && letters == 1 && digits == 4 && isLevel(w[:1])
}

// number tells whether w is a number as dates, epochs and the clock of a kernel
// are written: 20240131, 1700000000.123:, [   12.345678].
func number(w []byte) bool {
	kernel := w[0] == '['
	for len(w) > 0 && (w[0] == '[' || w[0] == ' ') {
		w = w[1:]
	}
	i := 0
	for i < len(w) && classes[w[i]]&digit != 0 {
		i++
	}
	whole := i
	if i < len(w) && (w[i] == '.' || w[i] == ',') {
		for i++; i < len(w) && classes[w[i]]&digit != 0; i++ {
		}
	}
	fraction := i - whole - 1
	if i < len(w) && (w[i] == ':' || w[i] == ']' || w[i] == ',') {
		i++
	}
	if i < len(w) {
		return false
	}
	switch whole {
	case 6, 8, 13, 14:
		return fraction < 0
	case 10:
		return true
	}
	return kernel && fraction == 6
}

// isNum tells whether w is a number with few letters, or the name of a month or weekday.
func isNum(w []byte, letters int) bool {
	if month(w) || weekday(w) {
		return true
	}
	i := 0
	if w[0] == '+' || w[0] == '-' || w[0] == '<' || w[0] == '#' {
		i = 1
	}
	return i < len(w) && classes[w[i]]&digit != 0 && letters <= 5
}
