package plugin

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// instance makes a Datasource of settings as Grafana would.
func instance(t testing.TB, s backend.DataSourceInstanceSettings) *Datasource {
	t.Helper()
	if s.UID == "" {
		s.UID, s.Name, s.Type = "uid-1", "Andon", ID
	}
	made, err := New(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	d := made.(*Datasource)
	t.Cleanup(d.Dispose)
	return d
}

// serverAnswering returns a server that gives one answer to everything.
func serverAnswering(t *testing.T, status int, contentType, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

const two = `{"status":"success","data":{"resultType":"scalar","result":[1772366400,"2"]}}`

func TestHealth(t *testing.T) {
	good := serverAnswering(t, 200, "application/json", two)
	hung := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hung }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(hung) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + listener.Addr().String()
	listener.Close()

	for _, c := range []struct {
		name, url, jsonData string
		ok                  bool
		says, advises       string
	}{
		{name: "well", url: good, ok: true, says: "Prometheus answers queries"},
		{name: "well, with a slash", url: good + "/", ok: true, says: "Prometheus answers queries"},
		{name: "no URL", says: "the URL of Prometheus is not set", advises: "Connection"},
		{name: "401", url: serverAnswering(t, 401, "text/plain", "no"), says: "401 Unauthorized", advises: "user and password"},
		{name: "403", url: serverAnswering(t, 403, "text/plain", "no"), says: "403 Forbidden", advises: "X-Scope-OrgID"},
		{name: "404 with a page", url: serverAnswering(t, 404, "text/html", "<html>not here</html>"), says: "404 Not Found, the API of Prometheus is not at this URL", advises: "Leave out /api/v1"},
		{name: "429", url: serverAnswering(t, 429, "text/plain", "slow"), says: "429 Too Many Requests", advises: "limits"},
		{name: "500", url: serverAnswering(t, 500, "text/plain", "oh"), says: "500 Internal Server Error", advises: "server's log"},
		{name: "502 of a proxy", url: serverAnswering(t, 502, "text/html", "<html>"), says: "502 Bad Gateway", advises: "proxy"},
		{name: "503", url: serverAnswering(t, 503, "text/plain", "not yet"), says: "503 Service Unavailable", advises: "server's log"},
		{name: "refused", url: refused, says: "no connection: ", advises: "Grafana's server, not by the browser"},
		{name: "no such host", url: "http://prometheus.invalid:9090", says: "no connection: ", advises: "Check host and port"},
		{name: "timeout", url: silent.URL, jsonData: `{"timeout":1}`, says: "no answer in time", advises: "firewall"},
		{name: "a login page", url: serverAnswering(t, 200, "text/html", "<html>who are you?</html>"), says: "200 OK, but this is not the API of Prometheus", advises: "login page"},
		{name: "another API", url: serverAnswering(t, 200, "application/json", `{"hello":"world"}`), says: "not the API of Prometheus", advises: "Check the URL"},
		{name: "a Prometheus that cannot add", url: serverAnswering(t, 200, "application/json", strings.Replace(two, `"2"`, `"3"`, 1)), says: "not the API of Prometheus", advises: "1+1"},
		{name: "exporter ready", url: good, jsonData: `{"exporterUrl":"` + serverAnswering(t, 200, "text/plain", "ready") + `/"}`, ok: true, says: "the exporter is ready"},
		{name: "exporter not ready", url: good, jsonData: `{"exporterUrl":"` + serverAnswering(t, 503, "text/plain", "not yet") + `"}`, ok: true, says: "503 Service Unavailable", advises: "server's log"},
		{name: "exporter refused", url: good, jsonData: `{"exporterUrl":"` + refused + `"}`, ok: true, says: "the exporter at " + refused + ": no connection", advises: "Check host and port"},
		{name: "Loki answers", url: good, jsonData: `{"lokiUrl":"` + serverAnswering(t, 200, "application/json", two) + `/"}`, ok: true, says: "Prometheus answers queries; Loki answers queries"},
		{name: "Loki wants a login", url: good, jsonData: `{"lokiUrl":"` + serverAnswering(t, 401, "text/plain", "no") + `"}`, ok: true, says: "401 Unauthorized, the login is missing or wrong, so log clusters", advises: "user and password"},
		{name: "not Loki", url: good, jsonData: `{"lokiUrl":"` + serverAnswering(t, 404, "text/html", "<html>") + `"}`, ok: true, says: "404 Not Found, the API of Loki is not at this URL", advises: "Leave out /loki/api/v1"},
		{name: "Prometheus is away, Loki and the exporter are not", url: refused, jsonData: `{"lokiUrl":"` + serverAnswering(t, 200, "application/json", two) + `","exporterUrl":"` + serverAnswering(t, 200, "application/json", "{}") + `"}`,
			says: "no connection", advises: "Check host and port"},
		{name: "all are away", url: refused, jsonData: `{"lokiUrl":"` + refused + `","exporterUrl":"` + refused + `"}`, says: "Loki at ", advises: "Check host and port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := instance(t, backend.DataSourceInstanceSettings{URL: c.url, JSONData: json.RawMessage(c.jsonData)})
			got, err := d.CheckHealth(context.Background(), &backend.CheckHealthRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if (got.Status == backend.HealthStatusOk) != c.ok || !strings.Contains(got.Message, c.says) {
				t.Errorf("%v: %s; wanted ok %v and %q", got.Status, got.Message, c.ok, c.says)
			}
			if c.url != "" && !c.ok && !strings.Contains(got.Message, c.url) {
				t.Errorf("%q does not name %s", got.Message, c.url)
			}
			var long struct{ VerboseMessage string }
			if len(got.JSONDetails) > 0 {
				if err := json.Unmarshal(got.JSONDetails, &long); err != nil {
					t.Fatal(err)
				}
			}
			if !strings.Contains(long.VerboseMessage, c.advises) {
				t.Errorf("advises %q, wanted %q", long.VerboseMessage, c.advises)
			}
		})
	}
}

// A password in a URL, and those of basic authentication and headers, are
// sent to Prometheus, never to the exporter and never to people.
func TestCredentials(t *testing.T) {
	var sent, leaked http.Header
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Clone()
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer prometheus.Close()
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { leaked = r.Header.Clone() }))
	defer exporter.Close()
	settings := backend.DataSourceInstanceSettings{
		URL: prometheus.URL, BasicAuthEnabled: true, BasicAuthUser: "grafana",
		JSONData: json.RawMessage(`{"httpHeaderName1":"X-Scope-OrgID","exporterUrl":"` + exporter.URL + `"}`),
		DecryptedSecureJSONData: map[string]string{
			"basicAuthPassword": "hunter2", "httpHeaderValue1": "tenant-7",
		},
	}
	d := instance(t, settings)
	if _, err := d.CheckHealth(context.Background(), &backend.CheckHealthRequest{}); err != nil {
		t.Fatal(err)
	}
	if user, password, ok := (&http.Request{Header: sent}).BasicAuth(); !ok || user != "grafana" || password != "hunter2" {
		t.Errorf("Prometheus was sent %v", sent)
	}
	if sent.Get("X-Scope-OrgID") != "tenant-7" {
		t.Errorf("Prometheus was sent %v", sent)
	}
	if err := d.sources.exporter().ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	if leaked.Get("Authorization") != "" || leaked.Get("X-Scope-OrgID") != "" {
		t.Errorf("the exporter was sent %v", leaked)
	}

	settings.URL = strings.Replace(prometheus.URL, "://", "://me:hunter2@", 1)
	got, err := instance(t, settings).CheckHealth(context.Background(), &backend.CheckHealthRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if told := got.Message + string(got.JSONDetails); strings.Contains(told, "hunter2") {
		t.Errorf("the password is told: %s", told)
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name, url, jsonData string
		scrape              time.Duration
		refused             string
	}{
		{name: "nothing set", scrape: 15 * time.Second},
		{name: "scrape interval", jsonData: `{"timeInterval":"1m"}`, scrape: time.Minute},
		{name: "no scrape interval", jsonData: `{"timeInterval":""}`, scrape: 15 * time.Second},
		{name: "not a duration", jsonData: `{"timeInterval":"often"}`, refused: `scrape interval: "often"`},
		{name: "jsonData is no object", jsonData: `[]`, refused: "jsonData"},
		{name: "URL without a scheme", url: "prometheus:9090", refused: "http://localhost:9090"},
	} {
		t.Run(c.name, func(t *testing.T) {
			made, err := New(context.Background(), backend.DataSourceInstanceSettings{URL: c.url, JSONData: json.RawMessage(c.jsonData)})
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) || !backend.IsDownstreamError(err) {
					t.Errorf("error is %v, wanted a downstream one that says %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := made.(*Datasource).sources.config.Scrape; got != c.scrape {
				t.Errorf("scrape interval is %v, wanted %v", got, c.scrape)
			}
		})
	}
}
