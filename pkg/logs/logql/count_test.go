package logql

import (
	"strings"
	"testing"
	"time"
)

func TestCount(t *testing.T) {
	for _, c := range []struct {
		name           string
		by             []string
		window, offset time.Duration
		want           string
	}{
		{"all", nil, time.Minute, 0, `sum by () (count_over_time({a="]"} |= "[x]" [1m]))`},
		{"by labels, before", []string{"pod", "version"}, 90 * time.Second, 10 * time.Second, `sum by (pod, version) (count_over_time({a="]"} |= "[x]" [1m30s] offset 10s))`},
		{"finer than a millisecond", nil, 1500 * time.Microsecond, 0, `sum by () (count_over_time({a="]"} |= "[x]" [1.5ms]))`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := CountOverTime(`{a="]"} |= "[x]"`, c.by, c.window, c.offset)
			if got != c.want {
				t.Fatalf("got  %s\nwant %s", got, c.want)
			}
			read, err := ParseCount(got)
			if err != nil || read.Window != c.window || read.Offset != c.offset || strings.Join(read.By, ",") != strings.Join(c.by, ",") || read.Query.String() != `{a="]"} |= "[x]"` {
				t.Errorf("read as %+v (%v)", read, err)
			}
		})
	}
	for _, in := range []string{"", "rate({a=\"b\"}[1m])", `sum by (pod) (count_over_time({a="b"}))`, `sum by (pod) (count_over_time({a="b"}[0s]))`, `sum by (pod) (count_over_time({a="b"}[1m] offset x))`, `sum by (pod) (count_over_time({a="b"}[1m])) > 3`, `sum by (1) (count_over_time({a="b"}[1m]))`} {
		if c, err := ParseCount(in); err == nil {
			t.Errorf("%s is read as %+v", in, c)
		}
	}
}

func TestMatch(t *testing.T) {
	labels := map[string]string{"app": "shop", "level": "error"}
	for _, c := range []struct {
		query string
		line  string
		want  bool
	}{
		{`{app="shop"}`, "x", true},
		{`{app="sho"}`, "x", false},
		{`{app=~"sh.*", level!="info", other=""}`, "x", true},
		{`{app!~"sh.*"}`, "x", false},
		{`{app=~"ho"}`, "x", false}, // anchored
		{`{app="shop"} |= "b" or "c"`, "abc", true},
		{`{app="shop"} |= "z" or "y"`, "abc", false},
		{`{app="shop"} != "z" != "b"`, "abc", false},
		{`{app="shop"} |~ "^a.c$" !~ "d"`, "abc", true},
		{`{app="shop"} |= "a" | level="error"`, "abc", true},
		{`{app="shop"} | level=~"info|warn" |= "a"`, "abc", false},
	} {
		q, err := Parse(c.query)
		if err != nil {
			t.Fatal(err)
		}
		match, err := q.Compile()
		if err != nil {
			t.Fatalf("%s: %v", c.query, err)
		}
		if got := match(labels, c.line); got != c.want {
			t.Errorf("%s on %q: %v", c.query, c.line, got)
		}
	}
	for _, query := range []string{`{a="b"} | json`, `{a="b"} |= "x" | logfmt | level="error"`, `{a="b"} | line_format "x"`, `{a="b"} |> "<_>"`, `{a="b"} |~ "("`} {
		q, err := Parse(query)
		if err == nil {
			_, err = q.Compile()
		}
		if err == nil {
			t.Errorf("%s is evaluated", query)
		}
	}
}
