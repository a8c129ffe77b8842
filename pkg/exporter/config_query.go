package exporter

import (
	"errors"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

var promQL = parser.NewParser(parser.Options{})

// checkQuery checks that a query is PromQL, is not a constant, and keeps the
// label that tells nodes apart.
func checkQuery(expr, path, node string, f *filler) {
	if expr == "" {
		return
	}
	e, err := promQL.ParseExpr(expr)
	if err != nil {
		var all parser.ParseErrors
		if errors.As(err, &all) && len(all) > 0 {
			err = &all[0]
		}
		f.at(path, "is not PromQL: %s", err)
		return
	}
	switch e.Type() {
	case parser.ValueTypeMatrix:
		f.at(path, "is a range of samples, not a value; put it into a function, such as rate(%s)", expr)
	case parser.ValueTypeVector:
		if agg := sumsAway(e, node); agg != nil {
			f.at(path, "sums the label %s away, which tells nodes apart; write %s by (%s) (…)", node, agg.Op, strings.Join(append([]string{node}, byLabels(agg)...), ", "))
		}
	default:
		f.at(path, "is a constant, the same for every node; write a query that selects series")
	}
}

// sumsAway returns the aggregation by which the answer to e loses the label,
// or nil if it keeps it or that cannot be told from the query alone.
func sumsAway(e parser.Expr, label string) *parser.AggregateExpr {
	switch e := e.(type) {
	case *parser.ParenExpr:
		return sumsAway(e.Expr, label)
	case *parser.AggregateExpr:
		keeps := slices.Contains(e.Grouping, label) != e.Without || label == "" ||
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
	return e.Grouping
}
