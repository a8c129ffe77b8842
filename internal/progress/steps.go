// Package progress shows what a long command is doing, how far it has come, and
// how long its parts took.
package progress

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A Step is a part of a command.
type Step struct {
	Name string
	Do   func() error
}

// Run runs steps one after the other, up to the first that fails, and writes when
// each begins and how long it took. It returns the error of the step that failed.
func Run(w io.Writer, steps ...Step) error {
	began := time.Now()
	for i, step := range steps {
		head := fmt.Sprintf("step %d of %d", i+1, len(steps))
		fmt.Fprintf(w, "\n%s: %s\n", head, step.Name)
		start := time.Now()
		err := step.Do()
		took := Duration(time.Since(start))
		if err != nil {
			fmt.Fprintf(w, "%s failed after %s: %s\n", head, took, step.Name)
			return fmt.Errorf("%s: %w", step.Name, err)
		}
		fmt.Fprintf(w, "%s took %s\n", head, took)
	}
	fmt.Fprintf(w, "\n%s, all passed, in %s\n", Count(len(steps), "step"), Duration(time.Since(began)))
	return nil
}

// Duration writes d as people say it: 0.4s, 12s, 1m10s, 1h2m.
func Duration(d time.Duration) string {
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	if d = d.Round(time.Second); d < time.Hour {
		return d.String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// Count writes a number of things, thing being the word for one: "1 step",
// "1,209 packages".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return thousands(n) + " " + thing + "s"
}

// thousands writes n with a comma before every three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
