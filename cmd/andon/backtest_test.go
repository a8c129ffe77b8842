package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/andon-project/andon/pkg/demo/inprocess"
	"github.com/andon-project/andon/pkg/lab/backtest"
)

// remembering serves a Prometheus with six hours of a service until noon, of
// which one node of five got v2 three hours ago and fails.
func remembering(t *testing.T, noon time.Time) *httptest.Server {
	t.Helper()
	s, err := inprocess.OpenStore(inprocess.StoreConfig{Dir: t.TempDir()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	app := s.DB.Appender(context.Background())
	for at := noon.Add(-6 * time.Hour); !at.After(noon); at = at.Add(time.Minute) {
		for i := range 5 {
			version, errors := "v1", .01
			if i == 4 {
				version, errors = "v2", 5
				if at.Before(noon.Add(-3 * time.Hour)) {
					continue
				}
			}
			for name, v := range map[string]float64{"requests_rate": 20, "errors_rate": errors} {
				l := labels.FromStrings("__name__", name, "pod", fmt.Sprint("pod-", i), "version", version)
				if _, err := app.Append(0, l, at.UnixMilli(), v); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server
}

func TestBacktest(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "andon.yml")
	config := fmt.Sprintf(`
prometheus: {url: %s}
services:
- name: shop
  node: pod
  version: version
  signals:
  - {name: errors, metric: errors_rate, per: requests_rate}
`, remembering(t, noon).URL)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(change func(b *backtestCommand)) (string, error) {
		var out strings.Builder
		b := backtestCommand{config: file, since: "5h", format: "jsonl", out: &out, options: backtest.Options{AtOnce: 2, MaxPoints: 100}}
		change(&b)
		err := b.run(t.Context(), hclog.NewNullLogger(), noon)
		return out.String(), err
	}
	out, err := run(func(*backtestCommand) {})
	if err != nil {
		t.Fatal(err)
	}
	var first struct{ Kind, Version, Verdict string }
	if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &first); err != nil || first.Kind != "rollout" || first.Version != "v2" || first.Verdict != "fail" {
		t.Errorf("got %+v, %v of %s", first, err, out)
	}
	out, err = run(func(b *backtestCommand) { b.format, b.services = "table", []string{"shop"} })
	if err != nil || !strings.Contains(out, "1 of 1 rollout would have been halted") {
		t.Errorf("got %v and\n%s", err, out)
	}
	for _, tt := range []struct {
		name   string
		change func(b *backtestCommand)
		want   string
	}{
		{"no such file", func(b *backtestCommand) { b.config = "nowhere.yml" }, "nowhere.yml"},
		{"no such service", func(b *backtestCommand) { b.services = []string{"shop", "shoe"} }, `--service: "shoe" is not in the configuration; did you mean shop?`},
		{"no duration", func(b *backtestCommand) { b.since = "a month" }, `--since: "a month" is not a duration`},
		{"nothing at once", func(b *backtestCommand) { b.options.AtOnce = 0 }, "--concurrency: 0 is not between"},
		{"too many points", func(b *backtestCommand) { b.options.MaxPoints = 1 << 20 }, "is not between 10 and 11,000"},
	} {
		if out, err := run(tt.change); err == nil || !strings.Contains(err.Error(), tt.want) || out != "" {
			t.Errorf("%s: got %v and %q, want %s", tt.name, err, out, tt.want)
		}
	}
}
