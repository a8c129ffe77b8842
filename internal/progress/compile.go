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

// Compile compiles the Go package pkg into a program and shows its progress: how
// many of the packages that are not in Go's cache have been begun. name is what
// users call the program: "Compiling the demo: 812 of 1,209 packages, 1m10s".
func Compile(w io.Writer, name, pkg, program string) error {
	c := &compilation{name: name, line: newLine(w), waiting: make(map[string]bool)}
	stop := make(chan struct{})
	defer close(stop)
	c.line.start(c.looking)
	go c.line.tick(stop)

	// go list says which packages are not in Go's cache, and downloads missing
	// modules for that. It always reports the program itself, which is not
	// installed anywhere, so the program is not counted.
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
	name       string
	line       *line
	program    string          // the import path of the program's own package
	waiting    map[string]bool // the packages below it that are not compiled yet
	total      int             // how many there were
	downloaded int
}

// looking is the progress line before anything is compiled.
func (c *compilation) looking(took time.Duration) string {
	s := fmt.Sprintf("Finding out what to compile for %s", c.name)
	if c.downloaded > 0 {
		s += fmt.Sprintf(": %s downloaded", Count(c.downloaded, "module"))
	}
	if took < time.Second {
		return s
	}
	return s + ", " + took.Round(time.Second).String()
}

// compiling is the progress line while packages are compiled: how many have been
// begun. After the last one comes the linker, which reports no progress.
func (c *compilation) compiling(took time.Duration) string {
	s := "Linking " + c.name
	if c.total > 0 {
		s = fmt.Sprintf("Compiling %s: %s of %s", c.name, thousands(c.total-len(c.waiting)), Count(c.total, "package"))
		if len(c.waiting) == 0 {
			s += ", linking"
		}
	}
	if took < time.Second {
		return s
	}
	return s + ", " + took.Round(time.Second).String()
}

// read takes in a line of the go command's standard error. It returns false if the
// line is not about progress.
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

// run runs the go command, and shows the lines that are not about progress.
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
		progress := false
		c.line.change(func() { progress = c.read(lines.Text()) })
		if !progress {
			c.line.say(lines.Text())
		}
	}
	_, _ = io.Copy(os.Stderr, stderr) // the rest, after a line too long for the scanner
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("go %s: %w", args[0], err)
	}
	return nil
}
