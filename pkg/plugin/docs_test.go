package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"go.yaml.in/yaml/v3"
)

// repository is the top folder, seen from a test of this package.
const repository = "../.."

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(repository, path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// blocks returns the code blocks of docs/reference/datasource.md of a language.
func blocks(t *testing.T, language string) [][]byte {
	t.Helper()
	var out [][]byte
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(read(t, "docs/reference/datasource.md"), -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		t.Fatalf("no %s in docs/reference/datasource.md", language)
	}
	return out
}

// A provisioned data source has these fields and no others, as Grafana knows
// them.
type provisioned struct {
	APIVersion  int `yaml:"apiVersion"`
	Datasources []struct {
		Name           string            `yaml:"name"`
		UID            string            `yaml:"uid"`
		Type           string            `yaml:"type"`
		Access         string            `yaml:"access"`
		URL            string            `yaml:"url"`
		BasicAuth      bool              `yaml:"basicAuth"`
		BasicAuthUser  string            `yaml:"basicAuthUser"`
		JSONData       map[string]any    `yaml:"jsonData"`
		SecureJSONData map[string]string `yaml:"secureJsonData"`
	} `yaml:"datasources"`
}

func TestProvisioning(t *testing.T) {
	for name, text := range map[string][]byte{
		"provisioning/datasources/andon.yaml": read(t, "provisioning/datasources/andon.yaml"),
		"docs/reference/datasource.md":        blocks(t, "yaml")[0],
	} {
		t.Run(name, func(t *testing.T) {
			var p provisioned
			d := yaml.NewDecoder(bytes.NewReader(text))
			d.KnownFields(true)
			if err := d.Decode(&p); err != nil {
				t.Fatal(err)
			}
			if p.APIVersion != 1 || len(p.Datasources) != 1 || p.Datasources[0].Type != ID || p.Datasources[0].Access != "proxy" {
				t.Fatalf("%+v", p)
			}
			s := p.Datasources[0]
			// Grafana puts the secret in place of $MIMIR_CA.
			if _, ok := s.SecureJSONData["tlsCACert"]; ok {
				s.JSONData["tlsAuthWithCACert"] = false
			}
			jsonData, err := json.Marshal(s.JSONData)
			if err != nil {
				t.Fatal(err)
			}
			made, err := New(context.Background(), backend.DataSourceInstanceSettings{UID: s.UID, Name: s.Name, Type: s.Type, URL: s.URL,
				BasicAuthEnabled: s.BasicAuth, BasicAuthUser: s.BasicAuthUser, JSONData: jsonData, DecryptedSecureJSONData: s.SecureJSONData})
			if err != nil {
				t.Fatal(err)
			}
			c := made.(*Datasource).sources.config
			if want, err := parseDuration("", s.JSONData["timeInterval"].(string)); err != nil || c.Scrape != want {
				t.Errorf("scrape interval is %v", c.Scrape)
			}
			if c.Exporter.URL != s.JSONData["exporterUrl"] {
				t.Errorf("exporter is %q", c.Exporter.URL)
			}
			if seconds, ok := s.JSONData["timeout"].(int); ok && c.Prometheus.Timeout != time.Duration(seconds)*time.Second {
				t.Errorf("timeout is %v", c.Prometheus.Timeout)
			}
		})
	}
}

// Every query that the documentation shows is one that is answered, and names
// no field that is not known.
func TestDocumentedQueries(t *testing.T) {
	queries := blocks(t, "json")
	var rules struct {
		Groups []struct {
			Rules []struct {
				Data []struct {
					DatasourceUID string         `yaml:"datasourceUid"`
					Model         map[string]any `yaml:"model"`
				} `yaml:"data"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(blocks(t, "yaml")[1], &rules); err != nil {
		t.Fatal(err)
	}
	for _, d := range rules.Groups[0].Rules[0].Data {
		if d.DatasourceUID != "andon" {
			continue
		}
		delete(d.Model, "refId") // Grafana's own
		b, err := json.Marshal(d.Model)
		if err != nil {
			t.Fatal(err)
		}
		queries = append(queries, b)
	}
	if len(queries) != 4 {
		t.Fatalf("%d queries", len(queries))
	}
	d := instance(t, backend.DataSourceInstanceSettings{URL: prometheusServer(t, nil)})
	for _, q := range queries {
		var strict querySpec
		s := json.NewDecoder(bytes.NewReader(q))
		s.DisallowUnknownFields()
		if err := s.Decode(&strict); err != nil {
			t.Errorf("%s: %v", q, err)
		}
		req := ask(map[string]string{"A": string(q)})
		req.Headers["FromAlert"] = "true"
		res, err := d.QueryData(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		if r := res.Responses["A"]; r.Error != nil || len(r.Frames) != 1 || r.Frames[0].Rows() != 0 {
			t.Errorf("%s: %v, %d frames", q, r.Error, len(r.Frames))
		}
	}
}

// The manifest says what the plugin does, and the link to it is where the
// builds look for it.
func TestManifest(t *testing.T) {
	for _, path := range []string{"plugin.json", "src/plugin.json"} {
		var m struct {
			ID, Type, Executable       string
			Backend, Metrics, Alerting bool
			Info                       struct{ Logos struct{ Small, Large string } }
			Includes                   []struct{ Path string }
		}
		if err := json.Unmarshal(read(t, path), &m); err != nil {
			t.Fatal(err)
		}
		if m.ID != ID || m.Type != "datasource" || m.Executable != "gpx_andon" || !m.Backend || !m.Metrics || !m.Alerting {
			t.Errorf("%s says %+v", path, m)
		}
		files := []string{m.Info.Logos.Small, m.Info.Logos.Large}
		for _, i := range m.Includes {
			files = append(files, i.Path)
		}
		for _, f := range files {
			read(t, filepath.Join("src", f))
		}
	}
}
