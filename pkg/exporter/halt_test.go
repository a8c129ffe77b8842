package exporter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/delivery"
	"github.com/andon-project/andon/pkg/ledger"
)

// failed opens an Exporter in which bad-1 … bad-n have just failed.
func failed(t *testing.T, n int, head string, tool *deliverer) (*Exporter, *clock) {
	t.Helper()
	var bad []string
	for i := range n {
		bad = append(bad, fmt.Sprintf("bad-%d", i+1))
	}
	shop, c := sharedShop(t), &clock{now: noon.Add(25 * time.Minute)}
	url := ""
	if tool != nil {
		url = tool.server.URL
	}
	e := open(t, configText(shop.server.URL, url, head, bad...), t.TempDir(), c)
	t.Cleanup(func() { closeNow(t, e) })
	for _, s := range bad {
		want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement(s, s, noon))
	}
	e.Tick(t.Context(), c.Now())
	if n > 1 { // several at the same time share the blame, so that none fails
		s := e.snapshots.current()
		all := slices.Clone(s.judgments)
		for i := range all {
			all[i].verdict.Verdict, all[i].verdict.Blame = andon.Fail, 1
		}
		e.snapshots.newest.Store(newSnapshot(s.at, all))
	}
	for _, s := range bad {
		if v, _ := verdictOf(e, s); v.Verdict != andon.Fail {
			t.Fatalf("%s did not fail: %+v", s, v)
		}
	}
	return e, c
}

func kinds(t *testing.T, e *Exporter) map[string]int {
	t.Helper()
	out := map[string]int{}
	for f, err := range e.facts.ledger.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out[f.Kind]++
	}
	return out
}

func TestPolicy(t *testing.T) {
	tests := []struct {
		name, head string
		noTool     bool
		before     func(t *testing.T, e *Exporter, c *clock)
		status     int
		result     string
		says       string // part of what is said
		fact       string // kept
		calls      int
	}{
		{name: "halted", head: halting, status: 200, result: "halted", says: "accepted", fact: factAnswered, calls: 1},
		{name: "observed", head: "halt: {mode: observe}", status: 200, result: "observed", says: "POST http://127.0.0.1", fact: factObserved},
		{name: "without a tool", head: halting, noTool: true, status: 200, result: "refused", says: "no tool", fact: factRefused},
		{name: "ended", head: halting, status: 200, result: "refused", says: "not under way", fact: factRefused,
			before: func(t *testing.T, e *Exporter, c *clock) {
				want(t, 200, e.Handler(), "POST", "/api/v1/rollouts", `{"id":"bad-1","service":"bad-1","ended":"2026-03-01T12:20:00Z"}`)
			}},
		{name: "a newer one replaced it", head: halting, status: 200, result: "refused", says: "a newer one replaced it", fact: factRefused,
			before: func(t *testing.T, e *Exporter, c *clock) {
				want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("bad-1-again", "bad-1", noon.Add(24*time.Minute)))
			}},
		{name: "judged too long ago", head: halting, status: 503, result: "retry", says: "too long ago",
			before: func(_ *testing.T, _ *Exporter, c *clock) { c.set(c.Now().Add(2 * time.Minute)) }},
		{name: "source does not answer", head: halting, status: 503, result: "retry", says: "cannot be judged now",
			before: func(t *testing.T, e *Exporter, c *clock) {
				s := e.snapshots.current()
				j := s.judgments[0]
				j.verdict = unjudged(j.rollout, s.at, andon.SourceError, "Prometheus does not answer")
				e.snapshots.newest.Store(newSnapshot(s.at, []judgment{j}))
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tool := newDeliverer(t)
			given := tool
			if tt.noTool {
				given = nil
			}
			e, c := failed(t, 1, tt.head, given)
			if tt.before != nil {
				tt.before(t, e, c)
			}
			for try := range 2 { // a copy gets the same answer
				o := results(t, want(t, tt.status, e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon)))[0]
				if o.Result != tt.result || !strings.Contains(o.Text, tt.says) {
					t.Errorf("try %d: got %+v, want %s with %q", try, o, tt.result, tt.says)
				}
				if tt.status == 200 && !tt.noTool && o.Duplicate != (try > 0) {
					t.Errorf("try %d: duplicate is %v", try, o.Duplicate)
				}
			}
			facts := kinds(t, e)
			if tt.fact != "" && facts[tt.fact] != 1 || facts[factReceived] != 1 {
				t.Errorf("facts %v, want one %s and one %s", facts, tt.fact, factReceived)
			}
			if calls, _ := tool.counts(); calls != tt.calls {
				t.Errorf("%d calls of the tool, want %d", calls, tt.calls)
			}
		})
	}
}

// TestModeChanges: what was only observed is halted once the mode is halt.
func TestModeChanges(t *testing.T) {
	tool := newDeliverer(t)
	e, _ := failed(t, 1, "halt: {mode: observe}", tool)
	want(t, 200, e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon))
	s, c := *e.settings.current(), *e.settings.current().config
	c.Halt.Mode = config.ModeHalt
	s.config = &c
	e.settings.inForce.Store(&s)
	for _, result := range []string{"halted", "halted"} {
		if o := results(t, want(t, 200, e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon)))[0]; o.Result != result {
			t.Errorf("got %+v, want %s", o, result)
		}
	}
	if calls, _ := tool.counts(); calls != 1 {
		t.Errorf("%d calls of the tool, want one", calls)
	}
}

// TestBudget: two halts an hour, and the third waits until the hour is over.
func TestBudget(t *testing.T) {
	tool := newDeliverer(t)
	e, c := failed(t, 3, "halt: {mode: halt, budget: 2 per 10m}", tool)
	results := func() (out []string) {
		for i := range 3 {
			id := fmt.Sprintf("bad-%d", i+1)
			out = append(out, results(t, want(t, 200, e.Handler(), "POST", "/api/v1/alerts", firing(id, noon)))[0].Result)
		}
		return out
	}
	if got := strings.Join(results(), " "); got != "halted halted refused" {
		t.Errorf("got %s, want the third refused", got)
	}
	if page := scrape(t, e); !strings.Contains(page, "andon_halt_budget_remaining 0\n") || !strings.Contains(page, `andon_halts_withheld_total{reason="budget"} 1`) {
		t.Errorf("the metrics do not tell that the budget is spent:\n%s", ours(page))
	}
	c.set(c.Now().Add(11 * time.Minute))
	e.snapshots.newest.Store(newSnapshot(c.Now(), e.snapshots.current().judgments))
	if got := strings.Join(results(), " "); got != "halted halted halted" {
		t.Errorf("with a new budget: got %s, want all halted", got)
	}
	if calls, effects := tool.counts(); calls != 3 || effects != 3 {
		t.Errorf("%d calls, %d effects, want 3 and 3", calls, effects)
	}
}

// TestToolErrors: what may pass is tried again with the same id, what may not
// is told once.
func TestToolErrors(t *testing.T) {
	tool := newDeliverer(t)
	tool.refuse = func(n int) int {
		if n == 1 {
			return http.StatusBadGateway
		}
		return 0
	}
	e, _ := failed(t, 1, halting, tool)
	want(t, 503, e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon))
	if page := scrape(t, e); !strings.Contains(page, `andon_halt_failures_total{tool="webhook"} 1`) {
		t.Errorf("no failure is counted:\n%s", ours(page))
	}
	want(t, 200, e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon))
	if facts := kinds(t, e); facts[factAsked] != 1 || facts[factAnswered] != 1 {
		t.Errorf("facts %v, want it asked and answered once", facts)
	}

	never := newDeliverer(t)
	never.refuse = func(int) int { return http.StatusForbidden }
	e, _ = failed(t, 1, halting, never)
	for range 2 {
		o := results(t, want(t, 422, e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon)))[0]
		if o.Result != "failed" || !strings.Contains(o.Text, "403") {
			t.Errorf("got %+v, want what the tool said", o)
		}
	}
	e.halter.drive(t.Context())
	e.halter.background.Wait()
	if calls, _ := never.counts(); calls != 1 {
		t.Errorf("%d calls after a refusal for good, want 1", calls)
	}
	never.refuse = nil // a new alert, after somebody gave the right to halt
	want(t, 200, e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon.Add(time.Hour)))
}

// TestPair: two Alertmanagers tell the same at the same time, one halt.
func TestPair(t *testing.T) {
	tool := newDeliverer(t)
	hold := make(chan struct{})
	tool.refuse = func(int) int { <-hold; return 0 }
	e, _ := failed(t, 1, halting, tool)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if status, body := call(e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon)); status != 200 {
				t.Errorf("status %d: %s", status, body)
			}
		})
	}
	close(hold)
	wg.Wait()
	if calls, effects := tool.counts(); calls != 1 || effects != 1 {
		t.Errorf("%d calls, %d effects, want one", calls, effects)
	}
}

// TestCallerLeaves: a halt that was begun is finished although nobody waits.
func TestCallerLeaves(t *testing.T) {
	tool := newDeliverer(t)
	e, _ := failed(t, 1, halting, tool)
	ctx, cancel := context.WithCancel(t.Context())
	tool.refuse = func(int) int { cancel(); return 0 }
	n := notification{Fingerprint: "a", StartsAt: noon, Status: "firing", Rollout: "bad-1"}
	if o := e.halter.receive(ctx, n); o.Result != "halted" {
		t.Errorf("got %+v, want it halted", o)
	}
}

// TestDriveAgain: a halt that was asked for before a crash is asked again with
// its id; one that was answered is not.
func TestDriveAgain(t *testing.T) {
	tool := newDeliverer(t)
	e, c := failed(t, 2, halting, tool)
	v, _ := verdictOf(e, "bad-1")
	data, err := json.Marshal(decision{Halt: haltID(delivery.ActionHalt, "bad-1"), Rollout: "bad-1", Tool: "webhook", Verdict: &v, Notification: "fp/1"})
	if err != nil {
		t.Fatal(err)
	}
	f := ledger.Fact{Key: "halt.asked/" + haltID(delivery.ActionHalt, "bad-1"), Kind: factAsked, At: c.Now(), Data: data}
	if _, err := e.facts.ledger.Append(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := e.facts.replay(t.Context(), e.halts); err != nil { // as after a restart
		t.Fatal(err)
	}
	for range 2 {
		e.halter.drive(t.Context())
		e.halter.background.Wait()
	}
	tool.mu.Lock()
	defer tool.mu.Unlock()
	if tool.calls != 1 || tool.halted[haltID(delivery.ActionHalt, "bad-1")] != 1 {
		t.Errorf("%d calls, halted %v, want one of %s", tool.calls, tool.halted, haltID(delivery.ActionHalt, "bad-1"))
	}
	if o := e.halter.decide(t.Context(), notification{Fingerprint: "other", StartsAt: noon, Status: "firing", Rollout: "bad-1"}); o.Result != "halted" || !o.Duplicate {
		t.Errorf("got %+v, want that it was halted before", o)
	}
}

// TestSeveralAlerts: each has its result, and the status is that of the most urgent.
func TestSeveralAlerts(t *testing.T) {
	tool := newDeliverer(t)
	e, _ := failed(t, 1, halting, tool)
	alert := func(labels string) string {
		return `{"status":"firing","fingerprint":"f` + fmt.Sprint(len(labels)) + `","startsAt":"2026-03-01T12:00:00Z","labels":{` + labels + `}}`
	}
	tests := []struct {
		name   string
		alerts []string
		status int
		want   string
	}{
		{"none usable", []string{alert(`"a":"b"`), alert(`"rollout":"unknown"`)}, 400, "invalid invalid"},
		{"unknown alone", []string{alert(`"rollout":"unknown"`)}, 404, "invalid"},
		{"one of two", []string{alert(`"a":"b"`), alert(`"rollout":"bad-1"`)}, 200, "invalid halted"},
		{"another action", []string{alert(`"rollout":"bad-1","action":"warn"`)}, 200, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := want(t, tt.status, e.Handler(), "POST", "/api/v1/alerts", `{"version":"4","alerts":[`+strings.Join(tt.alerts, ",")+`]}`)
			var got []string
			for _, o := range results(t, body) {
				got = append(got, o.Result)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s: %s", got, tt.want, body)
			}
		})
	}
	// One that has not been judged makes the whole be told again.
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", `{"id":"later","service":"bad-1","scope":{"region":"eu"}}`)
	want(t, 503, e.Handler(), "POST", "/api/v1/alerts", `{"version":"4","alerts":[`+alert(`"rollout":"bad-1"`)+`,`+alert(`"rollout":"later"`)+`]}`)
}
