package delivery

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// underWay is a Rollout whose canary of v2 is at a step, as the API tells it.
const underWay = `{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout","metadata":{"name":"checkout","namespace":"shop","generation":7},
"spec":{"template":{"metadata":{"labels":{"app":"checkout","app.kubernetes.io/version":"v2"}}}},
"status":{"observedGeneration":"7","currentPodHash":"5d8","stableRS":"7fc","phase":"Paused"}}`

func edited(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

func argoConfigFor(s *apiServer) string {
	return fmt.Sprintf("tool: {argo-rollouts: {namespace: shop, name: checkout, timeout: 5s, api: {url: '%s', authorization: {credentials: hunter2}}}}", s.URL)
}

func TestArgo(t *testing.T) {
	get, patch, bare := "GET "+rolloutPath, "PATCH "+rolloutPath+"/status", "PATCH "+rolloutPath
	tests := []struct {
		name     string
		live     string // empty if there is none
		override map[string]http.HandlerFunc
		old      bool // the custom resource has no subresource
		version  string
		asked    []string
		want     outcome
		said     string
	}{
		{name: "aborted", live: underWay, asked: []string{get, patch}, want: outcome{status: 200}, said: "is aborted"},
		{name: "aborted without the subresource", live: underWay, old: true, asked: []string{get, patch, bare}, want: outcome{status: 200}, said: "is aborted"},
		{name: "aborted before", live: edited(underWay, `"phase"`, `"abort":true,"phase"`), asked: []string{get}, want: outcome{status: 200, already: true}, said: "was already aborted"},
		{name: "fully promoted", live: edited(underWay, `"7fc"`, `"5d8"`), asked: []string{get}, want: outcome{status: 200, already: true}, said: "fully promoted"},
		{name: "status of the revision before", live: edited(underWay, `"7fc"`, `"5d8"`, `"observedGeneration":"7"`, `"observedGeneration":"6"`), asked: []string{get, patch}, want: outcome{status: 200}},
		{name: "no status yet", live: edited(underWay, `"status":`, `"other":`), asked: []string{get, patch}, want: outcome{status: 200}},
		{name: "no version label", live: edited(underWay, "app.kubernetes.io/version", "tier"), asked: []string{get, patch}, want: outcome{status: 200}},
		{name: "announced without a version", live: underWay, version: "-", asked: []string{get, patch}, want: outcome{status: 200}},
		{name: "version written without v", live: underWay, version: "2", asked: []string{get, patch}, want: outcome{status: 200}},
		{name: "moved on", live: underWay, version: "v1.9", asked: []string{get}, want: outcome{status: 200, wantErr: "the object is now at version v2, but the verdict is about v1.9"}},
		{name: "moved on and aborted", live: edited(underWay, `"phase"`, `"abort":true,"phase"`), version: "v1.9", asked: []string{get}, want: outcome{status: 200, wantErr: "now at version"}},
		{name: "not found", asked: []string{get}, want: outcome{status: 404, wantErr: "no Rollout checkout in namespace shop"}},
		{name: "gone between", live: underWay, override: map[string]http.HandlerFunc{patch: status(404, "NotFound", "gone"), bare: status(404, "NotFound", "gone")}, asked: []string{get, patch, bare}, want: outcome{status: 404, wantErr: "no Rollout checkout"}},
		{name: "may not read", live: underWay, override: map[string]http.HandlerFunc{get: status(403, "Forbidden", `User "andon" cannot get resource`)}, asked: []string{get}, want: outcome{status: 403, wantErr: "allow the verb get on rollouts of the API group argoproj.io in namespace shop"}},
		{name: "may not patch", live: underWay, override: map[string]http.HandlerFunc{patch: status(403, "Forbidden", `User "andon" cannot patch resource`)}, asked: []string{get, patch}, want: outcome{status: 403, wantErr: "allow the verb patch on rollouts/status of the API group argoproj.io"}},
		{name: "unauthorized", live: underWay, override: map[string]http.HandlerFunc{get: status(401, "Unauthorized", "Unauthorized")}, asked: []string{get}, want: outcome{status: 401, wantErr: "check the service account's token"}},
		{name: "conflict", live: underWay, override: map[string]http.HandlerFunc{patch: status(409, "Conflict", "the object has been modified")}, asked: []string{get, patch}, want: outcome{status: 409, retry: true, wantErr: "the object has been modified; the object was changed at the same time"}},
		{name: "invalid", live: underWay, override: map[string]http.HandlerFunc{patch: status(422, "Invalid", "status.abort: Invalid value")}, asked: []string{get, patch}, want: outcome{status: 422, wantErr: "status.abort: Invalid value"}},
		{name: "too many requests, later", live: underWay, override: map[string]http.HandlerFunc{patch: later(429)}, asked: []string{get, patch}, want: outcome{status: 429, retry: true, wantErr: "Andon tries again"}},
		{name: "server error", live: underWay, override: map[string]http.HandlerFunc{get: status(500, "InternalError", "etcd is gone")}, asked: []string{get}, want: outcome{status: 500, retry: true, wantErr: "etcd is gone"}},
		{name: "unavailable, later", live: underWay, override: map[string]http.HandlerFunc{patch: later(503)}, asked: []string{get, patch}, want: outcome{status: 503, retry: true}},
		{name: "proxy in between", live: underWay, override: map[string]http.HandlerFunc{patch: answer(502, "text/html", "<html>bad gateway")}, asked: []string{get, patch}, want: outcome{status: 502, retry: true}},
		{name: "login form", live: underWay, override: map[string]http.HandlerFunc{get: answer(200, "text/html", "<form>")}, asked: []string{get}, want: outcome{status: 200, retry: true, wantErr: "check that this is the URL of a Kubernetes API"}},
		{name: "garbage", live: underWay, override: map[string]http.HandlerFunc{get: answer(200, "application/json", "\x00{")}, asked: []string{get}, want: outcome{status: 200, retry: true, wantErr: "check that this is the URL"}},
		{name: "another object", live: underWay, override: map[string]http.HandlerFunc{get: answer(200, "application/json", `{"kind":"Rollout","apiVersion":"argoproj.io/v1alpha1","metadata":{"name":"other"}}`)}, asked: []string{get}, want: outcome{status: 200, retry: true, wantErr: "not this Rollout"}},
		{name: "garbage after the patch", live: underWay, override: map[string]http.HandlerFunc{patch: answer(200, "application/json", "]")}, asked: []string{get, patch}, want: outcome{status: 200, retry: true}},
		{name: "redirect", live: underWay, override: map[string]http.HandlerFunc{patch: redirectOnce(307, "/elsewhere")}, asked: []string{get, patch}, want: outcome{status: 307, wantErr: "redirects"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newAPIServer(t)
			s.subresource, s.override = !tt.old, tt.override
			if tt.live != "" {
				s.put(t, rolloutPath, tt.live)
			}
			h := v2
			switch tt.version {
			case "":
			case "-":
				h.Rollout.Version = ""
			default:
				h.Rollout.Version = tt.version
			}
			a, err := mustLoad(t, argoConfigFor(s)).Halt(t.Context(), h)
			tt.want.tool = "argo-rollouts"
			if err == nil || tt.want.wantErr != "" || !tt.want.retry {
				checkOutcome(t, a, err, tt.want)
			} else {
				tt.want.wantErr = "argo-rollouts: "
				checkOutcome(t, a, err, tt.want)
			}
			if got, want := s.log(), strings.Join(tt.asked, "\n"); got != want {
				t.Errorf("asked\n%s\nwant\n%s", got, want)
			}
			if !strings.Contains(a.Text, tt.said) {
				t.Errorf("said %q, want %q", a.Text, tt.said)
			}
			if err != nil {
				checkSecrets(t, err.Error())
				return
			}
			if aborted, _ := s.get(rolloutPath)["status"].(map[string]any)["abort"].(bool); aborted != !strings.Contains(a.Text, "promoted") {
				t.Errorf("aborted: %v", aborted)
			}
			if kind, body := s.lastBody(); !a.Already && (kind != "application/merge-patch+json" || body != `{"status":{"abort":true}}`) {
				t.Errorf("patched with %s %s", kind, body)
			}
			again, err := mustLoad(t, argoConfigFor(s)).Halt(t.Context(), h)
			if statusIsCurrent := tt.name != "status of the revision before"; err != nil || again.Already != statusIsCurrent {
				t.Errorf("halted again: %+v, %v", again, err)
			}
		})
	}
}

// later refuses and asks to come back in an hour.
func later(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		status(code, "TooManyRequests", "too many requests, please try again later")(w, r)
	}
}

func TestArgoPlan(t *testing.T) {
	s := newAPIServer(t)
	want := "PATCH " + s.URL + rolloutPath + `/status with application/merge-patch+json {"status":{"abort":true}}`
	if got := mustLoad(t, argoConfigFor(s)).Plan(v2); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if s.log() != "" {
		t.Errorf("a plan asked\n%s", s.log())
	}
}

func TestClusterUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	h := mustLoad(t, "tool: {argo-rollouts: {namespace: shop, name: checkout, api: {url: '"+url+"'}}}")
	a, err := h.Halt(t.Context(), v2)
	checkOutcome(t, a, err, outcome{tool: "argo-rollouts", retry: true, wantErr: "nothing listens there"})
}

func TestClusterHangs(t *testing.T) {
	s := newAPIServer(t)
	s.put(t, rolloutPath, underWay)
	s.override["PATCH "+rolloutPath+"/status"] = hang
	h := mustLoad(t, strings.Replace(argoConfigFor(s), "5s", "100ms", 1))
	a, err := h.Halt(t.Context(), v2)
	checkOutcome(t, a, err, outcome{tool: "argo-rollouts", retry: true, wantErr: "no answer in time"})
}

func TestClusterAnswersWithoutEnd(t *testing.T) {
	s := newAPIServer(t)
	s.override["GET "+rolloutPath] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for range (maxAnswer + 1<<20) / 1024 {
			if _, err := w.Write([]byte(strings.Repeat(" ", 1024))); err != nil {
				return
			}
		}
	}
	a, err := mustLoad(t, argoConfigFor(s)).Halt(t.Context(), v2)
	checkOutcome(t, a, err, outcome{tool: "argo-rollouts", status: 200, retry: true, wantErr: "larger than 16 MiB"})
}

func TestClusterOutside(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a}}], clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, config, wantErr string }{
		{"not in a cluster", "", "Andon does not run inside a cluster; set kubeconfig and context, or api"},
		{"plain kubeconfig", ", kubeconfig: " + plain, "nothing listens there"},
		{"no kubeconfig", ", kubeconfig: /nowhere/config", "/nowhere/config"},
		{"no such context", ", context: prod", `context "prod" does not exist; check kubeconfig and context`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := mustLoad(t, "tool: {argo-rollouts: {namespace: shop, name: checkout"+tt.config+"}}")
			a, err := h.Halt(t.Context(), v2)
			checkOutcome(t, a, err, outcome{tool: "argo-rollouts", wantErr: tt.wantErr, retry: tt.name == "plain kubeconfig"})
			if plan := h.Plan(v2); !strings.HasPrefix(plan, "PATCH ") || !strings.Contains(plan, rolloutPath+"/status with ") {
				t.Errorf("plan %s", plan)
			}
		})
	}
}

func TestClusterByKubeconfig(t *testing.T) {
	s := newAPIServer(t)
	s.put(t, rolloutPath, underWay)
	s.override["PATCH "+rolloutPath+"/status"] = func(w http.ResponseWriter, r *http.Request) {
		status(403, "Forbidden", "credentials "+r.Header.Get("Authorization"))(w, r)
	}
	// A kubeconfig's token goes over TLS only.
	secure := httptest.NewTLSServer(s)
	t.Cleanup(secure.Close)
	ca := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	file := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: '%s/', certificate-authority-data: %s}}]\nusers: [{name: u, user: {token: hunter2}}]\ncontexts: [{name: prod, context: {cluster: c, user: u}}]\n", secure.URL, ca)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := mustLoad(t, "tool: {argo-rollouts: {namespace: shop, name: checkout, kubeconfig: "+file+", context: prod, timeout: "+(5*time.Second).String()+"}}")
	a, err := h.Halt(t.Context(), v2)
	checkOutcome(t, a, err, outcome{tool: "argo-rollouts", status: 403, wantErr: "credentials <secret>; allow the verb patch on rollouts/status"})
	if e := err.Error(); !strings.Contains(e, secure.URL+rolloutPath) {
		t.Errorf("%s does not tell the cluster", e)
	}
	checkSecrets(t, err.Error())
}
