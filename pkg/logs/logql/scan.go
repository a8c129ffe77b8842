package logql

import (
	"fmt"
	"strconv"
	"strings"
)

// A scanner reads a query from left to right.
type scanner struct {
	text string
	at   int
}

func (s *scanner) fail(format string, args ...any) error {
	return &Error{s.at, fmt.Sprintf(format, args...)}
}

// rest is what is not read yet.
func (s *scanner) rest() string { return s.text[s.at:] }

// space skips white space and comments.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.at++
		case c == '#':
			if i := strings.IndexByte(s.rest(), '\n'); i >= 0 {
				s.at += i + 1
			} else {
				s.at = len(s.text)
			}
		default:
			return
		}
	}
}

// take skips a token, if it comes next.
func (s *scanner) take(token string) bool {
	s.space()
	if !strings.HasPrefix(s.rest(), token) {
		return false
	}
	s.at += len(token)
	return true
}

// selector reads a stream selector.
func (s *scanner) selector() ([]Matcher, error) {
	if !s.take("{") {
		if s.space(); s.at == len(s.text) {
			return nil, s.fail(`the query is empty; begin with a stream selector, such as {service_name="shop"}`)
		}
		return nil, s.fail(`expected a stream selector, such as {service_name="shop"}, without a function around it`)
	}
	var out []Matcher
	for {
		if s.take("}") {
			if len(out) == 0 {
				return nil, s.fail(`the stream selector is empty; name a label, such as {service_name="shop"}`)
			}
			return out, nil
		}
		if len(out) > 0 && !s.take(",") {
			return nil, s.fail("expected a comma or } after the matcher")
		}
		if len(out) > 0 && s.take("}") { // a comma may stand last
			return out, nil
		}
		m, err := s.matcher()
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
}

// matcher reads label, operator and value.
func (s *scanner) matcher() (Matcher, error) {
	s.space()
	at := s.at
	m := Matcher{Label: s.word()}
	if m.Label == "" {
		return m, s.fail("expected the name of a label")
	}
	for _, op := range []string{"=~", "!~", "!=", "="} {
		if s.take(op) {
			m.Op = op
			break
		}
	}
	if m.Op == "" {
		return m, s.fail("expected =, !=, =~ or !~ after the label %s", m.Label)
	}
	s.space()
	_, value, err := s.quoted()
	if err != nil {
		return m, err
	}
	m.Value = value
	if err := m.check(); err != nil {
		return m, &Error{at, err.Error()}
	}
	return m, nil
}

// word reads the name of a label; empty if none comes next.
func (s *scanner) word() string {
	i := 0
	for r := s.rest(); i < len(r) && (r[i] == '_' || r[i]|0x20 >= 'a' && r[i]|0x20 <= 'z' || i > 0 && r[i] >= '0' && r[i] <= '9'); {
		i++
	}
	w := s.rest()[:i]
	s.at += i
	return w
}

func isLabel(name string) bool {
	s := scanner{text: name}
	return name != "" && s.word() == name
}

// quoted reads a string and returns its text with the quotes, and its value.
func (s *scanner) quoted() (text, value string, err error) {
	r := s.rest()
	if r == "" || r[0] != '"' && r[0] != '`' {
		return "", "", s.fail("expected a string in quotes")
	}
	for i := 1; i < len(r); i++ {
		switch {
		case r[i] == '\\' && r[0] == '"':
			i++
		case r[i] == r[0]:
			value, err := strconv.Unquote(r[:i+1])
			if err != nil {
				return "", "", s.fail("%s is not a string: use backquotes, or double every backslash", r[:i+1])
			}
			s.at += i + 1
			return r[:i+1], value, nil
		}
	}
	return "", "", s.fail("this string has no closing quote")
}

// stages reads the stages behind the stream selector, without comments.
func (s *scanner) stages() ([]string, error) {
	var out []string
	for {
		s.space()
		if s.at == len(s.text) {
			return out, nil
		}
		if c := s.text[s.at]; c != '|' && c != '!' {
			if c == '[' {
				return nil, s.fail("leave out the range: this must be a log query, not a metric query")
			}
			return nil, s.fail("expected | before a stage of the pipeline")
		}
		stage, err := s.stage()
		if err != nil {
			return nil, err
		}
		out = append(out, stage)
	}
}

// stage reads one stage: up to the next | or ! outside of strings.
func (s *scanner) stage() (string, error) {
	var b strings.Builder
	op := s.operator()
	if op == "" {
		return "", s.fail("expected |=, |~, !=, !~, |>, !> or |")
	}
	b.WriteString(op)
	s.at += len(op)
	empty := true
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '"' || c == '`':
			text, _, err := s.quoted()
			if err != nil {
				return "", err
			}
			if empty {
				b.WriteByte(' ')
			}
			b.WriteString(text)
			empty = false
			continue
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#':
			s.space()
			if !empty {
				b.WriteByte(' ')
			}
			continue
		case c == '|' || c == '!' && !empty && op != "|" && s.operator() != "":
			return s.end(b.String(), empty)
		case c == '[':
			return "", s.fail("leave out the range: this must be a log query, not a metric query")
		}
		if empty {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
		empty = false
		s.at++
	}
	return s.end(b.String(), empty)
}

func (s *scanner) end(stage string, empty bool) (string, error) {
	if empty {
		return "", s.fail("the stage before this position is empty")
	}
	return strings.TrimRight(stage, " "), nil
}

// operator returns the operator that comes next; empty if none does.
func (s *scanner) operator() string {
	for _, op := range []string{"|=", "|~", "|>", "!=", "!~", "!>", "|"} {
		if strings.HasPrefix(s.rest(), op) {
			return op
		}
	}
	return ""
}
