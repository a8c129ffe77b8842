package judge_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

var scenes = []scene{
	{
		name: "latency as before", service: shop(latency),
		build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1)) },
		want:  andon.Pass, quality: andon.OK,
	},
	{
		name: "latency four times as long", service: shop(latency),
		build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.8, .1)) },
		want:  andon.Fail, quality: andon.OK, within: 10 * time.Minute, says: "latency rose from 199 ms to 767 ms (×3.9) on the only new node",
	},
	{
		name: "latency a fifth longer is within the margin", service: shop(latency),
		build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.24, .1)) },
		want:  andon.Pass,
	},
	{
		name: "latency shorter", service: shop(latency),
		build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.05, .1)) },
		want:  andon.Pass,
	},
	{
		name: "success falls", service: shop(success),
		build: func(w *world) { w.fleet("success_ratio", constant(1), steady(.34, .1)) },
		want:  andon.Fail, quality: andon.OK, within: 20 * time.Minute, says: "success fell from 100% to 32.6% (−67 points)",
	},
	{
		name: "success falls everywhere", service: shop(success),
		build: func(w *world) {
			w.fleet("success_ratio", after(5*time.Minute, constant(1), constant(.5)), after(5*time.Minute, constant(1), constant(.5)))
		},
		want: andon.Pass,
	},
	{
		name: "errors out of calls", service: shop(failing),
		build: func(w *world) {
			w.fleet("errors_rate", constant(.1), constant(.5))
			w.fleet("calls_rate", constant(10), constant(10))
		},
		want: andon.Fail, quality: andon.OK, within: 4 * time.Minute, says: "errors rose from 1% to 5% (+4 points)",
	},
	{
		name: "no error was ever counted on candidate", service: shop(failing),
		build: func(w *world) {
			w.fleet("errors_rate", constant(.1), nil)
			w.fleet("calls_rate", constant(10), constant(10))
		},
		want: andon.Pass, quality: andon.OK,
	},
	{
		name: "restarts by the time a node runs", service: shop(restarts), lasts: time.Hour,
		build: func(w *world) {
			w.fleet("restarts_rate", constant(1./3600), func(string) func(time.Time) float64 {
				return func(t time.Time) float64 { return float64(b2i(t.Minute()%10 < 1)) / 30 }
			})
		},
		want: andon.Fail, says: "restarts rose",
	},
	{
		name: "candidate never appears", service: shop(success, cpu),
		build: func(w *world) {
			w.fleet("success_ratio", constant(1), nil)
			w.fleet("cpu_ratio", steady(.2, .1), nil)
		},
		want: andon.Fail, quality: andon.NoCandidateData, within: 19 * time.Minute, says: "none of the new nodes came up: no data from them for ",
	},
	{
		name: "candidate never appears though its stage is complete", service: shop(success, cpu),
		rollout: func(r *andon.Rollout) { r.Stages = []time.Time{noon.Add(time.Minute)} },
		build: func(w *world) {
			w.fleet("success_ratio", constant(1), nil)
			w.fleet("cpu_ratio", steady(.2, .1), nil)
		},
		want: andon.Fail, quality: andon.NoCandidateData, within: 7 * time.Minute, says: "none of the new nodes came up: no data from them for ",
	},
	{
		name: "candidate appears after five minutes", service: shop(success),
		build: func(w *world) {
			w.fleet("success_ratio", constant(1), nil)
			w.add("success_ratio", "new-0", "v2", noon.Add(5*time.Minute), func(time.Time) float64 { return 1 })
		},
		want: andon.Pass,
	},
	{
		name: "nobody calls the candidate", service: shop(success),
		build: func(w *world) { w.fleet("success_ratio", constant(1), constant(math.NaN())) },
		want:  andon.Inconclusive, quality: andon.NoCandidateData, says: "success: no sample from the new nodes, 124 samples from the old",
	},
	{
		name: "nobody calls control", service: shop(success),
		build: func(w *world) { w.fleet("success_ratio", constant(math.NaN()), constant(.2)) },
		want:  andon.Inconclusive, quality: andon.NoControlData, says: "no sample from the old nodes, ",
	},
	{
		name: "no control", service: shop(latency),
		build: func(w *world) {
			w.add("latency_seconds", "new-0", "v2", noon, around(.2, .1, "n"))
		},
		want: andon.Inconclusive, quality: andon.NoControlData, says: "no sample from the old nodes, ",
	},
	{
		name: "no series at all", service: shop(latency, success), build: func(*world) {},
		want: andon.Inconclusive, quality: andon.NoSeries, says: "check the query",
	},
	{
		name: "no signal", service: shop(), build: func(*world) {},
		want: andon.Inconclusive, says: "has no signals",
	},
	{
		name: "candidate dies", service: shop(latency),
		build: func(w *world) {
			w.fleet("latency_seconds", steady(.2, .1), after(8*time.Minute, steady(.2, .1), constant(none)))
		},
		want: andon.Fail, quality: andon.Stale, within: 18 * time.Minute, says: "none of the new nodes serves any more: no data from them for 23 minutes, while 4 old nodes report",
	},
	{
		name: "all go silent", service: shop(latency),
		build: func(w *world) {
			silent := after(8*time.Minute, steady(.2, .1), constant(none))
			w.fleet("latency_seconds", silent, silent)
		},
		want: andon.Inconclusive, quality: andon.Stale, says: "no sample from the new nodes since 2026-03-02T12:07:00Z",
	},
	{
		name: "a control node is the candidate by another name", service: shop(latency, cpu),
		build: func(w *world) {
			for _, m := range []string{"latency_seconds", "cpu_ratio"} {
				w.fleet(m, steady(.2, .1), steady(1.4, .1))
				w.add(m, "old-9", "v1", noon.Add(time.Minute), around(1.4, .1, "new-0"))
			}
		},
		want: andon.Fail, within: 10 * time.Minute,
	},
	{
		name: "memory is shown and not counted", service: shop(latency, memory),
		build: func(w *world) {
			w.fleet("latency_seconds", steady(.2, .1), steady(.2, .1))
			w.fleet("memory_bytes", steady(1e8, .01), steady(9e8, .01))
		},
		want: andon.Pass,
	},
	{
		name: "fail-fast", service: shop(with(latency, func(s *andon.Signal) {
			s.FailFast = &andon.Bound{Above: ptr(.5), For: model.Duration(3 * time.Minute)}
		})),
		build: func(w *world) { w.fleet("latency_seconds", steady(.2, .05), constant(.6)) },
		want:  andon.Fail, within: 4 * time.Minute, says: "its fail-fast threshold",
	},
	{
		name: "fail-fast not for long enough", service: shop(with(latency, func(s *andon.Signal) {
			s.FailFast = &andon.Bound{Above: ptr(.5), For: model.Duration(5 * time.Minute)}
		})),
		build: func(w *world) {
			w.fleet("latency_seconds", steady(.2, .05), after(4*time.Minute, constant(.6), steady(.2, .05)))
		},
		want: andon.Pass,
	},
	{
		name: "worse, but inside the ignore threshold", service: shop(with(latency, func(s *andon.Signal) {
			s.Ignore = &andon.Bound{Below: ptr(1.)}
		})),
		build: func(w *world) { w.fleet("latency_seconds", steady(.1, .05), steady(.6, .05)) },
		want:  andon.Pass, says: "inside the ignore threshold",
	},
	{
		name: "thresholds only", service: shop(with(latency, func(s *andon.Signal) {
			s.FailFast = &andon.Bound{Above: ptr(.5)}
		})),
		rollout: func(r *andon.Rollout) { r.Strategy = andon.Threshold },
		build:   func(w *world) { w.fleet("latency_seconds", steady(.2, .05), constant(.6)) },
		want:    andon.Fail, within: 2 * time.Minute, says: "latency was 600 ms on new-0, above its fail-fast threshold of 500 ms since",
	},
	{
		name: "the rest is control", service: shop(latency),
		rollout: func(r *andon.Rollout) {
			r.Strategy, r.Candidate, r.Control = andon.Auto, nil, andon.Selector{"version": "v1"}
		},
		build: func(w *world) { w.fleet("latency_seconds", steady(.2, .1), steady(.8, .1)) },
		want:  andon.Fail, within: 10 * time.Minute,
	},
	{
		name: "seconds instead of minutes", step: 2 * time.Second, before: 3 * time.Minute, lasts: time.Minute,
		service: quick(shop(failing, latency)),
		build: func(w *world) {
			w.fleet("errors_rate", constant(.2), nil)
			w.fleet("calls_rate", constant(20), nil)
			w.fleet("latency_seconds", steady(.2, .1), nil)
			for m, v := range map[string]float64{"errors_rate": 8, "calls_rate": 20, "latency_seconds": .3} {
				w.add(m, "new-0", "v2", noon.Add(4*time.Second), around(v, .1, "new-0"))
			}
		},
		want: andon.Fail, within: 15 * time.Second, says: "errors rose",
	},
	{
		name: "seconds, and the candidate never appears", step: 2 * time.Second, before: 3 * time.Minute, lasts: time.Minute,
		service: quick(shop(failing)),
		build: func(w *world) {
			w.fleet("errors_rate", constant(.2), nil)
			w.fleet("calls_rate", constant(20), nil)
		},
		want: andon.Fail, within: 38 * time.Second, says: "none of the new nodes came up",
	},
	{
		name: "as every day", service: shop(andon.Signal{Name: "kpi", Metric: "kpi", Worse: andon.Both}),
		rollout: before, before: 72 * time.Hour, lasts: time.Hour,
		build: func(w *world) { w.kpi(func(t time.Time) float64 { return day(t) + noise("k", t) }) },
		want:  andon.Pass, quality: andon.OK,
	},
	{
		name: "not as any day", service: shop(andon.Signal{Name: "kpi", Metric: "kpi", Worse: andon.Both}),
		rollout: before, before: 72 * time.Hour, lasts: time.Hour,
		build: func(w *world) {
			w.kpi(func(t time.Time) float64 {
				if t.Before(noon) {
					return day(t) + noise("k", t)
				}
				return day(t) + noise("k", t) - 12
			})
		},
		want: andon.Fail, within: 10 * time.Minute, says: "kpi fell from",
	},
	{
		name: "higher than any day, which is good", service: shop(andon.Signal{Name: "kpi", Metric: "kpi", Worse: andon.Lower}),
		rollout: before, before: 72 * time.Hour, lasts: time.Hour,
		build: func(w *world) {
			w.kpi(func(t time.Time) float64 {
				if t.Before(noon) {
					return day(t) + noise("k", t)
				}
				return day(t) + noise("k", t) + 12
			})
		},
		want: andon.Pass,
	},
	{
		name: "no past", service: shop(andon.Signal{Name: "kpi", Metric: "kpi", Worse: andon.Both}),
		rollout: before, before: time.Hour,
		build: func(w *world) { w.kpi(func(t time.Time) float64 { return 100 + noise("k", t) }) },
		want:  andon.Inconclusive, quality: andon.LowExposure, says: "needs 6 h 10 min of samples before the change",
	},
}

func with(s andon.Signal, f func(*andon.Signal)) andon.Signal {
	f(&s)
	return s
}

// quick is the service looked at every two seconds.
func quick(s andon.Service) andon.Service {
	s.Step, s.WarmUp = model.Duration(2*time.Second), ptr(model.Duration(5*time.Second))
	return s
}

func before(r *andon.Rollout) {
	r.Strategy, r.Candidate, r.Control = andon.BeforeAfter, nil, nil
}

func day(t time.Time) float64 {
	return 100 + 20*math.Sin(2*math.Pi*float64(t.Unix())/86400)
}

func TestJudge(t *testing.T) {
	for _, s := range slices.Concat(scenes, regionScenes) {
		t.Run(s.name, func(t *testing.T) {
			w, r := s.world()
			a, l := w.analyzer()
			now := noon.Add(s.span())
			v, err := a.Judge(context.Background(), r, s.service, now)
			if err != nil {
				t.Fatal(err)
			}
			check(t, s, v)
			if l.latest.After(now) {
				t.Errorf("samples were asked for up to %s, after %s", l.latest, now)
			}
		})
	}
}

func TestPercentagesAreRatios(t *testing.T) {
	s := scenes[4]
	s.service = shop(with(success, func(s *andon.Signal) { s.Unit = "percent" }))
	s.build = func(w *world) { w.fleet("success_ratio", constant(100), steady(34, .1)) }
	w, r := s.world()
	a, _ := w.analyzer()
	percent, _ := a.Judge(context.Background(), r, s.service, noon.Add(s.span()))
	w, r = scenes[4].world()
	a, _ = w.analyzer()
	ratio, _ := a.Judge(context.Background(), r, scenes[4].service, noon.Add(s.span()))
	if d := math.Log(float64(percent.Evidence / ratio.Evidence)); math.Abs(d) > 1e-6 {
		t.Errorf("evidence %v in percent, %v as ratios", percent.Evidence, ratio.Evidence)
	}
}

func TestSensitivity(t *testing.T) {
	// A loss that is found sooner the higher the sensitivity.
	var delays []time.Duration
	for _, sens := range []andon.Sensitivity{andon.High, andon.Medium, andon.Low} {
		s := scenes[4]
		s.service.Sensitivity = sens
		s.build = func(w *world) { w.fleet("success_ratio", steady(.97, .02), steady(.8, .1)) }
		w, r := s.world()
		a, _ := w.analyzer()
		v, _ := a.Judge(context.Background(), r, s.service, noon.Add(s.span()))
		if v.FirstFail == nil {
			t.Fatalf("%s: not found: %s", sens, v.Reason)
		}
		delays = append(delays, v.FirstFail.Sub(noon))
	}
	if !(delays[0] <= delays[1] && delays[1] <= delays[2] && delays[0] < delays[2]) {
		t.Errorf("found after %v, want sooner the higher the sensitivity", delays)
	}
}
