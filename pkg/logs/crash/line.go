package crash

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// clean takes off what a container runtime, a log agent or a logging library
// writes before the text of a line. Indentation of the text stays.
func clean(line string) string {
	line = uncoloured(strings.TrimSuffix(line, "\r"))
	for range 12 { // a header of more parts than that is none
		rest, ok := headerPart(line)
		if !ok {
			break
		}
		line = rest
	}
	return line
}

// uncoloured takes the escapes out that colour a terminal: ESC [ 31 m.
func uncoloured(line string) string {
	i := strings.IndexByte(line, 0x1b)
	if i < 0 {
		return line
	}
	var b strings.Builder
	for i >= 0 {
		b.WriteString(line[:i])
		line = line[i+1:]
		if strings.HasPrefix(line, "[") {
			n := 1
			for n < len(line) && (line[n] == ';' || '0' <= line[n] && line[n] <= '9') {
				n++
			}
			line = line[min(n+1, len(line)):]
		}
		i = strings.IndexByte(line, 0x1b)
	}
	b.WriteString(line)
	return b.String()
}

// headerPart takes one part of a header and the one space after it off.
func headerPart(s string) (string, bool) {
	if s == "" {
		return s, false
	}
	n := 0
	switch c := s[0]; {
	case '0' <= c && c <= '9':
		if n = timestamp(s); n == 0 {
			n = logcat(s)
		}
	case c == '[':
		n = bracketed(s)
	case c == '<':
		n = priority(s)
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
		n = named(s)
	case c == '|' || c == '-':
		if len(s) > 2 && s[1] == ' ' {
			n = 1
		}
	}
	if n == 0 || n > len(s) {
		return s, false
	}
	if n < len(s) && s[n] == ':' {
		n++
	}
	if n < len(s) && s[n] == ' ' {
		n++
	}
	return s[n:], true
}

// timestamp is the length of a date, a time, both, or a time since boot, with
// the stream and tag of a Kubernetes (CRI) line where those follow; or 0.
func timestamp(s string) int {
	n, digits, marks := 0, 0, 0
	for n < len(s) {
		c := s[n]
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == '-' || c == ':' || c == '.' || c == ',' || c == '/' || c == '+':
			marks++
		case (c == 'T' || c == 'Z') && digits >= 6:
		default:
			goto done
		}
		n++
	}
done:
	if digits < 6 || marks < 2 || n < len(s) && s[n] != ' ' {
		return 0
	}
	for _, tag := range [...]string{" stdout F", " stderr F", " stdout P", " stderr P"} {
		if strings.HasPrefix(s[n:], tag) {
			return n + len(tag)
		}
	}
	return n
}

// logcat is the length of Android's month, day, time, process and thread, or 0.
func logcat(s string) int {
	if len(s) < 20 || s[2] != '-' || s[5] != ' ' || s[8] != ':' || s[11] != ':' {
		return 0
	}
	n := len("01-02 03:04:05")
	for n < len(s) && (s[n] == '.' || s[n] == ' ' || '0' <= s[n] && s[n] <= '9') {
		n++
	}
	return n - 1 // a space, which goes with it
}

// bracketed is the length of a short [part], such as a time since boot, a
// thread or a logger, with a following space; or 0.
func bracketed(s string) int {
	end := strings.IndexByte(s[:min(len(s), 64)], ']')
	if end < 0 || strings.HasPrefix(s, "[signal ") || strings.HasPrefix(s, "[cause]") {
		return 0
	}
	if end+1 < len(s) && s[end+1] != ' ' && s[end+1] != ':' && s[end+1] != '[' {
		return 0
	}
	return end + 1
}

// priority is the length of syslog's <13>, or 0.
func priority(s string) int {
	end := strings.IndexByte(s[:min(len(s), 6)], '>')
	if end < 2 {
		return 0
	}
	for i := 1; i < end; i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
	}
	return end + 1
}

// named is the length of a level, of a container's name before a bar, of a
// klog header or of syslog's month, host and process; or 0.
func named(s string) int {
	word := strings.IndexAny(s[:min(len(s), 64)], " \t:|")
	if word <= 0 {
		return 0
	}
	switch w := s[:word]; {
	case strings.HasPrefix(s, kernelWarning): // no level: Linux says it of itself
	case levels[w]:
		return word
	case len(w) == 1 && strings.IndexByte("VDIWEF", w[0]) >= 0: // logcat: E AndroidRuntime:
		if tag := strings.IndexAny(s[2:min(len(s), 64)], " :"); tag > 0 && s[2+tag] == ':' {
			return 2 + tag
		}
	case len(w) == 5 && strings.IndexByte("IWEF", w[0]) >= 0 && digitsOnly(w[1:]): // klog: E0102 03:04:05.678901 1 file.go:12]
		if end := strings.Index(s[:min(len(s), 96)], "] "); end > 0 {
			return end + 1
		}
	case len(w) == 3 && strings.Contains("JanFebMarAprMayJunJulAugSepOctNovDec", w): // syslog: Jan  2 03:04:05 host process[1]:
		if f := strings.Fields(s[:min(len(s), 20)]); len(f) >= 3 && strings.Count(f[2], ":") == 2 {
			if end := strings.Index(s[:min(len(s), 128)], ": "); end > 0 {
				return end
			}
		}
	}
	// docker compose: web-1  | text
	if bar := strings.Index(s[:min(len(s), 64)], " | "); bar > 0 && strings.TrimRight(s[:bar], " ") == s[:word] {
		return bar + 2
	}
	return 0
}

var levels = map[string]bool{
	"TRACE": true, "DEBUG": true, "INFO": true, "NOTICE": true, "WARN": true, "WARNING": true, "ERROR": true, "SEVERE": true,
	"FATAL": true, "CRITICAL": true, "CRIT": true, "PANIC": true, "ERR": true, "stdout": true, "stderr": true,
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// dockerCut is at how many bytes Docker cuts a line.
const dockerCut = 16 << 10

// partial tells whether a line is the start of a longer one that a container
// runtime cut: one that CRI says so of, or one of Docker's json-file driver that
// has no newline and is as long as a line can be. Agents drop the newline of
// shorter ones.
func partial(line string) bool {
	if len(line) > dockerCut && strings.HasPrefix(line, dockerHead) {
		text := line[len(dockerHead):]
		text = text[:quoteEnd(text)]
		return !strings.HasSuffix(text, `\n`) && len(unescape(text)) >= dockerCut
	}
	return len(line) > 32 && line[4] == '-' && line[10] == 'T' && strings.Contains(line[20:min(len(line), 52)], " P ")
}

// part is the text of a line that was cut, without the time, stream and tag of
// a container runtime.
func part(line string) string {
	if text, ok := dockerLog(line); ok {
		return text
	}
	n := timestamp(line)
	return strings.TrimPrefix(line[n:], " ")
}

const dockerHead = `{"log":"`

// dockerLog is the text of a line of Docker's json-file driver.
func dockerLog(line string) (string, bool) {
	rest, ok := strings.CutPrefix(line, dockerHead)
	if !ok {
		return line, false
	}
	return strings.TrimSuffix(unescape(rest[:quoteEnd(rest)]), "\n"), true
}

// escaped finds the quoted strings of a line of JSON, logfmt or alike that
// hold several lines, and yields each with its escapes undone.
func escaped(line string, yield func(text string)) {
	if !strings.Contains(line, `\n`) && !strings.Contains(line, `\u000a`) {
		return
	}
	for i := 0; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		end, multi := i+1, false
		for end < len(line) && line[end] != '"' {
			if line[end] == '\\' {
				multi = multi || strings.HasPrefix(line[end:], `\n`) || strings.HasPrefix(line[end:], `\u000a`) || strings.HasPrefix(line[end:], `\\n`)
				end++
			}
			end++
		}
		if multi {
			yield(unescape(line[i+1 : min(end, len(line))]))
		}
		i = end
	}
}

// unescape undoes the escapes of JSON; what is none stays as it is.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 'r':
		case 't':
			b.WriteByte('\t')
		case 'u':
			if i+4 < len(s) {
				if r, err := strconv.ParseUint(s[i+1:i+5], 16, 32); err == nil && utf8.ValidRune(rune(r)) {
					b.WriteRune(rune(r))
					i += 4
					continue
				}
			}
			b.WriteString(`\u`)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
