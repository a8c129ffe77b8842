package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/logql"
)

// Parsers check the queries that people write.
var Parsers = andon.Parsers{PromQL: CheckPromQL, LogQL: CheckLogQL}

// CheckLogQL checks a query for log lines.
func CheckLogQL(expr string) error {
	if _, err := logql.Parse(expr); err != nil {
		return fmt.Errorf("is not a LogQL log query: %w", err)
	}
	return nil
}

// CheckPromQL checks a query that must return one value per series, with the
// labels in keep. The error says that it is not PromQL, is a range vector or a
// constant, or drops one of those labels. Empty labels are ignored.
func CheckPromQL(expr string, keep ...string) error {
	e, err := promQL.ParseExpr(expr)
	if err != nil {
		var all parser.ParseErrors
		if errors.As(err, &all) && len(all) > 0 {
			err = &all[0]
		}
		return fmt.Errorf("is not PromQL: %w", err)
	}
	switch e.Type() {
	case parser.ValueTypeMatrix:
		return fmt.Errorf("is a range vector; put it into a function, such as rate(%s)", expr)
	case parser.ValueTypeVector:
	default:
		return errors.New("is a constant, the same for every node; write a query that selects series")
	}
	keep = slices.DeleteFunc(slices.Clone(keep), func(label string) bool { return label == "" })
	for _, label := range keep {
		if agg := sumsAway(e, label); agg != nil {
			others := slices.DeleteFunc(byLabels(agg), func(l string) bool { return slices.Contains(keep, l) })
			return fmt.Errorf("drops the label %s, which is needed here; write %s by (%s) (…)", label, agg.Op, strings.Join(append(keep, others...), ", "))
		}
	}
	return nil
}

// sumsAway returns the aggregation by which the answer to e loses the label, or
// nil if it keeps the label or the query alone does not show it.
func sumsAway(e parser.Expr, label string) *parser.AggregateExpr {
	switch e := e.(type) {
	case *parser.ParenExpr:
		return sumsAway(e.Expr, label)
	case *parser.AggregateExpr:
		keeps := slices.Contains(e.Grouping, label) != e.Without ||
			slices.Contains([]parser.ItemType{parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO}, e.Op)
		if !keeps {
			return e
		}
		return sumsAway(e.Expr, label)
	case *parser.BinaryExpr:
		if e.LHS.Type() != parser.ValueTypeVector {
			return sumsAway(e.RHS, label)
		}
		if e.VectorMatching != nil && e.VectorMatching.Card == parser.CardOneToMany {
			return sumsAway(e.RHS, label)
		}
		return sumsAway(e.LHS, label)
	case *parser.Call:
		if strings.HasPrefix(e.Func.Name, "label_") || strings.HasPrefix(e.Func.Name, "absent") {
			return nil
		}
		for _, arg := range e.Args {
			if arg.Type() == parser.ValueTypeVector {
				return sumsAway(arg, label)
			}
		}
	}
	return nil
}

func byLabels(e *parser.AggregateExpr) []string {
	if e.Without {
		return nil
	}
	return slices.Clone(e.Grouping)
}
