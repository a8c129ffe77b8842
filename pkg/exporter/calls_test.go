package exporter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
)

const graphQuery = `sum by (client, server) (rate(traces_service_graph_request_total[5m]))`

// callers returns an address at which a Prometheus answers that knows two
// services, web and pay, whose only signal falls three minutes after noon, and
// calls from web to pay.
func callers(t *testing.T) string {
	t.Helper()
	store, add, commit := newSamples(t, t.TempDir(), 48*time.Hour)
	for at, i := noon.Add(-24*time.Hour), 0.; at.Before(noon.Add(time.Hour)); at, i = at.Add(time.Minute), i+1 {
		for j, name := range []string{"web", "pay"} {
			v := 100 + math.Sin(i*1.7+float64(j)) + math.Sin(i*i)
			if !at.Before(noon.Add(3 * time.Minute)) {
				v -= 40
			}
			add(at, v, "__name__", "orders", "service", name)
		}
		add(at, 60*i, "__name__", "traces_service_graph_request_total", "client", "web", "server", "pay")
		add(at, 60*i, "__name__", "traces_service_graph_request_total", "client", "user", "server", "web")
	}
	commit()
	server := httptest.NewServer(store.Handler())
	t.Cleanup(func() {
		server.Close()
		store.Close()
	})
	return server.URL
}

// TestCallsFromMetric: a service without a control is not blamed for what
// became of one that, as a metric alone shows, it calls.
func TestCallsFromMetric(t *testing.T) {
	address := callers(t)
	for _, tc := range []struct {
		name, dependencies string
		want               andon.Decision // on web
		pay                andon.Decision // fail if empty
		calls              *andon.Dependencies
	}{
		{name: "nobody says who calls whom", want: andon.Fail},
		{
			name: "a metric does", dependencies: fmt.Sprintf("dependencies: [{query: %q, caller: client, callee: server}]", graphQuery),
			want: andon.Inconclusive, calls: &andon.Dependencies{Calls: []andon.Call{{Service: "pay", From: graphQuery}}},
		},
		{
			name: "the other way round", dependencies: fmt.Sprintf("dependencies: [{query: %q, caller: server, callee: client}]", graphQuery),
			want: andon.Fail, pay: andon.Inconclusive, calls: &andon.Dependencies{Calls: []andon.Call{}},
		},
		{
			name: "the answer lacks a label", dependencies: "dependencies: [{query: traces_service_graph_request_total, caller: source, callee: server}]",
			want: andon.Fail, calls: &andon.Dependencies{Calls: []andon.Call{}, Notice: "the query traces_service_graph_request_total has failed so far: " +
				"no series in the answer has the label source; check which labels the metric has, and keep source and server in the query"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := fmt.Sprintf("prometheus: {url: %q}\n%s\nservices:\n", address, tc.dependencies)
			for _, s := range []string{"web", "pay"} {
				text += fmt.Sprintf("- {name: %[1]s, node: '', signals: [{name: orders, metric: 'orders{service=\"%[1]s\"}', worse: lower}]}\n", s)
			}
			c := &clock{now: noon}
			e := open(t, text, t.TempDir(), c)
			defer closeNow(t, e)
			for _, s := range []string{"web", "pay"} {
				want(t, http.StatusCreated, e.Handler(), "POST", "/api/v1/rollouts",
					fmt.Sprintf(`{"id":"%[1]s-2","service":%[1]q,"strategy":"before-after","started":%[2]q}`, s, noon.Format(time.RFC3339)))
			}
			for ; c.now.Before(noon.Add(25 * time.Minute)); c.set(c.now.Add(time.Minute)) {
				e.Tick(t.Context(), c.now)
			}
			got := map[string]andon.Verdict{}
			for _, s := range []string{"web", "pay"} {
				var v andon.Verdict
				if err := json.Unmarshal([]byte(want(t, http.StatusOK, e.Handler(), "GET", "/api/v1/rollouts/"+s+"-2/verdict", "")), &v); err != nil {
					t.Fatal(err)
				}
				got[s] = v
			}
			if got["web"].Verdict != tc.want || got["pay"].Verdict != cmp.Or(tc.pay, andon.Fail) {
				t.Errorf("web: %s (%s), want %s; pay: %s (%s)", got["web"].Verdict, got["web"].Reason, tc.want, got["pay"].Verdict, got["pay"].Reason)
			}
			if d := gocmp.Diff(tc.calls, got["web"].Dependencies); d != "" {
				t.Errorf("dependencies of web (-want +got):\n%s", d)
			}
			page := want(t, http.StatusOK, e.Handler(), "GET", "/rollouts/web-2", "")
			if shown := strings.Contains(page, "Calls: pay (sum by (client, server)"); shown != (tc.want != andon.Fail) {
				t.Errorf("the page says whom web calls: %v", shown)
			}
		})
	}
}

// TestQueryCalls: calls that were seen are kept while the source is away and are said to be
// so, is forgotten a day after it was last seen, and is asked for every five
// minutes only.
func TestQueryCalls(t *testing.T) {
	c, err := config.Parse([]byte(`
prometheus: {url: http://localhost:9090}
dependencies:
- {query: calls, caller: client, callee: server}
services:
- {name: web, node: pod, depends_on: [cart], signals: &some [{name: errors, metric: "rate(errors_total[1m])"}]}
- {name: cart, node: pod, signals: *some}
- {name: pay, node: pod, signals: *some}
- {name: bank, node: pod, signals: *some}
`))
	if err != nil {
		t.Fatal(err)
	}
	type pair struct{ client, server string }
	var pairs []pair
	var away error
	var asked []andon.Range
	ask := func(_ context.Context, _ string, r andon.Range) (model.Matrix, error) {
		asked = append(asked, r)
		var m model.Matrix
		for _, p := range pairs {
			m = append(m, &model.SampleStream{Metric: model.Metric{"client": model.LabelValue(p.client), "server": model.LabelValue(p.server)},
				Values: []model.SamplePair{{Timestamp: model.TimeFromUnixNano(r.End.UnixNano()), Value: 1}}})
		}
		return m, away
	}
	cart := andon.Call{Service: "cart", From: andon.DeclaredCall}
	pay := andon.Call{Service: "pay", Through: "cart", From: "calls"}
	bank := andon.Call{Service: "bank", Through: "pay", From: "calls"}
	var b calls
	for _, step := range []struct {
		name      string
		at        time.Duration // after noon
		pairs     []pair
		away      error
		requested int // questions, in all
		points    int // of the last
		calls     []andon.Call
		notice    string
	}{
		{name: "at first a day back", pairs: []pair{{"cart", "pay"}, {"web", "web"}, {"web", "elsewhere"}}, requested: 1, points: 49, calls: []andon.Call{cart, pay}},
		{name: "not at every tick", at: time.Minute, pairs: []pair{{"pay", "bank"}}, requested: 1, points: 49, calls: []andon.Call{cart, pay}},
		{name: "only what is new", at: 5 * time.Minute, pairs: []pair{{"pay", "bank"}, {"web", "cart"}}, requested: 2, points: 2, calls: []andon.Call{cart, pay, bank}},
		{name: "the source is away", at: 10 * time.Minute, away: errors.New("the server is away"), requested: 3, points: 2, calls: []andon.Call{cart, pay, bank},
			notice: "the query calls fails, so its calls are as of 2026-03-01T12:05:00Z: the server is away"},
		{name: "and asked again soon", at: 11 * time.Minute, pairs: []pair{{"pay", "bank"}}, requested: 4, points: 2, calls: []andon.Call{cart, pay, bank}},
		{name: "not seen for a day", at: 25 * time.Hour, pairs: []pair{{"pay", "bank"}}, requested: 5, points: 49, calls: []andon.Call{cart}},
	} {
		pairs, away = step.pairs, step.away
		now := noon.Add(step.at)
		b.read(t.Context(), &setup{config: c, metrics: ask}, now, hclog.NewNullLogger())
		r := asked[len(asked)-1]
		if n := int(r.End.Sub(r.Start)/r.Step) + 1; len(asked) != step.requested || n != step.points {
			t.Errorf("%s: %d questions, the last for %d points, want %d and %d", step.name, len(asked), n, step.requested, step.points)
		}
		if d := gocmp.Diff(&andon.Dependencies{Calls: step.calls, Notice: step.notice}, b.dependencies(c, "web")); d != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, d)
		}
	}
}

// TestMostCalls: however many services call each other, no more is kept.
func TestMostCalls(t *testing.T) {
	s := queryCalls{last: map[callPair]time.Time{}}
	found := map[callPair]time.Time{}
	for i := range maxCalls + 7 {
		found[callPair{fmt.Sprint(i), "x"}] = noon
	}
	s.accept(found, nil, noon)
	if len(s.last) != maxCalls || s.over != 7 {
		t.Errorf("%d are kept and %d are not, want %d and 7", len(s.last), s.over, maxCalls)
	}
}
