package judge_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// regions gives four nodes in each of three regions a metric. value says what
// a node shows; the change goes to all nodes of eu at noon.
func (w *world) regions(metric string, value func(region, node string) func(time.Time) float64) {
	for _, region := range []string{"eu", "us", "asia"} {
		for i := range 4 {
			node := fmt.Sprintf("%s-%d", region, i)
			w.add(metric, node, "", w.from, value(region, node))
			w.series[metric][len(w.series[metric])-1].Metric["region"] = model.LabelValue(region)
		}
	}
}

// regional is a value whose level differs by region and swings over the day,
// alike everywhere; in eu it is multiplied from noon on.
func regional(scale, share, times float64) func(region, node string) func(time.Time) float64 {
	level := map[string]float64{"eu": 1.4, "us": 1, "asia": .7}
	return func(region, node string) func(time.Time) float64 {
		own := around(scale*level[region], share, node)
		return func(t time.Time) float64 {
			v := own(t) * (1 + .5*math.Sin(2*math.Pi*float64(t.Unix())/7200))
			if region == "eu" && !t.Before(noon) {
				v *= times
			}
			return v
		}
	}
}

// replaced has the nodes of eu replaced by fresh ones at noon.
func replaced(w *world, metric string) {
	for _, s := range slices.Clone(w.series[metric]) {
		if s.Metric["region"] != "eu" {
			continue
		}
		fresh := &model.SampleStream{Metric: s.Metric.Clone()}
		fresh.Metric["pod"] = "new-" + s.Metric["pod"]
		at := slices.IndexFunc(s.Values, func(p model.SamplePair) bool { return !p.Timestamp.Time().Before(noon) })
		fresh.Values, s.Values = s.Values[at:], s.Values[:at]
		w.series[metric] = append(w.series[metric], fresh)
	}
}

func toEurope(r *andon.Rollout) {
	r.Strategy, r.Candidate, r.Control, r.Scope = andon.Auto, nil, nil, map[string]string{"region": "eu"}
}

func inRegions(signals ...andon.Signal) andon.Service {
	s := shop(signals...)
	s.Scope = []string{"region"}
	return s
}

var queue = andon.Signal{Name: "queue", Metric: "queue_length"}

var regionScenes = []scene{
	{
		name: "regions differ in latency and swing alike", service: inRegions(latency), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) { w.regions("latency_seconds", regional(.2, .1, 1)) },
		want:  andon.Pass, quality: andon.OK,
	},
	{
		name: "latency doubles in the region that was changed", service: inRegions(latency), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) { w.regions("latency_seconds", regional(.2, .1, 2)) },
		want:  andon.Fail, quality: andon.OK, within: 20 * time.Minute, says: "latency rose from 375 ms to 742 ms (+98%) on all 4 nodes in the changed regions",
	},
	{
		name: "latency doubles on fresh nodes", service: inRegions(latency), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) {
			w.regions("latency_seconds", regional(.2, .1, 2))
			replaced(w, "latency_seconds")
		},
		want: andon.Fail, within: 20 * time.Minute,
	},
	{
		name: "fresh nodes like those before them", service: inRegions(latency), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) {
			w.regions("latency_seconds", regional(.2, .1, 1))
			replaced(w, "latency_seconds")
		},
		want: andon.Pass,
	},
	{
		name: "regions differ in their rate of errors", service: inRegions(failing), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) {
			w.regions("errors_rate", regional(.5, .1, 1))
			w.regions("calls_rate", regional(20, 0, 1))
			for _, s := range w.series["calls_rate"] { // alike in all regions
				for i := range s.Values {
					s.Values[i].Value = 20
				}
			}
		},
		want: andon.Pass, quality: andon.OK,
	},
	{
		name: "errors double in the region that was changed", service: inRegions(failing), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) {
			w.regions("errors_rate", regional(.5, .1, 2))
			w.regions("calls_rate", func(string, string) func(time.Time) float64 { return func(time.Time) float64 { return 20 } })
		},
		want: andon.Fail, within: 10 * time.Minute, says: "errors rose from 4.61% to 9.28%",
	},
	{
		name: "success falls in the region that was changed", service: inRegions(success), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) {
			w.regions("success_ratio", func(region, node string) func(time.Time) float64 {
				return func(t time.Time) float64 {
					if region == "eu" && !t.Before(noon) {
						return .6
					}
					return .97
				}
			})
		},
		want: andon.Fail, within: 20 * time.Minute, says: "success fell from 96.9% to",
	},
	{
		name: "a value that swings in proportion", service: inRegions(queue), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) { w.regions("queue_length", regional(100, .05, 1)) },
		want:  andon.Pass, quality: andon.OK,
	},
	{
		name: "a value that rises by half", service: inRegions(queue), rollout: toEurope, lasts: time.Hour,
		build: func(w *world) { w.regions("queue_length", regional(100, .05, 1.5)) },
		want:  andon.Fail, within: 20 * time.Minute, says: "queue rose",
	},
	{
		name: "nothing from before the change", service: inRegions(latency), rollout: toEurope, before: 5 * time.Minute,
		build: func(w *world) { w.regions("latency_seconds", regional(.2, .1, 1)) },
		want:  andon.Inconclusive, quality: andon.LowExposure, says: "there were 5 minutes",
	},
	{
		name: "no node outside the region", service: inRegions(latency), rollout: toEurope,
		build: func(w *world) {
			w.regions("latency_seconds", regional(.2, .1, 1))
			w.series["latency_seconds"] = w.series["latency_seconds"][:4]
		},
		want: andon.Inconclusive, quality: andon.NoControlData,
	},
}

func TestBasis(t *testing.T) {
	eu := map[string]string{"region": "eu"}
	tests := []struct {
		name               string
		rollout            andon.Rollout
		scope              []string
		candidate, control andon.Selector
		basis              string
	}{
		{"nothing known", andon.Rollout{}, nil, nil, nil, "the service compared with itself before the change"},
		{"a scope that the series do not tell", andon.Rollout{Scope: eu}, nil, nil, nil, "the service compared with itself before the change"},
		{"a scope that they tell", andon.Rollout{Scope: eu}, []string{"region", "zone"},
			andon.Selector{"region": "eu"}, andon.Selector{"region": "!=eu"}, "compared with nodes elsewhere {region"},
		{"region control asked for", andon.Rollout{Scope: eu, Strategy: andon.RegionControl}, nil,
			andon.Selector{"region": "eu"}, andon.Selector{"region": "!=eu"}, "compared with nodes elsewhere {region"},
		{"the narrowest place divides", andon.Rollout{Scope: map[string]string{"region": "eu", "zone": "a"}}, []string{"region", "zone"},
			andon.Selector{"region": "eu", "zone": "a"}, andon.Selector{"region": "eu", "zone": "!=a"}, `{region="eu",zone!="a"}`},
		{"several regions", andon.Rollout{Scope: map[string]string{"region": "eu, us.1"}}, []string{"region"},
			andon.Selector{"region": `=~eu|us\.1`}, andon.Selector{"region": `!~eu|us\.1`}, `{region!~"eu|us\\.1"}`},
		{"versions count more, within the region",
			andon.Rollout{Scope: eu, Candidate: andon.Selector{"version": "2"}, Control: andon.Selector{"version": "1"}}, []string{"region"},
			andon.Selector{"version": "2", "region": "eu"}, andon.Selector{"version": "1", "region": "eu"}, `compared with old nodes {region="eu",version="1"} at the same time`},
		{"before-after as announced", andon.Rollout{Scope: eu, Strategy: andon.BeforeAfter}, []string{"region"}, nil, nil, "as announced"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ro := tt.rollout
			ro.ID, ro.Service, ro.Started = "r", "shop", noon
			s := shop(latency)
			s.Scope = tt.scope
			c := andon.Compare(ro, s, latency)
			if d := cmp.Diff(tt.candidate, c.Candidate.Select); d != "" {
				t.Errorf("candidate: -want +got\n%s", d)
			}
			if d := cmp.Diff(tt.control, c.Control.Select); d != "" {
				t.Errorf("control: -want +got\n%s", d)
			}
			v := judgeRegion(t, newWorld(time.Minute, noon, noon), ro, s, noon)
			if !strings.Contains(v.Basis, tt.basis) {
				t.Errorf("basis %q does not say %q", v.Basis, tt.basis)
			}
		})
	}
}

func judgeRegion(t *testing.T, w *world, ro andon.Rollout, s andon.Service, now time.Time) andon.Verdict {
	t.Helper()
	a, _ := w.analyzer()
	v, err := a.Judge(context.Background(), ro, s, now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A rolling update whose nodes keep their names, or are replaced by fresh ones:
// those not yet updated are control.
func TestRollingUpdate(t *testing.T) {
	const nodes = 8
	roll := func(w *world, kept bool, times float64) {
		for i := range nodes {
			node := fmt.Sprintf("node-%d", i)
			own := around(.2*math.Exp(.05*noise(node, noon)), .1, node)
			turn := noon.Add(time.Duration(1+4*i) * time.Minute)
			w.add("latency_seconds", node, "v1", w.from, func(t time.Time) float64 {
				if !t.Before(turn) {
					return none
				}
				return own(t)
			})
			fresh := node
			if !kept {
				fresh = "new-" + node
			}
			w.add("latency_seconds", fresh, "v2", turn, func(t time.Time) float64 { return times * own(t) })
		}
	}
	for _, kept := range []bool{true, false} {
		for _, tt := range []struct {
			name  string
			times float64
			want  andon.Decision
		}{{"harmless", 1, andon.Pass}, {"three times as slow", 3, andon.Fail}} {
			t.Run(fmt.Sprintf("%s, names kept: %v", tt.name, kept), func(t *testing.T) {
				w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
				roll(w, kept, tt.times)
				ro := w.canary()
				ro.Strategy = andon.Rolling
				v := judgeRegion(t, w, ro, shop(latency), noon.Add(time.Hour))
				if v.Verdict != tt.want || v.Strategy != andon.Rolling {
					t.Errorf("%s by %s: %s, want %s", v.Verdict, v.Strategy, v.Reason, tt.want)
				}
				if tt.want == andon.Fail && v.FirstFail.Sub(noon) > 20*time.Minute {
					t.Errorf("first fail %s after the start, before half of the nodes have it is wanted", v.FirstFail.Sub(noon))
				}
			})
		}
	}
}
