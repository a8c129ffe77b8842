package exporter

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
)

// What people say of rollouts is kept, survives a restart, and moves the scores
// of the next tick; what fails does not depend on it.
func TestLabels(t *testing.T) {
	c := &clock{now: noon.Add(20 * time.Minute)}
	dir, text := t.TempDir(), config(sharedShop(t).server.URL, "", "", "good", "bad")
	e := open(t, text, dir, c)
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("good-v2", "good", noon))
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
	e.Tick(t.Context(), c.Now())
	before, _ := e.verdict("good-v2")
	if before.Calibration != "not calibrated on your rollouts" || !before.Weight.Known() {
		t.Fatalf("calibration %q, weight %v", before.Calibration, before.Weight)
	}

	const path = "/api/v1/rollouts/bad-v2/label"
	body := want(t, 201, e.Handler(), "POST", path, `{"regression": true, "by": "ops", "reason": "INC-42"}`)
	var kept label
	if err := json.Unmarshal([]byte(body), &kept); err != nil {
		t.Fatal(err)
	}
	if !kept.Regression || kept.By != "ops" || kept.Reason != "INC-42" || kept.Service != "bad" || kept.Verdict != analysis.Fail || !(kept.Weight > 5) {
		t.Errorf("kept %+v", kept)
	}
	want(t, 200, e.Handler(), "POST", path, `{"regression": true, "by": "ops", "reason": "INC-42"}`)
	want(t, 201, e.Handler(), "POST", path, `{"regression": false, "by": "dev"}`)
	want(t, 201, e.Handler(), "POST", path, `{"regression": true, "by": "ops", "reason": "INC-42"}`)
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts/good-v2/label", `{"regression": true}`)

	facts := 0
	for f, err := range e.ledger.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind == factLabelled {
			facts++
		}
	}
	if facts != 4 {
		t.Errorf("%d labels kept as facts, want 4", facts)
	}
	closeNow(t, e)

	e = open(t, text, dir, c)
	defer closeNow(t, e)
	e.Tick(t.Context(), c.Now())
	after, _ := e.verdict("good-v2")
	if after.Calibration != "calibrated on 2 labelled rollouts" {
		t.Errorf("it says %q after a restart", after.Calibration)
	}
	if !(after.Score > before.Score) || after.Evidence != before.Evidence || after.Verdict != before.Verdict {
		t.Errorf("score %v, evidence %v, %s; before the service's rollouts were called bad %v, %v, %s",
			after.Score, after.Evidence, after.Verdict, before.Score, before.Evidence, before.Verdict)
	}
}

func TestBadLabels(t *testing.T) {
	c := &clock{now: noon.Add(time.Minute)}
	e := open(t, config("http://127.0.0.1:1", "", "", "good"), t.TempDir(), c)
	defer closeNow(t, e)
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("known", "good", noon))
	for _, tt := range []struct {
		name, id, body string
		status         int
		says           string
	}{
		{"nothing", "known", "", 400, "empty"},
		{"no word", "known", `{}`, 400, "missing"},
		{"null", "known", `{"regression": null}`, 400, "missing"},
		{"wrong type", "known", `{"regression": "yes"}`, 400, "string"},
		{"unknown key", "known", `{"regresion": true}`, 400, "did you mean regression?"},
		{"two", "known", `{"regression": true}{"regression": false}`, 400, "goes on"},
		{"unknown rollout", "unknown", `{"regression": true}`, 404, "no rollout"},
		{"too large", "known", `{"reason": "` + strings.Repeat("a", maxAnnouncement) + `"}`, 413, "larger"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := want(t, tt.status, e.Handler(), "POST", fmt.Sprintf("/api/v1/rollouts/%s/label", tt.id), tt.body)
			if !strings.Contains(body, tt.says) {
				t.Errorf("it says %s, want %q", body, tt.says)
			}
		})
	}
	// A rollout that was not judged can be labelled all the same.
	if body := want(t, 201, e.Handler(), "POST", "/api/v1/rollouts/known/label", `{"regression": false}`); !strings.Contains(body, `"weight_of_evidence":null`) {
		t.Errorf("kept %s", body)
	}
}

func FuzzParseLabel(f *testing.F) {
	for _, s := range []string{"", "{}", `{"regression":true,"by":"a","reason":"b"}`, `{"regression":1}`, "[]", `{"x":{}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, body []byte) { _, _, _, _ = parseLabel(body) })
}
