package crash

import (
	"slices"
	"strings"
	"time"
)

// Options bound what a Finder keeps. The zero value means the defaults.
type Options struct {
	MaxStreams int           // crashes open at a time, one a stream; the one without a line for the longest time is closed for another: 1024
	MaxBytes   int           // of one crash; what is longer loses its middle: 64 KiB
	MaxLines   int           // of one crash, after which it is taken as it is: 20000
	MaxRaw     int           // bytes of Crash.Raw: 4 KiB
	MaxForeign int           // lines of others in a row between two of a crash: 8
	MaxGap     time.Duration // between two lines of a crash: 5s
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

// Lines longer than these are cut: one of a log, one that is kept of a crash.
const (
	maxLine = 1 << 20
	maxKept = 4 << 10
)

// The most anchors of a line that are looked at.
const maxTries = 16

// The most lines in a row that may belong to a crash and say nothing of it.
const maxBlank = 256

// A Finder finds the crashes in lines of logs: those of one stream (a
// container, a process) joined, those of many streams interleaved. It is not
// safe for use by several goroutines at once.
type Finder struct {
	o     Options
	open  map[string]*stack
	found []Found
	stale time.Time // no open stack had its last line before
}

// A stack is a crash whose lines are still coming in.
type stack struct {
	of          *dialect
	lines       []string
	bytes       int
	seen        int // lines so far, kept or not
	foreign     int // lines of others in a row
	blanks      int // lines in a row that say nothing
	phase       int // the dialect's own
	first, last time.Time
	cut         bool   // a container runtime cut a line, of which
	part        []byte // this is the start
}

// NewFinder makes a Finder.
func NewFinder(o Options) *Finder {
	return &Finder{o: o.withDefaults(), open: map[string]*stack{}}
}

// Add takes the next line of a stream, without its newline, and returns the
// crashes that it completed. A line is completed by what follows it, so the
// last crash of a stream comes with a later line, a later time or Flush. A line
// may hold newlines, or a whole trace escaped in a quoted string. A line that
// belongs to no crash costs no memory.
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
			if s.of == nil {
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

// Flush returns the crashes that are still open, as they are, the longest open
// first.
func (f *Finder) Flush() []Found {
	f.found = nil
	f.closeWhere(func(*stack) bool { return true })
	return f.found
}

// text takes what one log line holds: lines, or quoted strings with lines.
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

// line takes one line, its header off.
func (f *Finder) line(stream, line string, at time.Time) {
	s := f.open[stream]
	if s != nil && s.of != nil {
		switch s.of.joins(s, line) {
		case joined:
			f.keep(s, line, at)
			if s.seen >= f.o.MaxLines {
				f.close(stream)
			}
			return
		case ends:
			f.keep(s, line, at)
			f.close(stream)
			return
		case blank:
			if s.blanks++; s.blanks > maxBlank {
				f.close(stream)
			}
			s.last = at
			return
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

// start opens a crash of a stream; the stalest gives way when there are too many.
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
	s := &stack{of: d, first: at, last: at}
	f.open[strings.Clone(stream)] = s
	return s
}

// keep adds a line to a crash. One that grows too long loses lines from its
// middle: the top tells where it broke, the end often why.
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

// expire closes the crashes that had no line for too long.
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

// closeWhere closes the crashes that fit, by the time of their first line.
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

// close reads a stream's open crash, if it has one.
func (f *Finder) close(stream string) {
	s := f.open[stream]
	if s == nil {
		return
	}
	delete(f.open, stream)
	if s.of == nil {
		return
	}
	c, ok := s.of.read(s.lines)
	if !ok {
		return
	}
	c.sign()
	c.Raw = text(excerpt(s.lines, f.o.MaxRaw), f.o.MaxRaw)
	f.found = append(f.found, Found{Crash: c, Stream: stream, First: s.first, Last: s.last, Lines: s.seen})
}

// excerpt is the first lines of a trace, as many as fit.
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
