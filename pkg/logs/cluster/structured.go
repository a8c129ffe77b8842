package cluster

import (
	"unicode/utf8"
)

// isMessageKey tells whether a field of that name holds the message.
func isMessageKey(key []byte) bool {
	switch string(key) {
	case "msg", "message", "Message", "MESSAGE", "log", "event", "text", "body", "@message", "short_message", "Msg", "@m", "@mt":
		return true
	}
	return false
}

// isMetaKey tells whether a field of that name is one of a header.
func isMetaKey(key []byte) bool {
	switch string(key) {
	case "level", "lvl", "severity", "ts", "time", "t", "timestamp":
		return true
	}
	return false
}

// isTimeKey tells whether a field of that name holds the time.
func isTimeKey(key []byte) bool {
	switch string(key) {
	case "ts", "time", "t", "timestamp", "@timestamp", "datetime", "@t":
		return true
	}
	return false
}

// jsonMessage returns the message of a JSON object, its quotation undone into
// buf, and false if line is none or has none.
func jsonMessage(line, buf []byte) ([]byte, bool) {
	text := jsonField(line, isMessageKey)
	if text == nil {
		return nil, false
	}
	return unescape(text, buf), true
}

// jsonField returns the text of the first field of a JSON object whose name
// wanted knows and whose value is a string, its quotation not undone; nil if
// there is none.
func jsonField(line []byte, wanted func(key []byte) bool) []byte {
	if len(line) < 2 || line[0] != '{' {
		return nil
	}
	depth := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := stringEnd(line, i)
			if end < 0 {
				return nil
			}
			k := skipBlanks(line, end)
			if depth == 1 && k < len(line) && line[k] == ':' && wanted(line[i+1:end-1]) {
				if j := skipBlanks(line, k+1); j < len(line) && line[j] == '"' {
					stop := stringEnd(line, j)
					if stop < 0 {
						stop = len(line) + 1 // cut off
					}
					return line[j+1 : stop-1]
				}
			}
			i = end - 1
		}
	}
	return nil
}

// stringEnd is where the quotation that opens at i has closed; -1 if it has not.
func stringEnd(line []byte, i int) int {
	q := line[i]
	for j := i + 1; j < len(line); j++ {
		switch line[j] {
		case '\\':
			j++
		case q:
			return j + 1
		}
	}
	return -1
}

// unescape undoes the backslashes of text. It returns text itself if there are none.
func unescape(text, buf []byte) []byte {
	plain := true
	for _, c := range text {
		if c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	buf = buf[:0]
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '\\' || i+1 == len(text) {
			buf = append(buf, c)
			continue
		}
		i++
		switch text[i] {
		case 'n', 'r', 't', 'b', 'f':
			buf = append(buf, ' ')
		case 'u':
			r, n := rune(0), 0
			for n < 4 && i+1 < len(text) && classes[text[i+1]]&(digit|hexa) != 0 {
				i++
				n++
				x := rune(text[i] | 0x20)
				if x >= 'a' {
					x -= 'a' - 10
				} else {
					x = rune(text[i] - '0')
				}
				r = r<<4 | x
			}
			buf = utf8.AppendRune(buf, r)
		default:
			buf = append(buf, text[i])
		}
	}
	return buf
}

// logfmtMessage returns the message of a line of key=value pairs, its quotation
// undone into buf, and false if line is none, or has no time and no level.
func logfmtMessage(line, buf []byte) ([]byte, bool) {
	var message []byte
	found, meta := false, false
	for i := 0; i < len(line); {
		j := i
		for j < len(line) && (classes[line[j]]&wordClass != 0 || line[j] == '.' || line[j] == '-' || line[j] == '@') {
			j++
		}
		if j == i || j == len(line) || line[j] != '=' {
			return nil, false
		}
		key := line[i:j]
		i = j + 1
		var val []byte
		if i < len(line) && line[i] == '"' {
			end := stringEnd(line, i)
			if end < 0 {
				end = len(line) + 1
			}
			val = line[i+1 : end-1]
			i = min(end, len(line))
		} else {
			for j = i; j < len(line) && line[j] != ' '; j++ {
			}
			val = line[i:j]
			i = j
		}
		meta = meta || isMetaKey(key)
		if !found && isMessageKey(key) {
			message, found = val, true
		}
		if found && meta {
			return unescape(message, buf), true
		}
		for i < len(line) && line[i] == ' ' {
			i++
		}
	}
	return nil, false
}
