package inprocess

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andon-project/andon/internal/testkit"
)

func startPrometheus(t *testing.T, config string) *httptest.Server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Prometheus")
	}
	p, err := StartPrometheus(PrometheusConfig{Store: StoreConfig{Dir: t.TempDir()}, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(p.Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

// value returns the value of the one sample that a query finds, or "".
func value(t *testing.T, api, query string) string {
	t.Helper()
	code, body := get(t, api+"/api/v1/query?query="+url.QueryEscape(query))
	if code != http.StatusOK {
		t.Fatalf("query %s: %d %s", query, code, body)
	}
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Data.Result) != 1 {
		return ""
	}
	s, _ := answer.Data.Result[0].Value[1].(string)
	return s
}

// node serves one gauge, whose value may be changed.
func node(t *testing.T) (address string, gauge *atomic.Int64) {
	t.Helper()
	gauge = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE temperature gauge\ntemperature %d\n", gauge.Load())
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), gauge
}

func TestPrometheusScrapes(t *testing.T) {
	testkit.LeaveNothing(t)
	address, gauge := node(t)
	gauge.Store(21)
	var targets atomic.Value // what service discovery answers
	targets.Store("[]")
	sd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, targets.Load().(string))
	}))
	t.Cleanup(sd.Close)
	api := startPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
- job_name: fixed
  static_configs: [{targets: ['%s'], labels: {pod: a}}]
- job_name: found
  http_sd_configs: [{url: '%s', refresh_interval: 200ms}]
`, address, sd.URL)).URL

	testkit.Within(t, "a sample of the fixed target", func() bool { return value(t, api, `temperature{job="fixed",pod="a"}`) == "21" })
	gauge.Store(22)
	testkit.Within(t, "the next sample", func() bool { return value(t, api, `temperature{job="fixed"}`) == "22" })
	targets.Store(fmt.Sprintf(`[{"targets":["%s"],"labels":{"pod":"b"}}]`, address))
	testkit.Within(t, "a target that appeared", func() bool { return value(t, api, `up{job="found",pod="b"}`) == "1" })
	targets.Store("[]")
	testkit.Within(t, "a target that went", func() bool { return value(t, api, `up{job="found"}`) == "" })
}

func TestPrometheusToAlertmanagerToWebhook(t *testing.T) {
	testkit.LeaveNothing(t)
	calls := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct {
			Receiver string
			Alerts   []struct {
				Status string
				Labels map[string]string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		for _, a := range m.Alerts {
			calls <- m.Receiver + " " + a.Labels["alertname"] + " " + a.Labels["pod"] + " " + a.Status
		}
	}))
	t.Cleanup(hook.Close)
	am := startAlertmanager(t, fmt.Sprintf(`
route: {receiver: desk, group_by: [alertname, pod], group_wait: 0s, group_interval: 1s}
receivers: [{name: desk, webhook_configs: [{url: '%s'}]}]
`, hook.URL))
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte(`
groups:
- name: heat
  rules:
  - record: temperature:max
    expr: max(temperature)
  - alert: Hot
    expr: temperature > 30
`), 0o600); err != nil {
		t.Fatal(err)
	}
	address, gauge := node(t)
	gauge.Store(35)
	api := startPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}
rule_files: ['%s']
alerting: {alertmanagers: [{static_configs: [{targets: ['%s']}]}]}
scrape_configs: [{job_name: fixed, static_configs: [{targets: ['%s'], labels: {pod: a}}]}]
`, rules, strings.TrimPrefix(am, "http://"), address)).URL

	next := func() string {
		select {
		case c := <-calls:
			return c
		case <-time.After(30 * time.Second):
			return "nothing within 30 s"
		}
	}
	if got, want := next(), "desk Hot a firing"; got != want {
		t.Fatalf("webhook got %q, want %q", got, want)
	}
	testkit.Within(t, "the recorded series", func() bool { return value(t, api, "temperature:max") == "35" })
	if _, body := get(t, api+"/api/v1/rules"); !strings.Contains(body, `"name":"Hot"`) {
		t.Errorf("rules do not hold the alert: %s", body)
	}
	if _, body := get(t, api+"/api/v1/alerts"); !strings.Contains(body, `"state":"firing"`) {
		t.Errorf("alerts do not hold the one that fires: %s", body)
	}
	if _, body := get(t, api+"/api/v1/alertmanagers"); !strings.Contains(body, am) {
		t.Errorf("Alertmanagers do not hold %s: %s", am, body)
	}
	gauge.Store(20)
	if got, want := next(), "desk Hot a resolved"; got != want {
		t.Errorf("webhook got %q, want %q", got, want)
	}
}

func TestStartPrometheusRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("groups: [{name: g, rules: [{alert: A, expr: 'sum('}]}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, config, want string }{
		{"an unknown key", "scrapes: []", "configuration of Prometheus: "},
		{"no such rules", "rule_files: [/nowhere/*.yaml]", `rule_files: "/nowhere/*.yaml" matches no file`},
		{"not PromQL", "rule_files: ['" + bad + "']", "could not parse expression"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testkit.LeaveNothing(t)
			p, err := StartPrometheus(PrometheusConfig{Store: StoreConfig{Dir: t.TempDir()}, Config: tt.config})
			if err == nil {
				t.Fatal("it started", p.Close())
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %q, want one with %q", err, tt.want)
			}
		})
	}
}
