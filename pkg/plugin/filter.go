package plugin

import (
	"slices"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

// filterPromQL writes the ad-hoc filters into every selector of expressions.
func filterPromQL(filters []adHocFilter, exprs ...*string) error {
	for _, f := range filters {
		value, err := f.matcher()
		if err != nil {
			return badQuery{err}
		}
		for _, e := range exprs {
			if *e == "" {
				continue
			}
			if *e, err = source.Resolve(*e, andon.Selector{f.Key: value}); err != nil {
				return err
			}
		}
	}
	return nil
}

// matcher returns the filter as a value of a Selector.
func (f adHocFilter) matcher() (string, error) {
	op, value, err := f.operand()
	if err != nil {
		return "", err
	}
	if op != "=" {
		return op + value, nil
	}
	for _, operator := range matcherOperators {
		if strings.HasPrefix(value, operator) { // a Selector would take it for one
			return "=~" + quoted(value), nil
		}
	}
	return value, nil
}

// filterSignals returns a copy of signals with the ad-hoc filters written in;
// resolve writes them into log queries, which stay as they are if it is nil.
func filterSignals(filters []adHocFilter, signals []andon.Signal, resolve andon.ResolveFunc) ([]andon.Signal, error) {
	signals = slices.Clone(signals)
	for i := range signals {
		if err := filterPromQL(filters, &signals[i].Metric, &signals[i].Per); err != nil {
			return nil, err
		}
		for _, e := range []*string{&signals[i].Logs, &signals[i].Crashes} {
			if *e == "" || resolve == nil {
				continue
			}
			var err error
			if *e, err = filterLogQL(filters, *e, resolve); err != nil {
				return nil, badQuery{err}
			}
		}
	}
	return signals, nil
}
