package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/andon"
)

// load reads a service's tool as the exporter's configuration holds it.
func load(text string) (Target, error) {
	var c struct {
		Tool Target `yaml:"tool"`
	}
	err := yaml.Unmarshal([]byte(text), &c)
	return c.Tool, err
}

func mustLoad(t *testing.T, text string) Halter {
	t.Helper()
	target, err := load(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return target.Halter
}

// v2 is the halt that the tests ask for.
var v2 = Halt{
	ID: "h-1", Reason: `errors rose from 0.1% to 34% on "checkout"`,
	Rollout: andon.Rollout{
		ID: "checkout-v2", Service: "checkout", Version: "v2", Previous: "v1",
		Scope: map[string]string{"environment": "prod"}, Ref: "https://ci.example/acme/shop/actions/runs/42",
	},
	Verdict: andon.Verdict{Rollout: "checkout-v2", Service: "checkout", Verdict: andon.Fail, Score: 0.998},
}

func TestTargetRefuses(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"no tool", "tool: {}", `line 1: tool must name exactly one delivery tool; write one of argo-rollouts, kubernetes, webhook`},
		{"a name alone", "tool: webhook", `line 1: tool must name exactly one`},
		{"two tools", "tool:\n  webhook: {url: 'http://a'}\n  kubernetes: {namespace: a, name: b}", `line 2: tool must name exactly one`},
		{"unknown tool, near", "tool:\n  argoo-rollouts: {}", `line 2: "argoo-rollouts" is not a delivery tool; did you mean argo-rollouts?`},
		{"unknown tool, far", "tool: {spinnaker: {}}", `line 1: "spinnaker" is not a delivery tool; write one of argo-rollouts, kubernetes, webhook`},
		{"unknown key", "tool:\n  argo-rollouts:\n    namespace: shop\n    nmae: checkout", `line 4: argo-rollouts: unknown key "nmae"; did you mean name?`},
		{"two unknown keys", "tool:\n  kubernetes:\n    space: shop\n    deployment: checkout", "line 3: kubernetes: unknown key \"space\"|line 4: kubernetes: unknown key \"deployment\""},
		{"unknown key below", "tool:\n  webhook:\n    url: http://a\n    basic_auth:\n      user: a", `line 5: webhook.basic_auth: unknown key "user"; did you mean username?`},
		{"unknown key of api", "tool:\n  kubernetes:\n    api:\n      adress: a", `line 4: kubernetes.api: unknown key "adress"`},
		{"unknown key in a merge", "tool:\n  webhook:\n    <<: &a {ulr: b}", `line 3: webhook: unknown key "ulr"; did you mean url?`},
		{"a value for a mapping", "tool:\n  webhook: {url: 'http://a', basic_auth: hunter2}", `line 2: webhook.basic_auth must be a mapping; possible keys: password,`},
		{"a mapping for a value", "tool:\n  webhook:\n    url: {a: b}", `line 3: webhook.url must be a single value, not a mapping or a list`},
		{"a value for a list", "tool:\n  webhook:\n    url: http://a\n    already: 404", `line 4: webhook.already must be a list, such as [a, b]`},
		{"a word for a number", "tool:\n  webhook:\n    url: http://a\n    already: [gone]", `line 4: cannot unmarshal !!str into int in webhook`},
		{"bad duration", "tool:\n  webhook:\n    url: http://a\n    timeout: soon", `not a valid duration string`},
		{"timeout of zero", "tool: {webhook: {url: 'http://a', timeout: 0s}}", `webhook.timeout must be longer than 0s`},
		{"nothing", "tool: {webhook: }", `webhook.url is missing`},
		{"a list", "tool: {webhook: [a]}", `webhook must be a mapping`},
		{"alias to itself", "tool:\n  webhook: &a\n    <<: *a", `contains itself`},
		{"no url", "tool:\n  webhook: {method: PUT}", `line 2: webhook.url is missing; write where to send the request`},
		{"relative url", "tool: {webhook: {url: /stop}}", `must be an absolute http or https URL`},
		{"url with a password", "tool: {webhook: {url: 'https://a:hunter2@b/'}}", `must not contain a user or password; write basic_auth`},
		{"host from a template", "tool: {webhook: {url: 'https://{{.Rollout.Service}}.example/'}}", `must name its host without a template`},
		{"url of an unknown field", "tool: {webhook: {url: 'https://a/{{.Rollout.Run}}'}}", `can't evaluate field Run`},
		{"body of an unknown field", "tool: {webhook: {url: 'https://a', body: '{{.Verdikt}}'}}", `can't evaluate field Verdikt`},
		{"body of an unknown function", "tool: {webhook: {url: 'https://a', body: '{{toJson .ID}}'}}", `function "toJson" not defined`},
		{"body that does not close", "tool: {webhook: {url: 'https://a', body: '{{if .ID}}'}}", `unexpected EOF`},
		{"body without end", "tool: {webhook: {url: 'https://a', body: '{{range 999999}}{{$.ID}}{{end}}'}}", `larger than 1 MiB`},
		{"header of an unknown field", "tool: {webhook: {url: 'https://a', headers: {X-A: '{{.Nope}}'}}}", `the template of X-A is not valid`},
		{"header that is ours", "tool: {webhook: {url: 'https://a', headers: {idempotency-key: a}}}", `Idempotency-Key is set by Andon`},
		{"bad header name", "tool: {webhook: {url: 'https://a', headers: {'a b': c}}}", `"a b" is not a valid header name`},
		{"unknown method", "tool: {webhook: {url: 'https://a', method: STOP}}", `"STOP" is not one of POST, PUT, PATCH, DELETE, GET`},
		{"already that would be tried again", "tool: {webhook: {url: 'https://a', already: [503]}}", `webhook.already: 503 is not allowed`},
		{"two ways to authenticate", "tool: {webhook: {url: 'https://a', authorization: {credentials: a}, basic_auth: {username: b}}}", `at most one of basic_auth, oauth2 & authorization`},
		{"ca that is not there", "tool: {webhook: {url: 'https://a', tls_config: {ca_file: /nowhere/ca.pem}}}", `/nowhere/ca.pem`},
		{"no name", "tool:\n  argo-rollouts: {namespace: shop}", `line 2: argo-rollouts needs namespace and name`},
		{"bad object name", "tool: {kubernetes: {namespace: shop, name: Check/Out}}", `"Check/Out" is not a valid object name`},
		{"bad namespace name", "tool: {kubernetes: {namespace: ../kube-system, name: a}}", `is not a valid namespace name`},
		{"unknown action", "tool: {kubernetes: {namespace: shop, name: a, action: stop}}", `"stop" is not an action`},
		{"api and kubeconfig", "tool: {kubernetes: {namespace: shop, name: a, kubeconfig: b, api: {url: 'http://c'}}}", `cannot be combined`},
		{"api without url", "tool: {kubernetes: {namespace: shop, name: a, api: {}}}", `kubernetes.api.url must be an absolute`},
		{"bad label name", "tool: {kubernetes: {namespace: shop, name: a, version_label: 'a b'}}", `is not a valid label name`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(tt.config)
			if err == nil {
				t.Fatal("it was taken")
			}
			for want := range strings.SplitSeq(tt.want, "|") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got  %s\nwant %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password is told: %s", err)
			}
		})
	}
}

func TestTargetGathersErrors(t *testing.T) {
	var c struct {
		Services []struct {
			Tool Target `yaml:"tool"`
		} `yaml:"services"`
	}
	err := yaml.Unmarshal([]byte("services:\n- tool: {webhok: {}}\n- tool: {webhook: {}}\n"), &c)
	many, ok := errors.AsType[*yaml.TypeError](err)
	if !ok || len(many.Errors) != 2 {
		t.Fatalf("both errors were to be told at once, got %v", err)
	}
}

func TestTargetPrintsNoSecret(t *testing.T) {
	target, err := load(`tool: {webhook: {url: 'https://a/?token=hunter2', basic_auth: {username: andon, password: hunter2}, headers: {X-Key: hunter2}, body: 'hunter2'}}`)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err1 := yaml.Marshal(target)
	asJSON, err2 := json.Marshal(target)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(target), fmt.Sprintf("%+v", target), fmt.Sprintf("%#v", target), fmt.Sprintf("%+v", target.Halter), string(asYAML), string(asJSON)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("a secret is printed: %s", text)
		}
		if strings.Contains(text, fmt.Sprint([]byte("hunter2"))) {
			t.Errorf("a secret is printed as bytes: %s", text)
		}
	}
	if !strings.Contains(string(asYAML), "webhook: <hidden>") || !strings.Contains(string(asJSON), `"tool":"webhook"`) {
		t.Errorf("the tool is not told: %s %s", asYAML, asJSON)
	}
}

// section makes a tool's section of values.
func section(values any) *yaml.Node {
	var n yaml.Node
	if err := n.Encode(values); err != nil {
		panic(err) // maps of texts can be encoded
	}
	return &n
}
