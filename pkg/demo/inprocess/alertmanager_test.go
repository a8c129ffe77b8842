package inprocess

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/andon-project/andon/internal/testkit"
)

func startAlertmanager(t *testing.T, config string) (address string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts an Alertmanager")
	}
	a, err := StartAlertmanager(AlertmanagerConfig{Config: config, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(a.Handler())
	t.Cleanup(func() {
		srv.Close()
		a.Close()
	})
	return srv.URL
}

func post(t *testing.T, url, body string) {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %s", url, res.Status)
	}
}

// hooks counts calls by path.
func hooks(t *testing.T, paths ...string) (url string, calls map[string]*atomic.Int64) {
	t.Helper()
	calls = make(map[string]*atomic.Int64)
	for _, p := range paths {
		calls[p] = new(atomic.Int64)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		calls[r.URL.Path].Add(1)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, calls
}

func TestAlertmanagerRoutesAndInhibits(t *testing.T) {
	testkit.LeaveNothing(t)
	url, calls := hooks(t, "/halt", "/page")
	am := startAlertmanager(t, fmt.Sprintf(`
route:
  receiver: page
  group_by: [alertname, rollout]
  group_wait: 0s
  routes: [{receiver: halt, matchers: ['action="halt"'], group_wait: 0s}]
inhibit_rules: [{source_matchers: ['alertname="Freeze"'], target_matchers: ['action="halt"'], equal: [rollout]}]
receivers:
- {name: halt, webhook_configs: [{url: '%[1]s/halt'}]}
- {name: page, webhook_configs: [{url: '%[1]s/page'}]}
`, url))
	testkit.Within(t, "ready", func() bool { code, _ := get(t, am+"/-/ready"); return code == http.StatusOK })

	post(t, am+"/api/v2/alerts", `[{"labels":{"alertname":"Bad","action":"halt","rollout":"a"}}]`)
	testkit.Within(t, "the halt is called", func() bool { return calls["/halt"].Load() == 1 })
	post(t, am+"/api/v2/alerts", `[{"labels":{"alertname":"Freeze","rollout":"b"}}]`)
	testkit.Within(t, "the page is called", func() bool { return calls["/page"].Load() == 1 })

	// The same alert again is the same notification, and b is inhibited; c
	// comes after both, so that once it was sent they were decided on.
	post(t, am+"/api/v2/alerts", `[{"labels":{"alertname":"Bad","action":"halt","rollout":"a"}}]`)
	post(t, am+"/api/v2/alerts", `[{"labels":{"alertname":"Bad","action":"halt","rollout":"b"}}]`)
	testkit.Within(t, "b is suppressed", func() bool {
		_, body := get(t, am+"/api/v2/alerts?filter=rollout%3D%22b%22&filter=action%3D%22halt%22")
		return strings.Contains(body, `"state":"suppressed"`)
	})
	post(t, am+"/api/v2/alerts", `[{"labels":{"alertname":"Bad","action":"halt","rollout":"c"}}]`)
	testkit.Within(t, "the second halt is called", func() bool { return calls["/halt"].Load() >= 2 })
	if n := calls["/halt"].Load(); n != 2 {
		t.Errorf("the halt was called %d times, want 2: once for a and once for c", n)
	}
}

func TestAlertmanagerCloses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an Alertmanager")
	}
	testkit.LeaveNothing(t)
	url, calls := hooks(t, "/")
	a, err := StartAlertmanager(AlertmanagerConfig{Dir: t.TempDir(), Config: fmt.Sprintf(`
route: {receiver: desk, group_wait: 0s}
receivers: [{name: desk, webhook_configs: [{url: '%s/'}]}]
`, url)})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(a.Handler())
	defer srv.Close()
	post(t, srv.URL+"/api/v2/alerts", `[{"labels":{"alertname":"Bad"}}]`)
	testkit.Within(t, "the desk is called", func() bool { return calls["/"].Load() == 1 })
	a.Close()
	a.Close() // does nothing
}

func TestStartAlertmanagerRefuses(t *testing.T) {
	for _, tt := range []struct{ name, config, want string }{
		{"nothing", "", "configuration of Alertmanager: "},
		{"an unknown receiver", "route: {receiver: nobody}", "nobody"},
		{"mail", `
global: {smtp_smarthost: 'localhost:25', smtp_from: 'a@example.org'}
route: {receiver: mail}
receivers: [{name: mail, email_configs: [{to: 'b@example.org'}]}]`, `receiver "mail": EmailConfigs: only webhooks`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testkit.LeaveNothing(t)
			a, err := StartAlertmanager(AlertmanagerConfig{Config: tt.config, Dir: t.TempDir()})
			if err == nil {
				a.Close()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %q, want one with %q", err, tt.want)
			}
		})
	}
}
