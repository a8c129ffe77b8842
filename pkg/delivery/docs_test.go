package delivery

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// document returns docs/operate/halting.md and its YAML blocks.
func document(t *testing.T) (text string, blocks []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "operate", "halting.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range yamlBlock.FindAllStringSubmatch(string(b), -1) {
		blocks = append(blocks, m[1])
	}
	return string(b), blocks
}

// authority writes a file with a certificate, as the examples' ca_file.
func authority(t *testing.T) string {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDocumentedTools(t *testing.T) {
	text, blocks := document(t)
	files := regexp.MustCompile(`ca_file: [^ },]+`)
	ca := "ca_file: " + authority(t)
	seen := map[string]int{}
	for _, block := range blocks {
		if !strings.HasPrefix(block, "tool:") {
			continue
		}
		target, err := load(files.ReplaceAllString(block, ca))
		if err != nil {
			t.Errorf("%v in\n%s", err, block)
			continue
		}
		seen[target.Tool]++
		plan := target.Halter.Plan(v2)
		request := strings.Join(strings.Fields(plan)[:2], " ")
		if target.Tool == "webhook" && !strings.Contains(text, request) && !strings.Contains(block, "deploy.example") {
			t.Errorf("docs/operate/halting.md does not say that this makes the request %q:\n%s", request, block)
		}
		if strings.Contains(plan, "cannot be made") {
			t.Errorf("%s:\n%s", plan, block)
		}
	}
	if want := map[string]int{"argo-rollouts": 3, "kubernetes": 3, "webhook": 11}; !cmp.Equal(seen, want) {
		t.Errorf("loaded %v examples, want %v", seen, want)
	}
}

// TestDocumentedRoles checks that each Role allows exactly what its halter asks for.
func TestDocumentedRoles(t *testing.T) {
	type rule struct {
		APIGroups     []string `yaml:"apiGroups"`
		Resources     []string `yaml:"resources"`
		ResourceNames []string `yaml:"resourceNames"`
		Verbs         []string `yaml:"verbs"`
	}
	allowed := map[string][]string{}
	_, blocks := document(t)
	for _, block := range blocks {
		var role struct {
			Kind     string `yaml:"kind"`
			Metadata struct {
				Name string `yaml:"name"`
			} `yaml:"metadata"`
			Rules []rule `yaml:"rules"`
		}
		if err := yaml.Unmarshal([]byte(block), &role); err != nil {
			t.Fatalf("%v in\n%s", err, block)
		}
		if role.Kind != "Role" {
			continue
		}
		for _, r := range role.Rules {
			for _, verb := range r.Verbs {
				allowed[role.Metadata.Name] = append(allowed[role.Metadata.Name], verb+" "+r.APIGroups[0]+"/"+r.Resources[0])
			}
		}
		slices.Sort(allowed[role.Metadata.Name])
	}
	apiRequest := map[string][]string{}
	for role, config := range map[string]func(*apiServer) string{
		"andon-argo-rollouts":    argoConfigFor,
		"andon-deployment-pause": func(s *apiServer) string { return deploymentConfigFor(s, "pause") },
		"andon-deployment-undo":  func(s *apiServer) string { return deploymentConfigFor(s, "undo") },
	} {
		for _, action := range []Action{ActionHalt, ActionHold} {
			s := newAPIServer(t)
			s.put(t, rolloutPath, underWay)
			s.put(t, deploymentPath, rolling)
			s.put(t, setsPath+"/1", replicaSet("v1", "2", "u1"))
			s.put(t, setsPath+"/2", replicaSet("v2", "3", "u1"))
			tool := mustLoad(t, config(s))
			do := tool.Halt
			if action == ActionHold {
				do = tool.(Holder).Hold
			}
			if _, err := do(t.Context(), v2); err != nil {
				t.Fatal(err)
			}
			for request := range strings.SplitSeq(s.log(), "\n") {
				apiRequest[role] = append(apiRequest[role], permission(request))
			}
		}
		slices.Sort(apiRequest[role])
		apiRequest[role] = slices.Compact(apiRequest[role])
	}
	if diff := cmp.Diff(apiRequest, allowed); diff != "" {
		t.Errorf("what is asked for (-) and what the Roles of docs/operate/halting.md allow (+):\n%s", diff)
	}
}

// permission returns the verb and resource that RBAC checks for a request.
func permission(request string) string {
	method, path, _ := strings.Cut(request, " ")
	parts := strings.Split(strings.TrimPrefix(path, "/apis/"), "/") // group, version, namespaces, ns, resource, name, subresource
	verb := map[string]string{"GET": "get", "PATCH": "patch"}[method]
	if len(parts) == 5 {
		verb = "list"
	}
	resource := parts[4]
	if len(parts) == 7 {
		resource += "/" + parts[6]
	}
	return verb + " " + parts[0] + "/" + resource
}
