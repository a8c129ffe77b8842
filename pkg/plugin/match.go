package plugin

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
)

// A condition on one label of a rollout.
type condition struct {
	label   string
	negated bool
	value   string
	regex   *regexp.Regexp // matches whole values; used instead of value if not nil
}

// matcherOperators may begin a value of a selector; without one it must be equal.
var matcherOperators = []string{"!=", "=~", "!~"}

// conditions returns the conditions of a selector and of ad-hoc filters.
func conditions(s andon.Selector, filters []adHocFilter) ([]condition, error) {
	var out []condition
	for label, value := range s {
		op := "="
		for _, o := range matcherOperators {
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
	c := condition{label: label, value: value, negated: op[0] == '!'}
	if strings.HasSuffix(op, "~") {
		var err error
		if c.regex, err = regexp.Compile("^(?:" + value + ")$"); err != nil {
			return c, fmt.Errorf("%s: %q is not a regular expression: %w", label, value, err)
		}
	}
	return c, nil
}

// matchesAll reports whether labels meet all conditions; a missing label is
// empty.
func matchesAll(all []condition, labels map[string]string) bool {
	for _, c := range all {
		v := labels[c.label]
		matches := v == c.value
		if c.regex != nil {
			matches = c.regex.MatchString(v)
		}
		if matches == c.negated {
			return false
		}
	}
	return true
}

// operand returns the filter as a PromQL operator and its operand; several values
// become a regular expression.
func (f adHocFilter) operand() (op, value string, err error) {
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
	return "", "", fmt.Errorf("filters: %q is not one of %s", f.Operator, strings.Join(filterOperators, ", "))
}

// quoted returns a regular expression that matches exactly these values.
func quoted(values ...string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = regexp.QuoteMeta(v)
	}
	return strings.Join(out, "|")
}
