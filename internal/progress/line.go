package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// How often a line is written anew while nothing happens: on a terminal in
// place, elsewhere below the one before.
const (
	redraw = time.Second
	repeat = 10 * time.Second
)

// line is the one line that says how far something is. It is safe for use by
// several goroutines.
type line struct {
	w        io.Writer
	terminal bool
	now      func() time.Time

	mu      sync.Mutex
	text    func(took time.Duration) string
	began   time.Time
	written time.Time // when the line was written last
	last    string    // and how it was
	open    bool      // whether the terminal's cursor is behind an unfinished line
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

// change does what changes the text, and shows it if it is time.
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

// say writes s below, and the line below that.
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

// end leaves the line as it is at last.
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

// tick writes the line from time to time until stop is closed, so that it is
// seen that time goes by.
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
