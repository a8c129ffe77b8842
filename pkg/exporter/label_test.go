package exporter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/ledger"
)

// What people say of rollouts is kept, survives a restart, and moves the scores
// of the next tick; what fails does not depend on it.
func TestLabels(t *testing.T) {
	c := &clock{now: noon.Add(20 * time.Minute)}
	dir, text := t.TempDir(), configText(sharedShop(t).server.URL, "", "", "good", "bad")
	e := open(t, text, dir, c)
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("good-v2", "good", noon))
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
	e.Tick(t.Context(), c.Now())
	before, _ := verdictOf(e, "good-v2")
	if before.Calibration != "not calibrated on your rollouts" || !before.Weight.Known() {
		t.Fatalf("calibration %q, weight %v", before.Calibration, before.Weight)
	}

	const path = "/api/v1/rollouts/bad-v2/label"
	body := want(t, 201, e.Handler(), "POST", path, `{"regression": true, "by": "ops", "reason": "INC-42"}`)
	var kept label
	if err := json.Unmarshal([]byte(body), &kept); err != nil {
		t.Fatal(err)
	}
	if !kept.Regression || kept.Author != "ops" || kept.Reason != "INC-42" || kept.Service != "bad" || kept.Verdict != andon.Fail || !(kept.Weight > 5) {
		t.Errorf("kept %+v", kept)
	}
	want(t, 200, e.Handler(), "POST", path, `{"regression": true, "by": "ops", "reason": "INC-42"}`)
	want(t, 201, e.Handler(), "POST", path, `{"regression": false, "by": "dev"}`)
	want(t, 201, e.Handler(), "POST", path, `{"regression": true, "by": "ops", "reason": "INC-42"}`)
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts/good-v2/label", `{"regression": true}`)

	facts := 0
	for f, err := range e.facts.ledger.All(t.Context()) {
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
	page := want(t, 200, e.Handler(), "GET", "/rollouts/bad-v2", "")
	if says := "<strong>a regression</strong> by ops"; !strings.Contains(page, says) || !strings.Contains(page, "INC-42") || !strings.Contains(page, "2026-03-01 12:20:00 UTC") {
		t.Errorf("the rollout's page does not say %q, when and why, after a restart", says)
	}
	after, _ := verdictOf(e, "good-v2")
	if after.Calibration != "calibrated on 2 labelled rollouts" {
		t.Errorf("it says %q after a restart", after.Calibration)
	}
	if !(after.Score > before.Score) || after.Evidence != before.Evidence || after.Verdict != before.Verdict {
		t.Errorf("score %v, evidence %v, %s; before the service's rollouts were called bad %v, %v, %s",
			after.Score, after.Evidence, after.Verdict, before.Score, before.Evidence, before.Verdict)
	}
}

// A rollout counts once, as it was last labelled.
func TestLabelCounts(t *testing.T) {
	for _, tt := range []struct {
		name string
		said []label
		want map[string]string // that are not 0
	}{
		{"nobody said anything", nil, nil},
		{"one of each", []label{
			{Rollout: "a", Verdict: andon.Fail}, {Rollout: "b", Verdict: andon.Fail, Regression: true},
			{Rollout: "c", Verdict: andon.Pass}, {Rollout: "d", Verdict: andon.Inconclusive, Regression: true}, {Rollout: "e"},
		}, map[string]string{"fail,false": "1", "fail,true": "1", "pass,false": "1", "inconclusive,true": "1", "not_judged,false": "1"}},
		{"taken back", []label{{Rollout: "a", Verdict: andon.Fail, Regression: true}, {Rollout: "a", Verdict: andon.Fail}},
			map[string]string{"fail,false": "1"}},
		{"labelled before and after it failed", []label{{Rollout: "a", Regression: true}, {Rollout: "a", Verdict: andon.Fail, Regression: true}},
			map[string]string{"fail,true": "1"}},
		{"a verdict of another version", []label{{Rollout: "a", Verdict: "maybe"}}, map[string]string{"not_judged,false": "1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := bare(t, exampleConfig(t))
			for _, said := range tt.said {
				data, err := json.Marshal(said)
				if err != nil {
					t.Fatal(err)
				}
				if err := e.labels.Fold(ledger.Fact{Kind: factLabelled, At: noon, Data: data}); err != nil {
					t.Fatal(err)
				}
			}
			series := regexp.MustCompile(`(?m)^andon_labels\{regression="(\w+)",verdict="(\w+)"\} (\d+)$`).FindAllStringSubmatch(scrape(t, e), -1)
			if len(series) != 8 {
				t.Errorf("%d series, want one of each verdict and word", len(series))
			}
			for _, s := range series {
				if want := cmp.Or(tt.want[s[2]+","+s[1]], "0"); s[3] != want {
					t.Errorf("%s rollouts with verdict %s have regression %s, want %s", s[3], s[2], s[1], want)
				}
			}
		})
	}
}

func TestBadLabels(t *testing.T) {
	c := &clock{now: noon.Add(time.Minute)}
	e := open(t, configText("http://127.0.0.1:1", "", "", "good"), t.TempDir(), c)
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
		{"two", "known", `{"regression": true}{"regression": false}`, 400, "text after the label"},
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
