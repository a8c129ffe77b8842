package logql

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// CountOverTime returns the metric query that counts a log query's lines over
// a window, added up by labels; all together if there are none.
func CountOverTime(expr string, by []string, window time.Duration) string {
	return fmt.Sprintf("sum by (%s) (count_over_time(%s [%s]))", strings.Join(by, ", "), expr, duration(window))
}

// duration writes a duration as LogQL reads it.
func duration(d time.Duration) string {
	if d%time.Millisecond == 0 {
		return model.Duration(d).String()
	}
	return d.String()
}

// A Count is a query that CountOverTime wrote.
type Count struct {
	Query  Query
	By     []string
	Window time.Duration
}

// ParseCount reads what CountOverTime writes, and no other metric query. The
// error is an *Error.
func ParseCount(expr string) (Count, error) {
	s := &scanner{text: expr}
	var c Count
	if !s.take("sum") || !s.take("by") || !s.take("(") {
		return c, s.fail("sum by (labels) (count_over_time(…)) is wanted")
	}
	for !s.take(")") {
		if len(c.By) > 0 && !s.take(",") {
			return c, s.fail("a comma or ) is wanted behind a label")
		}
		s.space()
		name := s.word()
		if name == "" {
			return c, s.fail("the name of a label is wanted")
		}
		c.By = append(c.By, name)
	}
	if !s.take("(") || !s.take("count_over_time") || !s.take("(") {
		return c, s.fail("(count_over_time(…)) is wanted")
	}
	open := strings.LastIndexByte(expr, '[')
	if open < s.at {
		return c, s.fail("a range such as [1m] is wanted")
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
	if d, err := time.ParseDuration(width); err == nil && ok {
		c.Window = d
	} else if d, err := model.ParseDuration(width); err == nil && ok {
		c.Window = time.Duration(d)
	}
	if c.Window <= 0 {
		return c, s.fail("%q is not a range", width)
	}
	s.at += len(width) + 1
	if strings.Join(strings.Fields(rest), "") != "))" {
		return c, s.fail(")) is wanted")
	}
	return c, nil
}
