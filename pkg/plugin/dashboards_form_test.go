package plugin

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What Grafana reads of a dashboard, as far as it is checked here.
type dashboardForm struct {
	ID            *int
	UID           string
	SchemaVersion int
	Refresh       string
	Tags          []string
	Time          struct{ From, To string }
	Links         []struct {
		Type string
		Tags []string
	}
	Templating  struct{ List []variableForm }
	Annotations struct {
		List []struct {
			Name       string
			BuiltIn    int
			Datasource sourceForm
			Target     *targetForm
		}
	}
	Panels []panelForm
	Inputs json.RawMessage `json:"__inputs"`
}

type sourceForm struct{ Type, UID string }

type variableForm struct {
	Name, Type string
	Query      any
	Datasource sourceForm
}

type panelForm struct {
	ID         int
	Type       string
	Title      string
	Datasource sourceForm
	GridPos    struct{ X, Y, W, H int }
	Targets    []targetForm
	Panels     []panelForm

	Transformations []struct{ ID string }
	FieldConfig     struct {
		Overrides []struct {
			Matcher    struct{ ID string }
			Properties []struct{ ID string }
		}
	}
}

type targetForm struct {
	RefID, Expr     string
	QueryType, View string
	Datasource      sourceForm
}

// What Grafana 12 and 13 know, of which our dashboards take.
var (
	panelTypes      = []string{"gauge", "heatmap", "logs", "row", "stat", "state-timeline", "table", "timeseries"}
	transformations = []string{"filterFieldsByName", "joinByField", "organize"}
	matchers        = []string{"byName", "byRegexp", "byType"}
	builtIns        = []string{"__interval", "__range", "__rate_interval", "__url_time_range", "__value"}
)

// eachDashboard calls check with every dashboard that we ship, and with its text.
func eachDashboard(t *testing.T, check func(t *testing.T, d dashboardForm, text string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "dashboards", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no dashboards", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text := read(t, "dashboards/"+filepath.Base(file))
			var d dashboardForm
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatal(err)
			}
			check(t, d, string(text))
		})
	}
}

// TestDashboardForm: a dashboard is one that Grafana provisions without a
// click: known by its uid, with no data source written into it.
func TestDashboardForm(t *testing.T) {
	used := regexp.MustCompile(`\$\{?(\w+)`)
	eachDashboard(t, func(t *testing.T, d dashboardForm, text string) {
		if d.ID != nil || d.Inputs != nil || len(d.UID) > 40 || d.SchemaVersion < 39 {
			t.Errorf("id %v, inputs %s, uid %q, schema version %d", d.ID, d.Inputs, d.UID, d.SchemaVersion)
		}
		if d.Time.From == "" || d.Time.To != "now" || d.Refresh == "" {
			t.Errorf("shows %+v, anew every %q", d.Time, d.Refresh)
		}
		for _, l := range d.Links {
			if l.Type != "dashboards" || !slices.Equal(l.Tags, d.Tags) {
				t.Errorf("link %+v does not lead to dashboards tagged as this one, %v", l, d.Tags)
			}
		}
		sources, names := map[string]string{}, slices.Clone(builtIns)
		for _, v := range d.Templating.List {
			names = append(names, v.Name)
			if v.Type == "datasource" {
				sources["${"+v.Name+"}"] = fmt.Sprint(v.Query)
			}
		}
		for _, m := range used.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(names, m[1]) {
				t.Errorf("%s is no variable", m[0])
			}
		}
		exists := func(where string, s sourceForm) {
			if kind, ok := sources[s.UID]; !ok || kind != s.Type {
				t.Errorf("%s asks %+v, want one of the variables %v", where, s, sources)
			}
		}
		for _, v := range d.Templating.List {
			if v.Type != "datasource" {
				exists("variable "+v.Name, v.Datasource)
			}
		}
		for _, a := range d.Annotations.List {
			if a.BuiltIn == 1 {
				continue
			}
			exists("annotation "+a.Name, a.Datasource)
			if a.Target == nil || a.Target.RefID == "" || a.Target.QueryType != "rollouts" || a.Target.View != "annotations" {
				t.Errorf("annotation %s has target %+v", a.Name, a.Target)
			}
		}
		for _, p := range d.all() {
			if p.Type == "row" {
				continue
			}
			exists("panel "+p.Title, p.Datasource)
			for _, q := range p.Targets {
				exists("panel "+p.Title+", query "+q.RefID, q.Datasource)
			}
		}
	})
}

// TestDashboardPanels: panels have a place and an id of their own, and are made
// of what Grafana knows.
func TestDashboardPanels(t *testing.T) {
	eachDashboard(t, func(t *testing.T, d dashboardForm, _ string) {
		ids := map[int]bool{}
		for _, p := range d.all() {
			if p.ID < 1 || ids[p.ID] || p.Title == "" || !slices.Contains(panelTypes, p.Type) {
				t.Errorf("panel %d %q of the type %q", p.ID, p.Title, p.Type)
			}
			ids[p.ID] = true
			for _, x := range p.Transformations {
				if !slices.Contains(transformations, x.ID) {
					t.Errorf("panel %q transforms by %q", p.Title, x.ID)
				}
			}
			for _, o := range p.FieldConfig.Overrides {
				if !slices.Contains(matchers, o.Matcher.ID) || len(o.Properties) == 0 {
					t.Errorf("panel %q overrides %+v", p.Title, o)
				}
			}
			refs := map[string]bool{}
			for _, q := range p.Targets {
				if refs[q.RefID] || q.RefID == "" {
					t.Errorf("panel %q has two queries %q", p.Title, q.RefID)
				}
				refs[q.RefID] = true
				if q.Datasource.Type != ID {
					continue
				}
				if of, ok := queryTypes[q.QueryType]; !ok || !slices.Contains(of.viewNames(), q.View) {
					t.Errorf("panel %q asks for %q, view %q", p.Title, q.QueryType, q.View)
				}
			}
		}
		for i, p := range d.Panels {
			if p.GridPos.W < 1 || p.GridPos.H < 1 || p.GridPos.X < 0 || p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("panel %q is at %+v", p.Title, p.GridPos)
			}
			for _, other := range d.Panels[i+1:] {
				if p.covers(other) {
					t.Errorf("panels %q and %q overlap", p.Title, other.Title)
				}
			}
		}
	})
}

// TestDashboardLinks: what leads to a dashboard leads to one of ours, and takes
// the data sources along.
func TestDashboardLinks(t *testing.T) {
	uids := map[string]bool{}
	eachDashboard(t, func(_ *testing.T, d dashboardForm, _ string) { uids[d.UID] = true })
	link := regexp.MustCompile(`"/d/([^"?/]+)\?([^"]*)"`)
	eachDashboard(t, func(t *testing.T, _ dashboardForm, text string) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !uids[m[1]] || !strings.Contains(m[2], "${prometheus:queryparam}") || !strings.Contains(m[2], "${andon:queryparam}") {
				t.Errorf("link %s, dashboards %v", m[0], uids)
			}
		}
	})
}

// all returns the panels, with those that are folded into rows.
func (d dashboardForm) all() []panelForm {
	var out []panelForm
	for _, p := range d.Panels {
		out = append(append(out, p), p.Panels...)
	}
	return out
}

func (p panelForm) covers(o panelForm) bool {
	a, b := p.GridPos, o.GridPos
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}
