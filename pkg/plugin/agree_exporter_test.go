package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/exporter"
)

// TestVerdictIsTheExporters holds the verdict of a panel to the exporter's, of
// metrics and logs, with two rollouts that overlap: all of its numbers, to the
// last bit.
func TestVerdictIsTheExporters(t *testing.T) {
	prometheus, loki := prometheusServer(t, shop()), lokiServer(t, cartLog())
	c, err := config.Parse(fmt.Appendf(nil, `
prometheus: {url: %q}
loki: {url: %q}
services:
- name: cart
  node: pod
  version: version
  signals:
  - {name: latency, metric: 'latency_seconds{job="cart"}', unit: s, margin: 0.1}
  - {name: errors, logs: '{app="cart"} |= "error"'}
- name: queue
  node: pod
  signals:
  - {name: length, metric: queue_length}
`, prometheus, loki))
	if err != nil {
		t.Fatal(err)
	}
	now := noon
	e, err := exporter.New(t.Context(), exporter.Options{Config: c, StoragePath: t.TempDir(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(e.Handler())
	t.Cleanup(func() {
		served.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	now = noon.Add(time.Minute)
	for _, body := range []string{
		`{"id":"cart-v2","service":"cart","version":"v2","previous":"v1","started":"2026-03-01T12:00:00Z"}`,
		`{"id":"queue-2","service":"queue","strategy":"before-after","started":"2026-03-01T12:00:30Z"}`,
	} {
		if status, said := exchange(t, "POST", served.URL+"/api/v1/rollouts", body); status != 201 {
			t.Fatal(status, said)
		}
	}
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheus, JSONData: json.RawMessage(fmt.Sprintf(`{"lokiUrl":%q,"exporterUrl":%q}`, loki, served.URL))})
	decided := map[string]bool{}
	for ; !now.After(noon.Add(40 * time.Minute)); now = now.Add(4*time.Minute + 10*time.Second) {
		e.Tick(t.Context(), now)
		for _, id := range []string{"cart-v2", "queue-2"} {
			status, said := exchange(t, "GET", served.URL+"/api/v1/rollouts/"+id+"/verdict", "")
			var want andon.Verdict
			if err := json.Unmarshal([]byte(said), &want); err != nil || status != 200 {
				t.Fatal(status, said, err)
			}
			decided[id+" "+string(want.Verdict)] = true
			summary, findings := verdictOf(t, d, id, now)
			if got, want := fmt.Sprint(cells(summary, 0, "verdict", "score", "evidence", "blame", "strategy", "quality", "reason")),
				fmt.Sprint([]any{string(want.Verdict), value(want.Score), value(want.Evidence), value(want.Blame), string(want.Strategy), string(want.Quality), want.Reason}); got != want {
				t.Errorf("%s at %s: the panel says %s, the exporter %s", id, now.Format("15:04"), got, want)
			}
			if findings.Rows() != len(want.Findings) {
				t.Errorf("%s at %s: the panel has %d findings, the exporter %d", id, now.Format("15:04"), findings.Rows(), len(want.Findings))
				continue
			}
			for i, f := range want.Findings {
				if got, want := fmt.Sprint(cells(findings, i, "signal", "node", "deviation", "effect", "evidence", "weight", "reason")),
					fmt.Sprint([]any{f.Signal, f.Node, value(f.Deviation), value(f.Effect), value(f.Evidence), value(f.Weight), f.Reason}); got != want {
					t.Errorf("%s at %s: the panel finds %s, the exporter %s", id, now.Format("15:04"), got, want)
				}
			}
		}
	}
	sameOnTheWire[[]andon.ServiceInfo](t, served.URL+"/api/v1/services")
	sameOnTheWire[[]andon.RolloutRecord](t, served.URL+"/api/v1/verdicts")
	sameOnTheWire[andon.PriorKnowledge](t, served.URL+"/api/v1/rollouts/cart-v2/learnt")
	if status, said := exchange(t, "POST", served.URL+"/api/v1/feedback", `{"service":"cart","id":"9d3772bd551298a4","risk":"high","by":"ann","note":"seen before"}`); status != 200 {
		t.Fatal(status, said)
	}
	sameOnTheWire[[]andon.Feedback](t, served.URL+"/api/v1/feedback")
	sameOnTheWire[andon.ServiceMemory](t, served.URL+"/api/v1/memory?service=cart")
	if !decided["cart-v2 fail"] {
		t.Errorf("decisions are %v; nothing failed", decided)
	}
}

// sameOnTheWire reads an answer of the exporter into a T and writes it again,
// which loses nothing if both declare the same.
func sameOnTheWire[T any](t *testing.T, url string) {
	t.Helper()
	status, said := exchange(t, "GET", url, "")
	if status != 200 || len(said) < 30 {
		t.Fatal(url, status, said)
	}
	d := json.NewDecoder(strings.NewReader(said))
	d.DisallowUnknownFields()
	var v T
	if err := d.Decode(&v); err != nil {
		t.Errorf("%s: %v", url, err)
	}
	var written strings.Builder
	if err := json.NewEncoder(&written).Encode(v); err != nil || strings.TrimSpace(written.String()) != strings.TrimSpace(said) {
		t.Errorf("%s, %v\nsaid    %s\nwritten %s", url, err, said, written.String())
	}
}

func exchange(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(said)
}

// verdictOf asks for a rollout's summary and findings as of a time.
func verdictOf(t *testing.T, d *Datasource, id string, now time.Time) (summary, findings *data.Frame) {
	t.Helper()
	req := ask(map[string]string{"A": `{"queryType":"verdict","rollout":"` + id + `"}`, "B": `{"queryType":"verdict","view":"findings","rollout":"` + id + `"}`})
	for i := range req.Queries {
		req.Queries[i].TimeRange = backend.TimeRange{From: noon, To: now}
	}
	res, err := d.QueryData(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	a, b := res.Responses["A"], res.Responses["B"]
	if a.Error != nil || b.Error != nil {
		t.Fatal(a.Error, b.Error)
	}
	return a.Frames[0], b.Frames[0]
}

// cells returns what a row holds; nil where nothing is known.
func cells(f *data.Frame, row int, names ...string) []any {
	var out []any
	for _, name := range names {
		field, _ := f.FieldByName(name)
		v, ok := field.ConcreteAt(row)
		if !ok {
			v = nil
		}
		out = append(out, v)
	}
	return out
}

// value returns a Number as a cell holds it.
func value(n andon.Number) any {
	if !n.Known() {
		return nil
	}
	return max(-math.MaxFloat64, min(math.MaxFloat64, float64(n)))
}
