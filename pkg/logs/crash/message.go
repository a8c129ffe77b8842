package crash

import (
	"strings"
	"unicode/utf8"
)

// The longest message that is kept, in bytes.
const maxMessage = 300

// parameterise replaces what an occurrence puts into a message by <*>: values
// in quotes and brackets, numbers, addresses, ids, paths, URLs, and a code
// after the last colon. Only the first line is looked at.
func parameterise(s string) string { return parameters(s, false) }

// parameteriseCode is parameterise for a message that the runtime itself wrote
// about the program: what stands in quotes are names of the code, which stay.
func parameteriseCode(s string) string { return parameters(s, true) }

func parameters(s string, keepQuoted bool) string {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = s[:i]
	}
	s = strings.TrimSpace(clip(s, 4*maxMessage))
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := quoted(s, i); n > 0 {
			if keepQuoted && !valueWord(s[i+1:i+n-1]) {
				b.WriteString(s[i : i+n])
			} else {
				wildcard(&b)
			}
			i += n
			continue
		}
		if c := s[i]; wordByte(c) {
			n := 1
			for i+n < len(s) && wordByte(s[i+n]) {
				n++
			}
			word(&b, s[i:i+n], s[:i], i+n == len(s))
			i += n
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return clip(strings.Join(strings.Fields(b.String()), " "), maxMessage)
}

// quoted is the length of the quoted or braced value that starts at i, or 0.
func quoted(s string, i int) int {
	open, stop := s[i], byte(0)
	switch open {
	case '"', '`':
		stop = open
	case '\'':
		// not the apostrophe of "can't"
		if i > 0 && letter(s[i-1]) {
			return 0
		}
		stop = open
	case '{':
		stop = '}'
	case '[':
		// not that of []int or list[0]
		if i > 0 && s[i-1] != ' ' || i+1 < len(s) && s[i+1] == ']' {
			return 0
		}
		stop = ']'
	default:
		return 0
	}
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == '\\':
			j++
		case s[j] == stop && (stop != '\'' || j+1 == len(s) || !letter(s[j+1])):
			return j - i + 1
		case open == '`' && s[j] == '\'':
			return j - i + 1
		}
	}
	return 0
}

// word writes a word, or <*> for one that is a value; a value of key=value
// leaves its key. Trailing punctuation stays. before is the message up to it;
// last tells that nothing follows.
func word(b *strings.Builder, w, before string, last bool) {
	core := strings.TrimRight(w, ".:,;!?")
	tail := w[len(core):]
	if key, value, ok := strings.Cut(core, "="); ok && key != "" && value != "" {
		b.WriteString(key + "=")
		wildcard(b)
		b.WriteString(tail)
		return
	}
	if head, ok := strings.CutSuffix(before, ": "); ok && last && (codeWord(core) || asksForValue(head)) || valueWord(core) || host(before) {
		wildcard(b)
		b.WriteString(tail)
		return
	}
	b.WriteString(w)
}

// asksForValue tells whether what stands before a last colon says that a value
// is to follow: invalid status: shipped; Key: blue.
func asksForValue(head string) bool {
	clause := strings.ToLower(head[strings.LastIndexAny(head, ".:;")+1:])
	for w := range strings.FieldsSeq(clause) {
		switch strings.Trim(w, ",()") {
		case "unknown", "invalid", "illegal", "unsupported", "unrecognized", "unexpected", "duplicate", "missing", "such", "found",
			"key", "id", "name", "value", "code", "user", "file", "path", "host", "string":
			return true
		}
	}
	return false
}

// host tells whether the word that follows is the name of a host that was not found.
func host(before string) bool {
	return strings.HasSuffix(before, "ENOTFOUND ") || strings.HasSuffix(before, "EAI_AGAIN ") || strings.HasSuffix(before, " lookup ")
}

// wildcard writes <*>, but not twice in a row.
func wildcard(b *strings.Builder) {
	if !strings.HasSuffix(b.String(), "<*>") {
		b.WriteString("<*>")
	}
}

// valueWord tells whether a word is a number, address, id, path or the like:
// it has a digit, an @ or a slash. Types and functions of code stay, digits in
// their names and all.
func valueWord(w string) bool {
	digits, slashes := 0, 0
	for i := range len(w) {
		switch c := w[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '/' || c == '\\':
			slashes++
		case c == '@':
			return true
		}
	}
	if slashes > 0 {
		return w[0] == '/' || w[0] == '\\' || w[0] == '.' || w[0] == '~' || slashes > 1 || digits > 0 || strings.Contains(w, ":\\")
	}
	if digits == 0 {
		dot := strings.LastIndexByte(w, '.')
		return dot > 0 && fileTypes[w[dot+1:]]
	}
	switch strings.TrimLeft(w, "*[]") {
	case "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "complex64", "complex128",
		"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "Int16", "Int32", "Int64", "UInt16", "UInt32", "UInt64",
		"utf-8", "utf8", "UTF-8", "base64", "sha256", "md5", "HTTP/2", "http2", "ipv4", "ipv6", "IPv4", "IPv6":
		return false
	}
	return true
}

var fileTypes = map[string]bool{
	"yml": true, "yaml": true, "json": true, "xml": true, "toml": true, "ini": true, "cfg": true, "conf": true, "properties": true, "env": true, "txt": true,
	"log": true, "csv": true, "tsv": true, "db": true, "sqlite": true, "html": true, "pdf": true, "png": true, "jpg": true, "gif": true, "zip": true, "gz": true,
	"tar": true, "tmp": true, "pem": true, "key": true, "crt": true, "parquet": true, "bin": true, "dat": true, "sql": true, "lock": true, "sock": true,
}

// codeWord tells whether the last word of a message, after a colon, is a value
// such as EUR or Order-closed, not a reason such as timeout or ECONNREFUSED.
func codeWord(w string) bool {
	if strings.HasSuffix(w, "Error") || strings.HasSuffix(w, "Exception") || w == "EOF" {
		return false
	}
	upper := 0
	for i := range len(w) {
		if 'A' <= w[i] && w[i] <= 'Z' {
			upper++
		}
	}
	return upper > 0 && !(w[0] == 'E' && upper == len(w) && upper > 3)
}

func letter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c >= utf8.RuneSelf
}

func wordByte(c byte) bool {
	switch c {
	case ' ', '\t', '"', '\'', '`', '(', ')', '[', ']', '{', '}', '<', '>', ',', ';', '|':
		return false
	}
	return true
}

// clip cuts s to at most n bytes, at the start of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
