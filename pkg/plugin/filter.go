package plugin

import (
	"slices"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

// filterPromQL writes the ad-hoc filters into every selector of expressions.
func filterPromQL(filters []Filter, exprs ...*string) error {
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
func (f Filter) matcher() (string, error) {
	op, value, err := f.operand()
	if err != nil {
		return "", err
	}
	if op != "=" {
		return op + value, nil
	}
	for _, taken := range []string{"!=", "=~", "!~"} {
		if strings.HasPrefix(value, taken) { // it would be read as an operator
			return "=~" + quoted(value), nil
		}
	}
	return value, nil
}

// filterSignals writes the ad-hoc filters into a copy of signals; resolve does
// so for log queries.
func filterSignals(filters []Filter, signals []andon.Signal, resolve andon.ResolveFunc) ([]andon.Signal, error) {
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
