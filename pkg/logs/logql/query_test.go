package logql

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, in, want, streams string }{
		{"a selector", `{app="shop"}`, `{app="shop"}`, `{app="shop"}`},
		{"all operators", `{a="1",b!="2",c=~"3.*",d!~"4|5"}`, `{a="1", b!="2", c=~"3.*", d!~"4|5"}`, ""},
		{"spaces and a comma at the end", "\n{ app = `shop` , }\n", `{app="shop"}`, ""},
		{"braces and quotes in values", `{a="}\"{", b=~"\\d{3}"} |= "{x}"`, `{a="}\"{", b=~"\\d{3}"} |= "{x}"`, `{a="}\"{", b=~"\\d{3}"}`},
		{"line filters", `{a="b"}|="err" or "warn"!="debug"|~` + "`x|y`", `{a="b"} |= "err" or "warn" != "debug" |~ ` + "`x|y`", ""},
		{"parsers and label filters", `{a="b"} | json | level != "info" and ms > 10 | line_format "{{.msg}}"`, `{a="b"} | json | level != "info" and ms > 10 | line_format "{{.msg}}"`, ""},
		{"comments", "{a=\"b\"} # which\n |= \"#\" # what\n", `{a="b"} |= "#"`, ""},
		{"a pipe in a string", `{a="b"} |= "a | b" | logfmt`, `{a="b"} |= "a | b" | logfmt`, ""},
		{"pattern filters", `{a="b"} |> "<_> x" !> "y <_>"`, `{a="b"} |> "<_> x" !> "y <_>"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := Parse(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := q.String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.streams != "" && q.Streams() != c.streams {
				t.Errorf("streams %s, want %s", q.Streams(), c.streams)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, in, says string
		at             int
	}{
		{"nothing", "  # all\n", "begin with a stream selector", 8},
		{"a metric query", `rate({a="b"}[1m])`, "without a function around it", 0},
		{"a range", `{a="b"} |= "x" [5m]`, "leave out the range", 15},
		{"an empty selector", `{}`, "name a label", 2},
		{"no label", `{="b"}`, "name of a label", 1},
		{"no operator", `{a "b"}`, "after the label a", 3},
		{"no value", `{a=b}`, "in quotes", 3},
		{"an open string", `{a="b`, "no closing quote", 3},
		{"a bad escape", `{a="\d"}`, "backquotes", 3},
		{"a bad regular expression", `{a=~"("}`, "not a regular expression", 1},
		{"no comma", `{a="b" c="d"}`, "comma", 7},
		{"no pipe", `{a="b"} json`, "expected | before", 8},
		{"an empty stage", `{a="b"} | | json`, "empty", 10},
		{"a lonely !", `{a="b"} ! "x"`, "expected", 8},
		{"too long", strings.Repeat(" ", maxQuery+1), "at most", maxQuery},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := Parse(c.in)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v, %v; want an *Error", q, err)
			}
			if e.Offset != c.at || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q at %d, want %q at %d", err, e.Offset, c.says, c.at)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name, in string
		selector map[string]string
		behind   string
		want     string
		says     string
	}{
		{name: "nothing to write", in: `{ a="b" }`, want: `{ a="b" }`},
		{name: "equal", in: `{a="b"} |= "x"`, selector: map[string]string{"version": "v2"}, want: `{a="b", version="v2"} |= "x"`},
		{name: "all operators", in: `{a="b"}`, selector: map[string]string{"d": "!~x|y", "c": "=~x.*", "b": "!=x"}, want: `{a="b", b!="x", c=~"x.*", d!~"x|y"}`},
		{name: "structured metadata", in: `{a="b"} |= "x"`, selector: map[string]string{"version": "!=v2", "pod": "p"}, behind: "version", want: `{a="b", pod="p"} |= "x" | version!="v2"`},
		{name: "quotes", in: `{a="b"}`, selector: map[string]string{"c": "\"\\\n"}, want: `{a="b", c="\"\\\n"}`},
		{name: "not LogQL", in: `up`, selector: map[string]string{"c": "d"}, says: "stream selector"},
		{name: "a bad label", in: `{a="b"}`, selector: map[string]string{"c.d": "x"}, says: "not the name of a label"},
		{name: "a bad regular expression", in: `{a="b"}`, selector: map[string]string{"c": "=~("}, says: "not a regular expression"},
		{name: "selects everything", in: `{a=~".*"}`, selector: map[string]string{"c": "!=d"}, says: "Loki refuses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ResolveBehind(c.in, c.selector, func(l string) bool { return l == c.behind })
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%q, %v; want an error that says %q", got, err, c.says)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("got  %s (%v)\nwant %s", got, err, c.want)
			}
		})
	}
}

// What is read and written again is read as the same, and matchers that are
// written in come out as they went in, whatever they hold.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{a="b"}`, "{a=~`x|y`, b!=\"\"} |= \"e\" | json # c\n| x > 3", `{a="b"} != "c"`, `{a="}"}[1m]`, "{a=\"b\"}|`"} {
		f.Add(s, "version", "=~v.*")
	}
	f.Fuzz(func(t *testing.T, expr, label, value string) {
		q, err := Parse(expr)
		if err != nil {
			return
		}
		once := q.String()
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("%q became %q: %v", expr, once, err)
		}
		if again.String() != once || len(again.Matchers) != len(q.Matchers) {
			t.Fatalf("%q became %q became %q", expr, once, again.String())
		}
		resolved, err := Resolve(expr, map[string]string{label: value})
		if err != nil {
			return
		}
		r, err := Parse(resolved)
		if err != nil {
			t.Fatalf("%q with %s %q became %q: %v", expr, label, value, resolved, err)
		}
		last := r.Matchers[len(r.Matchers)-1]
		if len(r.Matchers) != len(q.Matchers)+1 || last.Label != label || !strings.HasSuffix(value, last.Value) || r.Pipeline != again.Pipeline {
			t.Fatalf("%q with %s %q became %q", expr, label, value, resolved)
		}
	})
}
