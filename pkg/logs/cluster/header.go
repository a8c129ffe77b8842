package cluster

import (
	"cmp"
	"slices"
	"strings"
)

const (
	sampleLines = 256     // lines that a layout is learnt from
	minSample   = 16      // fewer lines tell nothing of their header
	maxLayouts  = 8       // of one stream
	maxWait     = 1 << 17 // lines between two attempts to learn
	maxNested   = 2       // headers within headers
	maxSampled  = 1024    // bytes of a line that a layout is learnt from
)

// A header cuts the headers off lines. It learns the layouts of a stream from
// its first lines, and again when lines come that fit none of them. Headers
// without a time are left alone, since nothing tells them from a message.
type header struct {
	layouts []layout
	sample  [][]byte    // copies of lines that fit no layout
	changed bool        // layouts were added
	learnt  bool        // the first lines were seen
	wait    int         // lines not to sample before the next attempt
	pause   int         // what to wait after the next failure
	depth   int         // headers that this one is within
	inner   *header     // of what stands in a field of JSON or after a container's columns
	groups  [9][][]byte // of the sample, for byBegin
	buf     []byte
}

// cut returns the message of line.
func (h *header) cut(line []byte) []byte {
	body, ok := h.structured(line)
	if ok {
		return h.nested(body)
	}
	best, by := noFit, layout(nil)
	body = line
	for _, l := range h.layouts {
		if rest, f := l.cut(line); f > best {
			if best, body, by = f, rest, l; f == wholeFit {
				break
			}
		}
	}
	if best < wholeFit {
		h.missed(line)
	}
	if best > noFit && (len(body) > 1 && body[0] == '{' || by.container()) {
		return h.nested(body)
	}
	return body
}

// peek is cut without taking note of lines that fit no layout.
func (h *header) peek(line []byte) []byte {
	wait := h.wait
	h.wait = 1 << 62
	body := h.cut(line)
	h.wait = wait
	return body
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
	if h.depth >= maxNested {
		return body
	}
	if h.inner == nil {
		h.inner = &header{depth: h.depth + 1}
	}
	return h.inner.cut(body)
}

// missed takes note of a line that fits no layout.
func (h *header) missed(line []byte) {
	if h.wait > 0 {
		h.wait--
		return
	}
	line = line[:min(len(line), maxSampled)]
	if n := len(h.sample); n < cap(h.sample) {
		h.sample = h.sample[:n+1]
		h.sample[n] = append(h.sample[n][:0], line...)
	} else {
		h.sample = append(h.sample, slices.Clone(line))
	}
	if len(h.sample) >= sampleLines {
		h.learn()
	}
}

// learn finds layouts in the sample: one that nearly all lines have, and those
// that many have and that say more.
func (h *header) learn() {
	before := len(h.layouts)
	whole := learnLayout(h.sample)
	for _, g := range h.byBegin() {
		if len(g) >= minSample && 6*len(g) >= len(h.sample) {
			if l := learnLayout(g); len(l) >= len(whole) {
				h.know(l)
			}
		}
	}
	h.know(whole)
	if len(h.layouts) > before {
		h.changed = true
		h.pause = 1024
	} else {
		h.pause = min(max(1024, 2*h.pause), maxWait)
	}
	h.wait = h.pause
	h.sample = h.sample[:0]
}

// byBegin groups the sample by what lines begin with: a digit, a letter, or a mark.
func (h *header) byBegin() [][][]byte {
	const marks = "[<({\"-"
	for i := range h.groups {
		h.groups[i] = h.groups[i][:0]
	}
	used := 0
	for _, line := range h.sample {
		i := skipBlanks(line, 0)
		if i == len(line) {
			continue
		}
		k := len(h.groups) - 1
		switch c := line[i]; {
		case classes[c]&digit != 0:
			k = 0
		case classes[c]&letter != 0:
			k = 1
		default:
			if m := strings.IndexByte(marks, c); m >= 0 {
				k = 2 + m
			}
		}
		if len(h.groups[k]) == 0 {
			used++
		}
		h.groups[k] = append(h.groups[k], line)
	}
	if used < 2 {
		return nil
	}
	return h.groups[:]
}

// know adds a layout, those with more columns first.
func (h *header) know(l layout) {
	if len(l) == 0 {
		return
	}
	for _, k := range h.layouts {
		if slices.Equal(k, l) {
			return
		}
	}
	if len(h.layouts) == maxLayouts {
		h.layouts = h.layouts[:maxLayouts-1]
	}
	h.layouts = append(h.layouts, l)
	slices.SortStableFunc(h.layouts, func(a, b layout) int { return cmp.Compare(len(b), len(a)) })
}

// prime learns from the first lines of a stream, what stands in their fields included.
func (h *header) prime(lines [][]byte) {
	h.sample = lines
	h.learn()
	h.sample = nil
	var within [][]byte
	for _, line := range lines {
		body, ok := h.structured(line)
		if !ok {
			for _, l := range h.layouts {
				rest, f := l.cut(line)
				if f == wholeFit && (len(rest) > 1 && rest[0] == '{' || l.container()) {
					body, ok = rest, true
					break
				}
			}
		}
		if ok {
			within = append(within, slices.Clone(body))
		}
	}
	if len(within) >= minSample && h.inner == nil && h.depth < maxNested {
		h.inner = &header{depth: h.depth + 1}
		h.inner.prime(within)
	}
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
	best, by := noFit, layout(nil)
	for _, l := range h.layouts {
		if _, f := l.cut(line); f > best {
			best, by = f, l
		}
	}
	return by.time(line)
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
	for len(w) > 0 && (w[0] == '[' || w[0] == '(' || w[0] == '<' || w[0] == ' ') {
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
