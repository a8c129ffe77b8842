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

// config is the exporter's, of which %s is where Prometheus and Loki are.
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

// upstreams are what the data source asks.
type upstreams struct {
	prometheus, loki, exporter server
	facts                      *exporter.Exporter
}

func (u upstreams) stop() {
	for _, s := range []server{u.prometheus, u.loki, u.exporter} {
		if s.Server != nil {
			_ = s.Close()
		}
	}
	if u.facts != nil {
		_ = u.facts.Close()
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
	diary := recording.NewLines(0)
	diary.Add(lines()...)
	if u.loki, err = serve(inprocess.Loki{Lines: diary}.Handler()); err != nil {
		return u, err
	}
	file := filepath.Join(dir, "andon.yml")
	if err = os.WriteFile(file, []byte(fmt.Sprintf(config, u.prometheus.url, u.loki.url)), 0o600); err != nil {
		return u, err
	}
	now := noon.Add(time.Minute)
	u.facts, err = exporter.New(ctx, exporter.Options{ConfigFile: file, StoragePath: filepath.Join(dir, "facts"), Now: func() time.Time { return now }})
	if err != nil {
		return u, err
	}
	answer := httptest.NewRecorder()
	u.facts.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/api/v1/rollouts", strings.NewReader(rollout)))
	if answer.Code != http.StatusCreated {
		return u, fmt.Errorf("the rollout was not announced: %d %s", answer.Code, answer.Body)
	}
	for ; now.Before(noon.Add(30 * time.Minute)); now = now.Add(5 * time.Minute) {
		u.facts.Tick(ctx, now)
	}
	u.exporter, err = serve(u.facts.Handler())
	return u, err
}
