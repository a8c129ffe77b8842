package exporter

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/demo/inprocess"
	"github.com/andon-project/andon/pkg/lab/recording"
	"github.com/andon-project/andon/pkg/logs/cluster"
)

// A talk is what some services log: five nodes of v1, and one of v2 from noon on.
type talk struct {
	*recording.Lines
	url string
}

func newTalk(t testing.TB) *talk {
	k := &talk{Lines: recording.NewLines(0)}
	srv := httptest.NewServer(inprocess.Loki{Lines: k.Lines}.Handler())
	t.Cleanup(srv.Close)
	k.url = srv.URL
	for m := -120; m < 120; m++ {
		at := noon.Add(time.Duration(m)*time.Minute + 7*time.Second)
		for i := range 6 {
			version := "v1"
			if i == 5 {
				if version = "v2"; m < 0 {
					continue
				}
			}
			k.say(i, version, fmt.Sprintf("order %d is paid", m*i), at)
		}
	}
	return k
}

func (k *talk) say(node int, version, text string, at time.Time) {
	k.Add(andon.Line{At: at, Text: text, Labels: map[string]string{"service_name": "chat", "pod": fmt.Sprintf("chat-%d", node), "version": version}})
}

// config returns a configuration of one service with logs and crashes.
func (k *talk) config(sensitivity string) string {
	return fmt.Sprintf(`prometheus: {url: http://127.0.0.1:1}
loki: {url: %q}
services:
- name: chat
  node: pod
  version: version
  sensitivity: %s
  signals:
  - {name: lines, logs: '{service_name="chat"}'}
  - {name: crashes, crashes: '{service_name="chat"} |~ "panic:"'}
`, k.url, sensitivity)
}

const stack = `panic: runtime error: index out of range [%d] with length 3

goroutine 1 [running]:
shop/chat.(*Room).Seat(0xc000%d)
	/src/chat/room.go:%d +0x1f
exit status 2`

// chatting opens an exporter on the talk, with v2 announced at noon.
func chatting(t *testing.T, k *talk, sensitivity string) (*Exporter, *clock) {
	t.Helper()
	c := &clock{now: noon.Add(time.Minute)}
	e := open(t, k.config(sensitivity), t.TempDir(), c)
	t.Cleanup(func() { closeNow(t, e) })
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("chat-v2", "chat", noon))
	return e, c
}

func tickAt(t *testing.T, e *Exporter, c *clock, at time.Time) andon.Verdict {
	t.Helper()
	c.set(at)
	e.Tick(t.Context(), at)
	var v andon.Verdict
	if err := json.Unmarshal([]byte(want(t, 200, e.Handler(), "GET", "/api/v1/rollouts/chat-v2/verdict", "")), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// A new crash and a new line are told of in the verdict, on the page and as
// metrics.
func TestLogsAreShown(t *testing.T) {
	k := newTalk(t)
	for i := range 8 {
		k.say(5, "v2", fmt.Sprintf("seat %d is taken twice <b>", i), noon.Add(time.Duration(5+5*i)*time.Minute))
		k.say(5, "v2", fmt.Sprintf(stack, i, i, 40+i), noon.Add(time.Duration(5+5*i)*time.Minute+time.Second))
	}
	e, c := chatting(t, k, "medium")
	if v := tickAt(t, e, c, noon.Add(4*time.Minute)); v.Verdict == andon.Fail || v.Quality != andon.OK {
		t.Errorf("%s (%s) before anything happened: %s", v.Verdict, v.Quality, v.Reason)
	}
	v := tickAt(t, e, c, noon.Add(50*time.Minute))
	if v.Verdict != andon.Fail || !strings.Contains(v.Reason, "index out of range in (*Room).Seat is new: 8 crashes from the new nodes, none from the old") {
		t.Errorf("%s: %s", v.Verdict, v.Reason)
	}
	page := want(t, 200, e.Handler(), "GET", "/rollouts/chat-v2", "")
	for _, says := range []string{"seat &lt;*&gt; is taken twice &lt;b&gt;", "index out of range in (*Room).Seat", "shop/chat.(*Room).Seat", ">unknown<"} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %s", says)
		}
	}
	metrics := want(t, 200, e.Handler(), "GET", "/metrics", "")
	for _, says := range []string{
		`andon_crash_signatures{class="unknown",rollout="chat-v2"} 1`,
		`andon_log_clusters{class="known",rollout="chat-v2",signal="lines"} 1`,
		`andon_feedback_total{risk="high"} 0`,
	} {
		if !strings.Contains(metrics, says) {
			t.Errorf("no metric %s", says)
		}
	}
}

// What people say is honoured at the next tick, can be taken back, survives a
// restart, and says who and when.
func TestFeedback(t *testing.T) {
	k := newTalk(t)
	k.say(5, "v2", "seat 7 is taken twice", noon.Add(8*time.Minute))
	e, c := chatting(t, k, "medium")
	h := e.Handler()
	if v := tickAt(t, e, c, noon.Add(10*time.Minute)); v.Verdict == andon.Fail {
		t.Fatalf("one line fails it: %s", v.Reason)
	}
	id := cluster.IDOf("seat <*> is taken twice").String()
	post := func(path, body string) andon.Feedback {
		t.Helper()
		var f andon.Feedback
		if err := json.Unmarshal([]byte(want(t, 200, h, "POST", path, body)), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	said := fmt.Sprintf(`{"service":"chat","id":%q,"risk":%%q,"by":"ann","note":"seats are money"}`, id)
	undo := fmt.Sprintf(`{"service":"chat","id":%q,"by":"bob"}`, id)
	if f := post("/api/v1/feedback", fmt.Sprintf(said, "none")); f.Risk != andon.NoRisk || f.By != "ann" || !f.At.Equal(noon.Add(10*time.Minute)) || f.Template != "seat <*> is taken twice" {
		t.Errorf("kept %+v", f)
	}
	c.set(noon.Add(11 * time.Minute))
	if f := post("/api/v1/feedback", fmt.Sprintf(said, "none")); !f.At.Equal(noon.Add(10 * time.Minute)) {
		t.Errorf("saying it again changed it: %+v", f)
	}
	post("/api/v1/feedback", fmt.Sprintf(said, "high"))
	if f := post("/api/v1/feedback/undo", undo); f.Risk != andon.NoRisk {
		t.Errorf("taken back to %+v", f)
	}
	if f := post("/api/v1/feedback/undo", undo); f.Risk != "" {
		t.Errorf("taken back to %+v", f)
	}
	post("/api/v1/feedback/undo", undo)
	if v := tickAt(t, e, c, noon.Add(12*time.Minute)); v.Verdict == andon.Fail {
		t.Errorf("fails: %s", v.Reason)
	}
	post("/api/v1/feedback", fmt.Sprintf(said, "high"))
	// The same minute: no new samples, and yet the next tick.
	if v := tickAt(t, e, c, noon.Add(12*time.Minute+30*time.Second)); v.Verdict != andon.Fail || !strings.Contains(v.Reason, "marked as high risk") {
		t.Errorf("%s: %s", v.Verdict, v.Reason)
	}
	var all []andon.Feedback
	if err := json.Unmarshal([]byte(want(t, 200, h, "GET", "/api/v1/feedback?service=chat", "")), &all); err != nil || len(all) != 1 || all[0].Risk != andon.HighRisk || all[0].Note != "seats are money" {
		t.Errorf("%+v (%v)", all, err)
	}
	if got := want(t, 200, h, "GET", "/api/v1/feedback?service=other", ""); strings.TrimSpace(got) != "[]" {
		t.Errorf("of another service: %s", got)
	}
	if m := want(t, 200, h, "GET", "/metrics", ""); !strings.Contains(m, `andon_feedback_total{risk="high"} 2`) || !strings.Contains(m, `andon_feedback_total{risk="none"} 1`) {
		t.Error("feedback is not counted")
	}
	before := want(t, 200, h, "GET", "/api/v1/memory?service=chat", "")
	clear(e.memory.services)
	clear(e.memory.feedbackCounts)
	if err := e.facts.replay(t.Context(), e.memory); err != nil { // as after a restart
		t.Fatal(err)
	}
	if after := want(t, 200, h, "GET", "/api/v1/memory?service=chat", ""); after != before || !strings.Contains(after, `"risk":"high"`) {
		t.Errorf("remembered\n%s\nand, after reading all facts,\n%s", before, after)
	}
}

func TestFeedbackRefuses(t *testing.T) {
	e, _ := chatting(t, newTalk(t), "medium")
	good := cluster.IDOf("x").String()
	for _, c := range []struct {
		name, path, body, says string
		status                 int
	}{
		{"invalid JSON", "", "risk", "invalid JSON", 400},
		{"empty", "", "", "empty", 400},
		{"an unknown key", "", `{"servce":"chat"}`, "did you mean service?", 400},
		{"no service", "", `{"id":"` + good + `","risk":"high"}`, `"service" is missing`, 400},
		{"no id", "", `{"service":"chat","risk":"high"}`, "16 hexadecimal digits", 400},
		{"an id of another kind", "", `{"service":"chat","id":"../../etc","risk":"high"}`, "16 hexadecimal digits", 400},
		{"no risk", "", `{"service":"chat","id":"` + good + `"}`, "high, medium, none", 400},
		{"another risk", "", `{"service":"chat","id":"` + good + `","risk":"low"}`, "high, medium, none", 400},
		{"a risk to undo", "/undo", `{"service":"chat","id":"` + good + `","risk":"high"}`, "must be left out", 400},
		{"another template", "", `{"service":"chat","id":"` + good + `","risk":"high","template":"y"}`, "different clusters", 400},
		{"a long note", "", `{"service":"chat","id":"` + good + `","risk":"high","note":"` + strings.Repeat("x", 2000) + `"}`, "too long", 400},
		{"two", "", `{"service":"chat","id":"` + good + `","risk":"high"}{}`, "one feedback at a time", 400},
		{"another service", "", `{"service":"chta","id":"` + good + `","risk":"high"}`, "did you mean chat?", 422},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := want(t, c.status, e.Handler(), "POST", "/api/v1/feedback"+c.path, c.body); !strings.Contains(got, c.says) && !strings.Contains(got, strings.ReplaceAll(c.says, `"`, `\"`)) {
				t.Errorf("%s does not say %q", got, c.says)
			}
		})
	}
	want(t, 404, e.Handler(), "GET", "/api/v1/memory?service=nobody", "")
}

// What control shows, and what is seen while no rollout is under way, is known
// later: a line that comes once a day is not new. What a release resolved and a
// later one shows again has regressed.
func TestCatalogue(t *testing.T) {
	k := newTalk(t)
	k.say(1, "v1", "the daily report has 17 gaps", noon.Add(-100*time.Minute))
	for m := range 60 { // v1 has a fault that v2 mends
		for node := range 5 {
			k.say(node, "v1", fmt.Sprintf("room %d is locked twice", m), noon.Add(time.Duration(m-60)*time.Minute))
			k.say(node, "v1", fmt.Sprintf("room %d is locked twice", m), noon.Add(time.Duration(m)*time.Minute))
		}
	}
	c := &clock{now: noon.Add(-95 * time.Minute)}
	e := open(t, k.config("high"), t.TempDir(), c)
	defer func() { closeNow(t, e) }()
	e.Tick(t.Context(), c.Now()) // nothing is under way
	c.set(noon)
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", announcement("chat-v2", "chat", noon))
	k.say(5, "v2", "the daily report has 4 gaps", noon.Add(20*time.Minute))
	if v := tickAt(t, e, c, noon.Add(40*time.Minute)); v.Verdict != andon.Pass {
		t.Errorf("%s: %s", v.Verdict, v.Reason)
	}
	want(t, 200, e.Handler(), "POST", "/api/v1/rollouts", fmt.Sprintf(`{"id":"chat-v2","service":"chat","ended":%q}`, noon.Add(41*time.Minute).Format(time.RFC3339)))
	c.set(noon.Add(45 * time.Minute))
	e.Tick(t.Context(), c.Now())

	// The next release brings the fault back.
	k.Add(andon.Line{At: noon.Add(70 * time.Minute), Text: "room 9 is locked twice", Labels: map[string]string{"service_name": "chat", "pod": "chat-9", "version": "v3"}})
	c.set(noon.Add(65 * time.Minute))
	want(t, 201, e.Handler(), "POST", "/api/v1/rollouts", fmt.Sprintf(`{"id":"chat-v3","service":"chat","version":"v3","previous":"v2","started":%q,
		"candidate":{"version":"v3"},"control":{"version":"v2"}}`, noon.Add(65*time.Minute).Format(time.RFC3339)))
	c.set(noon.Add(75 * time.Minute))
	e.Tick(t.Context(), c.Now())
	var v andon.Verdict
	if err := json.Unmarshal([]byte(want(t, 200, e.Handler(), "GET", "/api/v1/rollouts/chat-v3/verdict", "")), &v); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range v.Findings {
		for _, g := range f.Clusters {
			if g.Template == "room <*> is locked twice" {
				found = true
				if g.Regressed != "v2" || g.Catalogue == nil {
					t.Errorf("regressed %q, in the catalogue since %v: %s", g.Regressed, g.Catalogue, g.Reason)
				}
			}
		}
	}
	if !found {
		t.Errorf("not found: %s", v.Reason)
	}
	memory := want(t, 200, e.Handler(), "GET", "/api/v1/memory?service=chat&release=v3", "")
	for _, says := range []string{"the daily report has", `"resolved":"v2"`, `"starts":1`} {
		if !strings.Contains(memory, says) {
			t.Errorf("memory does not say %s: %s", says, memory)
		}
	}
	// v1 came before v2: there it has not been mended, whatever the date.
	if memory := want(t, 200, e.Handler(), "GET", "/api/v1/memory?service=chat&release=v1", ""); strings.Contains(memory, `"resolved"`) {
		t.Errorf("resolved for v1: %s", memory)
	}
}

func FuzzFeedback(f *testing.F) {
	f.Add(`{"service":"chat","id":"0123456789abcdef","risk":"high"}`)
	f.Add(`{"service":"chat","id":"v1-0123456789abcdef","risk":"none","note":"\u0000"}`)
	f.Add(`{"service":1}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) {
		fb, err := parseFeedback([]byte(body))
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error that says nothing")
			}
			return
		}
		if !groupID.MatchString(fb.ID) || fb.Service == "" || len(fb.Note) > maxNote {
			t.Fatalf("%q was taken: %+v", body, fb)
		}
		if _, err := json.Marshal(fb); err != nil {
			t.Fatal(err)
		}
	})
}
