package crash

import (
	"strings"
)

// goLogged reads the stack that zap, and what logs through it, adds to an entry
// of JSON or logfmt as its field stacktrace. It is the stack of the call that
// logs. On an error it says no more than where that was logged, so only entries
// count after which the program panics or exits. The one that a panic leaves by
// itself has the same signature.
var goLogged = dialect{
	anchors: []string{`stacktrace":`, `stacktrace=`, `stacktrace\":`},
	opens: func(line string, at int) (string, bool) {
		return line, goDeadly[strings.ToLower(field(line, "level", "severity", "lvl"))] != ""
	},
	roleOf: func(*stack, string) role { return roleForeign },
	read:   readGoLogged,
}

// goDeadly is the class by the level of an entry, in zap's words and in those
// of Google's encoding.
var goDeadly = map[string]string{
	"dpanic": "panic", "panic": "panic", "fatal": "fatal", "critical": "panic", "alert": "panic", "emergency": "fatal",
}

func readGoLogged(lines []string) (Crash, bool) {
	line := lines[0]
	c := Crash{Runtime: Go, Class: goDeadly[strings.ToLower(field(line, "level", "severity", "lvl"))]}
	said := field(line, "msg", "message")
	if c.Class == "panic" {
		c.Class, c.Message = goClass(said)
	} else {
		c.Message = parameterise(said)
	}
	calls := strings.Split(field(line, "stacktrace"), "\n")
	for i := 0; i+1 < len(calls); i += 2 {
		if !goPlace(calls[i+1]) {
			break // not zap's, or the rest was cut off
		}
		if fn := goFunction(calls[i]); !strings.HasPrefix(fn, "runtime.") {
			c.Frames = append(c.Frames, Frame{Function: fn, InApp: goInApp(fn, calls[i+1])})
		}
	}
	return c, c.Class != "" && len(c.Frames) > 0
}

// field is the text of the first of names that an entry of JSON or logfmt has,
// its escapes undone; or "".
func field(line string, names ...string) string {
	for _, name := range names {
		for at := 0; ; {
			i := strings.Index(line[at:], name)
			if i < 0 {
				break
			}
			start, end := at+i, at+i+len(name)
			at = end
			rest := line[end:]
			switch {
			case start > 0 && line[start-1] == '"' && strings.HasPrefix(rest, `":`):
				rest = strings.TrimLeft(rest[2:], " ")
			case (start == 0 || line[start-1] == ' ') && strings.HasPrefix(rest, "="):
				rest = rest[1:]
			default:
				continue
			}
			if quoted, ok := strings.CutPrefix(rest, `"`); ok {
				return unescape(quoted[:quoteEnd(quoted)])
			}
			word, _, _ := strings.Cut(rest, " ")
			return word
		}
	}
	return ""
}

// quoteEnd is where a quotation ends; the text's end if it does not.
func quoteEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(s)
}
