package cluster

const (
	sampleLines = 256     // lines that a layout is learnt from
	minSample   = 16      // fewer lines tell nothing of their header
	maxLayouts  = 8       // of one stream
	maxWait     = 1 << 17 // lines between two attempts to learn
)

// A header cuts the headers off lines. It learns the layouts of a stream from
// its first lines, and again when lines come that fit none of them. Headers
// without a time are left alone, since nothing tells them from a message.
type header struct {
	layouts []layout
	sample  [][]byte // copies of lines that fit no layout
	learnt  bool     // the first lines were seen
	wait    int      // lines not to sample before the next attempt
	pause   int      // what to wait after the next failure
	inner   *header  // of what stands in a field of JSON or after a container's columns
	buf     []byte
}

// cut returns the message of line.
func (h *header) cut(line []byte) []byte {
	body, ok := h.structured(line)
	if ok {
		return h.nested(body)
	}
	for i, l := range h.layouts {
		body, ok := l.cut(line)
		if !ok {
			continue
		}
		if i > 0 { // the next line is likely to be of the same layout
			h.layouts[i], h.layouts[i-1] = h.layouts[i-1], l
		}
		if len(body) > 1 && body[0] == '{' || l.container() {
			return h.nested(body)
		}
		return body
	}
	h.missed(line)
	return line
}

// structured returns the message of a line of JSON or logfmt.
func (h *header) structured(line []byte) ([]byte, bool) {
	if len(line) < 2 {
		return nil, false
	}
	if line[0] == '{' {
		body, ok := jsonMessage(line, h.buf)
		h.keep(body)
		return body, ok
	}
	if classes[line[0]]&letter == 0 {
		return nil, false
	}
	for i := 1; i < len(line); i++ {
		if line[i] == '=' {
			body, ok := logfmtMessage(line, h.buf)
			h.keep(body)
			return body, ok
		}
		if classes[line[i]]&wordClass == 0 {
			break
		}
	}
	return nil, false
}

// keep keeps the memory of body for the next line, if it was made for it.
func (h *header) keep(body []byte) {
	if cap(body) > cap(h.buf) && cap(body) <= 2*maxLine {
		h.buf = body[:0]
	}
}

// nested cuts the header off what stood in a field.
func (h *header) nested(body []byte) []byte {
	if h.inner == nil {
		h.inner = &header{}
	}
	if h.inner.inner == nil {
		h.inner.inner = &header{learnt: true, wait: 1 << 62}
	}
	if h.inner.wait == 1<<62 {
		return body
	}
	return h.inner.cut(body)
}

// missed takes note of a line that fits no layout.
func (h *header) missed(line []byte) {
	if h.wait > 0 {
		h.wait--
		return
	}
	h.sample = append(h.sample, append([]byte(nil), line[:min(len(line), 1024)]...))
	if len(h.sample) >= sampleLines {
		h.learn()
	}
}

// learn finds layouts in the sample: one that nearly all lines have, or several.
func (h *header) learn() {
	before := len(h.layouts)
	if l := learnLayout(h.sample); l != nil {
		h.layouts = append(h.layouts, l)
	} else {
		groups := make(map[[2]fieldClass][][]byte)
		for _, line := range h.sample {
			f, next := fieldAt(line, skipBlanks(line, 0))
			g, _ := fieldAt(line, next)
			key := [2]fieldClass{classify(line[f.start:f.end]), classify(line[g.start:g.end])}
			groups[key] = append(groups[key], line)
		}
		for a := range fieldClasses {
			for b := range fieldClasses {
				if g := groups[[2]fieldClass{a, b}]; len(g) >= 16 && 6*len(g) >= len(h.sample) {
					if l := learnLayout(g); l != nil {
						h.layouts = append(h.layouts, l)
					}
				}
			}
		}
	}
	if len(h.layouts) > maxLayouts {
		h.layouts = h.layouts[len(h.layouts)-maxLayouts:]
	}
	if len(h.layouts) > before {
		h.pause = 1024
	} else {
		h.pause = min(max(1024, 2*h.pause), maxWait)
	}
	h.wait = h.pause
	h.sample = nil
}

// container tells whether l is what containers' runtimes write before a line: time, stream, F or P.
func (l layout) container() bool {
	return len(l) == 3 && l[0].class == fieldTime && l[2].class == fieldLevel && l[1].weak
}

// Time returns the text of the time in the header of line, as the header has
// it; "" if it has none.
func (c *Clusterer) Time(line []byte) string {
	c.start()
	return c.header.time(line)
}

func (h *header) time(line []byte) string {
	if len(line) > 0 && line[0] == '{' {
		return string(jsonField(line, isTimeKey))
	}
	for _, l := range h.layouts {
		if _, ok := l.cut(line); ok {
			return l.time(line)
		}
	}
	return ""
}

// time returns the columns of line that hold the time: the first that do, the
// month and day before it included.
func (l layout) time(line []byte) string {
	from, to := -1, -1
	i := skipBlanks(line, 0)
	for range l {
		f, next := fieldAt(line, i)
		w := line[f.start:f.end]
		switch class := classify(w); {
		case class == fieldTime:
			if from < 0 {
				from = f.start
			}
			to = f.end
		case from >= 0 && to < 0 && class == fieldNum: // the day of the month
		case to < 0 && (month(w) || weekday(w)):
			if from < 0 {
				from = f.start
			}
		case to >= 0:
			return trimTime(line[from:to])
		default:
			from = -1
		}
		i = next
	}
	if to < 0 {
		return ""
	}
	return trimTime(line[from:to])
}

func trimTime(w []byte) string {
	for len(w) > 0 && (w[0] == '[' || w[0] == '(' || w[0] == '<') {
		w = w[1:]
	}
	for len(w) > 0 {
		switch w[len(w)-1] {
		case ']', ')', ',', ':', '>':
			w = w[:len(w)-1]
			continue
		}
		break
	}
	return string(w)
}
