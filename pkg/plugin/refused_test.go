package plugin

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/exporter"
	"github.com/andon-project/andon/pkg/lab/replay"
)

// TestRefusedEverywhere: what is wrong is refused with the same sentence
// wherever it is written: in a case, in the exporter's configuration, in an
// announcement and in a panel's query.
func TestRefusedEverywhere(t *testing.T) {
	type fields = map[string]any
	const notANumber = "not a number" // which JSON does not have
	announce := announcements(t, noon.Add(time.Hour))
	for _, tt := range []struct {
		name                     string
		signal, service, rollout fields
		callers                  string
		want                     string
	}{
		{name: "margin below 0", signal: fields{"margin": -3}, callers: "case config panel", want: "signals[0].margin: -3 is negative; write a share such as 0.2 for 20%"},
		{name: "margin too large", signal: fields{"margin": 1e9}, callers: "case config panel", want: "signals[0].margin: 1e+09 is above 1e+06; write a share"},
		{name: "margin NaN", signal: fields{"margin": notANumber}, callers: "case config", want: "signals[0].margin: NaN is not a number; write a share such as 0.2 for 20%"},
		{name: "weight below 0", signal: fields{"weight": -1}, callers: "case config panel", want: "signals[0].weight: -1 is negative; write a share such as 0.2"},
		{name: "critical without weight", signal: fields{"weight": 0, "critical": true}, callers: "case config panel", want: "signals[0].critical: contradicts weight: 0"},
		{name: "family", signal: fields{"family": "starup"}, callers: "case config panel", want: `signals[0].family: "starup" is not a family; did you mean startup?`},
		{name: "kind", signal: fields{"kind": "count"}, callers: "case config panel", want: `signals[0].kind: "count" is not a kind; did you mean counts?`},
		{name: "counts of nothing", signal: fields{"kind": "counts"}, callers: "case config panel", want: "signals[0].kind: counts needs an exposure"},
		{name: "direction", signal: fields{"worse": "up"}, callers: "case config panel", want: `signals[0].worse: "up" is not a direction; write one of higher, lower, both`},
		{name: "unit", signal: fields{"kind": "failures", "unit": "ms"}, callers: "case config panel", want: `signals[0].unit: "ms" does not fit the kind failures, which is a share; write ratio or percent`},
		{name: "unit of latency", signal: fields{"kind": "latency", "unit": "bytes"}, callers: "case config panel", want: `signals[0].unit: "bytes" does not fit the kind latency, which is a time`},
		{name: "no threshold", signal: fields{"fail_fast": fields{}}, callers: "case config panel", want: "signals[0].fail_fast: has no threshold; write above or below"},
		{name: "threshold NaN", signal: fields{"ignore": fields{"below": notANumber}}, callers: "case config", want: "signals[0].ignore.below: NaN is not a finite number"},
		{name: "threshold upside down", signal: fields{"ignore": fields{"above": 1, "below": 2}}, callers: "case config panel", want: "signals[0].ignore: matches every value, since each is above 1 or below 2; swap them"},
		{name: "thresholds that meet", signal: fields{"fail_fast": fields{"above": 1}, "ignore": fields{"above": 2}}, callers: "case config panel", want: "signals[0]: fail_fast and ignore overlap"},
		{name: "no name", signal: fields{"name": ""}, callers: "case config panel", want: "signals[0].name: is missing; write the signal's name"},
		{name: "no query", signal: fields{"metric": ""}, callers: "case config panel", want: "signals[0]: has no query; write metric: with a PromQL query"},
		{name: "two queries", signal: fields{"logs": `{app="shop"}`}, callers: "case config panel", want: "signals[0]: has more than one query (metric and logs); keep one"},
		{name: "not PromQL", signal: fields{"metric": "rate(errors_total[1m]"}, callers: "case config", want: "signals[0].metric: is not PromQL: 1:22: parse error"},
		{name: "a constant", signal: fields{"metric": "1"}, callers: "case config", want: "signals[0].metric: is a constant, the same for every node"},
		{name: "nodes summed away", signal: fields{"metric": "sum(errors)"}, callers: "case config", want: "signals[0].metric: drops the label pod, which is needed here; write sum by (pod) (…)"},
		{name: "not LogQL", signal: fields{"metric": "", "logs": "{app="}, callers: "case config", want: "signals[0].logs: is not a LogQL log query"},
		{name: "unknown key of a signal", signal: fields{"margn": 1}, callers: "case config", want: `signals[0]: unknown key "margn"; did you mean margin?`},

		{name: "sensitivity", service: fields{"sensitivity": "mediun"}, callers: "case config panel", want: `sensitivity: "mediun" is not a sensitivity; did you mean medium?`},
		{name: "step below 0", service: fields{"step": "-1m"}, callers: "case config panel", want: `step: "-1m" is not a duration; write a number with its unit, such as 30s, 5m or 1h`},
		{name: "step too wide", service: fields{"step": "2h"}, callers: "case config", want: "step: 2h is not between 1s and 1h; 1m is usual"},
		{name: "layer", service: fields{"layer": "hardware"}, callers: "case config", want: `layer: "hardware" is not a layer; write one of infrastructure, platform, software`},
		{name: "node", service: fields{"node": "my pod"}, callers: "case config", want: `node: "my pod" is not a label name`},
		{name: "scope", service: fields{"scope": []string{"zone", "zone"}}, callers: "case config", want: `scope[1]: "zone" is listed twice; leave one out`},
		{name: "depends on itself", service: fields{"depends_on": []string{"shop"}}, callers: "case config", want: "depends_on[0]: is the service itself"},
		{name: "preflight", service: fields{"preflight": []fields{{"scope": fields{"at_most": 0, "of": "region"}}}}, callers: "case config", want: "preflight[0].scope.at_most: 0 would allow no change at all; write 1 or more"},

		{name: "strategy", rollout: fields{"strategy": "canarry"}, callers: "case api panel", want: `strategy: "canarry" is not a strategy; did you mean canary?`},
		{name: "selector", rollout: fields{"candidate": fields{"version": "=~("}}, callers: "case api panel", want: `candidate.version: "(" is not a regular expression`},
		{name: "selector without a label", rollout: fields{"control": fields{"": "v1"}}, callers: "case api panel", want: `control: "" is not a label name`},
		{name: "the same nodes", rollout: fields{"control": fields{"version": "v2"}}, callers: "case api panel", want: "control: selects the same nodes as candidate"},
		{name: "version as a matcher", rollout: fields{"version": "=~v2"}, callers: "case api", want: `version: "=~v2" begins with =~, which is a matcher`},
		{name: "stages", rollout: fields{"stages": []string{"2026-03-01T12:02:00Z", "2026-03-01T12:01:00Z"}}, callers: "case api", want: "stages[1]: 2026-03-01T12:01:00Z is earlier than the stage listed before it"},
		{name: "ended", rollout: fields{"ended": "2026-03-01T11:00:00Z"}, callers: "case api", want: "ended: 2026-03-01T11:00:00Z is before the rollout started"},
		{name: "baseline", rollout: fields{"baseline": fields{"accept": true}}, callers: "case api", want: "baseline: is for load tests only, and the strategy is canary; leave it out"},
		{name: "link", rollout: fields{"ref": "javascript:alert(1)"}, callers: "case api", want: `ref: "javascript:alert(1)" is not a link`},
		{name: "unknown key of a rollout", rollout: fields{"stratgy": "canary"}, callers: "case api", want: `unknown key "stratgy"; did you mean strategy?`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			with := func(f fields, more fields) fields {
				f = maps.Clone(f)
				maps.Copy(f, more)
				return f
			}
			signal := with(fields{"name": "errors", "metric": `rate(errors_total[1m])`}, tt.signal)
			service := with(fields{"name": "shop", "node": "pod", "signals": []fields{signal}}, tt.service)
			rollout := with(fields{"id": "a", "service": "shop", "strategy": "canary", "started": "2026-03-01T12:00:00Z",
				"candidate": fields{"version": "v2"}, "control": fields{"version": "v1"}}, tt.rollout)
			text := func(v any) string {
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				return strings.ReplaceAll(string(b), `"`+notANumber+`"`, ".nan")
			}
			callers := map[string]func() error{
				"case": func() error {
					dir := t.TempDir()
					body := text(fields{"name": "c", "step": "1m", "start": "2026-03-01T11:00:00Z", "end": "2026-03-01T13:00:00Z", "services": []fields{service}, "rollouts": []fields{rollout}})
					if err := os.WriteFile(filepath.Join(dir, "case.yaml"), []byte(body), 0o644); err != nil {
						return err
					}
					_, err := replay.LoadCase(dir)
					return err
				},
				"config": func() error {
					_, err := config.Parse([]byte(text(fields{"prometheus": fields{"url": "http://localhost:9090"}, "loki": fields{"url": "http://localhost:3100"}, "services": []fields{service}})))
					return err
				},
				"api": func() error { return announce(text(rollout)) },
				"panel": func() error {
					q := fields{"queryType": "verdict", "nodeLabel": "pod", "signals": []fields{signal}, "strategy": rollout["strategy"], "candidate": rollout["candidate"], "control": rollout["control"]}
					for _, key := range []string{"sensitivity", "step"} {
						if v, ok := service[key]; ok {
							q[key] = v
						}
					}
					_, err := parseQuery([]byte(text(q)))
					return err
				},
			}
			for _, caller := range strings.Fields(tt.callers) {
				if err := callers[caller](); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: got %v, want %s", caller, err, tt.want)
				}
			}
		})
	}
}

// A refusedBody is what the exporter says of what it does not take.
type refusedBody string

func (r refusedBody) Error() string { return string(r) }

// announcements returns what announces a rollout of the service shop to an
// exporter, and what it says if it does not take it.
func announcements(t *testing.T, now time.Time) func(body string) error {
	t.Helper()
	c, err := config.Parse([]byte(`
prometheus: {url: http://127.0.0.1:1}
services: [{name: shop, node: pod, signals: [{name: errors, metric: errors_total}]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	e, err := exporter.New(t.Context(), exporter.Options{Config: c, StoragePath: t.TempDir(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(e.Handler())
	t.Cleanup(func() {
		served.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(body string) error {
		status, said := exchange(t, "POST", served.URL+"/api/v1/rollouts", body)
		if slices.Contains([]int{200, 201}, status) {
			return nil
		}
		var words struct{ Error string }
		if err := json.Unmarshal([]byte(said), &words); err != nil {
			return err
		}
		return refusedBody(words.Error)
	}
}
