package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/internal/testkit"
	"github.com/andon-project/andon/pkg/strict"
)

// TestBadConfigs: every fault is told, with its line and what to write.
func TestBadConfigs(t *testing.T) {
	files, err := filepath.Glob("testdata/bad-*.yml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d bad configurations: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Load(file)
			wrong, ok := err.(*Error)
			if !ok {
				t.Fatalf("got error %v, want a *Error", err)
			}
			for _, p := range wrong.Problems {
				if p.Text == "" || p.Line == 0 && p.Path != "" {
					t.Errorf("%+v says not where or what", p)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password is shown: %v", err)
			}
			wrong.File = ""
			testkit.Golden(t, strings.TrimSuffix(filepath.Base(file), ".yml")+".txt", wrong.Error()+"\n")
		})
	}
}

func TestExampleConfigs(t *testing.T) {
	for _, file := range []string{"../../andon.example.yml"} {
		c, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Services) < 2 || c.Services[0].Tool == nil || c.Services[0].Node != "pod" || c.Halt.Mode != ModeObserve || c.Halt.Budget.Count != 3 {
			t.Errorf("%s was not read: %+v", file, c)
		}
	}
}

func TestConfigMerges(t *testing.T) {
	c, err := Parse([]byte(`
prometheus: {url: http://localhost:9090}
services:
- &usual
  name: a
  node: pod
  version: version
  signals: [{name: errors, metric: "rate(errors_total[1m])"}]
- <<: *usual
  name: b
  node: instance
`))
	if err != nil {
		t.Fatal(err)
	}
	b := c.Services[1]
	if b.Name != "b" || b.Node != "instance" || b.Version != "version" || len(b.Signals) != 1 {
		t.Errorf("got %+v, want what the first service has but for name and node", b)
	}
}

// TestDependsOn: who is called through others is filled in, and a service
// that is called is known to call nobody else.
func TestDependsOn(t *testing.T) {
	c, err := Parse([]byte(`
prometheus: {url: http://localhost:9090}
services:
- {name: shop, node: pod, depends_on: [cart], signals: &some [{name: errors, metric: "rate(errors_total[1m])"}]}
- {name: cart, node: pod, depends_on: [db], signals: *some}
- {name: db, node: pod, signals: *some}
- {name: mail, node: pod, signals: *some}
- {name: site, node: pod, depends_on: [], signals: *some}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"cart", "db"}, {"db"}, {}, nil, {}}
	for i, s := range c.Services {
		if d := cmp.Diff(want[i], s.Service.DependsOn); d != "" {
			t.Errorf("%s depends on (-want +got):\n%s", s.Name, d)
		}
	}
}

func TestWarnings(t *testing.T) {
	c, err := Parse([]byte(`
prometheus: {url: http://localhost:9090}
loki: {url: http://localhost:3100}
halt: {mode: halt}
services:
- name: a
  node: pod
  signals:
  - {name: lines, logs: '{app="a"}'}
  - {name: panics, crashes: '{app="a"}'}
`))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(c.Warnings(), "\n")
	for _, want := range []string{"auth is not configured", "no tool"} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning of %q in:\n%s", want, all)
		}
	}
	if s := c.Services[0].Service; len(s.Signals) != 2 {
		t.Errorf("%d signals of logs are judged, want 2", len(s.Signals))
	}
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestConfigDocs: every key is explained, and every example loads.
func TestConfigDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range allKeys(reflect.TypeFor[Config](), "") {
		if !strings.Contains(string(text), "`"+key+"`") {
			t.Errorf("docs/reference/configuration.md does not explain `%s`", key)
		}
	}
	blocks := yamlBlock.FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatal("no example in docs/reference/configuration.md")
	}
	for _, b := range blocks {
		if _, err := Parse([]byte(b[1])); err != nil {
			t.Errorf("example does not load: %v\n%s", err, b[1])
		}
	}
}

// allKeys returns the paths of all keys of a type, lists as [].
func allKeys(t reflect.Type, path string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if t.Kind() == reflect.Slice {
			path += "[]"
		}
		t = t.Elem()
	}
	var out []string
	for key, index := range strict.Fields(t) {
		at := strings.TrimPrefix(path+"."+key, ".")
		f := t.FieldByIndex(index)
		if strings.HasPrefix(path, "prometheus") || strings.HasPrefix(path, "loki") {
			if key != "url" {
				continue // Prometheus documents its own
			}
		}
		out = append(out, at)
		out = append(out, allKeys(f.Type, at)...)
	}
	return out
}

func FuzzConfig(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yml")
	for _, file := range append(files, "../../andon.example.yml") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("a: &a [*a]\nservices: *a"))
	f.Add([]byte("services: [&a {<<: *a, signals: [<<: [*a, *a]]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err != nil {
			if _, ok := err.(*Error); !ok || err.Error() == "" {
				t.Errorf("got error %#v, want a *Error that says something", err)
			}
			return
		}
		c.Warnings()
		if len(c.Services) == 0 || c.Tick <= 0 || c.Halt.Budget.Count < 1 {
			t.Errorf("accepted %+v", c)
		}
	})
}
