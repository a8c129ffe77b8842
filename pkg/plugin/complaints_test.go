package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// What people complain about in data sources, by the number in the list of
// complaints that this data source wants to be right about from the first day.

// fullDatasource is a data source with all its upstreams.
func fullDatasource(t *testing.T) *Datasource {
	t.Helper()
	return instance(t, backend.DataSourceInstanceSettings{UID: "uid-1", Name: "Andon", URL: prometheusServer(t, shop()),
		JSONData: json.RawMessage(`{"exporterUrl":"` + exporterServer(t) + `","lokiUrl":"` + lokiServer(t, cartLog()) + `","prometheusUid":"p","lokiUid":"l"}`)})
}

// answers asks queries, by RefID, perhaps from an alert rule.
func answers(t *testing.T, d *Datasource, fromAlert bool, queries map[string]string) backend.Responses {
	t.Helper()
	req := ask(queries)
	if fromAlert {
		req.Headers["FromAlert"] = "true"
	}
	res, err := d.QueryData(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res.Responses
}

// Variables and macros are dead in alert rules: infinity#506, #654,
// grafana#11555, grafana-aws-sdk#44, druid-grafana#179, clickhouse-grafana#334.
func TestComplaint1VariablesInAlertRules(t *testing.T) {
	d := fullDatasource(t)
	for _, expr := range []string{
		"avg_over_time(latency_seconds[$__interval])", "avg_over_time(latency_seconds[${__interval}])", "avg_over_time(latency_seconds[${__interval_ms}ms])",
		"avg_over_time(latency_seconds[$__rate_interval])", "avg_over_time(latency_seconds[${__rate_interval}])",
		"avg_over_time(latency_seconds[$__range])", "avg_over_time(latency_seconds[${__range}])", "avg_over_time(latency_seconds[${__range_s}s])",
		"latency_seconds + $__interval_ms", "latency_seconds + $__rate_interval_ms", "latency_seconds + $__range_s", "latency_seconds + $__range_ms",
		"latency_seconds + $__from", "latency_seconds + ${__to}", "latency_seconds + ${__from:date:seconds}", "label_replace(latency_seconds, \"pod\", \"$1\", \"pod\", \"(.*)\")",
	} {
		quoted, err := json.Marshal(expr)
		if err != nil {
			t.Fatal(err)
		}
		name, metric := expr, string(quoted)
		for kind, query := range map[string]string{
			"deviation": strings.Replace(canary, `"latency_seconds"`, metric, 1),
			"verdict":   strings.Replace(cartVerdict, `"metric":"latency_seconds"`, `"metric":`+metric, 1),
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				r := answers(t, d, true, map[string]string{"A": "{" + query + "}"})["A"]
				if r.Error != nil || len(r.Frames) == 0 || r.Frames[0].Rows() == 0 {
					t.Fatalf("%v, %d frames", r.Error, len(r.Frames))
				}
				if said := r.Frames[0].Meta.ExecutedQueryString; strings.Contains(strings.ReplaceAll(said, "$1", ""), "$") {
					t.Errorf("executed was %s", said)
				}
			})
		}
	}
	for name, query := range map[string]string{
		"deviation": strings.Replace(canary, `"v2"`, `"$version"`, 1),
		"clusters":  strings.Replace(cartLogs, `"v2"`, `"$version"`, 1),
		"crashes":   strings.Replace(strings.Replace(cartLogs, `"v2"`, `"$version"`, 1), "clusters", "crashes", 1),
		"verdict":   strings.Replace(cartVerdict, `"v2"`, `"$version"`, 1),
		"rollouts":  `"queryType":"rollouts","service":"$version"`,
	} {
		t.Run(name+" with a variable", func(t *testing.T) {
			r := answers(t, d, true, map[string]string{"A": "{" + query + "}"})["A"]
			if r.Error == nil || !strings.Contains(r.Error.Error(), "$version") || r.Status != backend.StatusBadRequest || r.ErrorSource != backend.ErrorSourceDownstream {
				t.Errorf("status %d of %s: %v", r.Status, r.ErrorSource, r.Error)
			}
		})
	}
}

// Alerting chokes on the frame: grafana#39711 ("input data must be a wide
// series but got type not"), #59348 (no data becomes an error).
func TestComplaint2AlertFrames(t *testing.T) {
	d := fullDatasource(t)
	for name, query := range goldens {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(query, `"queryType":"values"`) {
				t.Skip("alert rules ask for no names")
			}
			r := answers(t, d, true, map[string]string{"A": "{" + query + "}"})["A"]
			if r.Error != nil || len(r.Frames) == 0 {
				t.Fatalf("%v, %d frames", r.Error, len(r.Frames))
			}
			for _, f := range r.Frames {
				if f.Meta.Type != data.FrameTypeTimeSeriesMulti || f.Meta.TypeVersion != (data.FrameTypeVersion{0, 1}) || len(f.Fields) != 2 ||
					f.Fields[0].Type() != data.FieldTypeTime || f.Fields[1].Type() != data.FieldTypeNullableFloat64 {
					t.Fatalf("a frame of type %s with fields %v", f.Meta.Type, f.Fields)
				}
				if f.Rows() > 0 && f.TimeSeriesSchema().Type != data.TimeSeriesTypeWide {
					t.Errorf("Grafana takes it for %v", f.TimeSeriesSchema().Type)
				}
				if len(f.Fields[1].Config.Links) > 0 {
					t.Error("an alert rule has no use for links")
				}
			}
			if strings.HasSuffix(name, "-none") && (len(r.Frames) != 1 || r.Frames[0].Rows() != 0) {
				t.Errorf("no data are %d frames, the first with %d rows", len(r.Frames), r.Frames[0].Rows())
			}
		})
	}
}

// Series names: sqlite-datasource#79, json-datasource#29, flux-datasource#79,
// grafana#124804; and the trap: greptimedb-datasource#63, grafana#27186 (a
// displayName of the source kills the panel's own).
func TestComplaint3SeriesNames(t *testing.T) {
	d := fullDatasource(t)
	for name, c := range map[string]struct{ query, want string }{
		"a legend with labels":     {canary + `,"legend":"{{pod}} of {{nobody}}!"`, "cart-n of !"},
		"the default":              {canary, "cart-n"},
		"of a verdict":             {cartVerdict + `,"view":"evidence","legend":"{{service}} {{version}}"`, "the cart v2"},
		"of rollouts":              {`"queryType":"rollouts","view":"timeline","rollout":"cart-v2","legend":"{{region}}"`, "eu"},
		"of classes of log lines":  {cartLogs + `,"view":"rates","classes":["known"],"legend":"{{class}}/{{cohort}}"`, "known/candidate"},
		"of clusters of log lines": {cartLogs + `,"view":"rates","by":"cluster","limit":1`, "error: payment <*> was lost: card declined (candidate)"},
	} {
		t.Run(name, func(t *testing.T) {
			r := answers(t, d, false, map[string]string{"A": "{" + c.query + "}"})["A"]
			if r.Error != nil {
				t.Fatal(r.Error)
			}
			if got := r.Frames[0].Fields[1].Config.DisplayNameFromDS; got != c.want {
				t.Errorf("the first series is %q, wanted %q", got, c.want)
			}
			for _, f := range r.Frames {
				if f.Name != "" || f.Fields[1].Config.DisplayName != "" {
					t.Errorf("the panel's own name is overridden by %q, %q", f.Name, f.Fields[1].Config.DisplayName)
				}
			}
		})
	}
}

// Interval arithmetic: grafana#36551 (alerting ignores the source's minimum),
// #52340, #29403, #107506; grafana-dashboards#169; perses#2086.
func TestComplaint4Intervals(t *testing.T) {
	for _, c := range []struct {
		name                   string
		scrape, step, interval string
		span                   time.Duration
		want                   string // rate interval
		points                 int
	}{
		{"four scrapes at least", "1m", "", "15s", time.Hour, "4m", 61},
		{"a step and a scrape", "15s", "5m", "15s", time.Hour, "5m15s", 13},
		{"the panel's interval does not matter", "15s", "", "10m", time.Hour, "1m15s", 7},
		{"11,000 points are the most", "1s", "1s", "1s", 24 * time.Hour, "4s", 10800},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := instance(t, backend.DataSourceInstanceSettings{JSONData: json.RawMessage(`{"timeInterval":"` + c.scrape + `"}`)})
			interval, _ := time.ParseDuration(c.interval)
			for _, fromAlert := range []bool{false, true} {
				r, err := d.queries.read(context.Background(), backend.DataQuery{Interval: interval, TimeRange: backend.TimeRange{From: noon, To: noon.Add(c.span)},
					JSON: []byte(`{` + strings.Replace(canary, "latency_seconds", "rate(x[$__rate_interval])", 1) + `,"step":"` + c.step + `"}`)}, fromAlert)
				if err != nil {
					t.Fatal(err)
				}
				if want := "rate(x[" + c.want + "])"; r.Query.Expr != want {
					t.Errorf("from an alert rule %v: %s, wanted %s", fromAlert, r.Query.Expr, want)
				}
				if points := int(c.span/r.Range.Step) + 1; points > maxPoints || points < c.points-1 || points > c.points+1 {
					t.Errorf("from an alert rule %v: %d points, wanted %d", fromAlert, points, c.points)
				}
			}
		})
	}
	d := fullDatasource(t)
	req := ask(map[string]string{"A": "{" + canary + "}"})
	req.Queries[0].TimeRange = backend.TimeRange{From: noon.Add(time.Minute), To: noon.Add(time.Minute + 5*time.Second)}
	res, err := d.QueryData(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprint(res.Responses["A"].Frames[0].Meta.Notices); !strings.Contains(said, "shorter than the scrape interval of 15s") {
		t.Errorf("a range of five seconds is answered with the notices %s", said)
	}
}

// "Plugin health check failed": google-analytics#51, opcua#15, oci-metrics#13
// ("needs to be more descriptive").
func TestComplaint5HealthNamesTheFault(t *testing.T) {
	good := prometheusServer(t, nil)
	d := instance(t, backend.DataSourceInstanceSettings{URL: good, JSONData: json.RawMessage(fmt.Sprintf(`{"lokiUrl":%q,"exporterUrl":%q}`,
		serverAnswering(t, 401, "text/plain", "no"), serverAnswering(t, 503, "application/json", `{"error":"the first tick is not done","hint":"ask again in a moment"}`)))})
	got, err := d.CheckHealth(context.Background(), &backend.CheckHealthRequest{})
	if err != nil || got.Status != backend.HealthStatusOk {
		t.Fatalf("%v, %v: what is optional fails the check", got, err)
	}
	for _, wanted := range []string{"Prometheus answers", "Loki at http", "401 Unauthorized", "the exporter at http", "503 Service Unavailable"} {
		if !strings.Contains(got.Message, wanted) {
			t.Errorf("%q does not say %q", got.Message, wanted)
		}
	}
	for _, wanted := range []string{"user and password", "the first tick is not done"} {
		if !strings.Contains(string(got.JSONDetails), wanted) {
			t.Errorf("%s does not advise %q", got.JSONDetails, wanted)
		}
	}
}

// One bad query blanks the panel; our fault or theirs? grafana#26955, #71772;
// druid-grafana#143; csv-datasource#214 (an empty result fails the graph);
// infinity#990, #1539 (error source).
func TestComplaint6OneBadQuery(t *testing.T) {
	d := fullDatasource(t)
	queries := map[string]string{
		"bad PromQL":    `{` + strings.Replace(canary, `"latency_seconds"`, `"sum("`, 1) + `}`,
		"bad LogQL":     `{` + strings.Replace(cartLogs, `{app=\"cart\"}`, `{app=`, 1) + `}`,
		"bad signal":    `{` + strings.Replace(cartVerdict, `"metric":"latency_seconds"`, `"metric":"sum("`, 1) + `}`,
		"no rollout":    `{"queryType":"verdict","rollout":"none"}`,
		"bad type":      `{"queryType":"magic"}`,
		"bad match":     `{"queryType":"rollouts","match":{"service":"=~("}}`,
		"bad values":    `{"queryType":"values"}`,
		"not an object": `[]`,
	}
	for name, query := range goldens {
		queries["good "+name] = "{" + query + "}"
	}
	all := answers(t, d, false, queries)
	for name, r := range all {
		if good := strings.HasPrefix(name, "good "); good && (r.Error != nil || len(r.Frames) == 0) {
			t.Errorf("%s: %v", name, r.Error)
		} else if !good && name != "bad signal" && (r.Error == nil || r.ErrorSource != backend.ErrorSourceDownstream || r.Status != backend.StatusBadRequest) {
			t.Errorf("%s: status %d of %s: %v", name, r.Status, r.ErrorSource, r.Error)
		}
	}
	// A verdict of which one signal cannot be read tells of the others.
	if r := all["bad signal"]; r.Error == nil && !strings.Contains(fmt.Sprint(r.Frames[0].Meta.Notices), "sum(") {
		t.Errorf("bad signal: %v, notices %v", r.Error, r.Frames[0].Meta.Notices)
	}
}

// Upgrades break it: grafana#29950, #56891; bigquery-grafana#341;
// env-datasource#48; clickhouse-grafana#243.
func TestComplaint7OldQueriesAreAnsweredAsTheyWere(t *testing.T) {
	d := fullDatasource(t)
	first := map[string]string{
		"of no form":       canary,
		"of the first":     canary + `,"v":1`,
		"with a type":      canary + `,"v":1,"queryType":"deviation","view":"sigma"`,
		"of the form now":  canary + `,"v":2,"queryType":"deviation","view":"sigma"`,
		"with more fields": canary + `,"v":1,"datasource":{"uid":"x"},"hide":false,"key":"Q-1"`,
	}
	queries := map[string]string{}
	for name, q := range first {
		queries[name] = "{" + q + "}"
	}
	all := answers(t, d, true, queries)
	want, err := json.Marshal(all["of the form now"].Frames)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range all {
		got, err := json.Marshal(r.Frames)
		if r.Error != nil || err != nil || strings.ReplaceAll(string(got), name, "of the form now") != string(want) {
			t.Errorf("%s: %v, %v, answered otherwise:\n%.300s", name, r.Error, err, got)
		}
	}
	var manifest struct {
		ID           string
		Dependencies struct{ GrafanaDependency string }
	}
	if err := json.Unmarshal(read(t, "plugin.json"), &manifest); err != nil || manifest.ID != "andon-regression-datasource" || manifest.Dependencies.GrafanaDependency != ">=12.3.0-0" {
		t.Errorf("%+v, %v", manifest, err)
	}
}

// Provisioning and secrets: GrafanaCassandra#210, json-datasource#264,
// grafana#25945 (certificates in YAML), #11409 (which fields are there?).
func TestComplaint8SecretsStaySecret(t *testing.T) {
	secrets := []string{"pw-prometheus", "pw-loki", "pw-exporter", "token-of-mine", "key-in-url"}
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "you may not", http.StatusForbidden) }))
	defer closed.Close()
	withKey := strings.Replace(closed.URL, "://", "://user:key-in-url@", 1)
	d := instance(t, backend.DataSourceInstanceSettings{URL: withKey, BasicAuthEnabled: true, BasicAuthUser: "p",
		JSONData:                json.RawMessage(fmt.Sprintf(`{"lokiUrl":%q,"exporterUrl":%q,"loki":{"basicAuth":true,"basicAuthUser":"l"},"exporter":{"httpHeaderName1":"Authorization"}}`, withKey, withKey)),
		DecryptedSecureJSONData: map[string]string{"basicAuthPassword": "pw-prometheus", "lokiBasicAuthPassword": "pw-loki", "exporterHttpHeaderValue1": "Bearer token-of-mine"}})
	var said []string
	for name, r := range answers(t, d, false, map[string]string{"A": "{" + canary + "}", "B": "{" + cartLogs + "}", "C": `{"queryType":"rollouts"}`, "D": `{"queryType":"verdict","service":"cart"}`}) {
		if r.Error == nil || r.Status != backend.StatusForbidden {
			t.Errorf("%s: status %d, %v", name, r.Status, r.Error)
			continue
		}
		said = append(said, r.Error.Error())
	}
	health, err := d.CheckHealth(context.Background(), &backend.CheckHealthRequest{})
	if err != nil {
		t.Fatal(err)
	}
	said = append(said, health.Message, string(health.JSONDetails))
	for _, path := range []string{"services", "rollouts"} {
		_, answer := callResource(t, d, "Admin", "GET", path, "")
		said = append(said, answer)
	}
	for _, text := range said {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%q is told: %s", secret, text)
			}
		}
	}
}

// Judges that cannot say "I don't know": argo-rollouts#1466 (a panic on an
// empty result), #180 and #2758 (NaN), #1591 (show the resolved query), #3503;
// flagger#1035, #1689, #1581 (a misnamed metric always passes), #1011.
func TestComplaint10NotKnown(t *testing.T) {
	d := fullDatasource(t)
	misnamed := strings.NewReplacer(`"metric":"latency_seconds"`, `"metric":"latencyseconds"`).Replace(cartVerdict)
	r := answers(t, d, false, map[string]string{"A": `{` + misnamed + `}`, "B": `{` + misnamed + `,"view":"findings"}`, "C": `{` + misnamed + `,"view":"state"}`})
	row := func(f *data.Frame, name string) any {
		field, _ := f.FieldByName(name)
		v, _ := field.ConcreteAt(0)
		return v
	}
	a := r["A"].Frames[0]
	if row(a, "verdict") != "inconclusive" || row(a, "quality") != "no_series" || !strings.Contains(row(a, "reason").(string), "latency") {
		t.Errorf("the verdict is %v (%v): %v", row(a, "verdict"), row(a, "quality"), row(a, "reason"))
	}
	b := r["B"].Frames[0]
	field, _ := b.FieldByName("deviation")
	if _, known := field.ConcreteAt(0); known || row(b, "query") != `latencyseconds{job="cart",version="v2"}` {
		t.Errorf("the finding's deviation is known: %v, its query is %v", known, row(b, "query"))
	}
	if said := fmt.Sprint(b.Meta.Notices); !strings.Contains(said, "no series at all") {
		t.Errorf("notices are %s", said)
	}
	if got := last(r["C"].Frames[0]); got != stateInconclusive {
		t.Errorf("the state is %v", got)
	}
}

// Ad-hoc filters do nothing: athena-datasource#820, grafana#10658.
func TestComplaintAdHocFiltersDoNothing(t *testing.T) {
	d := fullDatasource(t)
	filter := `,"filters":[{"key":"pod","operator":"!=|","value":"cart-a","values":["cart-a","cart-b"]},{"key":"pod","operator":"=~","value":"cart-.*"}]`
	for name, c := range map[string]struct{ query, executed string }{
		"deviation": {canary + filter, `latency_seconds{job="cart",pod!~"cart-a|cart-b",pod=~"cart-.*",version!="v2"}`},
		"verdict":   {cartVerdict + filter, `latency_seconds{job="cart",pod!~"cart-a|cart-b",pod=~"cart-.*",version!="v2"}`},
		"clusters":  {cartLogs + filter, `{app="cart", pod!~"cart-a|cart-b", pod=~"cart-.*", version="v1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := answers(t, d, false, map[string]string{"A": "{" + c.query + "}"})["A"]
			if r.Error != nil || !strings.Contains(r.Frames[0].Meta.ExecutedQueryString, c.executed) {
				t.Errorf("%v, executed %v, wanted %s", r.Error, r.Frames[0].Meta.ExecutedQueryString, c.executed)
			}
		})
	}
	r := answers(t, d, false, map[string]string{"A": `{"queryType":"rollouts","filters":[{"key":"region","operator":"=","value":"eu"},{"key":"verdict","operator":"!=","value":"pass"}]}`})["A"]
	if r.Error != nil || r.Frames[0].Rows() != 1 || r.Frames[0].Fields[0].At(0) != "cart-v2" {
		t.Errorf("rollouts: %v, %v", r.Error, r.Frames)
	}
	// What is offered next is what the filters leave: TestResources.
	if _, ok := resourcePaths["POST /tag-values"]; !ok {
		t.Errorf("resources are %v", slices.Sorted(maps.Keys(resourcePaths)))
	}
}
