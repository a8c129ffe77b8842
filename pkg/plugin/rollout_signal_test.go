package plugin

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// TestRolloutSignal: a query that names a rollout's signal asks what the judge does.
func TestRolloutSignal(t *testing.T) {
	instance, err := New(t.Context(), backend.DataSourceInstanceSettings{JSONData: json.RawMessage(`{"exporterUrl":"` + exporterServer(t) + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	d := instance.(*Datasource)
	cohorts := "candidate version: v2, control version: v1, since 2026-03-01T12:00:00Z, step 1m, high"
	for _, tt := range []struct{ name, query, want, fails string }{
		{"a signal", `{"rollout":"cart-v2","name":"latency"}`, `latency: latency_seconds{job="cart"} by pod, unit s, ` + cohorts, ""},
		{"the first of its kind", `{"rollout":"cart-v2"}`, `latency: latency_seconds{job="cart"} by pod, unit s, ` + cohorts, ""},
		{"an expression without cohorts", `{"rollout":"cart-v2","name":"latency","expr":"up"}`, ``, "candidate is empty"},
		{"an expression of its own", `{"rollout":"cart-v2","expr":"up","candidate":{"a":"b"},"control":{"a":"c"}}`, `: up by , unit , candidate a: b, control a: c, since , step , medium`, ""},
		{"no such signal", `{"rollout":"cart-v2","name":"orders"}`, ``, `service cart has no signal "orders"`},
		{"no such rollout", `{"rollout":"cart-v9","name":"latency"}`, ``, `no rollout "cart-v9"`},
		{"a service that is not configured", `{"rollout":"dns-7","name":"latency"}`, ``, `service "dns" is no longer in`},
		{"a signal of another kind", `{"rollout":"cart-v2","name":"log"}`, ``, "no metric signal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := d.queries.read(t.Context(), backend.DataQuery{JSON: []byte(tt.query)}, false)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Fatalf("got %v, want an error with %q", err, tt.fails)
				}
				answer := readErrorResponse(t.Context(), err, false)
				if errors.As(err, new(noSignal)) == (answer.Error != nil) {
					t.Errorf("answered %v: only what a query can put right is an error", answer.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			q := r.Query
			got := q.Name + ": " + q.Expr + " by " + q.NodeLabel + ", unit " + q.Unit + ", candidate " + describe(q.Candidate) + ", control " + describe(q.Control) +
				", since " + string(q.Since) + ", step " + q.Step + ", " + string(q.Sensitivity)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestRolloutSignalAsksOnce: the name of a signal costs one question of a kind, and
// none of what only a judge needs.
func TestRolloutSignalAsksOnce(t *testing.T) {
	url, asked := countingExporter(t)
	instance, err := New(t.Context(), backend.DataSourceInstanceSettings{JSONData: json.RawMessage(`{"exporterUrl":"` + url + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := instance.(*Datasource).queries.read(t.Context(), backend.DataQuery{JSON: []byte(`{"rollout":"cart-v2","name":"latency"}`)}, false); err != nil {
		t.Fatal(err)
	}
	if got, want := asked(), []string{"/api/v1/services", "/api/v1/verdicts"}; !slices.Equal(got, want) {
		t.Errorf("the exporter was asked for %v, want %v", got, want)
	}
}
