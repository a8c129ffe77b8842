package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// discoverIn asks a data source that reads the series what it finds in the hour
// after noon.
func discoverIn(t *testing.T, series []testSeries) []serviceSuggestion {
	t.Helper()
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, series)})
	body := fmt.Sprintf(`{"range": {"from": %d, "to": %d}}`, noon.Add(-time.Minute).UnixMilli(), noon.Add(time.Hour).UnixMilli())
	w := httptest.NewRecorder()
	handlerOf(d).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/discover", strings.NewReader(body)))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	var found []serviceSuggestion
	if err := json.NewDecoder(w.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	return found
}

// handlerOf returns what serves the resources of a data source.
func handlerOf(d *Datasource) http.Handler {
	return resources{sources: d.sources, queries: d.queries, now: time.Now}.handler()
}

// sampled is a series from hours before noon to an hour after it.
func sampled(hours int, labels ...string) testSeries {
	return testSeries{labels, noon.Add(-time.Duration(hours) * time.Hour), noon.Add(time.Hour), func(_ time.Time, i int) float64 { return float64(i) }}
}

func TestDiscover(t *testing.T) {
	canary := []testSeries{
		sampled(2, "__name__", "http_requests_total", "service", "cart", "pod", "a", "version", "v9", "code", "200"),
		sampled(2, "__name__", "http_requests_total", "service", "cart", "pod", "b", "version", "v9", "code", "500"),
		sampled(0, "__name__", "http_requests_total", "service", "cart", "pod", "c", "version", "v10", "code", "200"),
		sampled(2, "__name__", "http_request_duration_seconds_sum", "service", "cart", "pod", "a", "version", "v9"),
		sampled(2, "__name__", "http_request_duration_seconds_count", "service", "cart", "pod", "a", "version", "v9"),
		sampled(2, "__name__", "mail_queue_length", "service", "cart", "pod", "a", "version", "v9"),
		sampled(2, "__name__", "prometheus_http_requests_total", "job", "prometheus", "instance", "p:9090", "code", "200"),
	}
	const rate = `sum by (pod, version) (rate(%s{service="cart"%s}[$__rate_interval]))`
	cart := serviceSuggestion{
		Service: andon.Service{Name: "cart", Node: "pod", Version: "version", Signals: []andon.Signal{
			{Name: "errors", Metric: fmt.Sprintf(rate, "http_requests_total", `,code=~"5.."`), Per: fmt.Sprintf(rate, "http_requests_total", ""), Worse: andon.Higher},
			{Name: "latency", Metric: fmt.Sprintf(rate, "http_request_duration_seconds_sum", "") + " / " + fmt.Sprintf(rate, "http_request_duration_seconds_count", ""),
				Unit: "s", Worse: andon.Higher},
		}},
		Cohorts: byLabels, Candidate: andon.Selector{"version": "v10"}, Control: andon.Selector{"version": "!=v10"},
	}
	bare := func(hours int, change func(*serviceSuggestion)) ([]testSeries, []serviceSuggestion) {
		f := serviceSuggestion{Service: andon.Service{Name: "node", Node: "instance", Signals: []andon.Signal{{Name: "scrape duration",
			Metric: `max by (instance) (scrape_duration_seconds{job="node"})`, Unit: "s", Kind: andon.Latency, Worse: andon.Higher}}}}
		change(&f)
		return []testSeries{sampled(hours, "__name__", "scrape_duration_seconds", "job", "node", "instance", "n1:9100")}, []serviceSuggestion{f}
	}
	own := andon.Selector{"job": "node"}
	dayOld, againstDay := bare(24, func(f *serviceSuggestion) { f.Cohorts, f.Candidate, f.Back = byTime, own, "1d" })
	hourOld, againstHour := bare(1, func(f *serviceSuggestion) { f.Cohorts, f.Candidate, f.Back = byTime, own, "1h" })
	fresh, alone := bare(0, func(f *serviceSuggestion) { f.Cohorts, f.Candidate, f.Back = byTime, own, "1h" })
	for _, tt := range []struct {
		name   string
		series []testSeries
		want   []serviceSuggestion
	}{
		{"nothing", nil, []serviceSuggestion{}},
		{"a canary", canary, []serviceSuggestion{cart}},
		{"a Prometheus that scrapes something since a day", dayOld, againstDay},
		{"since an hour", hourOld, againstHour},
		{"since noon", fresh, alone},
		{"a rollout before what is compared with its past", append(dayOld, canary...), append([]serviceSuggestion{cart}, againstDay...)},
		{"a service without a signal", []testSeries{sampled(2, "__name__", "calls_count", "service", "quiet", "pod", "a")}, []serviceSuggestion{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := discoverIn(t, tt.series); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// Every signal that is suggested is a query that answers.
func TestDiscoveredSignalsAnswer(t *testing.T) {
	var series []testSeries
	for i, version := range []string{"v1", "v1", "v1", "v2"} {
		who := []string{"service", "cart", "pod", fmt.Sprint("p", i), "version", version}
		for _, what := range [][]string{
			{"http_requests_total", "code", "200"}, {"http_requests_total", "code", "503"},
			{"http_server_request_duration_seconds_count", "http_response_status_code", "200"}, {"http_server_request_duration_seconds_sum"},
			{"grpc_server_handled_total", "grpc_code", "OK"}, {"grpc_server_handled_total", "grpc_code", "Internal"},
			{"rpc_latency_milliseconds_sum"}, {"rpc_latency_milliseconds_count"},
			{"process_cpu_seconds_total"}, {"process_resident_memory_bytes"}, {"scrape_duration_seconds"},
		} {
			series = append(series, sampled(2, append(append([]string{"__name__"}, what...), who...)...))
		}
	}
	url := prometheusServer(t, series)
	d := instance(t, backend.DataSourceInstanceSettings{URL: url})
	found, err := discoverMetrics(context.Background(), d.sources, noon.Add(-time.Minute), noon.Add(time.Hour))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	names := []string{"errors grpc_server_handled_total", "errors http_requests_total", "errors http_server_request_duration_seconds_count",
		"latency http_server_request_duration_seconds_sum", "latency rpc_latency_milliseconds_sum", "cpu", "memory", "scrape duration"}
	var got []string
	for _, s := range found[0].Signals {
		got = append(got, s.Name)
		q, err := json.Marshal(querySpec{Expr: s.Metric, Per: s.Per, Unit: s.Unit, Kind: s.Kind, NodeLabel: found[0].Node,
			Candidate: found[0].Candidate, Control: found[0].Control})
		if err != nil {
			t.Fatal(err)
		}
		res, err := d.QueryData(context.Background(), ask(map[string]string{"A": string(q)}))
		if err != nil {
			t.Fatal(err)
		}
		if r := res.Responses["A"]; r.Error != nil || len(r.Frames) == 0 || (r.Frames[0].Rows() == 0 && !strings.Contains(s.Name, "http_server")) {
			t.Errorf("%s (%s): %v, %d frames", s.Name, s.Metric, r.Error, len(r.Frames))
		}
	}
	if !reflect.DeepEqual(got, names) {
		t.Errorf("signals are %q", got)
	}
}

func TestDiscoverInLogs(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, nil), JSONData: []byte(`{"lokiUrl":"` + lokiServer(t, cartLog()) + `"}`)})
	got, err := discoverLogs(context.Background(), d.sources, noon.Add(-time.Minute), noon.Add(time.Hour))
	want := []serviceSuggestion{{
		Service: andon.Service{Name: "cart", Node: "pod", Version: "version",
			Signals: []andon.Signal{{Name: "logs", Logs: `{app="cart"}`}, {Name: "crashes", Crashes: `{app="cart"}`}}},
		Cohorts: byLabels, Candidate: andon.Selector{"version": "v2"}, Control: andon.Selector{"version": "!=v2"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
}

func TestDiscoverRefuses(t *testing.T) {
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	for _, tt := range []struct {
		name, url, body, says string
		status                int
	}{
		{"no Prometheus", down.URL, `{}`, "Prometheus: no connection", http.StatusBadGateway},
		{"no JSON", down.URL, `range`, "the body must be", http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := instance(t, backend.DataSourceInstanceSettings{URL: tt.url})
			w := httptest.NewRecorder()
			handlerOf(d).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/discover", bytes.NewBufferString(tt.body)))
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func TestCompareVersions(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"v9", "v10", -1},
		{"1.2.10", "1.2.9", 1},
		{"v1", "v1", 0},
		{"v1", "v1.1", -1},
		{"abc", "abd", -1},
		{"", "a", -1},
		{"v007", "v7", 0},
		{"v99999999999999999999999", "v1", 1},
	} {
		if got := compareVersions(tt.a, tt.b); got != tt.want {
			t.Errorf("compareVersions(%q, %q) is %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// A series may have any labels, and none of those that are looked for.
func TestDiscoverOddLabels(t *testing.T) {
	m := func(pairs ...string) *model.SampleStream {
		metric := make(model.Metric)
		for i := 0; i < len(pairs); i += 2 {
			metric[model.LabelName(pairs[i])] = model.LabelValue(pairs[i+1])
		}
		return &model.SampleStream{Metric: metric}
	}
	s := seriesSnapshot{
		now: model.Matrix{m("__name__", "requests_total"), m("__name__", "requests_total", "service", `a"b`), m("__name__", "requests_total", "job", `a"b`, "version", "1")},
		day: model.Matrix{m("service", "gone")}, statuses: model.Matrix{m("__name__", "requests_total", "code", "200")},
	}
	got := s.services()
	if len(got) != 1 || got[0].Signals[0].Metric != `sum by () (rate(requests_total{service="a\"b",code=~"5.."}[$__rate_interval]))` {
		t.Errorf("%+v", got)
	}
}
