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

// A window is what macros stand for: the time range as Grafana gave it and
// how wide a step is.
type window struct {
	From, To time.Time
	Step     time.Duration // of the answer
	Scrape   time.Duration // between two samples of the source
}

// rateInterval returns the shortest range over which rate() finds the samples
// it needs at every step: one more sample than a step holds, and four scrapes
// so that one may be missed.
func (w window) rateInterval() time.Duration {
	return max(w.Step+w.Scrape, 4*w.Scrape)
}

// macro finds $name, ${name} and ${name:format}. Names begin with a letter or
// an underscore: $1 belongs to label_replace.
var macro = regexp.MustCompile(`\$(?:\{([A-Za-z_]\w*)(?::([^}]*))?\}|([A-Za-z_]\w*))`)

// An expansion is a text whose macros were replaced.
type expansion struct {
	Text    string
	Unknown []string // variables that were left, as they were written
	cuts    []cut
}

// A cut is one replacement: source bytes from, to became bytes at, end.
type cut struct{ from, to, at, end int }

// expand replaces the macros of text. It leaves what it does not know as it
// was written and tells of it.
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
		at := b.Len()
		b.WriteString(value)
		e.cuts = append(e.cuts, cut{m[0], m[1], at, b.Len()})
		last = m[1]
	}
	b.WriteString(text[last:])
	e.Text = b.String()
	return e
}

// hasCaptureGroup reports whether text holds a regular expression with a group of
// that name, to which $name then refers, as label_replace allows.
func hasCaptureGroup(text, name string) bool {
	return strings.Contains(text, "?P<"+name+">") || strings.Contains(text, "?<"+name+">")
}

// source returns the byte of the original text that became byte pos; the
// first one of a macro for any byte of its value.
func (e expansion) source(pos int) int {
	shift := 0
	for _, c := range e.cuts {
		switch {
		case pos < c.at:
			return pos + shift
		case pos < c.end:
			return c.from
		}
		shift = c.to - c.end
	}
	return pos + shift
}

// value returns what a macro stands for. Durations are PromQL's.
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

// seconds rounds up so that a range is never cut short, and never to the 0s
// that PromQL refuses.
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// formatTime writes a time as Grafana does: milliseconds since the epoch, or
// what :date asks for.
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

// expandQuery replaces the macros of everything in q that may hold them.
// Variables that stay are named in unknown, each once.
func (w window) expandQuery(q Query) (expanded Query, unknown []string) {
	take := func(s string) string {
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
		*field = take(*field)
	}
	for _, s := range []*andon.Selector{&q.Candidate, &q.Control, &q.Match} {
		taken := make(andon.Selector, len(*s))
		for _, name := range slices.Sorted(maps.Keys(*s)) {
			taken[take(name)] = take((*s)[name])
		}
		*s = taken
	}
	q.Signals = slices.Clone(q.Signals)
	for i := range q.Signals {
		s := &q.Signals[i]
		s.Metric, s.Per, s.Logs, s.Crashes = take(s.Metric), take(s.Per), take(s.Logs), take(s.Crashes)
	}
	return q, unknown
}

// unexpandedError says that a query from an alert rule holds variables, which
// only dashboards have.
func unexpandedError(names []string) error {
	return fmt.Errorf("the query holds %s, and alert rules have no dashboard variables; write the value instead", strings.Join(names, ", "))
}
