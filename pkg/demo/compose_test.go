package demo

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	promconfig "github.com/prometheus/prometheus/config"
	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/config"
)

// TestCompose checks what can be checked of docker-compose.yaml without
// Docker: that it is YAML of the known keys, and that what it mounts and copies
// is in the repository.
func TestCompose(t *testing.T) {
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	type service struct {
		Build       struct{ Context, Target string }
		Image       string
		Command     []string
		NetworkMode string   `yaml:"network_mode"`
		DependsOn   []string `yaml:"depends_on"`
		Ports       []string
		Environment map[string]string
		Volumes     []string
	}
	var compose struct {
		Services map[string]service
		Volumes  map[string]any
	}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	if err := d.Decode(&compose); err != nil {
		t.Fatal(err)
	}
	if len(compose.Services) != 5 {
		t.Fatalf("there are %d services, want 5", len(compose.Services))
	}
	for name, s := range compose.Services {
		for _, v := range s.Volumes {
			from, rest, _ := strings.Cut(v, ":")
			_, named := compose.Volumes[from]
			switch {
			case !strings.HasPrefix(rest, "/"):
				t.Errorf("%s: %s is mounted nowhere", name, v)
			case named, from == "./dist": // dist/ is made by the build
			default:
				if _, err := os.Stat(filepath.Join(root, from)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		for _, other := range append(s.DependsOn, strings.TrimPrefix(s.NetworkMode, "service:")) {
			if _, ok := compose.Services[other]; other != "" && !ok {
				t.Errorf("%s: there is no service %q", name, other)
			}
		}
		if s.Build.Target != "" && !strings.Contains(string(dockerfile), " AS "+s.Build.Target+"\n") {
			t.Errorf("%s: the Dockerfile has no stage %q", name, s.Build.Target)
		}
		if s.Image == "" || s.Build.Context == "" && s.NetworkMode == "" {
			t.Errorf("%s has no image, or is in no network with the others", name)
		}
	}
	for _, file := range []string{"go.mod", "go.sum", "cmd", "pkg"} {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			t.Error(err)
		}
	}
}

// TestConfigFiles: what the containers mount is right as it is.
func TestConfigFiles(t *testing.T) {
	text, err := configFiles.ReadFile("config/andon.yml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range c.Services {
		names = append(names, s.Name)
		if s.Tool == nil || s.Version != "version" || s.Node != "pod" {
			t.Errorf("service %s cannot be judged by version, or not be halted", s.Name)
		}
	}
	if !slices.Equal(names, Services()) {
		t.Errorf("services are %v, want %v", names, Services())
	}
	p, err := promconfig.LoadFile("config/prometheus.yml", false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.ScrapeConfigs) != 3 || len(p.RuleFiles) != 2 {
		t.Errorf("Prometheus scrapes %d jobs by %d files of rules, want 3 and 2", len(p.ScrapeConfigs), len(p.RuleFiles))
	}
}
