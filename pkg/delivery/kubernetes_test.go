package delivery

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rolling is a Deployment between v1 and v2, as the API tells it.
const rolling = `{"apiVersion":"apps/v1","kind":"Deployment",
"metadata":{"name":"checkout","namespace":"shop","uid":"u1","generation":7,"annotations":{"deployment.kubernetes.io/revision":"3","kubernetes.io/change-cause":"v2","a":"of the Deployment"}},
"spec":{"replicas":4,"selector":{"matchLabels":{"app":"checkout"}},"template":{"metadata":{"labels":{"app":"checkout","app.kubernetes.io/version":"v2"}},"spec":{"containers":[{"name":"c","image":"checkout:v2"}]}}},
"status":{"observedGeneration":7,"replicas":5,"updatedReplicas":2,"availableReplicas":4}}`

// replicaSet returns one of version, at a revision, owned by uid.
func replicaSet(version, revision, uid string) string {
	return fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"ReplicaSet",
"metadata":{"name":"checkout-%[1]s","namespace":"shop","labels":{"app":"checkout"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"checkout","uid":%[3]q,"controller":true}],
"annotations":{"deployment.kubernetes.io/revision":%[2]q,"deployment.kubernetes.io/desired-replicas":"4","kubernetes.io/change-cause":%[1]q,"andon.dev/halted":"h-0"}},
"spec":{"template":{"metadata":{"labels":{"app":"checkout","app.kubernetes.io/version":%[1]q,"pod-template-hash":"hash-%[1]s"}},"spec":{"containers":[{"name":"c","image":"checkout:%[1]s"}]}}}}`, version, revision, uid)
}

func deploymentConfigFor(s *apiServer, action string) string {
	return fmt.Sprintf("tool: {kubernetes: {namespace: shop, name: checkout, action: %s, api: {url: '%s', authorization: {credentials: hunter2}}}}", action, s.URL)
}

// deploymentCase is a Deployment, what is asked about it, and what comes of it.
type deploymentCase struct {
	name     string
	live     string
	sets     []string
	override map[string]http.HandlerFunc
	version  string
	id       string
	asked    []string
	want     outcome
	said     string
}

const (
	getDeployment   = "GET " + deploymentPath
	listSets        = "GET " + setsPath
	patchDeployment = "PATCH " + deploymentPath
)

func (c deploymentCase) run(t *testing.T, action string) *apiServer {
	t.Helper()
	s := newAPIServer(t)
	if c.override != nil {
		s.override = c.override
	}
	if c.live != "" {
		s.put(t, deploymentPath, c.live)
	}
	for i, set := range c.sets {
		s.put(t, fmt.Sprintf("%s/%d", setsPath, i), set)
	}
	h := v2
	if c.version != "" {
		h.Rollout.Version = c.version
	}
	if c.id != "" {
		h.ID = c.id
	}
	a, err := mustLoad(t, deploymentConfigFor(s, action)).Halt(t.Context(), h)
	c.want.tool = "kubernetes"
	checkOutcome(t, a, err, c.want)
	if got, want := s.log(), strings.Join(c.asked, "\n"); got != want {
		t.Errorf("asked\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(a.Text, c.said) {
		t.Errorf("said %q, want %q", a.Text, c.said)
	}
	if err != nil {
		checkSecrets(t, err.Error())
	}
	return s
}

func TestPause(t *testing.T) {
	tests := []deploymentCase{
		{name: "paused", live: rolling, asked: []string{getDeployment, patchDeployment}, want: outcome{status: 200}, said: "is paused"},
		{name: "no status yet", live: edited(rolling, `"status"`, `"other"`), asked: []string{getDeployment, patchDeployment}, want: outcome{status: 200}},
		{name: "paused before", live: edited(rolling, `"replicas":4`, `"replicas":4,"paused":true`), asked: []string{getDeployment}, want: outcome{status: 200, already: true}, said: "was already paused"},
		{name: "complete", live: edited(rolling, `"replicas":5,"updatedReplicas":2`, `"replicas":4,"updatedReplicas":4`), asked: []string{getDeployment}, want: outcome{status: 200, already: true}, said: "completely rolled out before it could be paused"},
		{name: "complete one generation ago", live: edited(rolling, `"replicas":5,"updatedReplicas":2`, `"replicas":4,"updatedReplicas":4`, `"observedGeneration":7`, `"observedGeneration":6`), asked: []string{getDeployment, patchDeployment}, want: outcome{status: 200}},
		{name: "moved on", live: rolling, version: "v1.9", asked: []string{getDeployment}, want: outcome{status: 200, wantErr: "the object is now at version v2"}},
		{name: "not found", asked: []string{getDeployment}, want: outcome{status: 404, wantErr: "no Deployment checkout in namespace shop"}},
		{name: "may not read", live: rolling, override: map[string]http.HandlerFunc{getDeployment: status(403, "Forbidden", "no")}, asked: []string{getDeployment}, want: outcome{status: 403, wantErr: "allow the verb get on deployments of the API group apps"}},
		{name: "may not patch", live: rolling, override: map[string]http.HandlerFunc{patchDeployment: status(403, "Forbidden", "no")}, asked: []string{getDeployment, patchDeployment}, want: outcome{status: 403, wantErr: "allow the verb patch on deployments of the API group apps"}},
		{name: "unauthorized", override: map[string]http.HandlerFunc{getDeployment: status(401, "Unauthorized", "Unauthorized")}, asked: []string{getDeployment}, want: outcome{status: 401, wantErr: "token"}},
		{name: "conflict", live: rolling, override: map[string]http.HandlerFunc{patchDeployment: status(409, "Conflict", "modified")}, asked: []string{getDeployment, patchDeployment}, want: outcome{status: 409, retry: true, wantErr: "changed at the same time"}},
		{name: "too many requests", live: rolling, override: map[string]http.HandlerFunc{patchDeployment: later(429)}, asked: []string{getDeployment, patchDeployment}, want: outcome{status: 429, retry: true, wantErr: "Andon tries again"}},
		{name: "server error", live: rolling, override: map[string]http.HandlerFunc{patchDeployment: status(500, "InternalError", "boom")}, asked: []string{getDeployment, patchDeployment}, want: outcome{status: 500, retry: true, wantErr: "boom"}},
		{name: "garbage", live: rolling, override: map[string]http.HandlerFunc{getDeployment: answer(200, "text/plain", "hello")}, asked: []string{getDeployment}, want: outcome{status: 200, retry: true, wantErr: "check that this is the URL"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.run(t, "pause")
			if kind, body := s.lastBody(); body != "" && (kind != "application/merge-patch+json" || body != `{"spec":{"paused":true}}`) {
				t.Errorf("patched with %s %s", kind, body)
			}
			if paused, _ := s.get(deploymentPath)["spec"].(map[string]any)["paused"].(bool); tt.said == "is paused" && !paused {
				t.Error("it is not paused")
			}
		})
	}
}

func TestUndo(t *testing.T) {
	sets := []string{replicaSet("v0", "1", "u1"), replicaSet("v2", "3", "u1"), replicaSet("v1", "2", "u1"), replicaSet("v9", "9", "another"), edited(replicaSet("v8", "8", "u1"), `"revision":"8"`, `"none":"8"`, "deployment.kubernetes.io/revision", "x")}
	all := []string{getDeployment, listSets, patchDeployment}
	invalid := `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"spec.template: Invalid","reason":"Invalid","code":422,"details":{"name":"checkout","causes":[{"reason":"FieldValueInvalid","field":"spec.template"}]}}`
	tests := []deploymentCase{
		{name: "taken back", live: rolling, sets: sets, asked: all, want: outcome{status: 200}, said: "is rolling back to revision 2"},
		{name: "paused", live: edited(rolling, `"replicas":4`, `"replicas":4,"paused":true`), sets: sets, asked: all, want: outcome{status: 200}, said: "is rolling back to revision 2"},
		{name: "paused before its change began", live: edited(rolling, `"replicas":4`, `"replicas":4,"paused":true`), sets: []string{sets[0], sets[2]}, asked: all, want: outcome{status: 200}, said: "is rolling back to revision 2"},
		{name: "complete", live: edited(rolling, `"replicas":5,"updatedReplicas":2`, `"replicas":4,"updatedReplicas":4`), sets: sets, asked: all, want: outcome{status: 200}},
		{name: "halted by another halt", live: edited(rolling, `"a":`, `"andon.dev/halted":"h-0","a":`), sets: sets, asked: all, want: outcome{status: 200}},
		{name: "halted before", live: edited(rolling, `"a":`, `"andon.dev/halted":"h-1","a":`, `"app.kubernetes.io/version":"v2"`, `"app.kubernetes.io/version":"v1"`), asked: []string{getDeployment}, want: outcome{status: 200, already: true}, said: "was already rolled back"},
		{name: "halted before, and re-applied", live: edited(rolling, `"a":`, `"andon.dev/halted":"h-1","a":`), asked: []string{getDeployment}, want: outcome{status: 200, already: true}, said: "something re-applies that version"},
		{name: "already rolling back", live: edited(rolling, `checkout:v2`, `checkout:v1`, `"app.kubernetes.io/version":"v2"`, `"app.kubernetes.io/version":"v1"`), version: "v1", sets: sets, asked: all[:2], want: outcome{status: 200, already: true}, said: "already rolling back"},
		{name: "moved on", live: rolling, version: "v1.9", sets: sets, asked: all[:1], want: outcome{status: 200, wantErr: "the object is now at version v2"}},
		{name: "controller is behind", live: edited(rolling, `"observedGeneration":7`, `"observedGeneration":6`), sets: []string{sets[0], sets[2]}, asked: all[:2], want: outcome{status: 200, retry: true, wantErr: "has not processed the latest change yet"}},
		{name: "first revision", live: rolling, sets: sets[1:2], asked: all[:2], want: outcome{status: 200, wantErr: "there is no earlier revision"}},
		{name: "no ReplicaSets", live: rolling, asked: all[:2], want: outcome{status: 200, wantErr: "there is no earlier revision"}},
		{name: "not found", asked: all[:1], want: outcome{status: 404, wantErr: "no Deployment checkout"}},
		{name: "may not list", live: rolling, override: map[string]http.HandlerFunc{listSets: status(403, "Forbidden", "no")}, asked: all[:2], want: outcome{status: 403, wantErr: "allow the verb list on replicasets of the API group apps"}},
		{name: "list fails", live: rolling, override: map[string]http.HandlerFunc{listSets: status(503, "ServiceUnavailable", "no")}, asked: all[:2], want: outcome{status: 503, retry: true, wantErr: "Andon tries again"}},
		{name: "list is garbage", live: rolling, override: map[string]http.HandlerFunc{listSets: answer(200, "application/json", "{")}, asked: all[:2], want: outcome{status: 200, retry: true, wantErr: "check that this is the URL"}},
		{name: "may not patch", live: rolling, sets: sets, override: map[string]http.HandlerFunc{patchDeployment: status(403, "Forbidden", "no")}, asked: all, want: outcome{status: 403, wantErr: "allow the verb patch on deployments"}},
		{name: "conflict", live: rolling, sets: sets, override: map[string]http.HandlerFunc{patchDeployment: status(409, "Conflict", "modified")}, asked: all, want: outcome{status: 409, retry: true, wantErr: "changed at the same time"}},
		{name: "template no longer valid", live: rolling, sets: sets, override: map[string]http.HandlerFunc{patchDeployment: answer(422, "application/json", invalid)}, asked: all, want: outcome{status: 422, wantErr: "no longer valid"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.run(t, "undo")
			if strings.HasPrefix(tt.said, "goes back") {
				checkTakenBack(t, s)
			}
		})
	}
}

// checkTakenBack checks what became of the Deployment, and that a second halt changes nothing.
func checkTakenBack(t *testing.T, s *apiServer) {
	t.Helper()
	kind, body := s.lastBody()
	if kind != "application/json-patch+json" || !strings.Contains(body, `{"op":"test","path":"/metadata/generation","value":7}`) {
		t.Errorf("patched with %s %s", kind, body)
	}
	live := s.get(deploymentPath)
	spec := live["spec"].(map[string]any)
	want := parsed(t, `{"metadata":{"labels":{"app":"checkout","app.kubernetes.io/version":"v1"}},"spec":{"containers":[{"name":"c","image":"checkout:v1"}]}}`)
	if diff := cmp.Diff(want, spec["template"]); diff != "" {
		t.Errorf("template (-want +got):\n%s", diff)
	}
	wantNotes := parsed(t, `{"deployment.kubernetes.io/revision":"3","kubernetes.io/change-cause":"v1","andon.dev/halted":"h-1"}`)
	if diff := cmp.Diff(wantNotes, live["metadata"].(map[string]any)["annotations"]); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if paused, _ := spec["paused"].(bool); paused {
		t.Error("it is paused, so nothing rolls back")
	}
	again, err := mustLoad(t, deploymentConfigFor(s, "undo")).Halt(t.Context(), v2)
	if err != nil || !again.Already || strings.Contains(again.Text, "re-applies") {
		t.Errorf("halted again: %+v, %v", again, err)
	}
	after, _ := json.Marshal(s.get(deploymentPath))
	if before, _ := json.Marshal(live); string(before) != string(after) {
		t.Errorf("the second halt changed it to %s", after)
	}
}

// TestUndoSeesChangeBetween changes the Deployment after it was read.
func TestUndoSeesChangeBetween(t *testing.T) {
	s := newAPIServer(t)
	s.put(t, deploymentPath, rolling)
	for i, set := range []string{replicaSet("v1", "2", "u1"), replicaSet("v2", "3", "u1")} {
		s.put(t, fmt.Sprintf("%s/%d", setsPath, i), set)
	}
	s.override[listSets] = func(w http.ResponseWriter, r *http.Request) {
		s.put(t, deploymentPath, edited(rolling, `"generation":7`, `"generation":8`, "v2", "v3"))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.list(w, r)
	}
	h := mustLoad(t, deploymentConfigFor(s, "undo"))
	a, err := h.Halt(t.Context(), v2)
	checkOutcome(t, a, err, outcome{tool: "kubernetes", status: 422, retry: true, wantErr: "changed at the same time"})
	a, err = h.Halt(t.Context(), v2)
	checkOutcome(t, a, err, outcome{tool: "kubernetes", status: 200, wantErr: "now at version v3"})
}

func TestDeploymentPlan(t *testing.T) {
	s := newAPIServer(t)
	for action, want := range map[string]string{
		"pause": `with application/merge-patch+json {"spec":{"paused":true}}`,
		"undo":  "with application/json-patch+json that replaces /spec/template with that of the previous revision and sets the annotation andon.dev/halted to h-1",
	} {
		if got := mustLoad(t, deploymentConfigFor(s, action)).Plan(v2); got != "PATCH "+s.URL+deploymentPath+" "+want {
			t.Errorf("%s: %s", action, got)
		}
	}
	if s.log() != "" {
		t.Errorf("a plan asked\n%s", s.log())
	}
}
