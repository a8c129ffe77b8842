package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// received is what a tool got.
type received struct {
	method, uri, body string
	header            http.Header
}

// An inbox holds what a tool got; a client may be gone before it is written.
type inbox struct {
	mu  sync.Mutex
	got []received
}

func (b *inbox) all() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// tool serves one answer and tells what it received.
func tool(t *testing.T, h http.HandlerFunc) (*httptest.Server, *inbox) {
	t.Helper()
	b := &inbox{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.mu.Lock()
		b.got = append(b.got, received{r.Method, r.RequestURI, string(body), r.Header})
		b.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s, b
}

func TestWebhookAnswers(t *testing.T) {
	tests := []struct {
		name    string
		answer  http.HandlerFunc
		config  string
		status  int
		already bool
		retry   bool
		wantErr string // empty if the halt is in force
	}{
		{name: "done", answer: answer(200, "text/plain", "ok"), status: 200},
		{name: "accepted", answer: answer(202, "application/json", "{}"), status: 202},
		{name: "no content", answer: answer(204, "", ""), status: 204},
		{name: "done, garbage body", answer: answer(200, "application/json", "\x00{{{"), status: 200},
		{name: "already, as configured", answer: answer(409, "", ""), config: "already: [404, 409]", status: 409, already: true},
		{name: "gone, as configured", answer: answer(404, "", ""), config: "already: [404, 409]", status: 404, already: true},
		{name: "redirect that means done", answer: answer(302, "", ""), config: "done: [302]", status: 302},
		{name: "conflict, not configured", answer: answer(409, "", ""), status: 409, wantErr: "list it under already"},
		{name: "bad request", answer: answer(400, "application/json", `{"message": "no such field"}`), status: 400, wantErr: "status 400: no such field; check method, url and body"},
		{name: "unauthorized", answer: answer(401, "text/html", "<html>log in</html>"), status: 401, wantErr: "status 401; check the credentials"},
		{name: "forbidden", answer: answer(403, "application/json", `{"error": "read only"}`), status: 403, wantErr: "status 403: read only; the credentials are valid but not allowed to do this"},
		{name: "not found", answer: answer(404, "text/plain", "no such\x00run\r\n"), status: 404, wantErr: "status 404: no such run; check the url"},
		{name: "request timeout", answer: answer(408, "", ""), status: 408, retry: true, wantErr: "status 408"},
		{name: "too many requests", answer: answer(429, "", ""), status: 429, retry: true, wantErr: "limits the rate"},
		{name: "server error", answer: answer(500, "text/plain", "boom"), status: 500, retry: true, wantErr: "status 500: boom"},
		{name: "unavailable", answer: answer(503, "text/html", strings.Repeat("x", 1<<20)), status: 503, retry: true, wantErr: "status 503; the tool failed"},
		{name: "long text", answer: answer(500, "text/plain", strings.Repeat("é", 1<<20)), status: 500, retry: true, wantErr: "é…; the tool"},
		{name: "hang", answer: hang, config: "timeout: 50ms", retry: true, wantErr: "no answer in time"},
		{name: "connection closed", answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, retry: true, wantErr: "EOF"},
		{name: "redirect to a login form", answer: redirectOnce(303, "/login"), status: 303, wantErr: "only 307 and 308 to the same host"},
		{name: "redirect on the same host", answer: redirectOnce(307, "/moved"), status: 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, got := tool(t, tt.answer)
			h := mustLoad(t, fmt.Sprintf("tool:\n  webhook:\n    url: %s/stop/{{.Rollout.ID}}\n    body: '{\"reason\": {{json .Reason}}}'\n    %s\n", s.URL, tt.config))
			a, err := h.Halt(t.Context(), v2)
			checkOutcome(t, a, err, outcome{tool: "webhook", status: tt.status, already: tt.already, retry: tt.retry, wantErr: tt.wantErr})
			if len(got.all()) == 0 && tt.name == "hang" {
				return // a busy machine may give up before the tool has read the request
			}
			first := got.all()[0]
			if first.method != "POST" || first.uri != "/stop/checkout-v2" || first.body != `{"reason": "errors rose from 0.1% to 34% on \"checkout\""}` {
				t.Errorf("received %s %s %s", first.method, first.uri, first.body)
			}
			if k, c := first.header.Get("Idempotency-Key"), first.header.Get("Content-Type"); k != "h-1" || c != "application/json" {
				t.Errorf("idempotency key %q, content type %q", k, c)
			}
		})
	}
}

// outcome is what is expected of a halt.
type outcome struct {
	tool           string
	status         int
	already, retry bool
	wantErr        string
}

func checkOutcome(t *testing.T, a Answer, err error, want outcome) {
	t.Helper()
	if want.wantErr == "" {
		if err != nil {
			t.Fatal(err)
		}
		if a.Status != want.status || a.Already != want.already || a.Text == "" || a.Request == "" {
			t.Errorf("got %+v, want %+v", a, want)
		}
		return
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %+v and %v, want an Error", a, err)
	}
	if e.Tool != want.tool || e.Status != want.status || e.Retry != want.retry || e.Hint == "" || e.Request == "" || !strings.Contains(err.Error(), want.wantErr) {
		t.Errorf("got  %v (%+v)\nwant %+v", err, *e, want)
	}
	if a != (Answer{}) {
		t.Errorf("an error with an answer: %+v", a)
	}
	if text := err.Error(); strings.ContainsAny(text, "\n\r\x00") || len(text) > 900 {
		t.Errorf("not one line for people: %q", text)
	}
}

func redirectOnce(code int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == to {
			answer(200, "text/html", "<form>")(w, r)
			return
		}
		http.Redirect(w, r, to, code)
	}
}

func TestWebhookUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	a, err := mustLoad(t, "tool: {webhook: {url: 'http://"+address+"/?token=hunter2'}}").Halt(t.Context(), v2)
	checkOutcome(t, a, err, outcome{tool: "webhook", retry: true, wantErr: "nothing listens there"})
	checkSecrets(t, err.Error())
}

func TestWebhookCalledOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, _ := tool(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		hang(w, r)
	})
	a, err := mustLoad(t, "tool: {webhook: {url: '"+s.URL+"'}}").Halt(ctx, v2)
	checkOutcome(t, a, err, outcome{tool: "webhook", retry: true, wantErr: "cancelled"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not say that it was cancelled", err)
	}
}

func TestWebhookKeepsCredentialsFromOtherHosts(t *testing.T) {
	other, seen := tool(t, answer(200, "", ""))
	s, _ := tool(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	a, err := mustLoad(t, "tool: {webhook: {url: '"+s.URL+"', authorization: {credentials: hunter2}}}").Halt(t.Context(), v2)
	checkOutcome(t, a, err, outcome{tool: "webhook", status: 307, wantErr: "write the final url"})
	if len(seen.all()) != 0 {
		t.Errorf("the other host was asked: %+v", seen.all())
	}
}

func TestWebhookRequests(t *testing.T) {
	tests := []struct {
		name, config string // %s is the server
		halt         func(h *Halt)
		uri, body    string
		header       string
		wantErr      string
		plan         string // %s is the server
	}{
		{
			name: "run of a link", config: "url: '%s/runs/{{base .Rollout.Ref}}/cancel'",
			uri: "/runs/42/cancel", plan: "POST %s/runs/42/cancel",
		},
		{
			name: "query", config: "method: put\n    url: '%s/cancel?force=false&reason={{urlquery .Reason}}'",
			uri: "/cancel?force=false&reason=errors+rose+from+0.1%25+to+34%25+on+%22checkout%22", plan: "PUT %s/cancel?force=…&reason=…",
		},
		{
			name: "scope", config: "url: '%s/{{.Rollout.Scope.environment}}'", uri: "/prod", plan: "POST %s/prod",
		},
		{
			name: "scope that the rollout lacks", config: "url: '%s/{{.Rollout.Scope.region}}'",
			wantErr: `no entry for key "region"`, plan: "POST %s cannot be built: ",
		},
		{
			name: "ref that the rollout lacks", config: "url: '%s/{{base .Rollout.Ref}}'",
			halt: func(h *Halt) { h.Rollout.Ref = "" }, wantErr: "announce the rollout with a ref", plan: "POST %s cannot be built: ",
		},
		{
			name: "header", config: "url: '%s'\n    headers: {X-Reason: '{{.Reason}}'}\n    body: 'version={{.Rollout.Version}}'",
			halt: func(h *Halt) { h.Reason = "a\r\nX-Evil: b" },
			uri:  "/", body: "version=v2", header: "a X-Evil: b", plan: "POST %s with 10 bytes of application/json",
		},
		{
			name: "whole halt", config: "url: '%s'\n    headers: {content-type: text/json}\n    body: '{{json .Rollout.ID}} {{json .Verdict.Score}} {{.Verdict.Verdict}}'",
			uri: "/", body: `"checkout-v2" 0.998 fail`, plan: "POST %s with 24 bytes of text/json",
		},
		{
			name: "id that no header can hold", config: "url: '%s'\n    headers: {X-Reason: '{{.ID}}'}", halt: func(h *Halt) { h.ID = "a\nb é" },
			uri: "/", header: "a b é", plan: "POST %s",
		},
		{
			name: "path that climbs", config: "url: '%s/runs/{{.Rollout.ID}}/cancel'", halt: func(h *Halt) { h.Rollout.ID = "../../admin" },
			wantErr: "has . or .. in its path", plan: "POST %s cannot be built: ",
		},
		{
			name: "host that changes after all", config: "url: 'http://stop.example{{if eq .ID `evil`}}.evil.example{{end}}/{{/* %s */}}'", halt: func(h *Halt) { h.ID = "evil" },
			wantErr: "is not on http://stop.example", plan: "POST http://stop.example cannot be built: %.0s",
		},
		{
			name: "path that is escaped", config: "url: '%s/runs/{{urlpath .Rollout.ID}}/cancel'", halt: func(h *Halt) { h.Rollout.ID = "a/b?c" },
			uri: "/runs/a%2Fb%3Fc/cancel", plan: "POST %s/runs/a%%2Fb%%3Fc/cancel",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, got := tool(t, answer(200, "", ""))
			halter := mustLoad(t, "tool:\n  webhook:\n    "+fmt.Sprintf(tt.config, s.URL))
			h := v2
			if tt.halt != nil {
				tt.halt(&h)
			}
			if plan, want := halter.Plan(h), fmt.Sprintf(tt.plan, s.URL); !strings.HasPrefix(plan, want) {
				t.Errorf("plan %q, want %q", plan, want)
			}
			a, err := halter.Halt(t.Context(), h)
			if tt.wantErr != "" {
				checkOutcome(t, a, err, outcome{tool: "webhook", wantErr: tt.wantErr})
				if len(got.all()) != 0 {
					t.Errorf("a request was sent: %+v", got.all())
				}
				return
			}
			checkOutcome(t, a, err, outcome{status: 200})
			r := got.all()[0]
			if r.uri != tt.uri || r.body != tt.body || r.header.Get("X-Reason") != tt.header {
				t.Errorf("received %s %q %q", r.uri, r.body, r.header.Get("X-Reason"))
			}
		})
	}
}

func checkSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{"hunter2", "aHVudGVy", "YW5kb246aHVudGVy", "from-file-9", "oauth-token-7"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is told in %q", secret, text)
		}
	}
}

// TestWebhookTellsNoSecret has a tool send back all that it got.
func TestWebhookTellsNoSecret(t *testing.T) {
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				answer(200, "application/json", `{"access_token": "oauth-token-7", "token_type": "Bearer"}`)(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(status)
			body, _ := io.ReadAll(r.Body)
			_, user, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			_, password, _ := r.BasicAuth()
			fmt.Fprintf(w, "%s %s %s %s %s", user, password, r.RequestURI, body, r.Header)
		}
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file-9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{
		"basic_auth: {username: andon, password: hunter2-and-more}",
		"basic_auth: {username: andon, password_file: " + file + "}",
		"authorization: {credentials: hunter2}",
		"authorization: {credentials_file: " + file + "}",
		"oauth2: {client_id: andon, client_secret: hunter2, token_url: '%s/token'}",
		"oauth2: {client_id: andon, client_secret: hunter2, token_url: '%s/denied?a=hunter2'}",
		"http_headers: {X-Api-Key: {secrets: [hunter2]}}",
		"http_headers: {X-Api-Key: {files: [" + file + "]}}",
		"headers: {Private-Token: hunter2}",
		"headers: {Authorization: Bearer hunter2}",
		"body: 'token=hunter2-0x1234'",
		"proxy_url: http://andon:hunter2@127.0.0.1:1/",
	} {
		for _, status := range []int{200, 400, 401, 500} {
			t.Run(fmt.Sprintf("%s %d", config[:12], status), func(t *testing.T) {
				s, _ := tool(t, echo(status))
				h := mustLoad(t, fmt.Sprintf("tool:\n  webhook:\n    url: %s/stop?token=hunter2&t=hunter2\n    ", s.URL)+strings.ReplaceAll(config, "%s", s.URL))
				a, err := h.Halt(t.Context(), v2)
				checkSecrets(t, h.Plan(v2))
				checkSecrets(t, fmt.Sprintf("%+v", a))
				for err != nil {
					checkSecrets(t, fmt.Sprintf("%v %+v", err, err))
					err = errors.Unwrap(err)
				}
			})
		}
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add("https://a/{{.ID}}", "{{json .}}", "{{.Reason}}", "b")
	f.Add("https://a/{{base .Rollout.Ref}}?{{urlquery .Reason}}", "{{range .Verdict.Findings}}{{.Signal}}{{end}}", "Bearer b", "../x")
	f.Add("https://{{.ID}}/", "{{with .Rollout}}{{.Scope.a}}{{end}}", "", "evil.example")
	f.Add("http://http:", "", "", "a")
	f.Fuzz(func(t *testing.T, url, body, header, word string) {
		if strings.Contains(url+body+header, "range") && len(url+body+header) > 200 {
			t.Skip("a loop of a loop takes its time")
		}
		h, err := newWebhook(section(map[string]any{"url": url, "body": body, "headers": map[string]string{"X-A": header}, "authorization": map[string]string{"credentials": "hunter2"}}))
		if err != nil {
			checkSecrets(t, err.Error())
			return
		}
		w := h.(*webhook)
		req, _, err := w.request(t.Context(), example(word))
		if err != nil {
			return
		}
		if origin := req.URL.Scheme + "://" + req.URL.Host; origin != w.origin {
			t.Errorf("%q sends the request to %s, not to %s", word, origin, w.origin)
		}
		checkSecrets(t, h.Plan(example(word)))
	})
}
