package exporter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

func TestBadRequests(t *testing.T) {
	c := &clock{now: noon.Add(time.Minute)}
	e := open(t, configText("http://127.0.0.1:1", "", "", "good", "bad"), t.TempDir(), c)
	defer closeNow(t, e)
	h := e.Handler()
	want(t, 201, h, "POST", "/api/v1/rollouts", announcement("known", "good", noon))
	const rollouts, alerts = "/api/v1/rollouts", "/api/v1/alerts"
	long := strings.Repeat("a", 1<<20)
	deep := strings.Repeat(`{"a":`, 20000)
	tests := []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"wrong method of the first page", "POST", "/", "", 405, "GET or HEAD"},
		{"wrong method of metrics", "DELETE", "/metrics", "", 405, "GET or HEAD"},
		{"wrong method of healthy", "PUT", "/-/healthy", "", 405, "GET or HEAD"},
		{"wrong method of ready", "POST", "/-/ready", "", 405, "GET or HEAD"},
		{"wrong method of reload", "GET", "/-/reload", "", 405, "POST"},
		{"wrong method of rollouts", "PUT", rollouts, "{}", 405, "POST or GET or HEAD"},
		{"wrong method of one", "POST", rollouts + "/known", "{}", 405, "GET or HEAD"},
		{"wrong method of its verdict", "PATCH", rollouts + "/known/verdict", "{}", 405, "GET or HEAD"},
		{"wrong method of its page", "POST", "/rollouts/known", "", 405, "GET or HEAD"},
		{"wrong method of alerts", "GET", alerts, "", 405, "POST"},
		{"strange method", "BREW", alerts, "", 405, "POST"},
		{"nothing there", "GET", "/api/v2", "", 404, "no page or endpoint"},
		{"path traversal", "GET", rollouts + "/..%2f..%2fetc%2fpasswd", "", 400, "not a rollout id"},
		{"path traversal of a page", "GET", "/rollouts/..%2F..%2F", "", 400, "not a rollout id"},
		{"dots", "GET", rollouts + "/%2e%2e/verdict", "", 400, "not a rollout id"},
		{"unicode id", "GET", rollouts + "/" + "%F0%9F%92%A3", "", 400, "not a rollout id"},
		{"broken unicode id", "GET", rollouts + "/%ff%fe", "", 400, "not a rollout id"},
		{"zero byte", "GET", rollouts + "/a%00b/verdict", "", 400, "not a rollout id"},
		{"markup", "GET", "/rollouts/%3Cscript%3E", "", 400, "not a rollout id"},
		{"long id", "GET", "/rollouts/" + strings.Repeat("a", 5000), "", 400, "not a rollout id"},
		{"unknown rollout", "GET", rollouts + "/unknown", "", 404, "no rollout"},
		{"verdict of an unknown rollout", "GET", rollouts + "/unknown/verdict", "", 404, "no rollout"},
		{"page of an unknown rollout", "GET", "/rollouts/unknown", "", 404, "no rollout"},
		{"wrong method of verdicts", "POST", "/api/v1/verdicts", "", 405, "GET or HEAD"},
		{"verdicts since nonsense", "GET", "/api/v1/verdicts?since=now", "", 400, "not a time"},
		{"no verdicts at all", "GET", "/api/v1/verdicts?limit=0", "", 400, "from 1 to 1000"},
		{"wrong method of services", "POST", "/api/v1/services", "", 405, "GET or HEAD"},
		{"no verdict yet", "GET", rollouts + "/known/verdict", "", 404, "no verdict"},

		{"announcement: nothing", "POST", rollouts, "", 400, "empty"},
		{"announcement: too large", "POST", rollouts, `{"id":"` + long + `"}`, 413, "larger"},
		{"announcement: not JSON", "POST", rollouts, "id=checkout", 400, "invalid JSON"},
		{"announcement: a list", "POST", rollouts, "[]", 400, "array"},
		{"announcement: null", "POST", rollouts, "null", 400, "id"},
		{"announcement: wrong type", "POST", rollouts, `{"id":5}`, 400, `"id\"`},
		{"announcement: wrong type inside", "POST", rollouts, `{"id":"a","service":"good","candidate":{"a":{}}}`, 400, "candidate"},
		{"announcement: wrong time", "POST", rollouts, `{"id":"a","service":"good","started":"yesterday"}`, 400, "yesterday"},
		{"announcement: unknown key", "POST", rollouts, `{"id":"a","servce":"good"}`, 400, "did you mean service?"},
		{"announcement: two", "POST", rollouts, `{"id":"a","service":"good"}{"id":"b"}`, 400, "one rollout at a time"},
		{"announcement: cut", "POST", rollouts, `{"id":"a"`, 400, "ends early"},
		{"announcement: deep", "POST", rollouts, deep[:60000], 400, ""},
		{"announcement: no id", "POST", rollouts, `{"service":"good"}`, 400, "id: is missing"},
		{"announcement: no service", "POST", rollouts, `{"id":"a"}`, 400, "service: is missing"},
		{"announcement: unknown service", "POST", rollouts, `{"id":"a","service":"goood"}`, 422, "did you mean good?"},
		{"announcement: bad id", "POST", rollouts, `{"id":"../a","service":"good"}`, 400, "letters"},
		{"announcement: unicode id", "POST", rollouts, `{"id":"Ünïcödé","service":"good"}`, 400, "letters"},
		{"announcement: strategy", "POST", rollouts, `{"id":"a","service":"good","strategy":"yolo"}`, 400, "yolo"},
		{"announcement: matcher as version", "POST", rollouts, `{"id":"a","service":"good","version":"=~.*"}`, 400, "matcher"},
		{"announcement: selector", "POST", rollouts, `{"id":"a","service":"good","candidate":{"v":"=~("}}`, 400, "regular expression"},
		{"announcement: same version", "POST", rollouts, `{"id":"a","service":"good","version":"1","previous":"1"}`, 400, "both"},
		{"announcement: future", "POST", rollouts, `{"id":"a","service":"good","started":"2036-01-01T00:00:00Z"}`, 400, "in the future"},
		{"announcement: stages", "POST", rollouts, `{"id":"a","service":"good","started":"2026-03-01T11:00:00Z","stages":["2026-03-01T11:30:00Z","2026-03-01T11:20:00Z"]}`, 400, "oldest first"},
		{"announcement: ended first", "POST", rollouts, `{"id":"a","service":"good","started":"2026-03-01T11:00:00Z","ended":"2026-03-01T10:00:00Z"}`, 400, "before"},
		{"announcement: script as link", "POST", rollouts, `{"id":"a","service":"good","ref":"javascript:alert(1)"}`, 400, "not a link"},
		{"announcement: contradicts", "POST", rollouts, `{"id":"known","service":"good","version":"v3"}`, 409, "announced before"},

		{"notification: nothing", "POST", alerts, "", 400, "empty"},
		{"notification: too large", "POST", alerts, `{"receiver":"` + long + `"}`, 413, "larger"},
		{"notification: not JSON", "POST", alerts, "alert!", 400, "invalid JSON"},
		{"notification: a list", "POST", alerts, "[{}]", 400, "array"},
		{"notification: null", "POST", alerts, "null", 400, "no alerts"},
		{"notification: no alerts", "POST", alerts, `{"version":"4"}`, 400, "no alerts"},
		{"notification: version", "POST", alerts, `{"version":"3","alerts":[{}]}`, 400, "expected 4"},
		{"notification: wrong type", "POST", alerts, `{"alerts":"all"}`, 400, "alerts"},
		{"notification: wrong label", "POST", alerts, `{"alerts":[{"labels":{"rollout":5}}]}`, 400, "number"},
		{"notification: deep", "POST", alerts, deep, 400, ""},
		{"notification: no rollout", "POST", alerts, `{"alerts":[{"status":"firing"}]}`, 400, `no label \"rollout`},
		{"notification: strange rollout", "POST", alerts, `{"alerts":[{"status":"firing","labels":{"rollout":"../../x"}}]}`, 400, "not a rollout id"},
		{"notification: no status", "POST", alerts, `{"alerts":[{"labels":{"rollout":"known"}}]}`, 400, "expected firing"},
		{"notification: no fingerprint", "POST", alerts, `{"alerts":[{"status":"firing","labels":{"rollout":"known"}}]}`, 400, "fingerprint"},
		{"notification: no start", "POST", alerts, `{"alerts":[{"status":"firing","fingerprint":"a","labels":{"rollout":"known"}}]}`, 400, "startsAt"},
		{"notification: unknown rollout", "POST", alerts, firing("unknown", noon), 404, "no rollout"},
		{"notification: too many", "POST", alerts, `{"alerts":[` + strings.Repeat("{},", 1000) + `{}]}`, 400, "max_alerts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "http://localhost"+tt.path, strings.NewReader(tt.body))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			body := w.Body.String()
			if w.Code != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("status %d, want %d with %q: %.500s", w.Code, tt.status, tt.says, body)
			}
			var words struct {
				Error, Hint string
				Results     []alertResult
			}
			if err := json.Unmarshal([]byte(body), &words); err != nil || words.Error == "" && len(words.Results) == 0 {
				t.Errorf("not an error in JSON: %v: %.300s", err, body)
			}
			if len(body) > 2000 {
				t.Errorf("an answer of %d bytes", len(body))
			}
			if w.Code == 405 && w.Header().Get("Allow") == "" {
				t.Error("no header Allow")
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Content-Security-Policy") == "" {
				t.Errorf("headers that protect are missing: %v", w.Header())
			}
		})
	}
	if all := e.rollouts.board().List(c.Now()); len(all) != 1 {
		t.Errorf("bad announcements left %+v", all)
	}
	if facts := kinds(t, e); facts[factReceived] != 0 {
		t.Errorf("bad notifications left %v", facts)
	}
}

func TestToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, auth := range map[string]string{"token": "{token: right}", "file": "{token_file: " + file + "}"} {
		t.Run(name, func(t *testing.T) {
			e := open(t, configText("http://127.0.0.1:1", "", "auth: "+auth, "good"), t.TempDir(), &clock{now: noon})
			defer closeNow(t, e)
			for _, p := range e.endpoints() {
				for _, header := range []string{"", "Bearer wrong", "Bearer ", "Basic right", "right"} {
					status, _ := call(e.Handler(), p.method, strings.NewReplacer("{id}", "a", "{$}", "").Replace(p.path), "", "Authorization", header)
					if (status == 401) != p.changes {
						t.Errorf("%s %s with %q: status %d", p.method, p.path, header, status)
					}
				}
			}
			if status, body := call(e.Handler(), "POST", "/api/v1/rollouts", announcement("a", "good", noon), "Authorization", "Bearer right"); status != 201 {
				t.Errorf("with the token: status %d: %s", status, body)
			}
		})
	}
}

// TestForeignPages: a browser that shows another site's page changes nothing.
func TestForeignPages(t *testing.T) {
	e := open(t, configText("http://127.0.0.1:1", "", "", "good"), t.TempDir(), &clock{now: noon})
	defer closeNow(t, e)
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example.com"}} {
		if status, body := call(e.Handler(), "POST", "/api/v1/rollouts", announcement("a", "good", noon), header...); status != 403 {
			t.Errorf("%v: status %d: %s", header, status, body)
		}
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	e := open(t, configText("http://127.0.0.1:1", "", "", "good"), t.TempDir(), &clock{now: noon})
	defer closeNow(t, e)
	h := router{log: hclog.NewNullLogger()}.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault") }))
	if status, body := call(h, "GET", "/", ""); status != 500 || strings.Contains(body, "goroutine") {
		t.Errorf("status %d: %s", status, body)
	}
}

// TestHTTPDocs: the documentation lists what is served.
func TestHTTPDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/http.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, served []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)`( †)? \\|").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, m[1]+m[2])
	}
	for _, p := range bare(t, exampleConfig(t)).endpoints() {
		s := p.method + " " + strings.TrimSuffix(p.path, "{$}")
		if p.changes {
			s += " †"
		}
		served = append(served, s)
	}
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented are %q\nserved are     %q", documented, served)
	}
	for _, result := range []string{"halted", "observed", "refused", "resolved", "retry", "failed", "invalid"} {
		if !strings.Contains(string(text), "| `"+result+"` |") {
			t.Errorf("the result %s is not documented", result)
		}
	}
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "andon.yml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shop, c := sharedShop(t), &clock{now: noon.Add(10 * time.Minute)}
	write(configText(shop.server.URL, "", "", "good"))
	e, err := New(t.Context(), Options{ConfigFile: file, StoragePath: dir, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, e)
	h := e.Handler()
	want(t, 201, h, "POST", "/api/v1/rollouts", announcement("good-v2", "good", noon))
	want(t, 422, h, "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
	want(t, 201, h, "POST", "/api/v1/rollouts/good-v2/label", `{"regression": false}`)

	write("prometheus: {url: nowhere}\nservices: []\n")
	body := want(t, 422, h, "POST", "/-/reload", "")
	if !strings.Contains(body, "prometheus.url") || !strings.Contains(body, `"Line":1`) {
		t.Errorf("the answer does not say what is wrong: %s", body)
	}
	if page := scrape(t, e); !strings.Contains(page, "andon_config_last_reload_successful 0\n") {
		t.Error("the metrics do not say that the load failed")
	}
	want(t, 422, h, "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon)) // the old one stays

	c.set(c.Now().Add(time.Minute))
	write(configText(shop.server.URL, "", "bake: 30m", "good", "bad"))
	want(t, 200, h, "POST", "/-/reload", "")
	want(t, 201, h, "POST", "/api/v1/rollouts", announcement("bad-v2", "bad", noon))
	page := scrape(t, e)
	if !strings.Contains(page, "andon_config_last_reload_successful 1\n") || !strings.Contains(page, fmt.Sprintf("andon_config_last_reload_success_timestamp_seconds %v\n", unix(c.Now()))) {
		t.Errorf("the metrics do not say that the load succeeded:\n%s", ours(page))
	}
	if under := e.rollouts.board().UnderWay(c.Now()); len(under) != 2 {
		t.Errorf("under way are %+v", under)
	}
	if under := e.rollouts.board().UnderWay(noon.Add(31 * time.Minute)); len(under) != 0 {
		t.Errorf("after the new bake, under way are %+v", under)
	}
	if _, times := e.labels.get("good-v2"); times != 1 {
		t.Errorf("another bake counts a label %d times, want once", times)
	}
}

func FuzzWebhookBody(f *testing.F) {
	f.Add([]byte(firing("known", noon)))
	f.Add([]byte(notifying("resolved", "known", noon)))
	f.Add([]byte(`{"version":"4","alerts":[{"labels":null}],"truncatedAlerts":-1}`))
	f.Add([]byte(`{"alerts":[{"startsAt":"9999-12-31T23:59:59+23:59","fingerprint":"\u0000","status":"firing","labels":{"rollout":"a","action":"halt"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parseMessage(body)
		if err != nil {
			if err.Error() == "" || m != nil {
				t.Errorf("error %q with %v", err, m)
			}
			return
		}
		for _, a := range m.Alerts {
			n, err := notificationOf(a, m.Receiver)
			if err != nil {
				continue
			}
			if !rolloutID.MatchString(n.Rollout) || n.key() == "" || len(n.Alert) > maxText || len(n.Receiver) > maxText {
				t.Errorf("accepted %+v", n)
			}
			if _, err := json.Marshal(n); err != nil {
				t.Errorf("cannot be kept: %v", err)
			}
		}
	})
}

func FuzzRolloutBody(f *testing.F) {
	f.Add([]byte(announcement("a", "good", noon)))
	f.Add([]byte(`{"id":"a","scope":{"":""},"stages":[],"candidate":{"a":"!~("}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		ro, err := parseRollout(body)
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
		if err == nil {
			if _, err := json.Marshal(ro); err != nil && ro.Started.Year() < 10000 {
				t.Errorf("%+v cannot be written again: %v", ro, err)
			}
		}
	})
}
