// Package logql reads the part of Loki's query language that Andon needs in order
// to add to queries: the stream selector, and the pipeline as a list of stages. It
// does not know what a stage means, except for those that Compile supports.
package logql

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxQuery is the longest query that Parse accepts, in bytes.
const maxQuery = 128 << 10

// A Matcher is one condition on a label.
type Matcher struct {
	Label string
	Op    string // =, !=, =~ or !~
	Value string
}

// String returns the matcher as LogQL.
func (m Matcher) String() string { return m.Label + m.Op + strconv.Quote(m.Value) }

// A Query is a log query: a stream selector and what is done to its lines.
type Query struct {
	Matchers []Matcher
	Pipeline string // the stages as they were written, such as `|= "error" | json`; empty if there are none
}

// An Error says what is wrong with a query, and at which place.
type Error struct {
	Offset  int // in bytes from the beginning of the query
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("at byte %d: %s", e.Offset+1, e.Problem) }

// Parse reads a log query. The error is an *Error. Metric queries, such as
// rate({app="shop"}[1m]), are refused: they select no lines. Comments are
// dropped.
func Parse(expr string) (Query, error) {
	if len(expr) > maxQuery {
		return Query{}, &Error{maxQuery, fmt.Sprintf("the query has %d bytes; at most %d are allowed", len(expr), maxQuery)}
	}
	s := &scanner{text: expr}
	q := Query{}
	var err error
	if q.Matchers, err = s.selector(); err != nil {
		return Query{}, err
	}
	stages, err := s.stages()
	if err != nil {
		return Query{}, err
	}
	q.Pipeline = strings.Join(stages, " ")
	return q, nil
}

// String returns the query in LogQL.
func (q Query) String() string {
	if q.Pipeline == "" {
		return q.Streams()
	}
	return q.Streams() + " " + q.Pipeline
}

// Streams returns the stream selector alone, which selects every line of the
// streams.
func (q Query) Streams() string {
	all := make([]string, len(q.Matchers))
	for i, m := range q.Matchers {
		all[i] = m.String()
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// with returns the query with more matchers in its stream selector; q is unchanged.
func (q Query) with(more ...Matcher) Query {
	q.Matchers = append(slices.Clone(q.Matchers), more...)
	return q
}

// Then returns the query with another stage at the end of its pipeline.
func (q Query) Then(stage string) Query {
	q.Pipeline = strings.TrimSpace(q.Pipeline + " " + stage)
	return q
}

// matchersOf returns the matchers of a selector, a map from label to value, in the
// order of the labels. A value that begins with !=, =~ or !~ is the operand of that
// operator; the operator of any other value is =.
func matchersOf(selector map[string]string) ([]Matcher, error) {
	out := make([]Matcher, 0, len(selector))
	for _, name := range slices.Sorted(maps.Keys(selector)) {
		m := Matcher{Label: name, Op: "=", Value: selector[name]}
		for _, op := range []string{"!=", "=~", "!~"} {
			if rest, ok := strings.CutPrefix(m.Value, op); ok {
				m.Op, m.Value = op, rest
				break
			}
		}
		if err := m.check(); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// check returns what is wrong with a matcher.
func (m Matcher) check() error {
	if !isLabel(m.Label) {
		return fmt.Errorf("%q is not the name of a label", m.Label)
	}
	if m.Op == "=~" || m.Op == "!~" {
		if _, err := regexp.Compile(m.Value); err != nil {
			return fmt.Errorf("label %s: %q is not a regular expression: %w", m.Label, m.Value, err)
		}
	}
	return nil
}

// Resolve adds a selector's matchers to the stream selector of a log query; it is
// an andon.ResolveFunc for logs. With an empty selector the query is returned
// unchanged.
func Resolve[S ~map[string]string](expr string, s S) (string, error) {
	return ResolveBehind(expr, s, nil)
}

// ResolveBehind is Resolve for streams that have structured metadata beside their
// labels: a name for which behind returns true is compared by a label filter at the
// end of the pipeline instead. A nil behind is false for every name.
func ResolveBehind[S ~map[string]string](expr string, s S, behind func(label string) bool) (string, error) {
	q, err := Parse(expr)
	if err != nil {
		return "", err
	}
	if len(s) == 0 {
		return expr, nil
	}
	ms, err := matchersOf(s)
	if err != nil {
		return "", err
	}
	for _, m := range ms {
		if behind != nil && behind(m.Label) {
			q = q.Then("| " + m.String())
		} else {
			q = q.with(m)
		}
	}
	if !q.selects() {
		return "", errors.New("every matcher of the stream selector also matches streams without the label, which Loki refuses; add one that does not, such as service_name=\"shop\"")
	}
	return q.String(), nil
}

// selects reports whether some matcher requires its label to be present, which Loki
// demands of every stream selector.
func (q Query) selects() bool {
	return slices.ContainsFunc(q.Matchers, func(m Matcher) bool {
		switch m.Op {
		case "=":
			return m.Value != ""
		case "=~":
			re, err := regexp.Compile("^(?s:" + m.Value + ")$")
			return err == nil && !re.MatchString("")
		}
		return false
	})
}
