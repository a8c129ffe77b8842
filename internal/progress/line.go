package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// How often a line is written again while nothing happens: in place on a terminal,
// below the last one elsewhere.
const (
	redraw = time.Second
	repeat = 10 * time.Second
)

// line is a progress line. It is safe for concurrent use.
type line struct {
	w        io.Writer
	terminal bool
	now      func() time.Time

	mu      sync.Mutex
	text    func(took time.Duration) string
	began   time.Time
	written time.Time // when the line was written last
	last    string    // its text at that time
	open    bool      // the terminal's cursor stands behind an unfinished line
}

func newLine(w io.Writer) *line {
	return &line{w: w, terminal: isTerminal(w), now: time.Now}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// start shows text from now on, and measures the time from now.
func (l *line) start(text func(took time.Duration) string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text, l.began, l.last = text, l.now(), ""
	l.write()
}

// change calls do, which changes the text, and shows the text if it is time.
func (l *line) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	if l.text == nil {
		return
	}
	if l.terminal || l.now().Sub(l.written) >= repeat {
		l.write()
	}
}

// say writes s, and the progress line below it.
func (l *line) say(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.open = false
	}
	fmt.Fprintln(l.w, s)
	if l.terminal && l.text != nil {
		l.write()
	}
}

// end writes the line for the last time.
func (l *line) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text == nil {
		return
	}
	l.write()
	if l.open {
		fmt.Fprintln(l.w)
	}
	l.text, l.open = nil, false
}

func (l *line) write() {
	l.written = l.now()
	text := l.text(l.written.Sub(l.began))
	if text == l.last && !l.terminal {
		return
	}
	l.last = text
	if l.terminal {
		fmt.Fprint(l.w, "\r\x1b[K"+text)
		l.open = true
		return
	}
	fmt.Fprintln(l.w, text)
}

// tick writes the line again from time to time until stop is closed, so that one
// sees that the command is still running.
func (l *line) tick(stop <-chan struct{}) {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			l.change(func() {})
		}
	}
}
