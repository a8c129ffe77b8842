package exporter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// grafanaNotification is what a webhook contact point of Grafana's own alerting
// sends: Alertmanager's fields, a version of its own, and more.
const grafanaNotification = `{
  "receiver": "andon-halt", "status": "firing", "orgId": 1,
  "alerts": [{
    "status": "firing",
    "labels": {"alertname": "AndonRolloutRegressed", "grafana_folder": "Andon", "action": "halt", "rollout": "bad-1", "service_name": "bad-1", "severity": "critical"},
    "annotations": {"summary": "Rollout bad-1 makes bad-1 worse"},
    "startsAt": "2026-03-01T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://grafana:3000/alerting/grafana/andon-rollout-regressed/view?orgId=1", "fingerprint": "57c6d9296de2ad39",
    "silenceURL": "http://grafana:3000/alerting/silence/new", "dashboardURL": "", "panelURL": "",
    "values": {"A": 1, "C": 1}, "valueString": "[ var='A' labels={rollout=bad-1} value=1 ]", "orgId": 1
  }],
  "groupLabels": {"rollout": "bad-1"}, "commonLabels": {"rollout": "bad-1"}, "commonAnnotations": {},
  "externalURL": "http://grafana:3000/", "appVersion": "12.4.0", "version": "1", "groupKey": "{}/{action=\"halt\"}:{rollout=\"bad-1\"}", "truncatedAlerts": 0,
  "title": "[FIRING:1] bad-1", "state": "alerting", "message": "**Firing**"
}`

// TestGrafanaNotification: Grafana's own alerting halts as Alertmanager does.
func TestGrafanaNotification(t *testing.T) {
	tool := newDeliverer(t)
	e, _ := failed(t, 1, halting, tool)
	for _, duplicate := range []bool{false, true} {
		body := want(t, 200, e.Handler(), "POST", "/api/v1/alerts", grafanaNotification)
		got := results(t, body)
		if len(got) != 1 || got[0].Result != "halted" || got[0].Duplicate != duplicate {
			t.Errorf("got %s, want bad-1 halted, duplicate %v", body, duplicate)
		}
	}
	if tool.calls != 1 {
		t.Errorf("the tool was called %d times, want once", tool.calls)
	}
}

// TestGrafanaRules: the rules for Grafana's own alerting are those for
// Prometheus, word for word where the two agree on how to write them.
func TestGrafanaRules(t *testing.T) {
	type alert struct {
		expr, wait          string
		labels, annotations map[string]string
	}
	var shipped struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	var grafana struct {
		Groups []struct {
			Rules []struct {
				UID, Title, Condition, For string
				NoDataState                string `yaml:"noDataState"`
				Data                       []struct {
					RefID         string `yaml:"refId"`
					DatasourceUID string `yaml:"datasourceUid"`
					Model         struct{ Expr, Type, Expression string }
				}
				Labels, Annotations map[string]string
			}
		}
	}
	for path, into := range map[string]any{"rules/alerts.yaml": &shipped, "provisioning/alerting/rules.yaml": &grafana} {
		text, err := os.ReadFile(filepath.Join("..", "..", path))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatal(path, err)
		}
	}
	// Grafana wants $ written twice, and calls a query's value by its letter.
	ours := strings.NewReplacer("$$values.A.Value", "$value", "$$", "$")
	tidy := func(m map[string]string, r *strings.Replacer) map[string]string {
		out := map[string]string{}
		for k, v := range m {
			out[k] = strings.Join(strings.Fields(r.Replace(v)), " ")
		}
		return out
	}
	same := strings.NewReplacer()
	want := map[string]alert{}
	for _, g := range shipped.Groups {
		for _, r := range g.Rules {
			want[r.Alert] = alert{r.Expr, r.For, r.Labels, tidy(r.Annotations, same)}
		}
	}
	got := map[string]bool{}
	for _, g := range grafana.Groups {
		for _, r := range g.Rules {
			w, ok := want[r.Title]
			if !ok || got[r.Title] {
				t.Errorf("%s: not an alert of rules/alerts.yaml, or twice", r.Title)
				continue
			}
			got[r.Title] = true
			if len(r.Data) != 2 || strings.TrimSpace(r.Data[0].Model.Expr) != strings.TrimSpace(w.expr) || r.Data[1].Model.Type != "threshold" || r.Condition != r.Data[1].RefID {
				t.Errorf("%s asks %+v, want %s and a threshold on it", r.Title, r.Data, w.expr)
			}
			if strings.TrimPrefix(r.For, "0s") != w.wait {
				t.Errorf("%s waits %q, want %q", r.Title, r.For, w.wait)
			}
			if g, w := yamlOf(t, r.Labels), yamlOf(t, w.labels); g != w {
				t.Errorf("%s has labels\n%swant\n%s", r.Title, g, w)
			}
			if g, w := yamlOf(t, tidy(r.Annotations, ours)), yamlOf(t, w.annotations); g != w {
				t.Errorf("%s says\n%swant\n%s", r.Title, g, w)
			}
			if r.NoDataState != "OK" {
				t.Errorf("%s: noDataState is %s; an expression without an answer has nothing to say", r.Title, r.NoDataState)
			}
			if len(r.UID) > 40 {
				t.Errorf("%s: Grafana takes no uid of more than 40 letters", r.UID)
			}
		}
	}
	for name := range want {
		if !got[name] {
			t.Errorf("provisioning/alerting/rules.yaml lacks %s", name)
		}
	}
}

func yamlOf(t *testing.T, v any) string {
	t.Helper()
	text, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
