package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// newComparison returns the comparison that the query asks for, with bins of that
// width. Macros must have been expanded.
func (q querySpec) newComparison(bin time.Duration) (andon.Comparison, error) {
	if q.rolloutComparison != nil {
		c := *q.rolloutComparison
		c.Signal.Metric, c.Signal.Per, c.Step = q.Expr, q.Per, bin
		c.Signal.Kind = c.Signal.InferKind()
		return c, nil
	}
	since, err := parseTime("since", q.Since)
	if err != nil {
		return andon.Comparison{}, err
	}
	c := andon.Comparison{
		Signal:      andon.Signal{Name: q.Name, Metric: q.Expr, Per: q.Per, Worse: q.Worse, Unit: q.Unit, Kind: q.Kind},
		Node:        q.NodeLabel,
		Sensitivity: q.Sensitivity,
		Since:       since,
		Step:        bin,
	}
	c.Signal.Kind = c.Signal.InferKind()
	c.Candidate.Select, c.Control.Select = q.Candidate, q.Control
	if q.Cohorts == byLabels {
		return c, nil
	}
	c.Control.Select = q.Candidate
	if q.Back != "" {
		if c.Control.Back, err = parseDuration("back", q.Back); err != nil {
			return andon.Comparison{}, err
		}
	}
	return c, nil
}

// parseTime reads RFC 3339 or milliseconds since 1970; empty is the zero time.
func parseTime(field string, t stringOrNumber) (time.Time, error) {
	s := string(t)
	if s == "" {
		return time.Time{}, nil
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is not a time; write it as 2026-01-02T15:04:05Z, or in milliseconds since 1970", field, s)
	}
	return at.UTC(), nil
}

// parseDuration reads a PromQL duration longer than zero.
func parseDuration(field, s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%s: %s", field, andon.NotDuration(s))
	}
	if d <= 0 {
		return 0, fmt.Errorf("%s: %q is not longer than zero; write a number with its unit, such as 30s, 5m or 1h", field, s)
	}
	return time.Duration(d), nil
}

// controlName names what the query compares with, for people.
func (q querySpec) controlName() string {
	if q.Cohorts == byTime {
		return "the nodes before"
	}
	return "the old nodes"
}

// candidateName names what the query looks at, for people.
func (q querySpec) candidateName() string {
	if q.Cohorts == byTime {
		return "the nodes now"
	}
	return "the new nodes"
}

// describe writes a selector for people, its labels sorted.
func describe(s andon.Selector) string {
	parts := make([]string, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, name+": "+s[name])
	}
	return strings.Join(parts, ", ")
}
