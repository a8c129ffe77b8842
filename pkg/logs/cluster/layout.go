package cluster

// A column is a field that the header of every line has.
type column struct {
	class fieldClass
	weak  bool // may hold anything; it is part of the header for what stands to the right
	pipe  bool // "|" stands behind it
}

// A layout is the columns of a header.
type layout []column

const (
	maxColumns = 14
	timeWithin = 8 // one of so many first columns holds the time, or there is no header
	maxWeak    = 4 // so many columns in a row may hold anything
)

// columnStats counts what a column holds in a sample of lines.
type columnStats struct {
	count        [fieldClasses]int
	lines        int
	pipe, padded int
	near         int // lines with a separator in this column or one of the next two
	lastNear     int // number of the last of these lines
}

// learnLayout finds the columns that at least nine of ten lines begin with; nil if there are none.
func learnLayout(lines [][]byte) layout {
	var seen [maxColumns]columnStats
	look(&seen, lines)
	sights := seen[:]
	n := float64(len(lines))
	const need = .9
	time := -1
	for c := range min(timeWithin, len(sights)) {
		if float64(sights[c].count[fieldTime]) >= need*n {
			time = c
			break
		}
	}
	if time < 0 {
		return nil
	}
	if sentence(sights[:time+1]) {
		return nil
	}
	var l layout
	last, weak := 0, 0
	for c := range sights {
		s := &sights[c]
		class, ok := s.strong(n*need, n*.8, c > time)
		if ok && class == fieldNum && c > time && weak > 0 {
			ok = false // a number of the message
		}
		if !ok {
			if weak++; weak > maxWeak {
				break
			}
			l = append(l, column{weak: true, pipe: float64(s.pipe) >= need*n})
			continue
		}
		weak = 0
		l = append(l, column{class: class, pipe: float64(s.pipe) >= need*n})
		last = len(l)
		if class == fieldTag && c > time {
			break
		}
	}
	if last <= time {
		last = time + 1
	}
	return l[:last]
}

// sentence tells whether words lead to the time that the last column holds, so
// that it is part of a message. One word, or words behind a number or a mark,
// may be names.
func sentence(sights []columnStats) bool {
	wordy := func(s *columnStats) bool { return 2*s.count[fieldWord] > s.lines }
	last := len(sights) - 1
	if last < 2 {
		return false
	}
	first := &sights[0]
	if 2*(first.count[fieldNum]+first.count[fieldPunct]+first.count[fieldLevel]+first.count[fieldBrack]) > first.lines {
		return false
	}
	for i := range sights[:last] {
		if wordy(&sights[i]) {
			return true
		}
	}
	return false
}

// look counts what the columns of lines look like.
func look(sights *[maxColumns]columnStats, lines [][]byte) {
	for k, line := range lines {
		n := k + 1
		i := skipBlanks(line, 0)
		for c := 0; c < maxColumns && i < len(line); c++ {
			f, next := fieldAt(line, i)
			s := &sights[c]
			class := classify(line[f.start:f.end])
			for back := 0; class == fieldPunct && back < 3 && c-back >= 0 && sights[c-back].lastNear != n; back++ {
				sights[c-back].near++
				sights[c-back].lastNear = n
			}
			s.count[class]++
			s.lines++
			if f.pipe {
				s.pipe++
			}
			if f.padded {
				s.padded++
			}
			i = next
		}
	}
}

func skipBlanks(line []byte, i int) int {
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	return i
}

// strong tells whether the column belongs to a header by its looks, on need
// lines or, right of the time, on fewer.
func (s *columnStats) strong(need, fewer float64, afterTime bool) (fieldClass, bool) {
	n := func(classes ...fieldClass) (sum float64) {
		for _, c := range classes {
			sum += float64(s.count[c])
		}
		return sum
	}
	switch {
	case n(fieldNum, fieldTime) >= need:
		if n(fieldTime) >= need {
			return fieldTime, true
		}
		return fieldNum, true
	case n(fieldLevel) >= need:
		return fieldLevel, true
	case n(fieldPunct) >= need, float64(s.near) >= need && 2*s.count[fieldPunct] >= s.lines:
		return fieldPunct, true
	case n(fieldBrack, fieldLevel, fieldTime) >= need:
		return fieldBrack, true
	case n(fieldTag, fieldLevel) >= need, afterTime && n(fieldTag, fieldLevel, fieldBrack) >= fewer:
		return fieldTag, true
	case float64(s.pipe) >= need:
		return fieldWord, true
	case afterTime && float64(s.padded) >= need:
		return fieldWord, true // filled up with blanks: a column for the eye
	}
	return 0, false
}

// A fit says how well a line has the columns of a layout.
type fit uint8

const (
	noFit   fit = iota
	partFit     // those up to the time and perhaps more
	wholeFit
)

// cut returns the line without its header, and how well the header is as the layout says.
func (l layout) cut(line []byte) ([]byte, fit) {
	i := skipBlanks(line, 0)
	for c := range l {
		if i >= len(line) {
			return nil, noFit
		}
		col := &l[c]
		f, next := fieldAt(line, i)
		if !col.weak && !col.fits(line, &f, &next) {
			if !l.pastTime(c) {
				return line, noFit
			}
			return line[i:], partFit
		}
		i = next
	}
	return line[i:], wholeFit
}

// pastTime tells whether a column before c holds the time.
func (l layout) pastTime(c int) bool {
	for k := range c {
		if l[k].class == fieldTime || l[k].class == fieldBrack {
			return true
		}
	}
	return false
}

// fits tells whether f is as the column says. It moves f and next on if that makes it so.
func (col *column) fits(line []byte, f *field, next *int) bool {
	w := line[f.start:f.end]
	switch col.class {
	case fieldTime:
		return len(w) > 0 && (classes[w[0]]&digit != 0 || len(w) > 1 && classes[w[1]]&digit != 0 || w[0] == '[')
	case fieldNum:
		return len(w) > 0 && (classes[w[0]]&letter == 0 || month(w) || weekday(w))
	case fieldLevel:
		return isLevel(w) || len(w) <= 8 && capitals(w)
	case fieldPunct:
		for n := 0; n < 3; n++ {
			if classify(line[f.start:f.end]) == fieldPunct {
				return true
			}
			if *next >= len(line) {
				break
			}
			*f, *next = fieldAt(line, *next)
		}
		return false
	case fieldBrack:
		return len(w) > 0 && (w[0] == '[' || w[0] == '(' || isLevel(w))
	case fieldTag:
		return tag(line, f, next)
	default:
		return true
	}
}

func capitals(w []byte) bool {
	for _, c := range w {
		if classes[c]&upper == 0 {
			return false
		}
	}
	return true
}

// tag tells whether f ends in ":" or "]". Names of programs may have blanks in
// them: "Some Helper[12]:".
func tag(line []byte, f *field, next *int) bool {
	if n := f.end; n > f.start && (line[n-1] == ':' || line[n-1] == ']') {
		return true
	}
	i := *next
	for range 3 {
		if i >= len(line) {
			return false
		}
		g, after := fieldAt(line, i)
		if g.end-g.start > 2 && line[g.end-1] == ':' && line[g.end-2] == ']' {
			f.end, *next = g.end, after
			return true
		}
		i = after
	}
	return false
}
