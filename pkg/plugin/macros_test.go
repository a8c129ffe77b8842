package plugin

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMacros(t *testing.T) {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := window{From: from, To: from.Add(90 * time.Minute), Step: time.Minute, Scrape: 15 * time.Second}
	fine, odd := w, w
	fine.Step = 10 * time.Second
	odd.Step, odd.To = 90*time.Second, from.Add(1500*time.Millisecond)
	for _, c := range []struct {
		name    string
		window  window
		text    string
		want    string
		unknown []string
	}{
		{name: "nothing to expand", window: w, text: "rate(x[5m])", want: "rate(x[5m])"},
		{name: "interval", window: w, text: "rate(x[$__interval])", want: "rate(x[1m])"},
		{name: "interval in braces", window: w, text: "rate(x[${__interval}])", want: "rate(x[1m])"},
		{name: "interval in milliseconds is not interval and _ms", window: w, text: "$__interval_ms/${__interval_ms}", want: "60000/60000"},
		{name: "interval that is no single unit", window: odd, text: "$__interval", want: "1m30s"},
		{name: "rate interval is the step and a scrape", window: w, text: "rate(x[$__rate_interval])", want: "rate(x[1m15s])"},
		{name: "rate interval is at least four scrapes", window: fine, text: "$__rate_interval $__rate_interval_ms", want: "1m 60000"},
		{name: "range", window: w, text: "$__range ${__range_s} $__range_ms", want: "5400s 5400 5400000"},
		{name: "range is rounded up", window: odd, text: "$__range $__range_s $__range_ms", want: "2s 2 1500"},
		{name: "range of nothing", window: window{From: from, To: from}, text: "x[$__range]", want: "x[1s]"},
		{name: "from and to", window: w, text: "$__from ${__to}", want: "1772366400000 1772371800000"},
		{name: "from as a date", window: w, text: "${__from:date} ${__from:date:iso} ${__to:date:seconds}", want: "2026-03-01T12:00:00.000Z 2026-03-01T12:00:00.000Z 1772371800"},
		{name: "a format that is not known", window: w, text: "${__from:date:YYYY}", want: "${__from:date:YYYY}", unknown: []string{"${__from:date:YYYY}"}},
		{name: "a variable stays and is told", window: w, text: `x{pod="$pod"}[$__interval]`, want: `x{pod="$pod"}[1m]`, unknown: []string{"$pod"}},
		{name: "a longer name is another variable", window: w, text: "$__intervals", want: "$__intervals", unknown: []string{"$__intervals"}},
		{name: "a variable with a format", window: w, text: "${pod:regex}", want: "${pod:regex}", unknown: []string{"${pod:regex}"}},
		{name: "end of a regular expression", window: w, text: `x{a=~"b$|c$"}`, want: `x{a=~"b$|c$"}`},
		{name: "groups of label_replace", window: w, text: `label_replace(x,"a","$1-${2}","b","(.)(.)")`, want: `label_replace(x,"a","$1-${2}","b","(.)(.)")`},
		{name: "named group of label_replace", window: w, text: `label_replace(x,"a","$who","b","(?P<who>.)")`, want: `label_replace(x,"a","$who","b","(?P<who>.)")`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.window.expand(c.text)
			if got.Text != c.want {
				t.Errorf("%s becomes %s, wanted %s", c.text, got.Text, c.want)
			}
			if diff := cmp.Diff(c.unknown, got.Unknown); diff != "" {
				t.Errorf("unknown (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExpandQuery(t *testing.T) {
	w := window{From: time.UnixMilli(1000), To: time.UnixMilli(61000), Step: time.Minute, Scrape: defaultScrape}
	q := querySpec{
		Expr: "a[$__interval] $x", Per: "b[$__range]", Since: "$__from", Back: "$back", NodeLabel: "$node",
		Candidate: map[string]string{"v": "$new"}, Control: map[string]string{"v": "!=$new", "$label": "1"},
	}
	got, unknown := w.expandQuery(q)
	if got.Expr != "a[1m] $x" || got.Per != "b[60s]" || got.Since != "1000" {
		t.Errorf("expanded to %+v", got)
	}
	if diff := cmp.Diff([]string{"$x", "$back", "$node", "$new", "$label"}, unknown); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
	if err := unexpandedError(unknown); !strings.Contains(err.Error(), "$x, $back, $node, $new, $label") {
		t.Errorf("%v", err)
	}
}

// Positions of mistakes are in the text as it was written, in the units that
// the browser counts.
func TestValidation(t *testing.T) {
	w := window{From: time.Unix(0, 0), To: time.Unix(3600, 0), Step: time.Minute, Scrape: defaultScrape}
	for _, c := range []struct {
		name, expr string
		ok         bool
		marked     string // what is between start and end
		says       string
	}{
		{name: "right", expr: "rate(x[5m])", ok: true},
		{name: "right with macros", expr: "rate(x[$__rate_interval])", ok: true},
		{name: "mistake without macros", expr: "sum(x y)", marked: "y", says: "unexpected identifier"},
		{name: "mistake after a macro that shrinks", expr: "rate(x[$__interval_ms]) + sum(x y)", marked: "y", says: "unexpected identifier"},
		{name: "mistake after macros", expr: "rate(x[$__range]) + rate(x[${__interval}]) + sum(x y)", marked: "y", says: "unexpected identifier"},
		{name: "mistake before a macro", expr: "sum(x y) + rate(x[$__range])", marked: "y", says: "unexpected identifier"},
		{name: "after letters of two code units", expr: `up{a="𝄞ü"} + sum(x y)`, marked: "y", says: "unexpected identifier"},
		{name: "mistake within a macro", expr: "rate(x[5m]) + foo bar($__interval)", marked: "bar", says: "unexpected identifier"},
		{name: "a macro where none can be", expr: "sum $__interval (x)", marked: "$__interval", says: "unexpected"},
		{name: "wrong type", expr: "rate(x)", marked: "x", says: "expected type range vector"},
		{name: "unfinished", expr: "sum(", marked: "", says: "unclosed left parenthesis"},
		{name: "empty", expr: "", marked: "", says: "no expression found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := checkPromQL(w.expand(c.expr), c.expr)
			if v.OK != c.ok || !strings.Contains(v.Error, c.says) {
				t.Fatalf("%+v, wanted ok %v and an error that says %q", v, c.ok, c.says)
			}
			units := utf16Of(c.expr)
			if v.Start < 0 || v.End < v.Start || v.End > len(units) {
				t.Fatalf("position %d to %d of %d", v.Start, v.End, len(units))
			}
			if got := stringOf(units[v.Start:v.End]); c.marked != "" && got != c.marked {
				t.Errorf("marks %q, wanted %q", got, c.marked)
			}
		})
	}
}
