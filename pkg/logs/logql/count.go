package logql

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// CountOverTime returns the metric query that counts the lines of a log query over
// a window and adds the counts up by labels; over all labels if there are none. The
// window ends the given offset before the time of evaluation.
func CountOverTime(expr string, labels []string, window, offset time.Duration) string {
	ago := ""
	if offset != 0 {
		ago = " offset " + duration(offset)
	}
	return fmt.Sprintf("sum by (%s) (count_over_time(%s [%s]%s))", strings.Join(labels, ", "), expr, duration(window), ago)
}

// duration writes a duration as LogQL reads it.
func duration(d time.Duration) string {
	if d%time.Millisecond == 0 {
		return model.Duration(d).String()
	}
	return d.String()
}

// parseDuration reads a duration in LogQL's form; 0 if s is none.
func parseDuration(s string) time.Duration {
	if d, err := time.ParseDuration(s); err == nil {
		return d
	}
	d, err := model.ParseDuration(s)
	if err != nil {
		return 0
	}
	return time.Duration(d)
}

// A Count is a query that CountOverTime wrote.
type Count struct {
	Query          Query
	By             []string
	Window, Offset time.Duration
}

// ParseCount reads what CountOverTime writes, and no other metric query. The
// error is an *Error.
func ParseCount(expr string) (Count, error) {
	s := &scanner{text: expr}
	var c Count
	if !s.take("sum") || !s.take("by") || !s.take("(") {
		return c, s.fail("expected sum by (labels) (count_over_time(…))")
	}
	for !s.take(")") {
		if len(c.By) > 0 && !s.take(",") {
			return c, s.fail("expected a comma or ) after the label")
		}
		s.space()
		name := s.word()
		if name == "" {
			return c, s.fail("expected the name of a label")
		}
		c.By = append(c.By, name)
	}
	if !s.take("(") || !s.take("count_over_time") || !s.take("(") {
		return c, s.fail("expected (count_over_time(…))")
	}
	open := strings.LastIndexByte(expr, '[')
	if open < s.at {
		return c, s.fail("expected a range such as [1m]")
	}
	q, err := Parse(expr[s.at:open])
	if err != nil {
		if e, ok := err.(*Error); ok {
			e.Offset += s.at
		}
		return c, err
	}
	c.Query = q
	s.at = open + 1
	width, rest, ok := strings.Cut(s.rest(), "]")
	if c.Window = parseDuration(width); c.Window <= 0 || !ok {
		return c, s.fail("%q is not a range", width)
	}
	s.at += len(width) + 1
	if ago, found := strings.CutPrefix(strings.TrimSpace(rest), "offset "); found {
		ago, rest, _ = strings.Cut(ago, ")")
		rest = ")" + rest
		if c.Offset = parseDuration(strings.TrimSpace(ago)); c.Offset <= 0 {
			return c, s.fail("%q is not an offset", ago)
		}
	}
	if strings.Join(strings.Fields(rest), "") != "))" {
		return c, s.fail("expected )) at the end")
	}
	return c, nil
}
