package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andon-project/andon/internal/testkit"
	"github.com/andon-project/andon/pkg/andon"
)

// announced collects what was announced.
type announced struct {
	mu  sync.Mutex
	all []andon.Rollout
}

func (a *announced) take(_ context.Context, ro andon.Rollout) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, ro)
	return nil
}

func (a *announced) last() andon.Rollout {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.all) == 0 {
		return andon.Rollout{}
	}
	return a.all[len(a.all)-1]
}

func deliver(t *testing.T, pace Pace, announce map[string]AnnounceFunc) (*Delivery, string) {
	t.Helper()
	s := open(t, Config{Seed: 1, Nodes: 3})
	d := NewDelivery(s, pace, announce)
	srv := httptest.NewServer(d.Handler())
	t.Cleanup(func() {
		srv.Close()
		d.Close()
	})
	return d, srv.URL
}

// ask sends a request and returns the status and what was answered.
func ask(t *testing.T, method, url, key, body string) (code int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func phase(t *testing.T, d *Delivery, service string) Status {
	t.Helper()
	s, ok := d.Status(service)
	if !ok {
		t.Fatalf("no status of %s", service)
	}
	return s
}

func TestRollCompletes(t *testing.T) {
	testkit.LeaveNothing(t)
	var told announced
	d, _ := deliver(t, Pace{First: time.Millisecond, Next: time.Millisecond}, map[string]AnnounceFunc{"catalog": told.take})
	if err := d.Roll("catalog", New, time.Now()); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, "all nodes are on the new version", func() bool { return phase(t, d, "catalog").Phase == Complete })
	s := phase(t, d, "catalog")
	if s.Updated != 3 || s.Touched != 3 || s.Halts != 0 {
		t.Errorf("status is %+v", s)
	}
	testkit.Within(t, "all stages are announced", func() bool { return len(told.last().Stages) == 3 })
	ro := told.last()
	if ro.ID != "catalog-v2" || ro.Service != "catalog" || ro.Version != New || ro.Previous != Old || !ro.Ended.IsZero() {
		t.Errorf("announced %+v", ro)
	}
	if _, _, err := d.Halt(HaltRequest{Service: "catalog", Key: "k"}, time.Now()); !errors.Is(err, ErrDone) {
		t.Errorf("halting a complete rollout: %v, want %v", err, ErrDone)
	}
}

func TestHaltIsEffectiveOnce(t *testing.T) {
	testkit.LeaveNothing(t)
	var told announced
	d, url := deliver(t, Pace{First: time.Hour}, map[string]AnnounceFunc{"checkout": told.take})
	if code, body := ask(t, "POST", url+"/rollouts/checkout", "", `{"version":"v2"}`); code != 200 {
		t.Fatalf("beginning: %d %s", code, body)
	}
	testkit.Within(t, "the first node is on the new version", func() bool { return phase(t, d, "checkout").Updated == 1 })
	if err := d.Roll("checkout", New, time.Now()); !errors.Is(err, ErrBusy) {
		t.Errorf("a second rollout: %v, want %v", err, ErrBusy)
	}
	if code, _ := ask(t, "POST", url+"/rollouts/checkout/halt", "k0", `{"version":"v9"}`); code != http.StatusPreconditionFailed {
		t.Errorf("halting another version: %d, want %d", code, http.StatusPreconditionFailed)
	}
	for i, key := range []string{"k1", "k1", "k2"} {
		code, body := ask(t, "POST", url+"/rollouts/checkout/halt", key, `{"version":"v2","reason":"more errors"}`)
		var got struct {
			Status
			Already bool
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 {
			t.Fatalf("halt %d: %d %s", i, code, body)
		}
		if got.Already != (i > 0) || got.Halts != 1 || got.HaltedBy != "k1" || got.Reason != "more errors" {
			t.Errorf("halt %d was answered with %s", i, body)
		}
	}
	testkit.Within(t, "all nodes are back", func() bool { return phase(t, d, "checkout").Phase == RolledBack })
	if s := phase(t, d, "checkout"); s.Updated != 0 || s.Touched != 1 {
		t.Errorf("status is %+v", s)
	}
	testkit.Within(t, "the end is announced", func() bool { return !told.last().Ended.IsZero() })
}

func TestHandlerRefuses(t *testing.T) {
	d, url := deliver(t, Pace{First: time.Hour}, nil)
	for _, tt := range []struct {
		name, method, path, body string
		code                     int
		says                     string
	}{
		{"no such service", "GET", "/rollouts/basket", "", 404, "no such service"},
		{"halting no such service", "POST", "/rollouts/basket/halt", "", 404, "no such service"},
		{"halting nothing", "POST", "/rollouts/catalog/halt", "", 404, "there was no rollout yet"},
		{"halting with what is not JSON", "POST", "/rollouts/catalog/halt", "{", 400, "not JSON"},
		{"no such version", "POST", "/rollouts/catalog", `{"version":"v9"}`, 400, "which version"},
		{"list", "GET", "/rollouts", "", 200, `"phase":"idle"`},
		{"targets", "GET", "/targets", "", 200, `"version":"v1"`},
		{"restarts", "GET", "/metrics", "", 200, "shop_pod_restarts_total{"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, body := ask(t, tt.method, url+tt.path, "", tt.body)
			if code != tt.code || !strings.Contains(body, tt.says) {
				t.Errorf("got %d %s, want %d with %q", code, body, tt.code, tt.says)
			}
		})
	}
	d.Close()
	if err := d.Roll("catalog", New, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("rolling after Close: %v", err)
	}
}
