package crash

import (
	"strings"
)

// rustChain tells whether a line starts the causes of an error that main
// returned, as anyhow and eyre print it:
//
//	Error: the configuration cannot be read
//
//	Caused by:
//	    0: shop.toml cannot be opened
//	    1: No such file or directory (os error 2)
//
// The head alone is any error that somebody logs.
func rustChain(line string) bool { return line == "Caused by:" }

// rustChainRole returns the role of a line in such an error.
func rustChainRole(line string) role {
	text := strings.TrimLeft(line, " \t")
	switch {
	case text == "":
		return roleBlank
	case rustChain(line), text == "Location:", text == "Stack backtrace:", len(text) < len(line):
		return roleInside
	}
	return roleForeign
}

// readRustChain reads what was said, from the outside in, the place that eyre
// adds, and the calls if there are any.
func readRustChain(lines []string) (Crash, bool) {
	c := Crash{Runtime: Rust, Class: "Error"}
	head, ok := strings.CutPrefix(lines[0], "Error: ")
	said := []string{parameterise(head)}
	file, part := "", ""
	for i, line := range lines[1:] {
		text := strings.TrimLeft(line, " \t")
		if len(text) == len(line) {
			part = text
			if text == "Stack backtrace:" {
				c.Frames = rustFrames(lines[i+2:])
				break
			}
			continue
		}
		switch part {
		case "Caused by:":
			if n, after, ok := strings.Cut(text, ": "); ok && digitsOnly(n) {
				text = after
			}
			said = append(said, parameterise(text))
		case "Location:":
			file = rustPlace(text)
		}
	}
	c.Message = clip(strings.Join(said, ": "), maxMessage)
	if len(c.Frames) == 0 && file != "" {
		c.Frames = []Frame{{Module: rustFile(file), InApp: rustInApp("", file)}}
	}
	return c, ok && len(said) > 1
}
