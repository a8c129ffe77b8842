package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/plugin"
)

// A dashboard is what of its JSON tells what is asked and what is shown.
type dashboard struct {
	Title       string
	Templating  struct{ List []variable }
	Annotations struct {
		List []struct {
			Name   string
			Target map[string]any
		}
	}
	Panels []panel
}

type variable struct {
	Name, Type string
	Datasource struct{ Type, UID string }
	Query      any
}

type panel struct {
	ID              int
	Type, Title     string
	Targets         []map[string]any
	Transformations []struct {
		ID      string
		Options struct {
			Include struct{ Names []string }
		}
	}
	Options struct {
		ReduceOptions struct{ Fields string }
	}
	FieldConfig struct {
		Overrides []struct {
			Matcher struct{ ID, Options string }
		}
	}
}

// quiet names the panels that have nothing to show after a demonstration in
// which all went as it should.
var quiet = []string{
	"False halts so far",                                      // nobody has labelled a rollout
	"New crash signatures", "Crashes by signature", "Crashes", // a crash is left to chance
	"Signals that could not be judged", "Signals that cannot be judged", "Signals that cannot be judged, by reason",
}

// onDashboards reads every panel of every dashboard, asks what it asks of the
// demonstration's servers as Grafana would, and checks that the answer has
// what the panel shows.
func onDashboards(t *testing.T, s *stack) {
	files, err := filepath.Glob("../../dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %v (%v), want dashboards", files, err)
	}
	g := newGrafana(t, s)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			values := g.variables(t, d)
			for _, a := range d.Annotations.List {
				if a.Target != nil {
					g.annotations(t, a.Name, a.Target, values)
				}
			}
			for _, p := range d.Panels {
				if p.Type != "row" {
					g.panel(t, p, values)
				}
			}
		})
	}
}

// grafana asks as Grafana does.
type grafana struct {
	prometheus string
	client     *http.Client
	source     *plugin.Datasource
	from, to   time.Time
}

func newGrafana(t *testing.T, s *stack) *grafana {
	t.Helper()
	settings, err := json.Marshal(map[string]any{"timeInterval": "1s", "exporterUrl": s.address[andonAddress], "lokiUrl": s.address[lokiAddress]})
	if err != nil {
		t.Fatal(err)
	}
	instance, err := plugin.New(t.Context(), backend.DataSourceInstanceSettings{UID: "andon", Name: "Andon", URL: s.address[prometheusAddress], JSONData: settings})
	if err != nil {
		t.Fatal(err)
	}
	source := instance.(*plugin.Datasource)
	t.Cleanup(source.Dispose)
	now := time.Now()
	return &grafana{prometheus: s.address[prometheusAddress], client: s.client, source: source, from: now.Add(-5 * time.Minute), to: now}
}

// variables returns the values that the dashboard's variables take: of those
// that are asked for, the bad rollout's where there is a choice.
func (g *grafana) variables(t *testing.T, d dashboard) map[string]string {
	t.Helper()
	values := map[string]string{"prometheus": "andon-prometheus", "andon": "andon"}
	for _, v := range d.Templating.List {
		if v.Type == "datasource" {
			if values[v.Name] == "" || v.Query != map[string]string{"prometheus": "prometheus", "andon": plugin.ID}[v.Name] {
				t.Errorf("variable %s chooses among data sources of type %v", v.Name, v.Query)
			}
			continue
		}
		q, _ := v.Query.(map[string]any)
		m := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(expand(fmt.Sprint(q["query"]), values))
		if m == nil {
			t.Errorf("variable %s asks %v", v.Name, v.Query)
			continue
		}
		names := g.labelValues(t, m[1], m[2])
		if len(names) == 0 {
			t.Errorf("variable %s has no value: %v", v.Name, v.Query)
			continue
		}
		values[v.Name] = names[0]
		if slices.Contains(names, "checkout-v2") {
			values[v.Name] = "checkout-v2"
		}
	}
	return values
}

var dollar = regexp.MustCompile(`\$\{?(\w+)(?::\w+)?\}?`)

// expand replaces variables and Grafana's own macros; what it does not know stays.
func expand(text string, values map[string]string) string {
	macros := map[string]string{"__range": "300s", "__rate_interval": "15s", "__interval": "5s"}
	return dollar.ReplaceAllStringFunc(text, func(s string) string {
		name := dollar.FindStringSubmatch(s)[1]
		if v, ok := values[name]; ok {
			return v
		}
		if v, ok := macros[name]; ok {
			return v
		}
		return s
	})
}

func (g *grafana) labelValues(t *testing.T, selector, label string) []string {
	t.Helper()
	var names []string
	g.get(t, "/api/v1/label/"+label+"/values", url.Values{"match[]": {selector}, "start": {unix(g.from)}, "end": {unix(g.to)}}, &names)
	return names
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// get asks Prometheus.
func (g *grafana) get(t *testing.T, path string, form url.Values, into any) {
	t.Helper()
	res, err := g.client.PostForm(g.prometheus+path, form)
	if strings.HasSuffix(path, "/values") {
		res, err = g.client.Get(g.prometheus + path + "?" + form.Encode())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if answer.Status != "success" {
		t.Fatalf("%s %v: %s", path, form, answer.Error)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		t.Fatal(err)
	}
}

// panel checks one panel.
func (g *grafana) panel(t *testing.T, p panel, values map[string]string) {
	t.Helper()
	if len(p.Targets) == 0 {
		t.Errorf("%s asks nothing", p.Title)
	}
	fields := map[string]bool{}
	shown := 0
	for _, target := range p.Targets {
		where := fmt.Sprintf("%s, %v", p.Title, target["refId"])
		source, _ := target["datasource"].(map[string]any)
		switch uid := source["uid"]; uid {
		case "${prometheus}":
			shown += g.prometheusTarget(t, where, target, values)
		case "${andon}":
			frames := g.ask(t, where, target, values)
			for _, f := range frames {
				shown += f.Rows()
				for _, field := range f.Fields {
					fields[shownName(field)] = true
				}
			}
			fits(t, p, where, frames)
		default:
			t.Errorf("%s asks data source %v: choose it by a variable", where, uid)
		}
	}
	if shown == 0 && !slices.Contains(quiet, p.Title) {
		t.Errorf("%s shows nothing", p.Title)
	}
	for _, name := range p.names() {
		if len(fields) > 0 && !fields[name] {
			t.Errorf("%s shows field %q; there are %v", p.Title, name, fields)
		}
	}
}

// names returns the fields that the panel names.
func (p panel) names() []string {
	var out []string
	renamed := false
	for _, x := range p.Transformations {
		out = append(out, x.Options.Include.Names...)
		renamed = renamed || x.ID != "filterFieldsByName"
	}
	if name := strings.Trim(p.Options.ReduceOptions.Fields, "/^$"); name != "" {
		out = append(out, name)
	}
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID == "byName" && !renamed {
			out = append(out, o.Matcher.Options)
		}
	}
	return out
}

func shownName(f *data.Field) string {
	if f.Config != nil && f.Config.DisplayNameFromDS != "" {
		return f.Config.DisplayNameFromDS
	}
	return f.Name
}

// prometheusTarget returns how many series answer.
func (g *grafana) prometheusTarget(t *testing.T, where string, target map[string]any, values map[string]string) int {
	t.Helper()
	expr := expand(fmt.Sprint(target["expr"]), values)
	if m := dollar.FindString(expr); m != "" {
		t.Errorf("%s: %s stays in %s", where, m, expr)
	}
	var answer struct{ Result []json.RawMessage }
	if instant, _ := target["instant"].(bool); instant {
		g.get(t, "/api/v1/query", url.Values{"query": {expr}, "time": {unix(g.to)}}, &answer)
	} else {
		g.get(t, "/api/v1/query_range", url.Values{"query": {expr}, "start": {unix(g.from)}, "end": {unix(g.to)}, "step": {"5"}}, &answer)
	}
	return len(answer.Result)
}

// replaced returns v with the variables in its texts replaced.
func replaced(v any, values map[string]string) any {
	switch v := v.(type) {
	case string:
		return expand(v, values)
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[expand(k, values)] = replaced(x, values)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = replaced(x, values)
		}
		return out
	}
	return v
}

// ask asks the data source.
func (g *grafana) ask(t *testing.T, where string, target map[string]any, values map[string]string) data.Frames {
	t.Helper()
	query, err := json.Marshal(replaced(target, values))
	if err != nil {
		t.Fatal(err)
	}
	if m := dollar.Find(query); m != nil {
		t.Errorf("%s: %s stays in %s", where, m, query)
	}
	res, err := g.source.QueryData(context.Background(), &backend.QueryDataRequest{
		PluginContext: backend.PluginContext{Namespace: "default", PluginID: plugin.ID},
		Queries: []backend.DataQuery{{
			RefID: "A", JSON: query, TimeRange: backend.TimeRange{From: g.from, To: g.to}, Interval: 5 * time.Second, MaxDataPoints: 500,
		}},
	})
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if a := res.Responses["A"]; a.Error != nil {
		t.Errorf("%s: %v", where, a.Error)
		return nil
	}
	return res.Responses["A"].Frames
}

// fits reports what a panel of its type cannot show of frames.
func fits(t *testing.T, p panel, where string, frames data.Frames) {
	t.Helper()
	has := func(f *data.Frame, kinds ...data.FieldType) bool {
		return slices.ContainsFunc(f.Fields, func(field *data.Field) bool {
			return slices.Contains(kinds, field.Type().NonNullableType())
		})
	}
	if len(frames) == 0 {
		t.Errorf("%s: no frame", where)
	}
	for _, f := range frames {
		moments, numbers, words := has(f, data.FieldTypeTime), has(f, data.FieldTypeFloat64, data.FieldTypeInt64, data.FieldTypeUint64), has(f, data.FieldTypeString, data.FieldTypeEnum)
		var b bytes.Buffer
		for _, field := range f.Fields {
			fmt.Fprintf(&b, " %s (%s)", field.Name, field.Type())
		}
		switch p.Type {
		case "timeseries":
			if !moments || !numbers || words {
				t.Errorf("%s: a time series wants times and numbers:%s", where, &b)
			}
		case "state-timeline":
			if !moments || !words && !numbers {
				t.Errorf("%s: a state timeline wants times and states:%s", where, &b)
			}
		case "heatmap":
			if !numbers {
				t.Errorf("%s: a heatmap wants numbers:%s", where, &b)
			}
		case "logs":
			if f.Meta == nil || f.Meta.Type != data.FrameTypeLogLines || !moments || !words {
				t.Errorf("%s: lines want the type log-lines, times and texts:%s", where, &b)
			}
		case "table":
			if len(f.Fields) < 2 {
				t.Errorf("%s: a table of%s", where, &b)
			}
		case "stat", "gauge":
			if !numbers && p.Options.ReduceOptions.Fields == "" {
				t.Errorf("%s: a %s wants numbers:%s", where, p.Type, &b)
			}
		default:
			t.Errorf("%s: panels of type %s are not known here", where, p.Type)
		}
	}
}

// annotations checks that a query answers regions with texts.
func (g *grafana) annotations(t *testing.T, name string, target map[string]any, values map[string]string) {
	t.Helper()
	target = map[string]any{"queryType": target["queryType"], "view": target["view"], "v": target["v"], "rollout": target["rollout"]}
	for k, v := range target {
		if v == nil {
			delete(target, k)
		}
	}
	for _, f := range g.ask(t, "annotations "+name, target, values) {
		for _, want := range []string{"time", "timeEnd", "title", "text", "tags"} {
			if field, _ := f.FieldByName(want); field == nil {
				t.Errorf("annotations %s have no field %s", name, want)
			}
		}
		if f.Rows() == 0 {
			t.Errorf("annotations %s: none", name)
		}
	}
}
