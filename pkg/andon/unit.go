package andon

import (
	"regexp"
	"strings"
)

// eventsPerSecond is the unit of events whose signal has none.
const eventsPerSecond = "events/s"

// WrittenUnit returns the unit that the signal's values are written in: Unit,
// or what the expression says where that is empty. It is for words only: how a
// signal is compared follows from Unit alone.
func (s Signal) WrittenUnit() string {
	if s.Unit != "" || s.Metric == "" {
		return s.Unit
	}
	switch kind := s.InferKind(); {
	case kind == Failures, kind == Counts && events.MatchString(s.Per):
		return "ratio"
	case kind == Crashes && events.MatchString(s.Per):
		return ""
	case s.IsCounter():
		return eventsPerSecond
	case kind == Crashes, kind == Counts: // by the time of a node, or of what a gauge counts
		if bare := bare(s.Metric); perSecond.MatchString(bare) && !strings.Contains(bare, "/") {
			return eventsPerSecond
		}
		return ""
	}
	return expressedUnit(bare(s.Metric))
}

var (
	notCode   = regexp.MustCompile("\"[^\"]*\"|'[^']*'|`[^`]*`|#[^\n]*")
	matchers  = regexp.MustCompile(`\{[^{}]*\}|\[[^\[\]]*\]`)
	grouping  = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)`)
	perSecond = regexp.MustCompile(`\bi?rate\s*\(`)
	events    = regexp.MustCompile(`\b(i?rate|increase)\s*\(|_per_second|requests|calls`)
	increase  = regexp.MustCompile(`\bincrease\s*\(`)
	quantile  = regexp.MustCompile(`\bhistogram_(quantile|avg)\s*\(`)
	timed     = regexp.MustCompile(`\b\w+_(seconds|milliseconds)(_\w+)?\b`)
	sized     = regexp.MustCompile(`\b\w+_bytes(_total)?\b`)
	counted   = regexp.MustCompile(`\b\w+_(total|count)\b`)
)

// bare returns an expression without its strings, matchers, ranges and lists of
// labels.
func bare(expr string) string {
	for _, left := range []*regexp.Regexp{notCode, matchers, grouping} {
		expr = left.ReplaceAllString(expr, "")
	}
	return expr
}

// expressedUnit returns the unit of a bare expression by the names of its
// metrics, "" where they do not tell.
func expressedUnit(expr string) string {
	if strings.ContainsAny(expr, "*%^") {
		return ""
	}
	if unit := timeUnit(expr); unit != "" {
		return unit
	}
	rate, divided := perSecond.MatchString(expr), strings.Contains(expr, "/")
	switch name := sized.FindString(expr); {
	case divided || increase.MatchString(expr):
		return ""
	case name != "" && rate:
		return "bytes/s"
	case name != "" && !strings.HasSuffix(name, "_total"):
		return "bytes"
	case rate && strings.Contains(expr, "cpu_seconds_total"):
		return "cores"
	case rate && counted.MatchString(expr) && !timed.MatchString(strings.ReplaceAll(expr, "_seconds_count", "")):
		return "/s"
	}
	return ""
}

// timeUnit returns the unit of time of a bare expression; "" if it is of none.
func timeUnit(expr string) string {
	unit, suffixes := "", map[string]bool{}
	for _, m := range timed.FindAllStringSubmatch(expr, -1) {
		unit = map[string]string{"seconds": "s", "milliseconds": "ms"}[m[1]]
		suffixes[m[2]] = true
	}
	accumulated := perSecond.MatchString(expr) || increase.MatchString(expr)
	switch divided := strings.Contains(expr, "/"); {
	case suffixes["_bucket"] && quantile.MatchString(expr), suffixes[""] && quantile.MatchString(expr):
		return unit
	case divided && suffixes["_sum"] && suffixes["_count"]:
		return unit
	case !divided && len(suffixes) == 1 && suffixes[""] && !accumulated:
		return unit
	}
	return ""
}
