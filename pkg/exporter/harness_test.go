package exporter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promlabels "github.com/prometheus/prometheus/model/labels"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/demo/inprocess"
)

// theShop is shared by the tests that only read, with v2 from noon.
var theShop struct {
	once  sync.Once
	shop  *shop
	close func()
}

func sharedShop(t testing.TB) *shop {
	t.Helper()
	theShop.once.Do(func() {
		dir, err := os.MkdirTemp("", "andon-exporter-*")
		if err != nil {
			t.Fatal(err)
		}
		theShop.shop = newShop(t, dir, noon, []string{"good"}, []string{"bad", "bad-1", "bad-2", "bad-3"})
		theShop.close = func() {
			theShop.shop.server.Close()
			theShop.shop.Close()
			os.RemoveAll(dir)
		}
	})
	if theShop.shop == nil {
		t.Fatal("there is no shop")
	}
	return theShop.shop
}

// A shop is a Prometheus with the samples of some services, each of which
// rolls version v2 out beside v1.
type shop struct {
	*inprocess.Store
	server *httptest.Server
}

// newShop keeps samples from -2h to +1h around start, at which v2 appears. In
// a bad service one request in four of v2 fails; one in a hundred otherwise.
func newShop(t testing.TB, dir string, start time.Time, good, bad []string) *shop {
	t.Helper()
	store, add, commit := newSamples(t, dir, 4*time.Hour)
	fill := func(service string, share float64) {
		for at := start.Add(-2 * time.Hour); at.Before(start.Add(time.Hour)); at = at.Add(time.Minute) {
			for i := range 6 {
				version, errors := "v1", .01
				if i >= 4 {
					version, errors = "v2", share
					if at.Before(start) {
						continue
					}
				}
				pod := fmt.Sprintf("%s-%d", service, i)
				requests := 20 + 5*math.Sin(float64(at.Unix())/600) + float64((at.Unix()/60*int64(i+1)*7)%5)
				add(at, requests, "__name__", "requests", "service", service, "pod", pod, "version", version)
				add(at, requests*errors*(1+.1*math.Sin(float64(at.Unix())/97+float64(i))), "__name__", "errors", "service", service, "pod", pod, "version", version)
			}
		}
	}
	for _, s := range good {
		fill(s, .01)
	}
	for _, s := range bad {
		fill(s, .25)
	}
	commit()
	return &shop{Store: store, server: httptest.NewServer(store.Handler())}
}

// newSamples returns a Prometheus in dir that takes samples of so far back, how
// to add one to it, with the names and values of its labels, and what is to be
// called after the last.
func newSamples(t testing.TB, dir string, past time.Duration) (store *inprocess.Store, add func(at time.Time, v float64, pairs ...string), commit func()) {
	t.Helper()
	store, err := inprocess.OpenStore(inprocess.StoreConfig{Dir: dir, Past: past}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	app := store.DB.Appender(context.Background())
	add = func(at time.Time, v float64, pairs ...string) {
		if _, err := app.Append(0, promlabels.FromStrings(pairs...), at.UnixMilli(), v); err != nil {
			t.Fatal(err)
		}
	}
	commit = func() {
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	return store, add, commit
}

// A deliverer is a delivery tool that counts what takes effect: the first call
// of each Idempotency-Key.
type deliverer struct {
	server *httptest.Server

	mu     sync.Mutex
	calls  int
	halted map[string]int // calls by key
	refuse func(call int) int
}

func newDeliverer(t testing.TB) *deliverer {
	d := &deliverer{halted: map[string]int{}}
	d.server = httptest.NewServer(d)
	t.Cleanup(d.server.Close)
	return d
}

// ServeHTTP takes a halt, unless refuse gives a status for this call.
func (d *deliverer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if d.refuse != nil {
		if status := d.refuse(d.calls); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	d.halted[r.Header.Get("Idempotency-Key")]++
}

func (d *deliverer) counts() (calls, effects int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls, len(d.halted)
}

// configText returns a configuration of services with an errors signal each.
func configText(promURL, tool, head string, services ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "prometheus: {url: %q}\n%s\nservices:\n", promURL, head)
	for _, s := range services {
		fmt.Fprintf(&b, `- name: %[1]s
  node: pod
  signals:
  - name: errors
    metric: sum by (pod) (errors{service="%[1]s"})
    per: sum by (pod) (requests{service="%[1]s"})
`, s)
		if strings.Contains(head, "versions") {
			b.WriteString("  version: version\n")
		}
		if tool != "" {
			fmt.Fprintf(&b, "  tool: {webhook: {url: %q}}\n", tool+"/halt")
		}
	}
	return b.String()
}

// A clock is told the time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// open opens an Exporter in dir.
func open(t testing.TB, text, dir string, c *clock) *Exporter {
	t.Helper()
	parsed, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	e, err := New(t.Context(), Options{Config: parsed, StoragePath: dir, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func closeNow(t testing.TB, e *Exporter) {
	t.Helper()
	e.halter.background.Wait()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// verdictOf returns the newest verdict on a rollout.
func verdictOf(e *Exporter, id string) (andon.Verdict, bool) {
	v, ok := e.history.newest(id)
	return v.Verdict, ok
}

// call asks h and returns the status and the body.
func call(h http.Handler, method, path, body string, headers ...string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// want asks and fails the test unless the status is as wanted.
func want(t testing.TB, status int, h http.Handler, method, path, body string) string {
	t.Helper()
	got, text := call(h, method, path, body)
	if got != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, text)
	}
	return text
}

// announcement is the body that announces v2 of a service.
func announcement(id, service string, started time.Time) string {
	return fmt.Sprintf(`{"id":%q,"service":%q,"version":"v2","previous":"v1","started":%q,
		"candidate":{"version":"v2"},"control":{"version":"v1"}}`, id, service, started.Format(time.RFC3339))
}

// firing is the body of a notification of one alert.
func firing(rollout string, startsAt time.Time) string {
	return notifying("firing", rollout, startsAt)
}

func notifying(status, rollout string, startsAt time.Time) string {
	b, err := json.Marshal(map[string]any{
		"version": "4", "groupKey": "{}", "status": status, "receiver": "andon-halt",
		"alerts": []any{map[string]any{
			"status": status, "fingerprint": "fp-" + rollout, "startsAt": startsAt, "generatorURL": "http://localhost:9090",
			"labels": map[string]string{"alertname": "AndonRolloutRegressed", "rollout": rollout, "action": "halt"},
		}},
	})
	if err != nil {
		panic(err)
	}
	return string(bytes.TrimSpace(b))
}

// results reads the answer to a notification.
func results(t testing.TB, body string) []alertResult {
	t.Helper()
	var a struct{ Results []alertResult }
	if err := json.Unmarshal([]byte(body), &a); err != nil || len(a.Results) == 0 {
		t.Fatalf("%v in %s", err, body)
	}
	return a.Results
}
