package exporter

import (
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// holding is the body of a notification that asks to hold a rollout.
func holding(id string, startsAt time.Time) string {
	return strings.NewReplacer(`"action":"halt"`, `"action":"hold"`, "AndonRolloutRegressed", "AndonRolloutAmbiguous", "fp-", "hold-fp-").
		Replace(firing(id, startsAt))
}

// doubtful opens an Exporter in which it was bad-1 or bad-2, and not bad-3.
func doubtful(t *testing.T, head string, tool *deliverer, canHold bool) *Exporter {
	t.Helper()
	shop, c := sharedShop(t), &clock{now: noon.Add(25 * time.Minute)}
	text := configText(shop.server.URL, tool.server.URL, head, "bad-1", "bad-2", "bad-3")
	if canHold {
		text = strings.ReplaceAll(text, `/halt"}`, `/{{.Action}}", hold: true}`)
	}
	e := open(t, text, t.TempDir(), c)
	t.Cleanup(func() { closeNow(t, e) })
	for _, s := range []string{"bad-1", "bad-2", "bad-3"} {
		want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement(s, s, noon))
	}
	e.Tick(t.Context(), c.Now())
	s := e.snapshots.current()
	all := append([]judgment(nil), s.judgments...)
	for i := range all {
		v := &all[i].verdict
		v.Verdict, v.Quality, v.Set, v.FirstFail = andon.Inconclusive, andon.OK, nil, nil
		if v.Rollout == "bad-1" { // its set names bad-2, whose own verdict does not
			v.Quality, v.Set = andon.Ambiguous, []string{"bad-1", "bad-2"}
		}
	}
	e.snapshots.newest.Store(newSnapshot(s.at, all))
	return e
}

func TestHoldAmbiguous(t *testing.T) {
	tests := []struct {
		name, head string
		cannot     bool // the tool halts only
		rollout    string
		fail       bool // it has failed meanwhile
		result     string
		says       string
		fact       string
		effects    int
	}{
		{name: "held", head: "halt: {mode: halt}", rollout: "bad-1", result: "held", says: "accepted the request to hold", fact: factAnswered, effects: 1},
		{name: "another of the set", head: "halt: {mode: halt}", rollout: "bad-2", result: "held", says: "accepted the request to hold", fact: factAnswered, effects: 1},
		{name: "one that is in no set", head: "halt: {mode: halt}", rollout: "bad-3", result: "refused", says: "no longer ambiguous", fact: factRefused},
		{name: "one that failed meanwhile", head: "halt: {mode: halt}", rollout: "bad-2", fail: true, result: "refused", says: "the alert on that halts it", fact: factRefused},
		{name: "observed", head: "halt: {mode: observe}", rollout: "bad-1", result: "observed", says: "/hold", fact: factObserved},
		{name: "the policy is nothing", head: "halt: {mode: halt, ambiguous: nothing}", rollout: "bad-1", result: "refused", says: "halt.ambiguous is nothing", fact: factRefused},
		{name: "a tool that cannot", head: "halt: {mode: halt}", cannot: true, rollout: "bad-1", result: "refused", says: "can halt but not hold", fact: factRefused},
		{name: "holds do not take from the budget", head: "halt: {mode: halt, budget: 1 per 1h}", rollout: "bad-1", result: "held", fact: factAnswered, effects: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tool := newDeliverer(t)
			e := doubtful(t, tt.head, tool, !tt.cannot)
			if tt.fail {
				all := append([]judgment(nil), e.snapshots.current().judgments...)
				for i := range all {
					if all[i].rollout.ID == tt.rollout {
						all[i].verdict.Verdict = andon.Fail
					}
				}
				e.snapshots.newest.Store(newSnapshot(e.snapshots.current().at, all))
			}
			for range 3 { // copies change nothing
				o := results(t, want(t, 200, e.Handler(), "POST", "/api/v1/alerts", holding(tt.rollout, noon)))[0]
				if o.Result != tt.result || !strings.Contains(o.Text, tt.says) {
					t.Errorf("got %+v, want %s with %q", o, tt.result, tt.says)
				}
			}
			if facts := kinds(t, e); facts[tt.fact] != 1 {
				t.Errorf("facts %v, want one %s", facts, tt.fact)
			}
			if calls, effects := tool.counts(); calls != tt.effects || effects != tt.effects {
				t.Errorf("%d calls of the tool with %d effects, want %d", calls, effects, tt.effects)
			}
			page := scrape(t, e)
			for _, line := range []string{`andon_verdict_ambiguous{rollout="bad-1"} 1`, `andon_verdict_ambiguous{rollout="bad-3"} 0`} {
				if !strings.Contains(page, line) {
					t.Errorf("metrics lack %s", line)
				}
			}
			if tt.effects > 0 && (!strings.Contains(page, `andon_holds_total{tool="webhook"} 1`) || !strings.Contains(page, `andon_halts_total{tool="webhook"} 0`)) {
				t.Errorf("the hold is not counted as one:\n%s", ours(page))
			}
			if strings.Contains(tt.head, "budget: 1") && !strings.Contains(page, "andon_halt_budget_remaining 1") {
				t.Error("the hold took from the budget of halts")
			}
		})
	}
}

// A hold that was asked for and not answered is asked for again after a
// restart, with the same id; and what was held can be halted.
func TestHoldIsDrivenThenHalted(t *testing.T) {
	tool := newDeliverer(t)
	tool.refuse = func(call int) int {
		if call == 1 {
			return 503
		}
		return 0
	}
	e := doubtful(t, "halt: {mode: halt}", tool, true)
	want(t, 503, e.Handler(), "POST", "/api/v1/alerts", holding("bad-1", noon))
	e.halter.drive(t.Context())
	e.halter.background.Wait()
	if _, effects := tool.counts(); effects != 1 || tool.halted["hold-bad-1"] != 1 {
		t.Fatalf("effects %v, want one hold of bad-1", tool.halted)
	}
	all := append([]judgment(nil), e.snapshots.current().judgments...)
	for i := range all {
		all[i].verdict.Verdict, all[i].verdict.Quality = andon.Fail, andon.OK
	}
	e.snapshots.newest.Store(newSnapshot(e.snapshots.current().at, all))
	if o := results(t, want(t, 200, e.Handler(), "POST", "/api/v1/alerts", firing("bad-1", noon)))[0]; o.Result != "halted" {
		t.Errorf("after the hold: %+v, want it halted", o)
	}
	page := want(t, 200, e.Handler(), "GET", "/rollouts/bad-1", "")
	for _, says := range []string{"held through webhook", "halted through webhook"} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
}
