package logql

import (
	"fmt"
	"regexp"
	"strings"
)

// A Match reports whether a query selects a line.
type Match func(labels map[string]string, line string) bool

// Compile returns the function that tells which lines a query selects. Of the
// stages of a pipeline it supports line filters (|=, !=, |~, !~, each with or) and
// label filters that compare a label with a string; for any other stage it returns
// an *Error.
func (q Query) Compile() (Match, error) {
	var all []Match
	for _, m := range q.Matchers {
		all = append(all, m.match(m.anchored()))
	}
	s := &scanner{text: q.Pipeline}
	for s.space(); s.at < len(s.text); s.space() {
		m, err := s.filter()
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return func(labels map[string]string, line string) bool {
		for _, m := range all {
			if !m(labels, line) {
				return false
			}
		}
		return true
	}, nil
}

// anchored returns the expression that a matcher's whole value must match; nil
// if it compares strings.
func (m Matcher) anchored() *regexp.Regexp {
	if m.Op != "=~" && m.Op != "!~" {
		return nil
	}
	re, err := regexp.Compile("^(?s:" + m.Value + ")$")
	if err != nil {
		return regexp.MustCompile("$^") // checked when it was read
	}
	return re
}

func (m Matcher) match(re *regexp.Regexp) Match {
	return func(labels map[string]string, _ string) bool {
		v := labels[m.Label]
		switch m.Op {
		case "=":
			return v == m.Value
		case "!=":
			return v != m.Value
		case "=~":
			return re.MatchString(v)
		}
		return !re.MatchString(v)
	}
}

// filter reads one stage of those that Compile supports.
func (s *scanner) filter() (Match, error) {
	at := s.at
	op := s.operator()
	switch op {
	case "|=", "!=", "|~", "!~":
		s.at += len(op)
		return s.lineFilter(op)
	case "|":
		s.at++
		s.space()
		if m, err := s.matcher(); err == nil {
			if s.space(); s.at == len(s.text) || s.operator() != "" {
				return m.match(m.anchored()), nil
			}
		}
	}
	stage := s.text[at:]
	if len(stage) > 60 {
		stage = stage[:60] + "…"
	}
	return nil, &Error{at, fmt.Sprintf("%q is not supported for recorded lines; only line filters and label filters such as | level=\"error\" are", stage)}
}

// lineFilter reads the strings of a line filter.
func (s *scanner) lineFilter(op string) (Match, error) {
	var filters []func(string) bool
	for {
		s.space()
		_, value, err := s.quoted()
		if err != nil {
			return nil, err
		}
		contains := func(line string) bool { return strings.Contains(line, value) }
		if op[1] == '~' {
			re, err := regexp.Compile(value)
			if err != nil {
				return nil, s.fail("%q is not a regular expression: %s", value, err)
			}
			contains = re.MatchString
		}
		filters = append(filters, contains)
		if !s.take("or") {
			break
		}
	}
	want := op[0] == '|'
	return func(_ map[string]string, line string) bool {
		for _, contains := range filters {
			if contains(line) {
				return want
			}
		}
		return !want
	}, nil
}
