package progress

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Compile makes the program of a Go package and writes how many of the
// packages that have to be compiled for it are. What it is called is for the
// reader: "Compiling the demo: 812 of 1,209 packages, 1m10s".
func Compile(w io.Writer, called, pkg, program string) error {
	c := &compilation{called: called, line: newLine(w), waiting: make(map[string]bool)}
	stop := make(chan struct{})
	defer close(stop)
	c.line.start(c.looking)
	go c.line.tick(stop)

	// Go's own count of what is not in its cache; to make it, it downloads the
	// modules. To Go a program that is not installed is never up to date, so
	// the program itself does not count.
	var stale strings.Builder
	const format = `{{if eq .Name "main"}}program {{.ImportPath}}{{else if .Stale}}package {{.ImportPath}}{{end}}`
	if err := c.run(&stale, "list", "-deps", "-f", format, pkg); err != nil {
		return err
	}
	for line := range strings.Lines(stale.String()) {
		switch kind, path, _ := strings.Cut(strings.TrimSpace(line), " "); kind {
		case "program":
			c.program = path
		case "package":
			c.waiting[path] = true
		}
	}
	c.total = len(c.waiting)
	c.line.start(c.compiling)
	return c.run(nil, "build", "-v", "-o", program, pkg)
}

// compilation is how far the compilation of a program is.
type compilation struct {
	called     string
	line       *line
	program    string          // the import path of the program's own package
	waiting    map[string]bool // the packages below it that are not compiled yet
	total      int             // how many there were
	downloaded int
}

// looking says what is done before anything is compiled.
func (c *compilation) looking(took time.Duration) string {
	s := fmt.Sprintf("Looking at what has to be compiled for %s", c.called)
	if c.downloaded > 0 {
		s += fmt.Sprintf(": %s downloaded", Count(c.downloaded, "module"))
	}
	if took < time.Second {
		return s
	}
	return s + ", " + took.Round(time.Second).String()
}

// compiling says how many packages have been begun. After the last the linker
// is at work, which takes a while and says nothing.
func (c *compilation) compiling(took time.Duration) string {
	s := "Linking " + c.called
	if c.total > 0 {
		s = fmt.Sprintf("Compiling %s: %s of %s", c.called, thousands(c.total-len(c.waiting)), Count(c.total, "package"))
		if len(c.waiting) == 0 {
			s += ", linking"
		}
	}
	if took < time.Second {
		return s
	}
	return s + ", " + took.Round(time.Second).String()
}

// read takes a line of what the go command writes beside its output. It
// returns false if the line is none about progress.
func (c *compilation) read(s string) bool {
	if strings.HasPrefix(s, "go: downloading ") {
		c.downloaded++
		return true
	}
	if c.waiting[s] {
		delete(c.waiting, s)
		return true
	}
	return s == c.program
}

// run runs the go command, and passes on what it says that is not progress.
func (c *compilation) run(stdout io.Writer, args ...string) error {
	defer c.line.end()
	cmd := exec.Command("go", args...)
	cmd.Stdout = stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		known := false
		c.line.change(func() { known = c.read(lines.Text()) })
		if !known {
			c.line.say(lines.Text())
		}
	}
	_, _ = io.Copy(os.Stderr, stderr) // what a line too long for the scanner left
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("go %s: %w", args[0], err)
	}
	return nil
}
