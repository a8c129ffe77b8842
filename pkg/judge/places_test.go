package judge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// spread gives the nodes of two versions in two regions, four old ones and one
// new one each, a metric; times multiplies it on the new one of a region.
func (w *world) spread(metric string, level float64, times map[string]float64) {
	for _, region := range []string{"eu", "us"} {
		put := func(node, version string, since time.Time, times float64) {
			own := around(level, .1, node)
			w.add(metric, node, version, since, func(t time.Time) float64 { return times * own(t) })
			w.series[metric][len(w.series[metric])-1].Metric["region"] = model.LabelValue(region)
		}
		for i := range 4 {
			put(fmt.Sprintf("old-%s-%d", region, i), "v1", w.from, 1)
		}
		if f, ok := times[region]; ok {
			put("new-"+region, "v2", noon.Add(time.Minute), f)
		}
	}
}

func TestScopes(t *testing.T) {
	type want struct {
		decision andon.Decision
		says     string
	}
	tests := []struct {
		name    string
		service andon.Service
		build   func(w *world)
		whole   andon.Decision
		want    map[string]want
	}{
		{
			"worse in one region", inRegions(latency),
			func(w *world) { w.spread("latency_seconds", .2, map[string]float64{"eu": 6, "us": 1}) },
			andon.Fail,
			map[string]want{"eu": {andon.Fail, "latency rose from 197 ms to 1.2 s (×6.1); evidence "}, "us": {andon.Pass, "latency"}},
		},
		{
			"worse nowhere", inRegions(latency),
			func(w *world) { w.spread("latency_seconds", .2, map[string]float64{"eu": 1, "us": 1}) },
			andon.Pass,
			map[string]want{"eu": {andon.Pass, "no signal differs between new and old nodes"}, "us": {andon.Pass, "no signal differs between new and old nodes"}},
		},
		{
			"not yet in one region", inRegions(latency),
			func(w *world) { w.spread("latency_seconds", .2, map[string]float64{"us": 1}) },
			andon.Pass,
			map[string]want{"eu": {andon.Inconclusive, "no new node there"}, "us": {andon.Pass, ""}},
		},
		{
			"everything at once in one region", inRegions(latency),
			func(w *world) {
				w.spread("latency_seconds", .2, map[string]float64{"eu": 1, "us": 1})
				for _, s := range w.series["latency_seconds"] {
					if s.Metric["region"] == "eu" && s.Metric["version"] == "v1" {
						for i, p := range s.Values {
							if !p.Timestamp.Time().Before(noon.Add(time.Minute)) {
								s.Values = s.Values[:i]
								break
							}
						}
					}
				}
			},
			andon.Pass,
			map[string]want{"eu": {andon.Inconclusive, "everything there was changed at once, without stages"}, "us": {andon.Pass, ""}},
		},
		{
			"a signal without the label", inRegions(latency, cpu),
			func(w *world) {
				w.spread("latency_seconds", .2, map[string]float64{"eu": 1, "us": 1})
				w.fleet("cpu_ratio", steady(.2, .1), steady(.2, .1))
			},
			andon.Pass,
			map[string]want{"eu": {andon.Pass, "not compared, as the label region is missing: cpu"}, "us": {andon.Pass, "not compared, as the label region is missing: cpu"}},
		},
		{
			"no signal has the label", inRegions(latency),
			func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1)) },
			andon.Pass,
			map[string]want{"": {andon.Inconclusive, "no series has the label region; keep it in the queries, as in sum by (pod, version, region) (…)"}},
		},
		{
			"a threshold breached in one region",
			inRegions(with(latency, func(s *andon.Signal) { s.FailFast = &andon.Bound{Above: ptr(1.)} })),
			func(w *world) { w.spread("latency_seconds", .2, map[string]float64{"eu": 20, "us": 1}) },
			andon.Fail,
			map[string]want{"eu": {andon.Fail, "fail-fast threshold"}, "us": {andon.Pass, ""}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
			tt.build(w)
			v := judgeRegion(t, w, w.canary(), tt.service, noon.Add(40*time.Minute))
			if v.Verdict != tt.whole {
				t.Errorf("the whole: %s: %s, want %s", v.Verdict, v.Reason, tt.whole)
			}
			if len(v.Scopes) != len(tt.want) {
				t.Errorf("%d scopes, want %d: %+v", len(v.Scopes), len(tt.want), v.Scopes)
			}
			for _, s := range v.Scopes {
				w, ok := tt.want[s.Value]
				if !ok || s.Label != "region" || s.Verdict != w.decision || !strings.Contains(s.Reason, w.says) {
					t.Errorf("%s=%s: %s (%v): %q, want %s: %q", s.Label, s.Value, s.Verdict, s.Evidence, s.Reason, w.decision, w.says)
				}
			}
			plain := tt.service
			plain.Scope = nil
			if p := judgeRegion(t, w, w.canary(), plain, noon.Add(40*time.Minute)); p.Evidence != v.Evidence || p.Verdict != v.Verdict || p.Scopes != nil {
				t.Errorf("places change the whole: evidence %v, without them %v", v.Evidence, p.Evidence)
			}
		})
	}
}

// A region whose nodes are all changed is held against those elsewhere, zone
// by zone.
func TestScopesOfRegionControl(t *testing.T) {
	w := newWorld(time.Minute, noon.Add(-2*time.Hour), noon.Add(time.Hour))
	w.regions("latency_seconds", func(region, node string) func(time.Time) float64 {
		bad := 1.
		if node == "eu-0" || node == "eu-1" {
			bad = 4
		}
		return regional(.2, .1, bad)(region, node)
	})
	for _, s := range w.series["latency_seconds"] {
		s.Metric["zone"] = model.LabelValue(map[bool]string{true: "a", false: "b"}[strings.HasSuffix(string(s.Metric["pod"]), "0") || strings.HasSuffix(string(s.Metric["pod"]), "1")])
	}
	ro := w.canary()
	toEurope(&ro)
	s := inRegions(latency)
	s.Scope = []string{"region", "zone"}
	v := judgeRegion(t, w, ro, s, noon.Add(time.Hour))
	got := map[string]andon.Decision{}
	for _, x := range v.Scopes {
		got[x.Label+"="+x.Value] = x.Verdict
	}
	for place, want := range map[string]andon.Decision{"zone=a": andon.Fail, "zone=b": andon.Pass, "region=us": andon.Inconclusive} {
		if got[place] != want {
			t.Errorf("%s: %s, want %s: %+v", place, got[place], want, v.Scopes)
		}
	}
}

// What each stage showed: clean until the second, bad in it.
func TestStages(t *testing.T) {
	s := scene{
		service: shop(success), lasts: 40 * time.Minute,
		build: func(w *world) {
			w.fleet("success_ratio", constant(1), after(15*time.Minute, constant(1), steady(.34, .1)))
		},
		rollout: func(r *andon.Rollout) {
			r.Stages = []time.Time{noon.Add(2 * time.Minute), noon.Add(12 * time.Minute), noon.Add(39 * time.Minute)}
		},
	}
	w, ro := s.world()
	at := func(minute int) []andon.StageVerdict {
		return judgeRegion(t, w, ro, s.service, noon.Add(time.Duration(minute)*time.Minute)).Stages
	}
	tests := []struct {
		minute int
		want   []andon.Decision
		open   bool // the last one lasts
	}{
		{1, []andon.Decision{andon.Inconclusive}, true},
		{10, []andon.Decision{andon.Pass}, true},
		{14, []andon.Decision{andon.Pass, andon.Pass}, true},
		{38, []andon.Decision{andon.Pass, andon.Fail}, true},
		{40, []andon.Decision{andon.Pass, andon.Fail, andon.Fail}, true},
	}
	for _, tt := range tests {
		got := at(tt.minute)
		if len(got) != len(tt.want) {
			t.Fatalf("minute %d: %d stages, want %d: %+v", tt.minute, len(got), len(tt.want), got)
		}
		from := noon
		for i, g := range got {
			if g.Stage != i+1 || g.Verdict != tt.want[i] || !g.From.Equal(from) || g.Reason == "" {
				t.Errorf("minute %d, stage %d: %+v, want %s from %s", tt.minute, i+1, g, tt.want[i], from)
			}
			if last := i == len(got)-1; (g.To == nil) != (last && tt.open) {
				t.Errorf("minute %d, stage %d ends at %v", tt.minute, i+1, g.To)
			} else if !last {
				from = *g.To
			}
		}
	}
	if got := at(38); got[0].Evidence > 2 || got[1].Evidence < 1000 {
		t.Errorf("evidence by stage: %v and %v, want it all in the second", got[0].Evidence, got[1].Evidence)
	}
	ro.Ended = noon.Add(30 * time.Minute)
	if got := at(38); len(got) != 2 || got[1].To == nil || !got[1].To.Equal(ro.Ended) {
		t.Errorf("a rollout that has ended: %+v", got)
	}
}
