package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/plugin"
)

// A grafana is the part of Grafana's HTTP API that the editors use.
type grafana struct {
	data *plugin.Datasource
	base backend.DataSourceInstanceSettings
}

func newGrafana(u upstreams) (*grafana, error) {
	settings, err := json.Marshal(plugin.Settings{LokiURL: u.loki.url, ExporterURL: u.exporter.url})
	if err != nil {
		return nil, err
	}
	base := backend.DataSourceInstanceSettings{UID: "andon", Name: "Andon", Type: plugin.ID, URL: u.prometheus.url, JSONData: settings}
	made, err := plugin.New(context.Background(), base)
	if err != nil {
		return nil, err
	}
	return &grafana{data: made.(*plugin.Datasource), base: base}, nil
}

func (g *grafana) routes(static http.FileSystem) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/ds/query", g.query)
	mux.HandleFunc("/api/datasources/uid/andon/resources/{path...}", g.resource)
	mux.HandleFunc("POST /api/standin/health", g.health)
	mux.HandleFunc("GET /api/standin/settings", func(w http.ResponseWriter, _ *http.Request) { write(w, map[string]string{"url": g.base.URL}) })
	mux.Handle("/", http.FileServer(static))
	return mux
}

// query answers queries in the form of Grafana's API.
func (g *grafana) query(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		From    string            `json:"from"`
		To      string            `json:"to"`
		Queries []json.RawMessage `json:"queries"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	from, err1 := strconv.ParseInt(asked.From, 10, 64)
	to, err2 := strconv.ParseInt(asked.To, 10, 64)
	if err1 != nil || err2 != nil {
		http.Error(w, fmt.Sprintf("from %q to %q", asked.From, asked.To), http.StatusBadRequest)
		return
	}
	req := &backend.QueryDataRequest{PluginContext: g.plugin(), Headers: map[string]string{}}
	for _, raw := range asked.Queries {
		var q struct {
			RefID         string `json:"refId"`
			QueryType     string `json:"queryType"`
			IntervalMS    int64  `json:"intervalMs"`
			MaxDataPoints int64  `json:"maxDataPoints"`
		}
		if err := json.Unmarshal(raw, &q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		req.Queries = append(req.Queries, backend.DataQuery{
			RefID: q.RefID, QueryType: q.QueryType, MaxDataPoints: q.MaxDataPoints, Interval: time.Duration(q.IntervalMS) * time.Millisecond,
			TimeRange: backend.TimeRange{From: time.UnixMilli(from).UTC(), To: time.UnixMilli(to).UTC()}, JSON: raw,
		})
	}
	answer, err := g.data.QueryData(r.Context(), req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	write(w, answer)
}

func write(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// resource hands a call on to the data source.
func (g *grafana) resource(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	path := r.PathValue("path")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	req := &backend.CallResourceRequest{PluginContext: g.plugin(), Path: r.PathValue("path"), Method: r.Method, URL: path, Headers: r.Header, Body: body}
	err = g.data.CallResource(r.Context(), req, backend.CallResourceResponseSenderFunc(func(res *backend.CallResourceResponse) error {
		for name, values := range res.Headers {
			w.Header()[name] = values
		}
		w.WriteHeader(res.Status)
		_, err := io.Copy(w, bytes.NewReader(res.Body))
		return err
	}))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// health checks the settings that the page has made, as Save & test does.
func (g *grafana) health(w http.ResponseWriter, r *http.Request) {
	var saved struct {
		URL            string            `json:"url"`
		JSONData       json.RawMessage   `json:"jsonData"`
		SecureJSONData map[string]string `json:"secureJsonData"`
		BasicAuth      bool              `json:"basicAuth"`
		BasicAuthUser  string            `json:"basicAuthUser"`
	}
	if err := json.NewDecoder(r.Body).Decode(&saved); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s := g.base
	s.URL, s.JSONData, s.DecryptedSecureJSONData = saved.URL, saved.JSONData, saved.SecureJSONData
	s.BasicAuthEnabled, s.BasicAuthUser = saved.BasicAuth, saved.BasicAuthUser
	made, err := plugin.New(r.Context(), s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	result, err := made.(*plugin.Datasource).CheckHealth(r.Context(), &backend.CheckHealthRequest{PluginContext: g.plugin()})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	write(w, map[string]any{"status": result.Status.String(), "message": result.Message, "details": json.RawMessage(orNull(result.JSONDetails))})
}

func orNull(b []byte) []byte {
	if len(b) == 0 {
		return []byte("null")
	}
	return b
}

func (g *grafana) plugin() backend.PluginContext {
	return backend.PluginContext{Namespace: "default", PluginID: plugin.ID, DataSourceInstanceSettings: &g.base,
		User: &backend.User{Login: "ada", Name: "Ada", Email: "ada@example.org", Role: "Editor"}}
}
