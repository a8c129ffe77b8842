package source

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/andon"
)

func TestResolve(t *testing.T) {
	v2 := andon.Selector{"version": "v2"}
	for _, c := range []struct {
		name   string
		expr   string
		s      andon.Selector
		want   string
		errors []string // substrings of the error; no error if nil
	}{
		{name: "bare metric", expr: `up`, s: v2, want: `up{version="v2"}`},
		{name: "empty selector leaves the text alone", expr: "sum( up )  # all", s: nil, want: "sum( up )  # all"},
		{name: "keeps its own matchers", expr: `up{job="a"}`, s: v2, want: `up{job="a",version="v2"}`},
		{name: "every selector", expr: `sum by (pod) (rate(errors[1m])) / sum by (pod) (rate(requests[1m]))`, s: v2,
			want: `sum by (pod) (rate(errors{version="v2"}[1m])) / sum by (pod) (rate(requests{version="v2"}[1m]))`},
		{name: "subquery, offset and @", expr: `max_over_time(rate(a[1m] offset 1h)[10m:1m] @ end())`, s: v2,
			want: `max_over_time(rate(a{version="v2"}[1m] offset 1h)[10m:1m] @ end())`},
		{name: "quantile", expr: `histogram_quantile(0.99, sum by (le) (rate(b_bucket[5m])))`, s: v2,
			want: `histogram_quantile(0.99, sum by (le) (rate(b_bucket{version="v2"}[5m])))`},
		{name: "operators", expr: `up`, s: andon.Selector{"a": "!=1", "b": "=~x|y", "c": "!~z.*", "d": "=e", "e": ""},
			want: `up{a!="1",b=~"x|y",c!~"z.*",d="=e",e=""}`},
		{name: "needs quotes", expr: `{"http.requests"}`, s: andon.Selector{"service.name": `a"b\`},
			want: `{"service.name"="a\"b\\",__name__="http.requests"}`},
		{name: "selects nothing", expr: `1 + 1`, s: v2, want: `1 + 1`},
		{name: "not PromQL", expr: "sum(\nrate(a[1m)", s: v2, errors: []string{"2:", "parse error", "rate(a[1m)"}},
		{name: "empty", expr: "", s: v2, errors: []string{"no expression"}},
		{name: "not a regular expression", expr: `up`, s: andon.Selector{"pod": "=~a("}, errors: []string{"label pod", `"a("`, "regular expression"}},
		{name: "label without a name", expr: `up`, s: andon.Selector{"": "x"}, errors: []string{"no label name"}},
		{name: "second metric name", expr: `up`, s: andon.Selector{"__name__": "down"}, errors: []string{"twice", "query up"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Resolve(c.expr, c.s)
			if (err != nil) != (c.errors != nil) {
				t.Fatalf("error %v, want one: %v", err, c.errors != nil)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			var e *Error
			if err != nil && (!errors.As(err, &e) || e.Kind != BadQuery || e.Query != c.expr) {
				t.Errorf("not a BadQuery error of the expression: %#v", err)
			}
			for _, want := range c.errors {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// FuzzResolve checks that a resolved expression is PromQL in which every
// selector holds the matchers, and that what is not PromQL is an error.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{`up`, `sum by (pod) (rate(a{b="c"}[1m]))`, `{"a.b", "c.d"=~"e"}`, `a @ 12.5 offset -5m`, `a[1m:]`, `-a ^ 2 or b`,
		`label_replace(a, "x", "$1", "y", "(.*)")`, `count_values("v", a) unless on(x) group_left() b`, `{__name__=~"a.*"}`} {
		f.Add(s, "version", "=~v2|v3")
	}
	f.Add(`up`, "a b", "!=\xff\"\n")
	f.Add(`start`, "le", "")
	f.Fuzz(func(t *testing.T, expr, label, value string) {
		s := andon.Selector{label: value}
		got, err := Resolve(expr, s)
		if err != nil {
			return
		}
		tree, err := promQL.ParseExpr(got)
		if err != nil {
			t.Fatalf("%q resolved to %q, which does not parse: %v", expr, got, err)
		}
		wanted, err := matchers(s)
		if err != nil {
			t.Fatal(err)
		}
		parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
			v, ok := n.(*parser.VectorSelector)
			if ok && !slices.ContainsFunc(v.LabelMatchers, func(m *labels.Matcher) bool { return m.String() == wanted[0].String() }) {
				t.Errorf("%q resolved to %q: %s lacks %s", expr, got, v, wanted[0])
			}
			return nil
		})
	})
}
