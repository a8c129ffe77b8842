package plugin

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What Grafana's schema of plugin.json, and the checks of its catalogue, say of
// the fields that are used here; a field that is not named is not allowed.
var (
	manifestFields = []string{"$schema", "alerting", "annotations", "backend", "category", "dependencies", "executable", "id", "includes", "info",
		"logs", "metrics", "multiValueFilterOperators", "name", "queryOptions", "streaming", "tracing", "type"}
	infoFields = []string{"author", "description", "keywords", "links", "logos", "screenshots", "updated", "version"}

	idForm      = regexp.MustCompile(`^[0-9a-z]+-([0-9a-z]+-)?(app|panel|datasource)$`)
	dependForm  = regexp.MustCompile(`^(<=|>=|<|>|=|~|\^)?([0-9]+)(\.[0-9x*]+)?(\.[0-9x*]+)?(-[0-9A-Za-z-.]+)?$`)
	versionForm = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)|(%VERSION%)$`)
	updatedForm = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2}|%TODAY%)$`)
)

func TestManifestSchema(t *testing.T) {
	raw := read(t, "plugin.json")
	var all, info map[string]json.RawMessage
	var m struct {
		ID, Category string
		Info         struct {
			Keywords         []string
			Version, Updated string
			Description      string
			Author           struct{ Name, URL string }
			Links            []struct{ Name, URL string }
			Screenshots      []struct{ Name, Path string }
			Logos            struct{ Small, Large string }
		}
		Includes     []struct{ Type, Name, Path string }
		Dependencies struct{ GrafanaDependency string }

		Alerting, Annotations, Backend, Logs, Metrics, MultiValueFilterOperators, Streaming bool
	}
	for _, into := range []any{&all, &m} {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(all["info"], &info); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		if !slices.Contains(manifestFields, name) {
			t.Errorf("%q is no field of a manifest", name)
		}
	}
	for name := range info {
		if !slices.Contains(infoFields, name) {
			t.Errorf("%q is no field of info", name)
		}
	}
	for _, c := range []struct {
		field, value string
		form         *regexp.Regexp
	}{
		{"id", m.ID, idForm},
		{"info.version", m.Info.Version, versionForm},
		{"info.updated", m.Info.Updated, updatedForm},
		{"dependencies.grafanaDependency", m.Dependencies.GrafanaDependency, dependForm},
	} {
		if !c.form.MatchString(c.value) {
			t.Errorf("%s: %q is not of the form %s", c.field, c.value, c.form)
		}
	}
	// Grafana offers of a data source only what its manifest says that it can.
	if !m.Alerting || !m.Annotations || !m.Backend || !m.Logs || !m.Metrics || !m.MultiValueFilterOperators || !m.Streaming {
		t.Errorf("the data source can do more than it says: %s", raw)
	}
	if !slices.Contains([]string{"tsdb", "logging", "cloud", "tracing", "profiling", "sql", "enterprise", "iot", "other"}, m.Category) {
		t.Errorf("category is %q", m.Category)
	}
	if len(m.Info.Keywords) == 0 || m.Info.Description == "" || m.Info.Author.Name == "" || len(m.Info.Screenshots) == 0 {
		t.Errorf("the catalogue wants keywords, a description, an author and screenshots: %+v", m.Info)
	}
	for _, l := range m.Info.Links {
		if l.Name == "" || !strings.HasPrefix(l.URL, "https://") {
			t.Errorf("link %+v", l)
		}
	}
	for _, s := range m.Info.Screenshots {
		picture := read(t, "src/"+s.Path)
		if s.Name == "" || !strings.HasPrefix(string(picture), "\x89PNG") || len(picture) > 500_000 {
			t.Errorf("screenshot %+v, %d bytes", s, len(picture))
		}
		if !strings.Contains(string(read(t, "src/README.md")), "/src/"+s.Path) {
			t.Errorf("README.md does not show %s", s.Path)
		}
	}
	for _, i := range m.Includes {
		if i.Type != "dashboard" || i.Name == "" || !strings.HasPrefix(i.Path, "dashboards/") {
			t.Errorf("include %+v", i)
		}
	}
}
