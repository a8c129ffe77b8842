package exporter

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// What is told of services and of past rollouts suffices to judge as the
// exporter does.
func TestHistory(t *testing.T) {
	s := sharedShop(t)
	tool := newDeliverer(t)
	c := &clock{now: noon.Add(30 * time.Minute)}
	e := open(t, configText(s.server.URL, tool.server.URL, "halt: {mode: halt}", "good", "bad"), t.TempDir(), c)
	defer closeNow(t, e)
	h := e.Handler()
	want(t, 201, h, "POST", "/api/v1/rollouts", announcement("good-v2", "good", noon))
	want(t, 201, h, "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon.Add(time.Second)))
	e.Tick(t.Context(), c.Now())
	want(t, 200, h, "POST", "/api/v1/alerts", firing("bad-v2", c.Now()))
	c.set(noon.Add(40 * time.Minute))
	want(t, 200, h, "POST", "/api/v1/rollouts", `{"id":"good-v2","service":"good","ended":"2026-03-01T12:35:00Z"}`)
	e.Tick(t.Context(), c.Now())

	var services []andon.ServiceInfo
	if err := json.Unmarshal([]byte(want(t, 200, h, "GET", "/api/v1/services", "")), &services); err != nil {
		t.Fatal(err)
	}
	if len(services) != 2 || services[1].Name != "bad" || services[1].Node != "pod" || services[1].Tool != "webhook" ||
		strings.Join(services[1].Judged, " ") != "errors" || services[1].Signals[0].Per == "" {
		t.Errorf("services are %+v", services)
	}

	for _, tt := range []struct{ name, query, want string }{
		{"all, newest first", "", "bad-v2 good-v2"},
		{"of a service", "?service=good", "good-v2"},
		{"of no service", "?service=none", ""},
		{"that had not ended", "?since=2026-03-01T12:36:00Z", "bad-v2"},
		{"that had not ended long before", "?since=2026-03-01T12:34:00Z", "bad-v2 good-v2"},
		{"one", "?limit=1", "bad-v2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var all []andon.RolloutRecord
			if err := json.Unmarshal([]byte(want(t, 200, h, "GET", "/api/v1/verdicts"+tt.query, "")), &all); err != nil {
				t.Fatal(err)
			}
			ids := make([]string, len(all))
			for i, p := range all {
				ids[i] = p.Rollout.ID
			}
			if got := strings.Join(ids, " "); got != tt.want {
				t.Errorf("rollouts are %q, wanted %q", got, tt.want)
			}
			if tt.query != "" {
				return
			}
			bad, good := all[0], all[1]
			if !bad.UnderWay || bad.Verdict.Verdict != andon.Fail || bad.Halt == nil || bad.Halt.State != "answered" || bad.Rollout.Candidate["version"] != "v2" {
				t.Errorf("the bad rollout is %+v, verdict %+v, halt %+v", bad.Rollout, bad.Verdict, bad.Halt)
			}
			if good.UnderWay || good.Verdict.Verdict != andon.Pass || good.Halt != nil {
				t.Errorf("the good rollout is %+v, verdict %+v, halt %+v", good.Rollout, good.Verdict, good.Halt)
			}
		})
	}
}
