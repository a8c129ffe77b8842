package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/andon"
)

// callResource asks a resource as a user of that role.
func callResource(t *testing.T, d *Datasource, role, method, path, body string) (status int, answer string) {
	t.Helper()
	whose := backend.PluginContext{User: &backend.User{Login: "ann", Role: role}}
	ctx := backend.WithPluginContext(context.Background(), whose)
	bare, _, _ := strings.Cut(path, "?")
	err := d.CallResource(ctx, &backend.CallResourceRequest{PluginContext: whose, Method: method, Path: bare, URL: path, Body: []byte(body)},
		backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error {
			status, answer = r.Status, answer+string(r.Body)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return status, strings.TrimSpace(answer)
}

func TestResources(t *testing.T) {
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, shop()),
		JSONData: json.RawMessage(`{"exporterUrl":"` + exporterServer(t) + `","lokiUrl":"` + lokiServer(t, cartLog()) + `"}`)})
	at := fmt.Sprintf(`"range":{"from":%d,"to":%d}`, noon.UnixMilli(), noon.Add(time.Hour).UnixMilli())
	of := func(query, more string) string { return "{" + `"query":{` + query + `},` + more + at + "}" }
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string // the whole answer, or a part of it if it begins with …
	}{
		{"PromQL is right", "POST", "validate", `{"expr":"rate(x[$__rate_interval])"}`, 200, `{"ok":true,"start":0,"end":0}`},
		{"PromQL is wrong", "POST", "validate", `{"expr":"sum(x y)"}`, 200, `{"ok":false,"error":"unexpected identifier \"y\" in aggregation","start":6,"end":7}`},
		{"LogQL is right", "POST", "validate", `{"language":"logql","expr":"{app=\"cart\"} |= \"error\" | json"}`, 200, `{"ok":true,"start":0,"end":0}`},
		{"LogQL is wrong", "POST", "validate", `{"language":"logql","expr":"{app=\"cart\" |= \"error\""}`, 200, `…"start":12`},
		{"another language", "POST", "validate", `{"language":"sql","expr":"x"}`, 400, `…not one of promql, logql`},
		{"not JSON", "POST", "validate", `expr`, 400, `…the body must be`},
		{"nothing there", "GET", "nothing", ``, 404, `…not found`},
		{"another method", "GET", "validate", ``, 405, `…Method Not Allowed`},

		{"cohorts of a deviation", "POST", "cohorts", of(canary, ""), 200,
			`{"candidate":{"nodes":["cart-n"],"count":1,"query":"latency_seconds{job=\"cart\",version=\"v2\"}"},` +
				`"control":{"nodes":["cart-a","cart-b","cart-c","cart-d"],"count":4,"query":"latency_seconds{job=\"cart\",version!=\"v2\"}"}}`},
		{"cohorts of log lines", "POST", "cohorts", of(cartLogs, ""), 200,
			`{"candidate":{"nodes":["cart-n"],"count":1,"query":"{app=\"cart\", version=\"v2\"}"},` +
				`"control":{"nodes":["cart-a","cart-b","cart-c","cart-d"],"count":4,"query":"{app=\"cart\", version=\"v1\"}"}}`},
		{"a cohort of nobody", "POST", "cohorts", of(strings.Replace(canary, `"v2"`, `"v9"`, 1), ""), 200, `…{"candidate":{"nodes":[],"count":0,`},
		{"a cohort that is refused", "POST", "cohorts", of(strings.Replace(canary, `"latency_seconds"`, `"sum("`, 1), ""), 200, `…"error":"query sum(`},
		{"cohorts of no query", "POST", "cohorts", of(`"expr":""`, ""), 400, `…expr is empty`},
		{"cohorts of rollouts", "POST", "cohorts", of(`"queryType":"rollouts"`, ""), 400, `…queries of this type have no cohorts`},

		{"services", "POST", "values", of(`"queryType":"values","values":"services"`, ""), 200, `{"values":["cart","mail"]}`},
		{"signals of one", "POST", "values", of(`"queryType":"values","values":"signals","service":"cart"`, ""), 200, `{"values":["latency","log"]}`},
		{"rollouts", "POST", "values", of(`"queryType":"values","values":"rollouts"`, ""), 200, `{"values":["dns-7","cart-v2","cart-v1"]}`},
		{"versions", "POST", "values", of(`"queryType":"values","values":"versions","match":{"service":"cart"}`, ""), 200, `{"values":["v2","v1"]}`},
		{"versions of one rollout", "POST", "values", of(`"queryType":"values","values":"versions","match":{"service":"cart","version":"v2"}`, ""), 200, `{"values":["v2","v1"]}`},
		{"nodes", "POST", "values", of(`"queryType":"values","values":"nodes","expr":"latency_seconds{job=\"lone\"}","nodeLabel":"pod"`, ""), 200, `{"values":["lone-a","lone-b"]}`},
		{"nodes of the candidate", "POST", "values", of(canary+`,"queryType":"values","values":"nodes"`, ""), 200, `{"values":["cart-n"]}`},
		{"clusters", "POST", "values", of(cartLogs+`,"queryType":"values","values":"clusters","classes":["unknown"],"expr":"{app=\"cart\"} |= \"payment\""`, ""), 200, `…{"values":["`},
		{"what is not listed", "POST", "values", of(`"queryType":"values","values":"animals"`, ""), 400, `…not one of clusters, nodes`},

		{"keys of all", "POST", "tag-keys", `{` + at + `}`, 200, `[{"text":"__name__"},{"text":"job"},{"text":"pod"},{"text":"version"}]`},
		{"keys of a query", "POST", "tag-keys", of(`"expr":"queue_length","cohorts":"time","back":"1d"`, ""), 200, `[{"text":"__name__"},{"text":"pod"}]`},
		{"values of a key", "POST", "tag-values", of(canary, `"key":"pod",`), 200, `[{"text":"cart-a"},{"text":"cart-b"},{"text":"cart-c"},{"text":"cart-d"},{"text":"cart-n"},{"text":"lone-a"},{"text":"lone-b"}]`},
		{"values that filters leave", "POST", "tag-values", of(canary, `"key":"pod","filters":[{"key":"job","operator":"=|","values":["lone"]},{"key":"pod","operator":"=","value":"x"}],`), 200,
			`[{"text":"lone-a"},{"text":"lone-b"}]`},
		{"values without a query", "POST", "tag-values", `{"key":"pod","filters":[{"key":"version","operator":"!=","value":"v1"},{"key":"job","operator":"=~","value":".+"}],` + at + `}`, 200,
			`[{"text":"cart-n"},{"text":"lone-b"}]`},
		{"keys of log lines", "POST", "tag-keys", of(cartLogs, ""), 200, `[{"text":"app"},{"text":"level"},{"text":"pod"},{"text":"version"}]`},
		{"keys of rollouts", "POST", "tag-keys", of(`"queryType":"rollouts"`, `"filters":[{"key":"service","operator":"=","value":"dns"}],`), 200,
			`[{"text":"layer"},{"text":"region"},{"text":"rollout"},{"text":"service"},{"text":"version"},{"text":"zone"}]`},
		{"values of a key of rollouts", "POST", "tag-values", of(`"queryType":"rollouts"`, `"key":"verdict",`), 200, `[{"text":"fail"},{"text":"pass"}]`},
		{"values of no key", "POST", "tag-values", of(canary, ""), 400, `…key is missing`},
		{"a strange filter", "POST", "tag-keys", of(canary, `"filters":[{"key":"a","operator":">","value":"1"}],`), 400, `…not one of =, !=`},

		{"all services", "GET", "services", ``, 200, `…"name":"cart","layer":"software","node":"pod"`},
		{"all rollouts", "GET", "rollouts", ``, 200, `…"id":"cart-v2"`},
		{"rollouts of nobody", "GET", "rollouts?service=nobody", ``, 200, `[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, got := callResource(t, d, "Viewer", c.method, c.path, c.body)
			part, partly := strings.CutPrefix(c.want, "…")
			if status != c.status || !partly && got != c.want || partly && !strings.Contains(got, part) {
				t.Errorf("status %d: %.600s\nwanted %d: %s", status, got, c.status, c.want)
			}
		})
	}
}

// Feedback goes to the exporter with the name of who gave it, and only from
// those who may edit.
func TestFeedback(t *testing.T) {
	var got string
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var f andon.Feedback
		if err := json.NewDecoder(r.Body).Decode(&f); err != nil || r.Method != "POST" || r.URL.Path != "/api/v1/feedback" && r.URL.Path != "/api/v1/feedback/undo" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		got = fmt.Sprintf("%s %s %s %s", f.Service, f.ID, f.Risk, f.By) + strings.TrimPrefix(r.URL.Path, "/api/v1/feedback")
		if f.Service == "strange" {
			http.Error(w, `{"error":"there is no service strange","hint":"see the configuration"}`, http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{"kept":true}`))
	}))
	defer exporter.Close()
	d := instance(t, backend.DataSourceInstanceSettings{JSONData: json.RawMessage(`{"exporterUrl":"` + exporter.URL + `"}`)})
	for _, c := range []struct {
		name, role, path, body string
		status                 int
		says, kept             string
	}{
		{"an editor", "Editor", "feedback", `{"service":"cart","cluster":"1f","risk":"high","by":"eve"}`, 200, `{"kept":true}`, "cart 1f high ann"},
		{"an administrator", "Admin", "feedback", `{"service":"cart","cluster":"1f","risk":"none"}`, 200, `{"kept":true}`, "cart 1f none ann"},
		{"taken back", "Editor", "feedback/undo", `{"service":"cart","cluster":"1f","risk":"high"}`, 200, `{"kept":true}`, "cart 1f  ann/undo"},
		{"a viewer", "Viewer", "feedback", `{"service":"cart","cluster":"1f","risk":"high"}`, 403, "only editors", ""},
		{"a viewer takes back", "Viewer", "feedback/undo", `{"service":"cart","cluster":"1f"}`, 403, "only editors", ""},
		{"nobody", "", "feedback", `{"service":"cart","cluster":"1f","risk":"high"}`, 403, "only editors", ""},
		{"another risk", "Editor", "feedback", `{"service":"cart","cluster":"1f","risk":"huge"}`, 400, "not a risk; write one of high, medium, none", ""},
		{"of nothing", "Editor", "feedback", `{"risk":"high"}`, 400, "service and cluster", ""},
		{"refused by the exporter", "Editor", "feedback", `{"service":"strange","cluster":"1f","risk":"high"}`, 502, "there is no service strange", "strange 1f high ann"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got = ""
			status, answer := callResource(t, d, c.role, "POST", c.path, c.body)
			if status != c.status || !strings.Contains(answer, c.says) || got != c.kept {
				t.Errorf("status %d: %s; the exporter got %q; wanted %d, %q, %q", status, answer, got, c.status, c.says, c.kept)
			}
		})
	}
	none := instance(t, backend.DataSourceInstanceSettings{})
	if status, answer := callResource(t, none, "Editor", "POST", "feedback", `{"service":"cart","cluster":"1f","risk":"high"}`); status != 400 || !strings.Contains(answer, "the URL of the exporter is not set") {
		t.Errorf("without an exporter: %d %s", status, answer)
	}
}
