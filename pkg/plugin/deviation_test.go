package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// ask makes a request of queries, one a RefID, over the hour after noon.
func ask(queries map[string]string) *backend.QueryDataRequest {
	req := &backend.QueryDataRequest{Headers: map[string]string{}}
	for ref, q := range queries {
		req.Queries = append(req.Queries, backend.DataQuery{RefID: ref, MaxDataPoints: 1000, Interval: 15 * time.Second, JSON: []byte(q),
			TimeRange: backend.TimeRange{From: noon.Add(10 * time.Second), To: noon.Add(59*time.Minute + 59*time.Second)}})
	}
	return req
}

// last returns the last value of a frame that is known; NaN if there is none.
func last(f *data.Frame) float64 {
	for i := f.Fields[1].Len() - 1; i >= 0; i-- {
		if v, ok := f.Fields[1].ConcreteAt(i); ok {
			return v.(float64)
		}
	}
	return math.NaN()
}

const canary = `"expr":"latency_seconds","nodeLabel":"pod","unit":"s","candidate":{"job":"cart","version":"v2"},"control":{"job":"cart","version":"!=v2"}`

func TestDeviation(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, shop())})
	for _, c := range []struct {
		name, query string
		series      string  // names of all series that have rows
		low, high   float64 // what the last value of the first series lies between
		notice      string  // said by a notice; no notice at all if empty
		executed    string
	}{
		{name: "by labels", query: canary, series: "cart-n", low: 5, high: 100, executed: `latency_seconds{job="cart",version!="v2"}`},
		{name: "lower is worse", query: canary + `,"worse":"lower"`, series: "cart-n", low: -100, high: -5},
		{name: "a legend", query: canary + `,"legend":"{{pod}} now"`, series: "cart-n now", low: 5, high: 100},
		{name: "values", query: canary + `,"view":"raw"`, series: "cart-n, control low, control centre, control high", low: .28, high: .32},
		{name: "thin control", query: strings.ReplaceAll(canary, "cart", "lone"), series: "lone-b", low: -20, high: 20, notice: "only 1 old node: it takes 3"},
		{name: "no candidate", query: strings.Replace(canary, `"v2"`, `"v3"`, 1), notice: "no series from the new nodes: nothing matches job: cart, version: v3"},
		{name: "no control", query: strings.Replace(canary, `"!=v2"`, `"v0"`, 1), series: "cart-n", low: math.NaN(), notice: "no series from the old nodes: nothing matches job: cart, version: v0"},
		{name: "neither", query: strings.Replace(canary, "latency_seconds", "latency", 1), notice: "no series from the new nodes (job: cart, version: v2) or the old nodes"},
		{name: "label of nodes is not in the answer", query: strings.Replace(canary, `"latency_seconds"`, `"avg(latency_seconds)"`, 1), series: "service", low: 5, high: 100, notice: "no label pod"},
		{name: "a variable nobody knows", query: strings.Replace(canary, `"v2"`, `"$v"`, 1), notice: "the query uses $v"},
		{name: "a day before", query: `"expr":"latency_seconds","nodeLabel":"pod","cohorts":"time","back":"1d","candidate":{"job":"cart","version":"v1"}`,
			series: "cart-a, cart-b, cart-c, cart-d", low: -4, high: 4, executed: "# control, 1d before"},
		{name: "a week before, of which nothing is known", query: `"expr":"queue_length","nodeLabel":"pod","cohorts":"time","back":"1w"`,
			series: "cart-a", low: math.NaN(), notice: "no samples from the time to compare with"},
		{name: "before and after", query: `"expr":"queue_length","nodeLabel":"pod","cohorts":"time","since":"2026-03-01T12:00:00Z"`,
			series: "cart-a", low: 5, high: 100, executed: "# control, before 2026-03-01T12:00:00Z"},
		{name: "before and after, of some series", query: `"expr":"latency_seconds","nodeLabel":"pod","cohorts":"time","since":"2026-03-01T12:00:00Z","candidate":{"pod":"cart-a"}`,
			series: "cart-a", low: -4, high: 4, executed: `latency_seconds{pod="cart-a"}`},
		{name: "by time, of nothing", query: `"expr":"nothing","cohorts":"time","back":"1d"`, notice: "the query returns no series: nothing"},
		{name: "macros", query: strings.Replace(canary, "latency_seconds", "avg_over_time(latency_seconds[$__rate_interval])", 1), series: "cart-n", low: 5, high: 100, executed: "[1m15s]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := d.QueryData(context.Background(), ask(map[string]string{"A": "{" + c.query + "}"}))
			if err != nil {
				t.Fatal(err)
			}
			r := res.Responses["A"]
			if r.Error != nil || r.Status != backend.StatusOK || len(r.Frames) == 0 {
				t.Fatalf("status %d, error %v, %d frames", r.Status, r.Error, len(r.Frames))
			}
			var names []string
			for _, f := range r.Frames {
				if err := complete(f); err != nil {
					t.Error(err)
				}
				if f.Rows() > 0 {
					names = append(names, f.Fields[1].Config.DisplayNameFromDS)
				}
			}
			if got := strings.Join(names, ", "); got != c.series {
				t.Errorf("series are %q, wanted %q", got, c.series)
			}
			if got := last(r.Frames[0]); c.series != "" && !math.IsNaN(c.low) && (got < c.low || got > c.high) {
				t.Errorf("last value is %v, wanted one from %v to %v", got, c.low, c.high)
			} else if math.IsNaN(c.low) && !math.IsNaN(got) {
				t.Errorf("last value is %v, wanted none", got)
			}
			said := fmt.Sprint(r.Frames[0].Meta.Notices)
			if c.notice == "" && len(r.Frames[0].Meta.Notices) > 0 || !strings.Contains(said, c.notice) {
				t.Errorf("notices are %s, wanted %q", said, c.notice)
			}
			if got := r.Frames[0].Meta.ExecutedQueryString; !strings.Contains(got, c.executed) {
				t.Errorf("executed is %s, wanted %q in it", got, c.executed)
			}
		})
	}
}

// One query that fails leaves the others alone, and each error says whose
// fault it is.
func TestErrorsAreOfOneQuery(t *testing.T) {
	good := prometheusServer(t, shop())
	for _, c := range []struct {
		name, url, query string
		fromAlert        string
		status           backend.Status
		says             string
	}{
		{name: "not PromQL", url: good, query: strings.Replace(canary, `"latency_seconds"`, `"sum(x y)"`, 1), status: 400, says: "unexpected identifier"},
		{name: "not PromQL, by time", url: good, query: `"expr":"sum(","cohorts":"time","back":"1d"`, status: 400, says: "unclosed left parenthesis"},
		{name: "not a regular expression", url: good, query: strings.Replace(canary, `"!=v2"`, `"=~("`, 1), status: 400, says: "not a regular expression"},
		{name: "refused when it runs", url: good, query: strings.Replace(canary, `"latency_seconds"`, `"label_replace(latency_seconds,\"pod\",\"\",\"pod\",\".*\")+on(job) latency_seconds"`, 1), status: 400, says: "same labelset"},
		{name: "unknown type", url: good, query: canary + `,"queryType":"magic"`, status: 400, says: `queryType: "magic" is not a query type; write one of clusters, crashes, deviation`},
		{name: "no cohorts", url: good, query: `"expr":"up"`, status: 400, says: "candidate is empty"},
		{name: "variable in an alert rule", url: good, query: strings.Replace(canary, `"v2"`, `"${v}"`, 1), fromAlert: "true", status: 400, says: "${v}"},
		{name: "no URL", query: canary, status: 400, says: "the URL of Prometheus is not set"},
		{name: "401", url: serverAnswering(t, 401, "text/plain", ""), query: canary, status: 401, says: "status 401"},
		{name: "403", url: serverAnswering(t, 403, "text/plain", ""), query: canary, status: 403, says: "status 403"},
		{name: "429", url: serverAnswering(t, 429, "text/plain", ""), query: canary, status: 429, says: "status 429"},
		{name: "503", url: serverAnswering(t, 503, "text/plain", ""), query: canary, status: 502, says: "status 503"},
		{name: "a page", url: serverAnswering(t, 200, "text/html", "<html>"), query: canary, status: 502, says: "not the HTTP API of Prometheus"},
		{name: "refused", url: "http://127.0.0.1:1", query: canary, status: 502, says: "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := instance(t, backend.DataSourceInstanceSettings{URL: c.url})
			req := ask(map[string]string{"A": "{" + canary + "}", "B": "{" + c.query + "}"})
			req.Headers["FromAlert"] = c.fromAlert
			res, err := d.QueryData(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			if a := res.Responses["A"]; c.url == good && (a.Error != nil || a.Frames[0].Rows() != 60) {
				t.Errorf("the other query: %v", a.Error)
			}
			b := res.Responses["B"]
			if b.Error == nil || b.Status != c.status || b.ErrorSource != backend.ErrorSourceDownstream || !strings.Contains(b.Error.Error(), c.says) {
				t.Errorf("status %d of %s: %v; wanted %d of downstream that says %q", b.Status, b.ErrorSource, b.Error, c.status, c.says)
			}
			if c.url != "" && c.url != good && !strings.Contains(b.Error.Error(), c.url) {
				t.Errorf("%v does not name %s", b.Error, c.url)
			}
		})
	}
}

// Whoever closes a dashboard frees Prometheus of its questions.
func TestCancelReachesPrometheus(t *testing.T) {
	asked, gone := make(chan struct{}, 10), make(chan struct{}, 10)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // the server notices that a client has gone once the body is read
		asked <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	defer s.Close()
	d := instance(t, backend.DataSourceInstanceSettings{URL: s.URL, JSONData: json.RawMessage(`{"timeout":60}`)})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answered := make(chan backend.DataResponse, 1)
	go func() {
		res, err := d.QueryData(ctx, ask(map[string]string{"A": "{" + canary + "}"}))
		if err != nil {
			t.Error(err)
		}
		answered <- res.Responses["A"]
	}()
	within(t, asked, "Prometheus was not asked")
	cancel()
	within(t, gone, "Prometheus still works for somebody who has gone")
	r := within(t, answered, "the query goes on")
	if r.Status != statusCanceled || r.ErrorSource != backend.ErrorSourceDownstream {
		t.Errorf("status %d of %s: %v", r.Status, r.ErrorSource, r.Error)
	}
}

func within[T any](t *testing.T, c <-chan T, otherwise string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal(otherwise)
	}
	panic("unreachable")
}
