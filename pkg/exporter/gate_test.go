package exporter

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// The gate holds until the verdict is pass: before anything was judged, in the
// first stage while nothing can be told, when judging has stopped, and after a
// fail. It tells to go back only after a fail.
func TestGate(t *testing.T) {
	shop, c := sharedShop(t), &clock{now: noon.Add(2 * time.Minute)}
	e := open(t, configText(shop.server.URL, "", "halt: {mode: observe}", "good", "bad-1"), t.TempDir(), c)
	defer closeNow(t, e)
	ask := func(service, when string) (int, gate) {
		t.Helper()
		status, body := call(e.Handler(), "POST", "/api/v1/services/"+service+"/gate"+when, `{"name":"checkout","phase":"Progressing"}`)
		var g gate
		if err := json.Unmarshal([]byte(body), &g); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		return status, g
	}
	check := func(at, service, when string, status int, says string) {
		t.Helper()
		got, g := ask(service, when)
		if got != status || (g.Gate == "open") != (status == 200) || !strings.Contains(g.Reason, says) {
			t.Errorf("%s: %s%s: status %d, %+v; want %d and %q", at, service, when, got, g, status, says)
		}
	}
	check("not announced", "good", "", 409, "no rollout of good is under way")
	for _, s := range []string{"good", "bad-1"} {
		want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement(s, s, noon))
	}
	check("not judged", "good", "", 409, "not been judged yet")
	e.Tick(t.Context(), c.Now())
	check("first minutes", "good", "", 409, "too little to judge")
	check("first minutes", "good", "?when=fail", 409, "")
	c.set(noon.Add(25 * time.Minute))
	check("nobody ticks", "good", "", 409, "too long ago to act on")
	e.Tick(t.Context(), c.Now())
	check("passed", "good", "", 200, "no signal differs between new and old nodes")
	check("passed", "good", "?when=fail", 409, "")
	check("failed", "bad-1", "", 409, "errors rose")
	check("failed", "bad-1", "?when=fail", 200, "errors rose")
	for path, status := range map[string]int{"good/gate?when=never": 400, "nobody/gate": 404} {
		if got, body := call(e.Handler(), "GET", "/api/v1/services/"+path, ""); got != status {
			t.Errorf("%s: status %d, want %d: %s", path, got, status, body)
		}
	}
}
