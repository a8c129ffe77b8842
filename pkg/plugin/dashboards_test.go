package plugin

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDashboardsAreIncluded: Grafana offers every dashboard with the data source.
func TestDashboardsAreIncluded(t *testing.T) {
	var manifest struct {
		Includes []struct{ Type, Name, Path string }
	}
	if err := json.Unmarshal(read(t, "plugin.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	offered := map[string]string{}
	for _, i := range manifest.Includes {
		offered[i.Path] = i.Name
	}
	files, err := filepath.Glob(filepath.Join(repository, "dashboards", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	there, uids := map[string]string{}, map[string]bool{}
	for _, file := range files {
		name := "dashboards/" + filepath.Base(file)
		var d struct {
			UID, Title, Description string
			SchemaVersion           int
		}
		if err := json.Unmarshal(read(t, name), &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		there[name] = d.Title
		if uids[d.UID] || !strings.HasPrefix(d.UID, "andon-") || d.Description == "" || d.SchemaVersion == 0 {
			t.Errorf("%s: uid %q, schema version %d, description %q", name, d.UID, d.SchemaVersion, d.Description)
		}
		uids[d.UID] = true
		if !strings.Contains(string(read(t, "docs/operate/dashboards.md")), "`"+name+"`") {
			t.Errorf("docs/operate/dashboards.md says nothing of %s", name)
		}
	}
	if !maps.Equal(offered, there) {
		t.Errorf("plugin.json offers %v, there are %v", slices.Sorted(maps.Keys(offered)), slices.Sorted(maps.Keys(there)))
	}
}
