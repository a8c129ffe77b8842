package plugin

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
)

// A condition is on one label of something that is not in Prometheus or Loki.
type condition struct {
	label string
	not   bool
	value string
	regex *regexp.Regexp // whole values, instead of value
}

// conditions reads a selector and ad-hoc filters.
func conditions(s andon.Selector, filters []Filter) ([]condition, error) {
	var out []condition
	for label, value := range s {
		op := "="
		for _, o := range []string{"!=", "=~", "!~"} {
			if rest, ok := strings.CutPrefix(value, o); ok {
				op, value = o, rest
				break
			}
		}
		c, err := newCondition(label, op, value)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	for _, f := range filters {
		op, value, err := f.operand()
		if err != nil {
			return nil, err
		}
		c, err := newCondition(f.Key, op, value)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func newCondition(label, op, value string) (condition, error) {
	c := condition{label: label, value: value, not: op[0] == '!'}
	if strings.HasSuffix(op, "~") {
		var err error
		if c.regex, err = regexp.Compile("^(?:" + value + ")$"); err != nil {
			return c, fmt.Errorf("%s: %q is not a regular expression: %w", label, value, err)
		}
	}
	return c, nil
}

// holds reports whether the conditions are true of labels; one that is not
// there is empty.
func holds(all []condition, labels map[string]string) bool {
	for _, c := range all {
		v := labels[c.label]
		is := v == c.value
		if c.regex != nil {
			is = c.regex.MatchString(v)
		}
		if is == c.not {
			return false
		}
	}
	return true
}

// operand returns the filter as an operator of PromQL and its operand: one of
// several values is a regular expression.
func (f Filter) operand() (op, value string, err error) {
	switch f.Operator {
	case "=", "!=", "=~", "!~":
		return f.Operator, f.Value, nil
	case "=|", "!=|":
		values := f.Values
		if len(values) == 0 {
			values = []string{f.Value}
		}
		return map[string]string{"=|": "=~", "!=|": "!~"}[f.Operator], quoted(values...), nil
	}
	return "", "", fmt.Errorf("filters: %q is not one of =, !=, =~, !~, =|, !=|", f.Operator)
}

// quoted returns a regular expression of exactly these values.
func quoted(values ...string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = regexp.QuoteMeta(v)
	}
	return strings.Join(out, "|")
}
