package delivery

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHold(t *testing.T) {
	getRollout, patchRollout := "GET "+rolloutPath, "PATCH "+rolloutPath
	tests := []struct {
		name     string
		argo     bool
		action   string // of kubernetes
		live     string
		override map[string]http.HandlerFunc
		version  string
		asked    []string
		want     outcome
		said     string
	}{
		{name: "a Rollout is paused", argo: true, live: underWay, asked: []string{getRollout, patchRollout}, want: outcome{status: 200}, said: "is paused at its current step"},
		{name: "a Rollout paused before", argo: true, live: edited(underWay, `"spec":{`, `"spec":{"paused":true,`), asked: []string{getRollout}, want: outcome{status: 200, already: true}, said: "was already paused"},
		{name: "a Rollout aborted before", argo: true, live: edited(underWay, `"phase"`, `"abort":true,"phase"`), asked: []string{getRollout}, want: outcome{status: 200, already: true}, said: "was already aborted"},
		{name: "a Rollout promoted fully", argo: true, live: edited(underWay, `"7fc"`, `"5d8"`), asked: []string{getRollout}, want: outcome{status: 200, already: true}, said: "fully promoted"},
		{name: "a Rollout that moved on", argo: true, live: underWay, version: "v1.9", asked: []string{getRollout}, want: outcome{tool: "argo-rollouts", status: 200, wantErr: "now at version v2"}},
		{name: "a Rollout that may not be patched", argo: true, live: underWay, override: map[string]http.HandlerFunc{patchRollout: status(403, "Forbidden", "no")},
			asked: []string{getRollout, patchRollout}, want: outcome{tool: "argo-rollouts", status: 403, wantErr: "allow the verb patch on rollouts of the API group argoproj.io"}},
		{name: "a Deployment is paused", action: "pause", live: rolling, asked: []string{getDeployment, patchDeployment}, want: outcome{status: 200}, said: "is paused"},
		{name: "a Deployment that would be taken back is only paused", action: "undo", live: rolling, asked: []string{getDeployment, patchDeployment}, want: outcome{status: 200}, said: "is paused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newAPIServer(t)
			if tt.override != nil {
				s.override = tt.override
			}
			path, config := deploymentPath, deploymentConfigFor(s, tt.action)
			if tt.argo {
				path, config = rolloutPath, argoConfigFor(s)
			}
			s.put(t, path, tt.live)
			h := v2
			h.Action = ActionHold
			if tt.version != "" {
				h.Rollout.Version = tt.version
			}
			holder, ok := mustLoad(t, config).(Holder)
			if !ok {
				t.Fatal("it cannot hold")
			}
			if want := "PATCH " + s.URL + path + ` with application/merge-patch+json {"spec":{"paused":true}}`; holder.PlanHold(h) != want {
				t.Errorf("plans %s, want %s", holder.PlanHold(h), want)
			}
			a, err := holder.Hold(t.Context(), h)
			checkOutcome(t, a, err, tt.want)
			if got, want := s.log(), strings.Join(tt.asked, "\n"); got != want {
				t.Errorf("asked\n%s\nwant\n%s", got, want)
			}
			if !strings.Contains(a.Text, tt.said) {
				t.Errorf("said %q, want %q", a.Text, tt.said)
			}
			if err != nil || a.Already {
				return
			}
			if paused, _ := s.get(path)["spec"].(map[string]any)["paused"].(bool); !paused {
				t.Error("it is not paused")
			}
			if again, err := holder.Hold(t.Context(), h); err != nil || !again.Already {
				t.Errorf("held again: %+v, %v", again, err)
			}
		})
	}
}

func TestWebhookHolds(t *testing.T) {
	var apiRequest []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		apiRequest = append(apiRequest, r.URL.Path+" "+r.Header.Get("Idempotency-Key"))
	}))
	defer s.Close()
	if _, can := mustLoad(t, "tool: {webhook: {url: '"+s.URL+"/halt'}}").(Holder); can {
		t.Error("a webhook holds whose receiver is not said to know how")
	}
	h := v2
	h.ID, h.Action = "hold-1", ActionHold
	tool := mustLoad(t, "tool: {webhook: {url: '"+s.URL+"/{{.Action}}', hold: true}}")
	a, err := tool.(Holder).Hold(t.Context(), h)
	if err != nil || !strings.Contains(a.Text, "the tool accepted the request to hold") {
		t.Errorf("held: %+v, %v", a, err)
	}
	h.ID, h.Action = "halt-1", ActionHalt
	if a, err = tool.Halt(t.Context(), h); err != nil || !strings.Contains(a.Text, "accepted the request to halt") {
		t.Errorf("halted: %+v, %v", a, err)
	}
	if got := strings.Join(apiRequest, ", "); got != "/hold hold-1, /halt halt-1" {
		t.Errorf("asked %s", got)
	}
}
