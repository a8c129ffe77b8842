package plugin

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// What an exporter says: of the shop's cart, which failed and was halted, of
// one that went well, of one under way, and of a service of another region.
const (
	toldServices = `[{"name":"cart","layer":"software","node":"pod","version":"version","sensitivity":"high","signals":[` +
		`{"name":"latency","metric":"latency_seconds{job=\"cart\"}","unit":"s"},{"name":"log","logs":"{job=\"cart\"}"}],"judged":["latency"],"tool":"webhook"},` +
		`{"name":"mail","signals":[{"name":"queue","metric":"queue_length"}],"judged":["queue"]}]`

	toldMemory = `{"service":"cart","starts":2,"groups":[{"id":"9d3772bd551298a4","template":"error: cart <*> not found","seen":"2026-02-11T03:00:12Z","risk":"none"},` +
		`{"id":"49a3e620a6940e0e","template":"error: payment <*> was lost: card declined","seen":null,"risk":"high","resolved":"v0"}]}`

	toldRollouts = `[{"rollout":{"id":"dns-7","service":"dns","version":"7","scope":{"region":"us","zone":"a"},"started":"2026-03-01T12:40:00Z"},"layer":"platform","under_way":true,"verdict":null,"halt":null},` +
		`{"rollout":{"id":"cart-v2","service":"cart","version":"v2","previous":"v1","scope":{"region":"eu"},"strategy":"canary","candidate":{"version":"v2"},"control":{"version":"v1"},` +
		`"started":"2026-03-01T12:00:00Z","ended":"2026-03-01T12:30:00Z","tool":"argo-rollouts","ref":"https://ci.example.org/cart/2"},"layer":"software","under_way":false,` +
		`"verdict":{"rollout":"cart-v2","service":"cart","at":"2026-03-01T12:30:00Z","verdict":"fail","score":0.998,"evidence":41250,"blame":0.97,"first_fail":"2026-03-01T12:12:00Z",` +
		`"strategy":"canary","quality":"ok","reason":"latency rose from 0.20 to 0.30 <b>","findings":[]},"halt":{"state":"answered","tool":"webhook","says":"aborted","at":"2026-03-01T12:12:20Z"}},` +
		`{"rollout":{"id":"cart-v1","service":"cart","version":"v1","scope":{"region":"eu"},"started":"2026-03-01T09:00:00Z","ended":"2026-03-01T12:05:00Z"},"layer":"software","under_way":false,` +
		`"verdict":{"rollout":"cart-v1","service":"cart","at":"2026-03-01T12:05:00Z","verdict":"pass","score":0.01,"evidence":0.2,"blame":0.01,"first_fail":null,"strategy":"canary","quality":"ok","reason":"all is well","findings":[]},"halt":null}]`
)

// exporterServer serves what an exporter says.
func exporterServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := map[string]string{"/api/v1/memory": toldMemory, "/api/v1/rollouts/cart-v2/learnt": `{"startup_seconds":[],"lessons":[]}`,
			"/api/v1/rollouts/cart-v1/learnt": `{"startup_seconds":[12.5],"lessons":[{}]}`, "/api/v1/services": toldServices, "/api/v1/verdicts": toldRollouts, "/-/ready": `{"status":"ready"}`}[r.URL.Path]
		if !ok {
			http.Error(w, `{"error":"there is nothing at this path"}`, http.StatusNotFound)
			return
		}
		if r.URL.Query().Get("service") == "nobody" {
			text = "[]"
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(strings.TrimSpace(text)))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// countingExporter is told with a list of what was asked since the last time.
func countingExporter(t *testing.T) (address string, asked func() []string) {
	t.Helper()
	behind, err := url.Parse(exporterServer(t))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []string
	forward := httputil.NewSingleHostReverseProxy(behind)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		all = append(all, r.URL.RequestURI())
		mu.Unlock()
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		out := all
		all = nil
		return out
	}
}

// No query asks the exporter the same twice.
func TestExporterIsAskedOnceAQuery(t *testing.T) {
	exporterURL, asked := countingExporter(t)
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, shop()),
		JSONData: json.RawMessage(`{"exporterUrl":"` + exporterURL + `","lokiUrl":"` + lokiServer(t, cartLog()) + `"}`)})
	queries := maps.Clone(goldens)
	for _, queryType := range []string{"deviation", "clusters"} {
		queries[queryType+"-of-rollout"] = `"queryType":"` + queryType + `","rollout":"cart-v2"`
	}
	total := 0
	for name, query := range queries {
		answers(t, d, false, map[string]string{"A": "{" + query + "}"})
		all := asked()
		total += len(all)
		if slices.Sort(all); len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Errorf("%s asks the exporter %v", name, all)
		}
	}
	if total < 20 {
		t.Errorf("the exporter was asked %d times, too few to tell", total)
	}
}
