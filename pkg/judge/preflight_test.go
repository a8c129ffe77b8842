package judge_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// put gives a series of any labels a value from one time to another.
func (w *world) put(metric string, labels model.Metric, v float64, from, to time.Time) {
	s := &model.SampleStream{Metric: labels}
	for t := w.from; !t.After(w.to); t = t.Add(w.step) {
		if !t.Before(from) && t.Before(to) {
			s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(t.UnixNano()), Value: model.SampleValue(v)})
		}
	}
	w.series[metric] = append(w.series[metric], s)
}

// runs has a node in a region report a version from a time after noon on.
func (w *world) runs(node, region, version string, from, to time.Duration) {
	w.put("build_info", model.Metric{"pod": model.LabelValue(node), "region": model.LabelValue(region), "version": model.LabelValue(version), "track": model.LabelValue(node[:3])},
		1, noon.Add(from), noon.Add(to))
}

const (
	early = -2 * time.Hour
	late  = 24 * time.Hour
)

var (
	versions = andon.Preflight{Version: &andon.VersionCheck{Metric: "build_info"}}
	byRegion = andon.Preflight{Completeness: &andon.CompletenessCheck{Metric: "source_up", By: "region"}}
	twelve   = andon.Preflight{Completeness: &andon.CompletenessCheck{Metric: "sources", AtLeast: "12"}}
	oneOnly  = andon.Preflight{Scope: &andon.ScopeCheck{AtMost: 1, Of: "region"}}
	oneSeen  = andon.Preflight{Scope: &andon.ScopeCheck{AtMost: 1, Of: "region", Metric: "build_info"}}
)

// everywhere is a rollout without cohorts.
func everywhere(r *andon.Rollout) {
	r.Strategy, r.Candidate, r.Control, r.Version = andon.BeforeAfter, nil, nil, "v2"
}

func byVersion(r *andon.Rollout) { r.Version = "v2" }

func byTrack(r *andon.Rollout) {
	r.Version, r.Candidate, r.Control = "v2", andon.Selector{"track": "new"}, andon.Selector{"track": "old"}
}

// A flown is a rollout that one pre-flight check decides; its other signals
// are in order.
type flown struct {
	name    string
	check   andon.Preflight
	rollout func(*andon.Rollout)
	build   func(*world)
	want    andon.Decision
	after   time.Duration // from noon to the first fail
	says    []string
}

var flights = []flown{
	{
		name: "version appears", check: versions, rollout: byVersion, want: andon.Pass, says: []string{"1 of 2 run v2"},
		build: func(w *world) {
			w.runs("old-0", "eu", "v1", early, late)
			w.runs("new-0", "eu", "v2", time.Minute, late)
		},
	},
	{
		name: "version never appears", check: versions, rollout: byVersion, want: andon.Fail, after: 10 * time.Minute,
		says: []string{"version v2 was announced, but nothing ran it", "pod new-0 (v1)"},
		build: func(w *world) {
			w.runs("old-0", "eu", "v1", early, late)
			w.runs("new-0", "eu", "v1", time.Minute, late)
		},
	},
	{
		name: "one candidate node on another version", check: versions, rollout: byTrack, want: andon.Fail, after: 10 * time.Minute,
		says: []string{"version v2 was announced", "pod new-1 (v1)"},
		build: func(w *world) {
			w.runs("old-0", "eu", "v1", early, late)
			w.runs("new-0", "eu", "v2", time.Minute, late)
			w.runs("new-1", "eu", "v1", time.Minute, late)
		},
	},
	{
		name: "a candidate node that was slow", check: versions, rollout: byTrack, want: andon.Pass,
		build: func(w *world) {
			w.runs("new-0", "eu", "v2", time.Minute, late)
			w.runs("new-1", "eu", "v1", early, 7*time.Minute)
			w.runs("new-1", "eu", "v2", 6*time.Minute, late)
		},
	},
	{
		name: "ten minutes count from the first stage", check: versions, rollout: func(r *andon.Rollout) { byVersion(r); r.Stages = []time.Time{noon.Add(5 * time.Minute)} },
		want: andon.Fail, after: 15 * time.Minute, says: []string{"nothing ran it"},
		build: func(w *world) { w.runs("old-0", "eu", "v1", early, late) },
	},
	{
		name: "a region of the scope was left out", check: versions, want: andon.Fail, after: 10 * time.Minute, says: []string{"region us (v1)"},
		rollout: func(r *andon.Rollout) { byVersion(r); r.Scope = map[string]string{"region": "eu, us"} },
		build: func(w *world) {
			w.runs("old-0", "eu", "v1", early, late)
			w.runs("new-0", "eu", "v2", time.Minute, late)
			w.runs("old-1", "us", "v1", early, late)
			w.runs("old-2", "asia", "v1", early, late)
		},
	},
	{
		name: "a region of the scope reports nothing", check: versions, want: andon.Fail, after: 10 * time.Minute, says: []string{"region us (reports nothing)"},
		rollout: func(r *andon.Rollout) { everywhere(r); r.Scope = map[string]string{"region": "eu,us"} },
		build:   func(w *world) { w.runs("new-0", "eu", "v2", early, late) },
	},
	{
		name: "no version is reported", check: versions, rollout: byVersion, want: andon.Inconclusive, says: []string{"nothing reported a version", "expected v2"},
		build: func(*world) {},
	},
	{
		name: "no version was announced", check: versions, rollout: func(*andon.Rollout) {}, want: andon.Inconclusive, says: []string{"announced without a version"},
		build: func(w *world) { w.runs("new-0", "eu", "v2", early, late) },
	},
	{
		name: "all sources", check: byRegion, rollout: byVersion, want: andon.Pass, says: []string{"2 sources, needs 2"},
		build: func(w *world) { w.source("eu", early, late); w.source("us", early, late) },
	},
	{
		name: "a source is gone", check: byRegion, rollout: byVersion, want: andon.Fail, after: 4 * time.Minute, says: []string{"1 source at", "needs 2; missing region: us"},
		build: func(w *world) { w.source("eu", early, late); w.source("us", early, 3*time.Minute) },
	},
	{
		name: "one scrape was missed", check: byRegion, rollout: byVersion, want: andon.Pass,
		build: func(w *world) {
			w.source("eu", early, late)
			w.source("us", early, 3*time.Minute)
			w.source("us", 4*time.Minute, late)
		},
	},
	{
		name: "sources not seen before", check: byRegion, rollout: byVersion, want: andon.Inconclusive, says: []string{"not known how many sources there were"},
		build: func(w *world) { w.source("eu", time.Minute, late) },
	},
	{
		name: "too few in number", check: twelve, rollout: byVersion, want: andon.Fail, after: time.Minute, says: []string{"11 sources", "needs 12"},
		build: func(w *world) { w.put("sources", model.Metric{}, 11, noon.Add(early), noon.Add(late)) },
	},
	{
		name: "enough in number", check: twelve, rollout: byVersion, want: andon.Pass,
		build: func(w *world) { w.put("sources", model.Metric{}, 12, noon.Add(early), noon.Add(late)) },
	},
	{
		name: "number not summed", check: twelve, rollout: byVersion, want: andon.Inconclusive, says: []string{"2 series, expected 1"},
		build: func(w *world) {
			w.put("sources", model.Metric{"a": "1"}, 12, noon.Add(early), noon.Add(late))
			w.put("sources", model.Metric{"a": "2"}, 12, noon.Add(early), noon.Add(late))
		},
	},
	{
		name: "sources vanish from sight", check: twelve, rollout: byVersion, want: andon.Inconclusive, says: []string{"no number of sources since 2026-03-02T12:01:00Z"},
		build: func(w *world) { w.put("sources", model.Metric{}, 12, noon.Add(early), noon.Add(2*time.Minute)) },
	},
	{
		name: "two regions announced", check: oneOnly, want: andon.Fail, says: []string{"changes 2 values of region at once (eu and us), at most 1 allowed"},
		rollout: func(r *andon.Rollout) { byVersion(r); r.Scope = map[string]string{"region": "eu,us,eu"} }, build: func(*world) {},
	},
	{
		name: "one region announced", check: oneOnly, want: andon.Pass,
		rollout: func(r *andon.Rollout) { byVersion(r); r.Scope = map[string]string{"region": "eu"} }, build: func(*world) {},
	},
	{
		name: "no region announced", check: oneOnly, want: andon.Inconclusive, rollout: everywhere, says: []string{"says which region", "all nodes change at once"}, build: func(*world) {},
	},
	{
		name: "the new version is seen in two regions", check: oneSeen, rollout: byVersion, want: andon.Fail, after: 4 * time.Minute, says: []string{"2 values of region", "eu and us"},
		build: func(w *world) {
			w.runs("old-1", "asia", "v1", early, late)
			w.runs("new-0", "eu", "v2", time.Minute, late)
			w.runs("new-1", "us", "v2", 4*time.Minute, late)
		},
	},
	{
		name: "two regions one after the other", check: oneSeen, rollout: byVersion, want: andon.Pass,
		build: func(w *world) {
			w.runs("new-0", "eu", "v2", time.Minute, late)
			w.runs("new-1", "us", "v2", 20*time.Minute, late)
		},
	},
	{
		name: "all nodes change at once", check: oneSeen, rollout: everywhere, want: andon.Fail, says: []string{"all nodes change at once"},
		build: func(w *world) { w.runs("new-0", "eu", "v2", early, late); w.runs("new-1", "us", "v2", early, late) },
	},
}

func (w *world) source(region string, from, to time.Duration) {
	w.put("source_up", model.Metric{"region": model.LabelValue(region)}, 1, noon.Add(from), noon.Add(to))
}

func (f flown) world() (*world, judge.Underway) {
	w := newWorld(time.Minute, noon.Add(-12*time.Hour), noon.Add(time.Hour))
	w.fleet("success_ratio", constant(1), constant(1))
	for _, s := range w.series["success_ratio"] {
		s.Metric["track"] = s.Metric["pod"][:3]
	}
	f.build(w)
	r := w.canary()
	f.rollout(&r)
	s := shop(success)
	s.WarmUp = ptr(model.Duration(time.Minute))
	s.Preflight = []andon.Preflight{f.check}
	return w, judge.Underway{Rollout: r, Service: s}
}

func preflightOf(t *testing.T, v andon.Verdict) andon.Finding {
	t.Helper()
	for _, f := range v.Findings {
		if f.Kind == "preflight" {
			return f
		}
	}
	t.Fatalf("no finding of a pre-flight check in %+v", v.Findings)
	return andon.Finding{}
}

// Each check decides as it should, at the same bin for a judge that ticked all
// along, one that began in the middle, and one that comes at the end.
func TestPreflight(t *testing.T) {
	for _, f := range flights {
		t.Run(f.name, func(t *testing.T) {
			w, u := f.world()
			a, _ := w.analyzer()
			all, half := a.NewWatch(2), a.NewWatch(2)
			var v andon.Verdict
			for now := noon; !now.After(noon.Add(30 * time.Minute)); now = now.Add(2 * time.Minute) {
				v = tick(all, now, judge.Underway{Rollout: u.Rollout.AsOf(now), Service: u.Service})[0]
				if now.Sub(noon) >= 8*time.Minute {
					if d := cmp.Diff(wire(t, v), wire(t, tick(half, now, u)[0])); d != "" {
						t.Fatalf("at %s one that began late differs:\n%s", now, d)
					}
				}
			}
			check(t, scene{want: f.want}, v)
			got := preflightOf(t, v)
			for _, s := range f.says {
				if !strings.Contains(got.Reason, s) {
					t.Errorf("reason %q does not say %q", got.Reason, s)
				}
			}
			if got.Blamed != (f.want == andon.Fail) {
				t.Errorf("blamed is %v of a rollout that came to %s", got.Blamed, v.Verdict)
			}
			switch {
			case f.want == andon.Fail && (v.FirstFail == nil || !v.FirstFail.Equal(noon.Add(f.after)) || v.Score != 1 || v.Reason != got.Reason):
				t.Errorf("failed at %v with score %v, because %q; want %v, 1, %q", v.FirstFail, v.Score, v.Reason, noon.Add(f.after), got.Reason)
			case f.want == andon.Inconclusive && v.Quality == andon.OK:
				t.Error("an open check leaves the quality in order")
			}
		})
	}
}

// A source that is away is asked again and is never taken for a pass; nothing
// is asked twice, and nothing once the check is decided.
func TestPreflightAsksNoMoreThanItNeeds(t *testing.T) {
	w, u := flights[0].world()
	a, asked := w.analyzer()
	watch := a.NewWatch(1)
	asked.failing = "build_info"
	var v andon.Verdict
	for m := range 12 {
		v = tick(watch, noon.Add(time.Duration(m)*time.Minute), u)[0]
	}
	if f := preflightOf(t, v); v.Verdict != andon.Inconclusive || f.Quality != andon.SourceError || !strings.Contains(f.Reason, "the server is away") {
		t.Errorf("with its source away the verdict is %s: %s", v.Verdict, f.Reason)
	}
	asked.failing = ""
	before := len(asked.exprs)
	for m := range 12 {
		v = tick(watch, noon.Add(time.Duration(12+m)*time.Minute), u)[0]
	}
	n := 0
	for _, e := range asked.exprs[before:] {
		if strings.Contains(e, "build_info") {
			n++
		}
	}
	if v.Verdict != andon.Pass || n != 1 {
		t.Errorf("verdict %s (%s) after %d questions, want pass after 1", v.Verdict, v.Reason, n)
	}
}

// A rollout that ends before the time of a check is over does not pass.
func TestPreflightOpenAtTheEnd(t *testing.T) {
	w, u := flights[9].world()
	u.Rollout.Ended = noon.Add(8 * time.Minute)
	a, _ := w.analyzer()
	v, err := a.Judge(context.Background(), u.Rollout, u.Service, noon.Add(9*time.Minute))
	if err != nil || v.Verdict != andon.Inconclusive || !strings.Contains(v.Reason, "2 sources so far") {
		t.Errorf("got %s (%s), %v", v.Verdict, v.Reason, err)
	}
}

func TestPreflightNames(t *testing.T) {
	for _, p := range []andon.Preflight{versions, byRegion, oneOnly, {Name: "mine", Scope: oneOnly.Scope}} {
		want := "preflight-" + p.Kind()
		if p.Name != "" {
			want = p.Name
		}
		if got := p.Called(); got != want {
			t.Errorf("called %q, want %q", got, want)
		}
	}
	many := flown{check: versions, rollout: byTrack, build: func(w *world) {
		for i := range 20 {
			w.runs(fmt.Sprintf("new-%02d", i), "eu", "v1", early, late)
		}
	}}
	w, u := many.world()
	a, _ := w.analyzer()
	v, _ := a.Judge(context.Background(), u.Rollout, u.Service, noon.Add(20*time.Minute))
	if !strings.Contains(v.Reason, "and 14 more") {
		t.Errorf("the reason names all: %s", v.Reason)
	}
}
