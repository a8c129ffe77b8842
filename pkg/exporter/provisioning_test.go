package exporter

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// provisioned is what Grafana reads of provisioning/, as far as it is checked here.
type provisioned struct {
	APIVersion  int `yaml:"apiVersion"`
	Datasources []struct{ Name, UID, Type, Access, URL string }
	Providers   []struct {
		Name, Type string
		Options    struct{ Path string }
	}
	ContactPoints []struct {
		OrgID     int `yaml:"orgId"`
		Name      string
		Receivers []struct {
			UID, Type string
			Settings  map[string]string
		}
	} `yaml:"contactPoints"`
	Policies []policyForm
	Groups   []struct {
		OrgID        int `yaml:"orgId"`
		Name, Folder string
		Interval     model.Duration
		Rules        []ruleForm
	}
}

type policyForm struct {
	Receiver       string
	GroupBy        []string       `yaml:"group_by"`
	GroupWait      model.Duration `yaml:"group_wait"`
	GroupInterval  model.Duration `yaml:"group_interval"`
	RepeatInterval model.Duration `yaml:"repeat_interval"`
	Matchers       [][]string     `yaml:"object_matchers"`
	Routes         []policyForm
}

type ruleForm struct {
	UID, Title, Condition string
	ExecErrState          string `yaml:"execErrState"`
	Data                  []struct {
		RefID         string `yaml:"refId"`
		DatasourceUID string `yaml:"datasourceUid"`
		Range         *struct {
			From, To int
		} `yaml:"relativeTimeRange"`
		Model struct {
			RefID      string `yaml:"refId"`
			Expression string
		}
	}
}

// readProvisioning reads every file of provisioning/.
func readProvisioning(t *testing.T) map[string]provisioned {
	t.Helper()
	files, err := filepath.Glob("../../provisioning/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("nothing is provisioned", err)
	}
	out := map[string]provisioned{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var p provisioned
		if err := yaml.Unmarshal(text, &p); err != nil {
			t.Fatal(file, err)
		}
		if p.APIVersion != 1 {
			t.Errorf("%s: apiVersion %d", file, p.APIVersion)
		}
		out[filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = p
	}
	return out
}

// TestProvisioning: what is provisioned holds together, so that Grafana starts
// with it: it refuses to start over a contact point that there is not.
func TestProvisioning(t *testing.T) {
	all := readProvisioning(t)
	sources := []string{"__expr__"}
	for _, file := range []string{"datasources/andon.yaml", "datasources/prometheus.yaml"} {
		for _, d := range all[file].Datasources {
			if d.Name == "" || d.UID == "" || len(d.UID) > 40 || d.Type == "" || d.Access != "proxy" || d.URL == "" {
				t.Errorf("%s: %+v", file, d)
			}
			sources = append(sources, d.UID)
		}
	}
	if len(sources) != 3 {
		t.Errorf("data sources %v, want Andon and its Prometheus", sources)
	}
	for _, p := range all["dashboards/andon.yaml"].Providers {
		if p.Name == "" || p.Type != "file" || !filepath.IsAbs(p.Options.Path) {
			t.Errorf("dashboards: %+v", p)
		}
	}
	uids := map[string]bool{}
	for _, g := range all["alerting/rules.yaml"].Groups {
		// Grafana looks at its rules every 10 s.
		if every := time.Duration(g.Interval); g.OrgID != 1 || g.Name == "" || g.Folder == "" || every <= 0 || every%(10*time.Second) != 0 {
			t.Errorf("group %q of folder %q every %s", g.Name, g.Folder, g.Interval)
		}
		for _, r := range g.Rules {
			if uids[r.UID] || r.UID == "" {
				t.Errorf("two rules have the uid %q", r.UID)
			}
			uids[r.UID] = true
			r.check(t, sources)
		}
	}
	var receivers []string
	for _, c := range all["alerting/contact-points.yaml"].ContactPoints {
		receivers = append(receivers, c.Name)
		for _, r := range c.Receivers {
			if c.OrgID != 1 || r.UID == "" || len(r.UID) > 40 || uids[r.UID] || r.Type == "" || len(r.Settings) == 0 {
				t.Errorf("contact point %s: %+v", c.Name, r)
			}
			uids[r.UID] = true
		}
	}
	for _, p := range all["alerting/policies.yaml"].Policies {
		if len(p.GroupBy) == 0 {
			t.Error("the first policy does not say what is grouped")
		}
		p.check(t, receivers)
	}
}

func (r ruleForm) check(t *testing.T, sources []string) {
	t.Helper()
	var refs []string
	for _, q := range r.Data {
		refs = append(refs, q.RefID)
		if !slices.Contains(sources, q.DatasourceUID) || q.RefID == "" || q.Model.RefID != q.RefID {
			t.Errorf("%s, query %q: data source %q, want one of %v; its model is %+v", r.Title, q.RefID, q.DatasourceUID, sources, q.Model)
		}
		switch {
		case q.DatasourceUID == "__expr__":
			if !slices.Contains(refs, q.Model.Expression) {
				t.Errorf("%s, query %s is about %q, which is not before it", r.Title, q.RefID, q.Model.Expression)
			}
		case q.Range == nil || q.Range.From <= q.Range.To || q.Range.To < 0:
			t.Errorf("%s, query %s has the time range %+v", r.Title, q.RefID, q.Range)
		}
	}
	if !slices.Contains(refs, r.Condition) || r.ExecErrState != "Error" {
		t.Errorf("%s: condition %q of %v, on errors %q", r.Title, r.Condition, refs, r.ExecErrState)
	}
}

func (p policyForm) check(t *testing.T, receivers []string) {
	t.Helper()
	if !slices.Contains(receivers, p.Receiver) || p.RepeatInterval < p.GroupInterval {
		t.Errorf("policy %+v, contact points %v", p, receivers)
	}
	for _, m := range p.Matchers {
		if len(m) != 3 || !slices.Contains([]string{"=", "!=", "=~", "!~"}, m[1]) {
			t.Errorf("matcher %q", m)
			continue
		}
		if _, err := regexp.Compile(m[2]); err != nil {
			t.Errorf("matcher %q: %v", m, err)
		}
	}
	for _, r := range p.Routes {
		r.check(t, receivers)
	}
}
