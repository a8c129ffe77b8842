package backtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/exporter"
)

// TestLive: a backtest says of a rollout what the exporter said of it when it
// was under way and nothing later could be known.
func TestLive(t *testing.T) {
	c, err := config.Parse([]byte(`
prometheus: {url: "http://localhost:9090"}
bake: 30m
services:
- name: shop
  node: pod
  version: version
  signals:
  - name: errors
    metric: sum by (pod, version) (errors_rate{app="shop"})
    per: sum by (pod, version) (requests_rate{app="shop"})
  - name: latency
    metric: sum by (pod, version) (latency_seconds{app="shop"})
    unit: seconds
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 1} {
		j := report(t).Rollouts[i]
		now := j.Rollout.Started.Add(-2 * time.Minute)
		e, err := exporter.New(t.Context(), exporter.Options{
			Config: c, StoragePath: t.TempDir(), Now: func() time.Time { return now },
			Metrics: func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
				if r.End.After(now) {
					return nil, fmt.Errorf("asked for %s at %s", r.End, now)
				}
				return store(t).Range(ctx, expr, r)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 + 55 {
			e.Tick(t.Context(), now)
			now = now.Add(time.Minute)
		}
		w := httptest.NewRecorder()
		e.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/rollouts/"+j.Rollout.ID+"/verdict", nil))
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		body, _ := io.ReadAll(w.Body)
		var live andon.Verdict
		if err := json.Unmarshal(body, &live); err != nil {
			t.Fatalf("%s of %s: %v", body, j.Rollout.ID, err)
		}
		a, err := json.Marshal(live)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(j.Verdict)
		if err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Errorf("live:\n%s\nafterwards:\n%s", a, b)
		}
	}
}
