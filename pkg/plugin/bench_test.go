package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

// A panel of the size that is promised to be cheap: fifty nodes in two
// cohorts, six hours at thirty seconds.
const (
	benchNodes = 50
	benchSpan  = 6 * time.Hour
	benchBin   = 30 * time.Second
)

// fleet is a service of that many nodes, half of them new, with a counter of
// three labels each, as they are scraped.
func fleet() []testSeries {
	var all []testSeries
	for i := range benchNodes {
		version := fmt.Sprintf("v%d", 1+i%2)
		for _, code := range []string{"200", "404", "500"} {
			rate := 40 + float64(i%7)
			all = append(all, testSeries{[]string{"__name__", "requests_total", "job", "shop", "code", code, "pod", fmt.Sprintf("shop-%02d", i), "version", version},
				noon.Add(-time.Hour), noon.Add(benchSpan), func(_ time.Time, n int) float64 { return math.Floor(rate * float64(n)) }})
		}
	}
	return all
}

const fleetExpr = `sum by (pod, version) (rate(requests_total{job="shop"}[2m]))`

func fleetQuery(i int) string {
	return fmt.Sprintf(`{"expr":%q,"nodeLabel":"pod","step":"30s","name":"signal %d","candidate":{"version":"v2"},"control":{"version":"v1"}}`, fleetExpr, i)
}

func fleetRequest(queries int) *backend.QueryDataRequest {
	req := &backend.QueryDataRequest{Headers: map[string]string{}}
	for i := range queries {
		req.Queries = append(req.Queries, backend.DataQuery{RefID: fmt.Sprintf("Q%d", i), Interval: benchBin, MaxDataPoints: 1000,
			TimeRange: backend.TimeRange{From: noon, To: noon.Add(benchSpan)}, JSON: []byte(fleetQuery(i))})
	}
	return req
}

// BenchmarkDeviationPanel compares a panel of deviations with the two raw
// range queries that it needs, asked with Prometheus' own client library of the
// same Prometheus, in turn in one run. It
// reports by how much the panel takes longer, and how much more it allocates.
func BenchmarkDeviationPanel(b *testing.B) {
	server := prometheusServer(b, fleet())
	d := instance(b, backend.DataSourceInstanceSettings{URL: server, JSONData: json.RawMessage(`{"timeInterval":"15s"}`)})
	client, err := api.NewClient(api.Config{Address: server})
	if err != nil {
		b.Fatal(err)
	}
	p := v1.NewAPI(client)
	raw := func() {
		for _, version := range []string{"v2", "v1"} {
			expr, err := source.Resolve(fleetExpr, andon.Selector{"version": version})
			if err != nil {
				b.Fatal(err)
			}
			v, _, _, err := p.QueryRange(context.Background(), expr, v1.Range{Start: noon, End: noon.Add(benchSpan), Step: benchBin})
			if m, ok := v.(model.Matrix); err != nil || !ok || len(m) != benchNodes/2 {
				b.Fatal(v, err)
			}
		}
	}
	panel := func() {
		res, err := d.QueryData(context.Background(), fleetRequest(1))
		if err != nil {
			b.Fatal(err)
		}
		if r := res.Responses["Q0"]; r.Error != nil || len(r.Frames) != benchNodes/2 || r.Frames[0].Rows() != 721 {
			b.Fatal(r.Error, len(r.Frames))
		}
	}
	raw()
	panel()
	var took, bytes [2]float64
	for b.Loop() {
		for i, run := range []func(){raw, panel} {
			var before, after runtime.MemStats
			runtime.GC() // nobody collects what the other left
			runtime.ReadMemStats(&before)
			start := time.Now()
			run()
			took[i] += time.Since(start).Seconds()
			runtime.ReadMemStats(&after)
			bytes[i] += float64(after.TotalAlloc - before.TotalAlloc)
		}
	}
	n := float64(b.N)
	b.ReportMetric(1000*took[0]/n, "raw-ms/op")
	b.ReportMetric(1000*took[1]/n, "panel-ms/op")
	b.ReportMetric(took[1]/took[0], "times-the-time")
	b.ReportMetric(bytes[1]/bytes[0], "times-the-memory")
}

// BenchmarkManyQueries asks twenty panels at once. It reports by how much they
// take longer than the slowest answer of Prometheus times the depth of the
// queue: as many rounds as it takes to ask all their questions, so many at a
// time as are asked at a time.
func BenchmarkManyQueries(b *testing.B) {
	const queries = 20
	behind, err := url.Parse(prometheusServer(b, fleet()))
	if err != nil {
		b.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	var mu sync.Mutex
	var slowest time.Duration
	var asked, now, most int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked, now = asked+1, now+1
		most = max(most, now)
		mu.Unlock()
		start := time.Now()
		proxy.ServeHTTP(w, r)
		mu.Lock()
		slowest, now = max(slowest, time.Since(start)), now-1
		mu.Unlock()
	}))
	defer s.Close()
	d := instance(b, backend.DataSourceInstanceSettings{URL: s.URL, JSONData: json.RawMessage(`{"timeInterval":"15s"}`)})
	var worst, took float64
	for b.Loop() {
		slowest, asked, most = 0, 0, 0
		start := time.Now()
		res, err := d.QueryData(context.Background(), fleetRequest(queries))
		whole := time.Since(start)
		if err != nil {
			b.Fatal(err)
		}
		for ref, r := range res.Responses {
			if r.Error != nil || len(r.Frames) != benchNodes/2 {
				b.Fatal(ref, r.Error, len(r.Frames))
			}
		}
		depth := math.Ceil(float64(asked) / float64(most))
		worst = max(worst, whole.Seconds()/(slowest.Seconds()*depth))
		took += whole.Seconds()
	}
	b.ReportMetric(1000*took/float64(b.N), "ms/op")
	b.ReportMetric(worst, "times-the-queue")
}

// Twenty queries at once are all answered, and none for another.
func TestManyQueries(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, fleet()), JSONData: json.RawMessage(`{"timeInterval":"15s"}`)})
	req := fleetRequest(20)
	for i := range req.Queries {
		req.Queries[i].JSON = []byte(fmt.Sprintf(`{"expr":"%d + 0 * %s","nodeLabel":"pod","view":"raw","step":"30s","candidate":{"version":"v2"},"control":{"version":"v1"}}`,
			i, `requests_total{job=\"shop\",code=\"200\"}`))
	}
	res, err := d.QueryData(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	for i := range req.Queries {
		r := res.Responses[fmt.Sprintf("Q%d", i)]
		if r.Error != nil || len(r.Frames) != benchNodes/2+3 || r.Frames[0].Rows() != 721 || last(r.Frames[0]) != float64(i) {
			t.Errorf("query %d: %v, %d frames", i, r.Error, len(r.Frames))
		}
	}
}
