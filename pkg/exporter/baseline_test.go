package exporter

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A load test is compared with the newest one before it that passed, also
// after a restart; one that passed because it was accepted is the first.
func TestLoadTestBaseline(t *testing.T) {
	s := sharedShop(t)
	dir := t.TempDir()
	c := &clock{now: noon.Add(-time.Hour)}
	text := configText(s.server.URL, "", "tick: 30s", "good", "bad")
	e := open(t, text, dir, c)
	run := func(id, service, more string, start, length time.Duration) andon.Verdict {
		t.Helper()
		c.set(noon.Add(start))
		want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", fmt.Sprintf(`{"id":%q,"service":%q,"strategy":"load-test"%s}`, id, service, more))
		for at := start; at < start+length; at += 5 * time.Minute {
			c.set(noon.Add(at))
			e.Tick(t.Context(), c.Now())
		}
		c.set(noon.Add(start + length))
		want(t, 200, e.Handler(), "POST", "/api/v1/rollouts", fmt.Sprintf(`{"id":%q,"service":%q,"ended":%q}`, id, service, c.Now().Format(time.RFC3339)))
		e.Tick(t.Context(), c.Now())
		v, ok := verdictOf(e, id)
		if !ok {
			t.Fatalf("there is no verdict on %s", id)
		}
		return v
	}
	if v := run("first", "good", "", -110*time.Minute, 20*time.Minute); v.Verdict != andon.Inconclusive || !strings.Contains(v.Reason, "no load test of good has passed before") {
		t.Errorf("without a baseline: %s, %s", v.Verdict, v.Reason)
	}
	if v := run("second", "good", `,"baseline":{"accept":true}`, -80*time.Minute, 20*time.Minute); v.Verdict != andon.Pass || v.Strategy != andon.Threshold {
		t.Errorf("accepted: %s by %s, %s", v.Verdict, v.Strategy, v.Reason)
	}
	if v := run("third", "good", "", -50*time.Minute, 20*time.Minute); v.Verdict != andon.Pass || v.Strategy != andon.LoadTest {
		t.Errorf("as good as the second: %s by %s, %s", v.Verdict, v.Strategy, v.Reason)
	}
	closeNow(t, e)
	e = open(t, text, dir, c)
	defer func() { closeNow(t, e) }()
	ro := andon.Rollout{ID: "fourth", Service: "good", Strategy: andon.LoadTest, Started: noon}
	if b := e.baselines.add(ro, noon).Baseline; b == nil || !b.Started.Equal(noon.Add(-50*time.Minute)) || !b.Ended.Equal(noon.Add(-30*time.Minute)) {
		t.Errorf("after a restart the baseline is %+v, want the third run", b)
	}
	for name, other := range map[string]andon.Rollout{
		"another scope":    {ID: "x", Service: "good", Strategy: andon.LoadTest, Started: noon, Scope: map[string]string{"region": "us"}},
		"another service":  {ID: "x", Service: "bad", Strategy: andon.LoadTest, Started: noon},
		"another strategy": {ID: "x", Service: "good", Strategy: andon.BeforeAfter, Started: noon},
		"before them all":  {ID: "x", Service: "good", Strategy: andon.LoadTest, Started: noon.Add(-3 * time.Hour)},
	} {
		if b := e.baselines.add(other, noon).Baseline; b != nil {
			t.Errorf("%s: got the baseline %+v, want none", name, b)
		}
	}
	given := &andon.Baseline{Accept: true}
	ro.Baseline = given
	if b := e.baselines.add(ro, noon).Baseline; b != given {
		t.Errorf("the announced baseline was replaced by %+v", b)
	}
}
