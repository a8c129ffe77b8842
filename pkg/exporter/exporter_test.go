package exporter

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

const halting = "halt: {mode: halt}"

// TestFromAnnouncementToHalt goes the whole way with real parts: a Prometheus,
// the judge, the ledger, a delivery tool behind HTTP.
func TestFromAnnouncementToHalt(t *testing.T) {
	shop, tool := sharedShop(t), newDeliverer(t)
	c := &clock{now: noon.Add(time.Minute)}
	dir := t.TempDir()
	text := configText(shop.server.URL, tool.server.URL, halting, "good", "bad")
	e := open(t, text, dir, c)
	h := e.Handler()

	want(t, 201, h, "POST", "/api/v1/rollouts", announcement("good-v2", "good", noon))
	want(t, 201, h, "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
	want(t, 200, h, "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
	want(t, 503, h, "GET", "/-/ready", "")
	want(t, 404, h, "GET", "/api/v1/rollouts/bad-v2/verdict", "")
	want(t, 503, h, "POST", "/api/v1/alerts", firing("bad-v2", noon)) // not judged yet

	c.set(noon.Add(25 * time.Minute))
	e.Tick(t.Context(), c.Now())
	want(t, 200, h, "GET", "/-/ready", "")
	var v andon.Verdict
	if err := json.Unmarshal([]byte(want(t, 200, h, "GET", "/api/v1/rollouts/bad-v2/verdict", "")), &v); err != nil || v.Verdict != andon.Fail {
		t.Fatalf("%v: the bad rollout did not fail: %+v", err, v)
	}
	page := want(t, 200, h, "GET", "/metrics", "")
	for _, line := range []string{`andon_verdict{rollout="bad-v2",verdict="fail"} 1`, `andon_verdict{rollout="good-v2",verdict="fail"} 0`, `andon_halt_mode{mode="halt"} 1`} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no %s in\n%s", line, ours(page))
		}
	}

	o := results(t, want(t, 200, h, "POST", "/api/v1/alerts", firing("bad-v2", noon)))[0]
	if o.Result != "halted" || o.Duplicate {
		t.Errorf("got %+v, want it halted", o)
	}
	o = results(t, want(t, 200, h, "POST", "/api/v1/alerts", firing("bad-v2", noon)))[0]
	if o.Result != "halted" || !o.Duplicate {
		t.Errorf("got %+v, want a duplicate", o)
	}
	o = results(t, want(t, 200, h, "POST", "/api/v1/alerts", firing("good-v2", noon)))[0]
	if o.Result != "refused" {
		t.Errorf("got %+v: a rollout that did not fail is not halted", o)
	}
	o = results(t, want(t, 200, h, "POST", "/api/v1/alerts", notifying("resolved", "bad-v2", noon)))[0]
	if o.Result != "resolved" {
		t.Errorf("got %+v, want resolved", o)
	}
	for _, path := range []string{"/", "/rollouts/bad-v2", "/rollouts/good-v2"} {
		if html := want(t, 200, h, "GET", path, ""); !strings.Contains(html, "good-v2") && !strings.Contains(html, "bad-v2") {
			t.Errorf("GET %s names no rollout:\n%s", path, html)
		}
	}
	closeNow(t, e)

	// What was halted stays halted when everything else is forgotten.
	e = open(t, text, dir, c)
	defer closeNow(t, e)
	e.halter.drive(t.Context())
	e.Tick(t.Context(), c.Now())
	o = results(t, want(t, 200, e.Handler(), "POST", "/api/v1/alerts", firing("bad-v2", noon.Add(time.Hour))))[0]
	if o.Result != "halted" || !o.Duplicate {
		t.Errorf("after a restart: got %+v, want a duplicate", o)
	}
	if calls, effects := tool.counts(); calls != 1 || effects != 1 {
		t.Errorf("the tool was called %d times with %d effects, want once", calls, effects)
	}
}
