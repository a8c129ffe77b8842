package exporter

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
)

// asking opens an Exporter whose source is ask, with one rollout under way.
func asking(t *testing.T, ask andon.RangeFunc, c *clock) *Exporter {
	t.Helper()
	parsed, err := config.Parse([]byte(configText("http://localhost:9090", "", "tick: 1s", "bad")))
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(t.Context(), Options{Config: parsed, StoragePath: t.TempDir(), Now: c.Now, Metrics: ask})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, e) })
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
	return e
}

func TestDeadSource(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	tests := []struct {
		name   string
		answer http.HandlerFunc // none: nobody listens
		says   string
	}{
		{name: "nobody listens", says: "refused"},
		{name: "error", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, says: "502"},
		{name: "not Prometheus", answer: func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, says: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address := dead.URL
			if tt.answer != nil {
				s := httptest.NewServer(tt.answer)
				defer s.Close()
				address = s.URL
			}
			c := &clock{now: noon.Add(5 * time.Minute)}
			e := open(t, configText(address, "", "", "bad"), t.TempDir(), c)
			defer closeNow(t, e)
			want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
			e.Tick(t.Context(), c.Now())
			v, ok := verdictOf(e, "bad-v2")
			if !ok || v.Verdict != andon.Inconclusive || v.Quality != andon.SourceError || !strings.Contains(v.Reason, tt.says) {
				t.Errorf("got %+v, want inconclusive because the source does not answer, with %q", v, tt.says)
			}
			want(t, 200, e.Handler(), "GET", "/-/ready", "")
			if page := want(t, 200, e.Handler(), "GET", "/metrics", ""); !strings.Contains(page, `reason="source_error"`) {
				t.Errorf("the metrics do not tell:\n%s", ours(page))
			}
			want(t, 200, e.Handler(), "GET", "/rollouts/bad-v2", "")
		})
	}
}

// TestStubbornSource: a source that neither answers nor gives up costs a tick
// its time and nothing else; once it lets go, ticks judge again.
func TestStubbornSource(t *testing.T) {
	c := &clock{now: noon.Add(5 * time.Minute)}
	release := make(chan struct{})
	calls := make(chan struct{}, 100)
	e := asking(t, func(context.Context, string, andon.Range) (model.Matrix, error) {
		calls <- struct{}{}
		<-release
		return nil, errors.New("let go")
	}, c)
	limit := 50 * time.Millisecond
	e.ticker.limit, e.ticker.grace = limit, limit
	e.Tick(t.Context(), c.Now())
	v, _ := verdictOf(e, "bad-v2")
	if v.Verdict != andon.Inconclusive || !strings.Contains(v.Reason, "did not finish within") {
		t.Errorf("got %+v, want inconclusive because of the time", v)
	}
	asked := len(calls)
	e.Tick(t.Context(), c.Now().Add(time.Second)) // at once: nothing is asked while the last one hangs
	if len(calls) != asked {
		t.Errorf("%d questions more while the source hangs", len(calls)-asked)
	}
	if got := e.snapshots.current().at; !got.Equal(c.Now().Add(time.Second)) {
		t.Errorf("the last snapshot is of %v", got)
	}
	close(release)
	<-e.ticker.overdue
	e.Tick(t.Context(), c.Now().Add(2*time.Second))
	if v, _ := verdictOf(e, "bad-v2"); !strings.Contains(v.Reason, "let go") {
		t.Errorf("got %+v, want what the source says now", v)
	}
}

// TestOverrunKeepsFailures: evidence that was seen does not vanish because a
// later tick is slow.
func TestOverrunKeepsFailures(t *testing.T) {
	e, c := failed(t, 1, halting, newDeliverer(t))
	all := e.ticker.overrun(c.Now(), time.Second)
	if len(all) != 1 || all[0].verdict.Verdict != andon.Fail {
		t.Errorf("got %+v, want that it has failed", all)
	}
}

// TestLateTicksAreLeftOut: with a source that takes two and a half intervals,
// ticks begin every third.
func TestLateTicksAreLeftOut(t *testing.T) {
	var starts []time.Duration
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		every(ctx, func() time.Duration { return time.Second }, func() {
			starts = append(starts, time.Since(begun))
			time.Sleep(2500 * time.Millisecond)
		})
	})
	want := []time.Duration{0, 3 * time.Second, 6 * time.Second, 9 * time.Second}
	if len(starts) != len(want) {
		t.Fatalf("ticks at %v, want %v", starts, want)
	}
	for i := range want {
		if starts[i] != want[i] {
			t.Errorf("ticks at %v, want %v", starts, want)
		}
	}
}

func TestEndedKeepsItsVerdict(t *testing.T) {
	e, c := failed(t, 1, halting, newDeliverer(t))
	want(t, 200, e.Handler(), "POST", "/api/v1/rollouts", `{"id":"bad-1","service":"bad-1","ended":"2026-03-01T12:25:00Z"}`)
	c.set(c.Now().Add(time.Minute))
	e.Tick(t.Context(), c.Now())
	if _, underWay := e.snapshots.current().get("bad-1"); underWay {
		t.Error("it is under way")
	}
	clear(e.history.last)
	if err := e.facts.replay(t.Context(), e.history); err != nil { // as after a restart
		t.Fatal(err)
	}
	if text := want(t, 200, e.Handler(), "GET", "/api/v1/rollouts/bad-1/verdict", ""); !strings.Contains(text, `"verdict":"fail"`) {
		t.Errorf("its last verdict is forgotten: %s", text)
	}
	if page := want(t, 200, e.Handler(), "GET", "/rollouts/bad-1", ""); !strings.Contains(page, "Evidence over time") {
		t.Error("its page does not show any more how the evidence grew")
	}
	if page := want(t, 200, e.Handler(), "GET", "/metrics", ""); strings.Contains(page, `rollout="bad-1"`) {
		t.Error("its metrics are still there")
	}
}

func TestServiceTakenOut(t *testing.T) {
	e, c := failed(t, 1, halting, newDeliverer(t))
	s := *e.settings.current()
	other, err := config.Parse([]byte(configText("http://localhost:9090", "", "", "other")))
	if err != nil {
		t.Fatal(err)
	}
	s.config = other
	e.settings.inForce.Store(&s)
	e.Tick(t.Context(), c.Now())
	if v, _ := verdictOf(e, "bad-1"); v.Verdict != andon.Inconclusive || !strings.Contains(v.Reason, "no longer in the configuration") {
		t.Errorf("got %+v, want inconclusive for its service is gone", v)
	}
	want(t, 200, e.Handler(), "GET", "/rollouts/bad-1", "")
}

// TestFailureOutlivesItsSource: what has failed is still halted when the
// source is gone by the time the alert comes.
func TestFailureOutlivesItsSource(t *testing.T) {
	shop, tool := sharedShop(t), newDeliverer(t)
	c := &clock{now: noon.Add(25 * time.Minute)}
	parsed, err := config.Parse([]byte(configText(shop.server.URL, tool.server.URL, halting, "bad")))
	if err != nil {
		t.Fatal(err)
	}
	gone := false
	e, err := New(t.Context(), Options{Config: parsed, StoragePath: t.TempDir(), Now: c.Now,
		Metrics: func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
			if gone {
				return nil, errors.New("gone")
			}
			return shop.Range(ctx, expr, r)
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, e)
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
	e.Tick(t.Context(), c.Now())
	gone = true
	c.set(c.Now().Add(5 * time.Minute))
	e.Tick(t.Context(), c.Now())
	if o := results(t, want(t, 200, e.Handler(), "POST", "/api/v1/alerts", firing("bad-v2", noon)))[0]; o.Result != "halted" {
		t.Errorf("got %+v, want it halted", o)
	}
}
