package plugin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
)

// parseQuery reads a query as the data source does.
func parseQuery(raw []byte) (querySpec, error) {
	q, err := decodeQuery(raw, "")
	if err != nil {
		return querySpec{}, err
	}
	return q.complete()
}

func TestComparisonOfQuery(t *testing.T) {
	change := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, json string
		want       andon.Comparison
	}{
		{
			name: "cohorts by labels, the rest to default",
			json: `{"v":1,"refId":"A","datasource":{"uid":"x"},"expr":"up","nodeLabel":"pod","candidate":{"version":"v2"},"control":{"version":"!=v2"}}`,
			want: andon.Comparison{
				Signal: andon.Signal{Metric: "up", Worse: andon.Higher, Kind: andon.Value}, Node: "pod", Sensitivity: andon.Medium,
				Candidate: andon.Cohort{Select: andon.Selector{"version": "v2"}},
				Control:   andon.Cohort{Select: andon.Selector{"version": "!=v2"}},
			},
		},
		{
			name: "every field",
			json: `{"v":1,"queryType":"deviation","name":"errors","expr":"e","per":"r","nodeLabel":"pod","cohorts":"labels","candidate":{"v":"2"},"control":{"v":"1"},` +
				`"worse":"lower","sensitivity":"high","unit":"s","kind":"latency","since":"2026-03-01T12:00:00Z","view":"raw","legend":"x","step":"30s"}`,
			want: andon.Comparison{
				Signal: andon.Signal{Name: "errors", Metric: "e", Per: "r", Worse: andon.Lower, Unit: "s", Kind: andon.Latency},
				Node:   "pod", Sensitivity: andon.High, Since: change,
				Candidate: andon.Cohort{Select: andon.Selector{"v": "2"}},
				Control:   andon.Cohort{Select: andon.Selector{"v": "1"}},
			},
		},
		{
			name: "a day before",
			json: `{"expr":"up","cohorts":"time","back":"1d","candidate":{"job":"cpu"},"control":{"left":"over"}}`,
			want: andon.Comparison{
				Signal: andon.Signal{Metric: "up", Worse: andon.Higher, Kind: andon.Value}, Sensitivity: andon.Medium,
				Candidate: andon.Cohort{Select: andon.Selector{"job": "cpu"}},
				Control:   andon.Cohort{Select: andon.Selector{"job": "cpu"}, Back: 24 * time.Hour},
			},
		},
		{
			name: "before and after a moment, as a number",
			json: `{"expr":"up","cohorts":"time","since":1772366400000}`,
			want: andon.Comparison{Signal: andon.Signal{Metric: "up", Worse: andon.Higher, Kind: andon.Value}, Sensitivity: andon.Medium, Since: change},
		},
		{
			name: "before and after a moment, as a number in a text",
			json: `{"expr":"up","cohorts":"time","since":"1772366400000"}`,
			want: andon.Comparison{Signal: andon.Signal{Metric: "up", Worse: andon.Higher, Kind: andon.Value}, Sensitivity: andon.Medium, Since: change},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := parseQuery([]byte(c.json))
			if err != nil {
				t.Fatal(err)
			}
			got, err := q.newComparison(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Step = time.Minute
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("comparison (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryRefused(t *testing.T) {
	const labels = `"candidate":{"v":"2"},"control":{"v":"1"}`
	for _, c := range []struct{ name, json, want string }{
		{"not JSON", `{`, "the query cannot be read"},
		{"a list", `[]`, "the query cannot be read"},
		{"made by a newer version", `{"v":3,"expr":"up",` + labels + `}`, "update the plugin"},
		{"no expression", `{"expr":" ",` + labels + `}`, "expr is empty"},
		{"unknown cohorts", `{"expr":"up","cohorts":"magic"}`, `cohorts: "magic" is not a way to compare; write one of labels, time`},
		{"unknown view", `{"expr":"up","view":"x",` + labels + `}`, `view: "x" is not a view; write one of sigma, raw`},
		{"unknown direction", `{"expr":"up","worse":"x",` + labels + `}`, `worse: "x" is not a direction; write one of higher, lower, both`},
		{"unknown sensitivity", `{"expr":"up","sensitivity":"x",` + labels + `}`, "high, medium, low"},
		{"unknown kind", `{"expr":"up","kind":"x",` + labels + `}`, `kind: "x" is not a kind; write one of counts, crashes, failures, latency, resource, memory, value`},
		{"no cohorts", `{"expr":"up"}`, "candidate is empty"},
		{"no control", `{"expr":"up","candidate":{"v":"2"}}`, "control is empty"},
		{"both cohorts the same", `{"expr":"up","candidate":{"v":"2"},"control":{"v":"2"}}`, "control: selects the same nodes as candidate"},
		{"by time without a time", `{"expr":"up","cohorts":"time"}`, "need back"},
		{"back is no duration", `{"expr":"up","cohorts":"time","back":"yesterday"}`, `back: "yesterday" is not a duration`},
		{"back of nothing", `{"expr":"up","cohorts":"time","back":"0s"}`, "not longer than zero"},
		{"since is no time", `{"expr":"up","cohorts":"time","since":"noon"}`, `since: "noon" is not a time`},
		{"since is a flag", `{"expr":"up","cohorts":"time","since":true}`, "neither a string nor a number"},
		{"step is no duration", `{"expr":"up","step":"wide",` + labels + `}`, `step: "wide" is not a duration`},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := parseQuery([]byte(c.json))
			if err == nil {
				_, err = q.newComparison(time.Minute)
			}
			if err == nil {
				_, err = q.grid(time.Minute, time.Hour)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, wanted one that says %q", err, c.want)
			}
		})
	}
}

func TestGrid(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name           string
		set            string
		interval, span time.Duration
		bin, stride    time.Duration
		wide           bool
	}{
		{name: "the judge's bin where the panel is finer", interval: 15 * time.Second, span: 6 * time.Hour, bin: time.Minute, stride: time.Minute},
		{name: "the judge's bin without an interval", span: time.Hour, bin: time.Minute, stride: time.Minute},
		{name: "every other bin where the panel is wider", interval: 90 * time.Second, span: 2 * day, bin: time.Minute, stride: 2 * time.Minute},
		{name: "the bin that is set", set: "15s", interval: 40 * time.Second, span: time.Hour, bin: 15 * time.Second, stride: 45 * time.Second},
		{name: "11,000 points are enough", set: "1s", span: 10_999 * time.Second, bin: time.Second, stride: time.Second},
		{name: "11,001 points are too many", set: "1s", span: 11_000 * time.Second, bin: time.Second, stride: 2 * time.Second},
		{name: "ends between two bins", set: "1s", span: 10_999*time.Second + 1, bin: time.Second, stride: 2 * time.Second},
		{name: "a month keeps the bin", interval: time.Second, span: 30 * day, bin: time.Minute, stride: 4 * time.Minute},
		{name: "a year does not", interval: 6 * time.Hour, span: 365 * day, bin: 11 * time.Minute, stride: 363 * time.Minute, wide: true},
		{name: "a bin that is all of time", set: "290y", span: 30 * day, bin: 290 * 365 * day, stride: 290 * 365 * day},
		{name: "an empty range", bin: time.Minute, stride: time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := querySpec{Step: c.set}.grid(c.interval, c.span)
			if want := (grid{c.bin, c.stride, c.wide}); err != nil || got != want {
				t.Errorf("grid is %v, %v, wanted %v", got, err, want)
			}
			if points := ceilDiv(c.span, got.Stride) + 1; points > maxPoints {
				t.Errorf("%d points", points)
			}
		})
	}
}

// FuzzQuery checks that a query that was read can be written and read again
// as the same, and that nothing in it makes the reader fall over.
func FuzzQuery(f *testing.F) {
	f.Add([]byte(`{"expr":"rate(x[$__interval])","candidate":{"v":"=~2"},"control":{"v":"1"},"since":12}`))
	f.Add([]byte(`{"expr":"${__from:date}${a:b}$","cohorts":"time","back":"1d","step":"1y"}`))
	f.Add([]byte(`{"v":-1,"since":"","expr":"ü$__rate_interval","candidate":{},"control":null}`))
	w := window{From: time.Unix(0, 0), To: time.Unix(3600, 0), Step: time.Minute, Scrape: defaultScrape}
	f.Fuzz(func(t *testing.T, raw []byte) {
		q, err := parseQuery(raw)
		if err != nil {
			return
		}
		written, err := json.Marshal(q)
		if err != nil {
			t.Fatalf("a query that was read cannot be written: %v", err)
		}
		again, err := parseQuery(written)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, written)
		}
		twice, _ := json.Marshal(again)
		if string(twice) != string(written) {
			t.Errorf("written %s, then %s", written, twice)
		}
		expanded, _ := w.expandQuery(q)
		_, _ = expanded.newComparison(time.Minute)
		if g, err := q.grid(time.Second, time.Hour); err == nil && (g.Bin <= 0 || g.Stride < g.Bin || g.Stride%g.Bin != 0) {
			t.Errorf("step %q gives %v", q.Step, g)
		}
		e := w.expand(q.Expr)
		checkPromQL(e, q.Expr)
	})
}
