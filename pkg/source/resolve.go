// Package source queries Prometheus and Loki. It returns their answers as samples
// and lines of package andon, and their refusals as errors that say what to do.
package source

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/andon"
)

var promQL = parser.NewParser(parser.Options{})

// Resolve writes s's matchers into every selector of a PromQL expression; it
// is an andon.ResolveFunc. Matchers that the expression has stay, so that a
// series must satisfy both.
//
// Special cases are:
//
//	expr as it was written, if s is empty
//	expr in canonical form, if it selects no series: Resolve("1", s) is "1"
//	an *Error of kind BadQuery with the position, if expr is not PromQL
//	an *Error of kind BadQuery with the label, if a value of s is not a regular expression
func Resolve(expr string, s andon.Selector) (string, error) {
	tree, err := promQL.ParseExpr(expr)
	if err != nil {
		return "", badQuery(expr, err, "the position in the query is line:column")
	}
	if len(s) == 0 {
		return expr, nil
	}
	added, err := matchers(s)
	if err != nil {
		return "", badQuery(expr, err, "")
	}
	parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			v.LabelMatchers = append(slices.Clone(v.LabelMatchers), added...)
		}
		return nil
	})
	resolved := tree.String()
	// A matcher on the metric's name beside a name is one of the few things
	// that a tree can hold and the language cannot say.
	if _, err := promQL.ParseExpr(resolved); err != nil {
		return "", badQuery(expr, fmt.Errorf("with the matchers %s the query becomes %s: %w", join(added), resolved, err),
			"write the metric's name as a matcher, {__name__=\"…\"}, or select by another label")
	}
	return resolved, nil
}

// matchers returns s as PromQL matchers, in the order of their labels.
func matchers(s andon.Selector) ([]*labels.Matcher, error) {
	out := make([]*labels.Matcher, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if name == "" {
			return nil, fmt.Errorf("the matcher %q has no label name", s[name])
		}
		kind, value := operand(s[name])
		m, err := labels.NewMatcher(kind, name, value)
		if err != nil {
			return nil, fmt.Errorf("the matcher on label %s: %q is not a regular expression: %w", name, value, err)
		}
		out = append(out, m)
	}
	return out, nil
}

// operand splits a Selector's value into the matcher's type and its operand.
func operand(v string) (labels.MatchType, string) {
	for _, t := range []labels.MatchType{labels.MatchNotEqual, labels.MatchRegexp, labels.MatchNotRegexp} {
		if rest, ok := strings.CutPrefix(v, t.String()); ok {
			return t, rest
		}
	}
	return labels.MatchEqual, v
}

func join(ms []*labels.Matcher) string {
	texts := make([]string, len(ms))
	for i, m := range ms {
		texts[i] = m.String()
	}
	return "{" + strings.Join(texts, ",") + "}"
}

func badQuery(expr string, err error, hint string) error {
	var all parser.ParseErrors
	if errors.As(err, &all) && len(all) > 1 {
		err = fmt.Errorf("%w (and %d more)", err, len(all)-1)
	}
	return &Error{Kind: BadQuery, Query: expr, Err: err, Hint: hint}
}
