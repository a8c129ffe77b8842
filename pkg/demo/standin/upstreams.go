package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/demo/inprocess"
	"github.com/andon-project/andon/pkg/exporter"
	"github.com/andon-project/andon/pkg/lab/recording"
)

// config is the exporter's configuration; %s are the addresses of Prometheus and
// Loki.
const config = `
prometheus: {url: %s}
loki: {url: %s}
services:
- name: checkout
  node: pod
  version: version
  signals:
  - name: errors
    metric: sum by (pod, version) (rate(http_requests_total{service="checkout",code=~"5.."}[1m]))
    per: sum by (pod, version) (rate(http_requests_total{service="checkout"}[1m]))
  - name: latency
    metric: |
      sum by (pod, version) (rate(http_request_duration_seconds_sum{service="checkout"}[1m]))
        / sum by (pod, version) (rate(http_request_duration_seconds_count{service="checkout"}[1m]))
    unit: s
  - name: log lines
    logs: '{service="checkout"}'
`

const rollout = `{"id": "checkout-v2", "service": "checkout", "version": "v2", "previous": "v1", "started": "2026-03-01T12:00:00Z", "strategy": "canary"}`

// upstreams are the servers that the data source queries.
type upstreams struct {
	prometheus, loki, exporter server
	andon                      *exporter.Exporter
}

func (u upstreams) stop() {
	for _, s := range []server{u.prometheus, u.loki, u.exporter} {
		if s.Server != nil {
			_ = s.Close()
		}
	}
	if u.andon != nil {
		_ = u.andon.Close()
	}
}

// start starts all of them, and has the exporter judge the rollout.
func start(ctx context.Context, dir string, store *inprocess.Store) (u upstreams, err error) {
	defer func() {
		if err != nil {
			u.stop()
		}
	}()
	if u.prometheus, err = serve(store.Handler()); err != nil {
		return u, err
	}
	stored := recording.NewLines(0)
	stored.Add(lines()...)
	if u.loki, err = serve(inprocess.Loki{Lines: stored}.Handler()); err != nil {
		return u, err
	}
	file := filepath.Join(dir, "andon.yml")
	if err = os.WriteFile(file, []byte(fmt.Sprintf(config, u.prometheus.url, u.loki.url)), 0o600); err != nil {
		return u, err
	}
	now := noon.Add(time.Minute)
	u.andon, err = exporter.New(ctx, exporter.Options{ConfigFile: file, StoragePath: filepath.Join(dir, "facts"), Now: func() time.Time { return now }})
	if err != nil {
		return u, err
	}
	answer := httptest.NewRecorder()
	u.andon.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/api/v1/rollouts", strings.NewReader(rollout)))
	if answer.Code != http.StatusCreated {
		return u, fmt.Errorf("announcing the rollout: status %d: %s", answer.Code, answer.Body)
	}
	for ; now.Before(noon.Add(30 * time.Minute)); now = now.Add(5 * time.Minute) {
		u.andon.Tick(ctx, now)
	}
	u.exporter, err = serve(u.andon.Handler())
	return u, err
}
