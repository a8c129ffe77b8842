package plugin

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// A window holds what macros are replaced by: the time range as Grafana gave it
// and the widths of steps.
type window struct {
	From, To time.Time
	Step     time.Duration // of the answer
	Scrape   time.Duration // between two samples of the source
}

// rateInterval returns the shortest range in which rate() finds enough samples at
// every step: a step and one scrape, and at least four scrapes, so that one may
// be missed.
func (w window) rateInterval() time.Duration {
	return max(w.Step+w.Scrape, 4*w.Scrape)
}

// macro finds $name, ${name} and ${name:format}. Names begin with a letter or
// an underscore: $1 belongs to label_replace.
var macro = regexp.MustCompile(`\$(?:\{([A-Za-z_]\w*)(?::([^}]*))?\}|([A-Za-z_]\w*))`)

// An expansion is a text whose macros were replaced.
type expansion struct {
	Text         string
	Unknown      []string // unknown variables, as written
	replacements []replacement
}

// A replacement of one macro: the bytes sourceStart to sourceEnd of the original
// text became the bytes start to end of the expanded one.
type replacement struct{ sourceStart, sourceEnd, start, end int }

// expand replaces the macros of text. Unknown variables stay as they are and are
// listed.
func (w window) expand(text string) expansion {
	var e expansion
	var b strings.Builder
	last := 0
	for _, m := range macro.FindAllStringSubmatchIndex(text, -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return text[m[2*i]:m[2*i+1]]
		}
		name := group(1) + group(3)
		value, ok := w.value(name, group(2))
		if !ok {
			if !hasCaptureGroup(text, name) {
				e.Unknown = append(e.Unknown, text[m[0]:m[1]])
			}
			continue
		}
		b.WriteString(text[last:m[0]])
		start := b.Len()
		b.WriteString(value)
		e.replacements = append(e.replacements, replacement{m[0], m[1], start, b.Len()})
		last = m[1]
	}
	b.WriteString(text[last:])
	e.Text = b.String()
	return e
}

// hasCaptureGroup reports whether text has a regular expression with a group of
// that name: in label_replace, $name then refers to the group.
func hasCaptureGroup(text, name string) bool {
	return strings.Contains(text, "?P<"+name+">") || strings.Contains(text, "?<"+name+">")
}

// source returns the position in the original text of byte pos of the expanded
// one; in the value of a macro, the start of the macro.
func (e expansion) source(pos int) int {
	shift := 0
	for _, r := range e.replacements {
		switch {
		case pos < r.start:
			return pos + shift
		case pos < r.end:
			return r.sourceStart
		}
		shift = r.sourceEnd - r.end
	}
	return pos + shift
}

// value returns the value of a macro. Durations are written as in PromQL.
func (w window) value(name, format string) (string, bool) {
	span := w.To.Sub(w.From)
	switch name {
	case "__interval":
		return model.Duration(w.Step).String(), true
	case "__interval_ms":
		return millis(w.Step), true
	case "__rate_interval":
		return model.Duration(w.rateInterval()).String(), true
	case "__rate_interval_ms":
		return millis(w.rateInterval()), true
	case "__range":
		return seconds(span) + "s", true
	case "__range_s":
		return seconds(span), true
	case "__range_ms":
		return millis(span), true
	case "__from":
		return formatTime(w.From, format)
	case "__to":
		return formatTime(w.To, format)
	}
	return "", false
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// seconds rounds up, so that a range is never too short, and is at least 1: PromQL
// refuses 0s.
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// formatTime writes a time as Grafana does: in milliseconds since 1970, or as
// :date asks for.
func formatTime(t time.Time, format string) (string, bool) {
	switch format {
	case "", "raw", "text":
		return strconv.FormatInt(t.UnixMilli(), 10), true
	case "date", "date:iso":
		return t.UTC().Format("2006-01-02T15:04:05.000Z"), true
	case "date:seconds":
		return strconv.FormatInt(t.Unix(), 10), true
	}
	return "", false
}

// expandQuery replaces the macros in all fields of q that may hold them. unknown
// lists the variables that stay, each once.
func (w window) expandQuery(q querySpec) (expanded querySpec, unknown []string) {
	expand := func(s string) string {
		e := w.expand(s)
		for _, u := range e.Unknown {
			if !slices.Contains(unknown, u) {
				unknown = append(unknown, u)
			}
		}
		return e.Text
	}
	for _, field := range []*string{&q.Expr, &q.Per, (*string)(&q.Since), (*string)(&q.Until), &q.Back, &q.NodeLabel, &q.Service, &q.Rollout,
		&q.VersionLabel, &q.Cluster, &q.Name} {
		*field = expand(*field)
	}
	for _, s := range []*andon.Selector{&q.Candidate, &q.Control, &q.Match} {
		changed := make(andon.Selector, len(*s))
		for _, name := range slices.Sorted(maps.Keys(*s)) {
			changed[expand(name)] = expand((*s)[name])
		}
		*s = changed
	}
	q.Signals = slices.Clone(q.Signals)
	for i := range q.Signals {
		s := &q.Signals[i]
		s.Metric, s.Per, s.Logs, s.Crashes = expand(s.Metric), expand(s.Per), expand(s.Logs), expand(s.Crashes)
	}
	return q, unknown
}

// unexpandedError says that the query of an alert rule uses dashboard variables.
func unexpandedError(names []string) error {
	return fmt.Errorf("the query uses %s, but alert rules have no dashboard variables; write the value instead", strings.Join(names, ", "))
}
