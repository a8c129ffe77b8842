package crash

import (
	"slices"
	"strings"
	"time"
)

// Options limit what a Finder keeps. The zero Options are the defaults.
type Options struct {
	MaxStreams int           // incomplete crashes at a time, one for each stream; beyond that the least recent one is closed; 1024 if zero
	MaxBytes   int           // bytes of a crash; a longer one loses its middle; 64 KiB if zero
	MaxLines   int           // lines of a crash, after which it is closed; 20000 if zero
	MaxRaw     int           // bytes of Crash.Raw; 4 KiB if zero
	MaxForeign int           // lines in a row of other programs between two lines of a crash; 8 if zero
	MaxGap     time.Duration // time between two lines of a crash; 5s if zero
}

func (o Options) withDefaults() Options {
	set := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	set(&o.MaxStreams, 1024)
	set(&o.MaxBytes, 64<<10)
	set(&o.MaxLines, 20_000)
	set(&o.MaxRaw, 4<<10)
	set(&o.MaxForeign, 8)
	if o.MaxGap <= 0 {
		o.MaxGap = 5 * time.Second
	}
	return o
}

// Longer lines are cut: maxLine bytes of a line of a log, maxKept bytes of a line
// that is kept of a crash.
const (
	maxLine = 1 << 20
	maxKept = 4 << 10
)

// maxTries is how many anchors of a line are tried.
const maxTries = 16

// maxBlank is how many lines in a row may have roleBlank before a crash is closed.
const maxBlank = 256

// A Finder finds the crashes in lines of logs. The lines of a stream (a container,
// a process) come in order; the lines of several streams may be interleaved. It is
// not safe for concurrent use.
type Finder struct {
	o     Options
	open  map[string]*stack
	found []Found
	stale time.Time // no open stack had its last line before this time
}

// A stack is a crash that is not complete yet.
type stack struct {
	dialect     *dialect
	lines       []string
	bytes       int
	seen        int // lines so far, kept or not
	foreign     int // lines of other programs in a row
	blanks      int // lines with roleBlank in a row
	phase       int // for the dialect to use
	first, last time.Time
	cut         bool   // a container runtime cut the latest line
	part        []byte // the beginning of that line
}

// NewFinder makes a Finder.
func NewFinder(o Options) *Finder {
	return &Finder{o: o.withDefaults(), open: map[string]*stack{}}
}

// Add takes the next line of a stream, without its newline, and returns the
// crashes that are complete now. A crash is complete when something else follows it,
// so that the last crash of a stream is returned with a later line, at a later time,
// or by Flush. A line may hold newlines, or a whole trace escaped in a quoted
// string. A line that belongs to no crash takes no memory.
func (f *Finder) Add(stream, line string, at time.Time) []Found {
	f.found = nil
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	if len(f.open) > 0 {
		f.expire(at)
	}
	var s *stack
	if len(f.open) > 0 {
		s = f.open[stream]
	}
	switch {
	case partial(line):
		if s == nil {
			s = f.start(stream, nil, at)
		}
		text := part(line)
		s.part = append(s.part, text[:min(len(text), f.o.MaxBytes-len(s.part))]...)
		s.cut, s.last = true, at
	case s != nil:
		if s.cut {
			line = string(s.part) + part(line)
			s.cut, s.part = false, nil
			if s.dialect == nil {
				delete(f.open, stream)
			}
		}
		f.text(stream, line, at, 0)
	default:
		if i, _ := anchors.next(line, 0); i >= 0 {
			f.text(stream, line, at, 0)
		}
	}
	return f.found
}

// Flush returns the crashes that are not complete yet, as they are, in the order of
// their first lines.
func (f *Finder) Flush() []Found {
	f.found = nil
	f.closeWhere(func(*stack) bool { return true })
	return f.found
}

// text takes in the content of a log line: lines, or quoted strings with lines.
func (f *Finder) text(stream, line string, at time.Time, depth int) {
	if log, ok := dockerLog(line); ok {
		line = log
	}
	if depth < 3 && strings.IndexByte(line, '"') >= 0 {
		escaped(line, func(text string) {
			if i, _ := anchors.next(text, 0); i < 0 {
				return
			}
			f.close(stream)
			f.text(stream, text, at, depth+1)
			f.close(stream)
		})
		if len(f.found) > 0 && f.open[stream] == nil {
			return
		}
	}
	line = strings.ReplaceAll(line, "#012", "\n") // rsyslog's newline
	for l := range strings.SplitSeq(line, "\n") {
		f.line(stream, clean(l), at)
	}
}

// line takes in one line without its header.
func (f *Finder) line(stream, line string, at time.Time) {
	s := f.open[stream]
	if s != nil && s.dialect != nil {
		switch s.dialect.roleOf(s, line) {
		case roleInside:
			f.keep(s, line, at)
			if s.seen >= f.o.MaxLines {
				f.close(stream)
			}
			return
		case roleLast:
			f.keep(s, line, at)
			f.close(stream)
			return
		case roleBlank:
			if s.blanks++; s.blanks > maxBlank {
				f.close(stream)
			}
			s.last = at
			return
		case roleForeign:
		}
	}
	i, d := anchors.next(line, 0)
	for tries := 0; i >= 0 && tries < maxTries; tries++ {
		if rest, ok := d.opens(line, i); ok {
			f.close(stream)
			f.keep(f.start(stream, d, at), rest, at)
			return
		}
		i, d = anchors.next(line, i+1)
	}
	if s != nil {
		if s.foreign++; s.foreign > f.o.MaxForeign {
			f.close(stream)
		}
	}
}

// start opens a crash of a stream. If too many are open, the least recent one is
// closed.
func (f *Finder) start(stream string, d *dialect, at time.Time) *stack {
	if len(f.open) >= f.o.MaxStreams {
		oldest := ""
		for name, s := range f.open {
			if o := f.open[oldest]; o == nil || s.last.Before(o.last) || s.last.Equal(o.last) && name < oldest {
				oldest = name
			}
		}
		f.close(oldest)
	}
	if len(f.open) == 0 || at.Before(f.stale) {
		f.stale = at
	}
	s := &stack{dialect: d, first: at, last: at}
	f.open[strings.Clone(stream)] = s
	return s
}

// keep adds a line to a crash. A crash that grows too long loses lines from its
// middle: the top tells where it happened, and the end often why.
func (f *Finder) keep(s *stack, line string, at time.Time) {
	line = strings.Clone(clip(line, maxKept))
	s.lines = append(s.lines, line)
	s.bytes += len(line) + 16 // a string's own
	s.seen++
	s.foreign, s.blanks, s.last = 0, 0, at
	if s.bytes <= f.o.MaxBytes || len(s.lines) < 4 {
		return
	}
	n := len(s.lines)
	for _, l := range s.lines[n/2 : n-n/4] {
		s.bytes -= len(l) + 16
	}
	s.lines = slices.Delete(s.lines, n/2, n-n/4)
}

// expire closes the crashes whose last line is more than MaxGap before at.
func (f *Finder) expire(at time.Time) {
	old := func(s *stack) bool { return at.Sub(s.last) > f.o.MaxGap }
	if at.Sub(f.stale) <= f.o.MaxGap {
		return
	}
	f.closeWhere(old)
	f.stale = at
	for _, s := range f.open {
		if s.last.Before(f.stale) {
			f.stale = s.last
		}
	}
}

// closeWhere closes the crashes for which fits is true, in the order of their first
// lines.
func (f *Finder) closeWhere(fits func(*stack) bool) {
	var names []string
	for name, s := range f.open {
		if fits(s) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if c := f.open[a].first.Compare(f.open[b].first); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		f.close(name)
	}
}

// close takes the open crash of a stream, if there is one, as complete.
func (f *Finder) close(stream string) {
	s := f.open[stream]
	if s == nil {
		return
	}
	delete(f.open, stream)
	if s.dialect == nil {
		return
	}
	c, ok := s.dialect.read(s.lines)
	if !ok {
		return
	}
	c.sign()
	c.Raw = text(excerpt(s.lines, f.o.MaxRaw), f.o.MaxRaw)
	f.found = append(f.found, Found{Crash: c, Stream: stream, First: s.first, Last: s.last, Lines: s.seen})
}

// excerpt returns the first lines of a trace, as many as fit into n bytes.
func excerpt(lines []string, n int) string {
	var b strings.Builder
	for _, l := range lines {
		if b.Len()+len(l) > n {
			l = clip(l, n-b.Len())
		}
		b.WriteString(l)
		if b.Len() >= n-1 {
			break
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}
