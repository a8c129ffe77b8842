package judge_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

var long = flag.Bool("long", false, "judge as many overlapping rollouts as the figures in docs/how/statistics.md are of")

// A wave is a rollout to the nodes of a fleet, two at a time: the label of the
// wave turns from old to new.
type wave struct {
	label string
	start time.Duration // after noon
	every time.Duration // between steps; two minutes if zero
	order int64         // seed of the order of nodes
	bad   bool
	other bool // of another service, whose own signals stay as they were
	fresh bool // it replaces nodes by others of new names
}

const waveNodes = 12

func (w wave) adopts(node int) time.Time {
	order := rand.New(rand.NewPCG(uint64(w.order), 3)).Perm(waveNodes)
	return noon.Add(w.start + time.Minute + time.Duration(slices.Index(order, node)/2)*cmp.Or(w.every, 2*time.Minute))
}

// fleetOf adds the samples of a metric of all nodes: fine before a node has
// adopted what is bad, and worse since.
func (w *world) fleetOf(metric string, waves []wave, fine, worse func(node string) func(time.Time) float64) {
	for i := range waveNodes {
		node := fmt.Sprintf("node-%02d", i)
		ok, ko := fine(node), worse(node)
		streams := map[string]*model.SampleStream{}
		for t := w.from; !t.After(w.to); t = t.Add(w.step) {
			m, v, name := model.Metric{}, ok(t), node
			for _, x := range waves {
				m[model.LabelName(x.label)] = "old"
				if !t.Before(x.adopts(i)) {
					m[model.LabelName(x.label)] = "new"
					if x.bad {
						v = ko(t)
					}
					if x.fresh {
						name += "-" + x.label
					}
				}
			}
			m["pod"] = model.LabelValue(name)
			s := streams[m.String()]
			if s == nil {
				s = &model.SampleStream{Metric: m}
				streams[m.String()] = s
				w.series[metric] = append(w.series[metric], s)
			}
			s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(t.UnixNano()), Value: model.SampleValue(v)})
		}
	}
}

// under returns the rollouts under way.
func underWaves(waves []wave, s andon.Service) []judge.Underway {
	var out []judge.Underway
	for _, x := range waves {
		u := judge.Underway{Service: s, Rollout: andon.Rollout{
			ID: x.label, Service: s.Name, Strategy: andon.Rolling, Started: noon.Add(x.start),
			Candidate: andon.Selector{x.label: "new"}, Control: andon.Selector{x.label: "old"},
		}}
		if x.other {
			sig := with(success, func(s *andon.Signal) { s.Metric = "host_success_ratio" })
			u.Service = andon.Service{Name: "hosts", Layer: andon.Infrastructure, Node: "pod", Signals: []andon.Signal{sig}}
			u.Rollout.Service = "hosts"
		}
		out = append(out, u)
	}
	return out
}

// scattered is a share of success that is now and then a little under 1.
func scattered(level float64) func(string) func(time.Time) float64 {
	return func(node string) func(time.Time) float64 {
		return func(t time.Time) float64 { return max(0, min(1, level+.02*noise(node, t))) }
	}
}

func poisson(node string, mean float64, t time.Time) float64 {
	r := rand.New(rand.NewPCG(uint64(t.Unix()), uint64(node[len(node)-1])*31+uint64(node[len(node)-2])))
	n := 0.
	for p := r.ExpFloat64(); p < mean; p += r.ExpFloat64() {
		n++
	}
	return n
}

// faults are ways in which a fleet becomes worse, each seen by one signal.
var faults = map[string]struct {
	signal andon.Signal
	add    func(w *world, waves []wave)
}{
	"failures": {success, func(w *world, waves []wave) {
		w.fleetOf("success_ratio", waves, scattered(.99), scattered(.6))
	}},
	"latency": {latency, func(w *world, waves []wave) {
		w.fleetOf("latency_seconds", waves, steady(.2, .1), steady(.6, .1))
	}},
	"counts": {failing, func(w *world, waves []wave) {
		errors := func(mean float64) func(string) func(time.Time) float64 {
			return func(node string) func(time.Time) float64 {
				return func(t time.Time) float64 { return poisson(node, mean, t) / 60 }
			}
		}
		w.fleetOf("errors_rate", waves, errors(.3), errors(4))
		w.fleetOf("calls_rate", waves, constant(1), constant(1))
	}},
}

// TestOverlappingRollouts: of rollouts that come to the same nodes each in an
// order of its own, the bad one fails alone; what cannot be told apart fails
// neither, and says so.
func TestOverlappingRollouts(t *testing.T) {
	const version, config, third, host = "version", "config", "flags", "os"
	for _, tc := range []struct {
		name  string
		waves []wave
		fails string // label of the one that is to fail
		set   []string
	}{
		{name: "the version of two", waves: []wave{{label: version, order: 1, bad: true}, {label: config, order: 2}}, fails: version},
		{name: "the configuration of two", waves: []wave{{label: version, order: 1}, {label: config, order: 2, bad: true}}, fails: config},
		{name: "the later", waves: []wave{{label: version, order: 1}, {label: config, start: 5 * time.Minute, order: 4, bad: true}}, fails: config},
		{name: "the earlier", waves: []wave{{label: version, order: 1, bad: true}, {label: config, start: 5 * time.Minute, order: 4}}, fails: version},
		{name: "one of three", waves: []wave{{label: version, order: 5}, {label: config, order: 6, bad: true}, {label: third, start: 2 * time.Minute, order: 7}}, fails: config},
		{name: "one that replaces nodes", waves: []wave{{label: version, order: 1, fresh: true, bad: true}, {label: config, order: 2}}, fails: version},
		{name: "one beside one that replaces nodes", waves: []wave{{label: version, order: 1, fresh: true}, {label: config, order: 2, bad: true}}, fails: config},
		{name: "two that replace nodes on one schedule", waves: []wave{{label: version, order: 1, fresh: true, bad: true}, {label: config, order: 1, fresh: true}}, set: []string{config, version}},
		{name: "none", waves: []wave{{label: version, order: 1}, {label: config, order: 2}}},
		{name: "one schedule", waves: []wave{{label: version, order: 1, bad: true}, {label: config, order: 1}}, set: []string{config, version}},
		{name: "one schedule of two of three", waves: []wave{{label: version, order: 1, bad: true}, {label: config, order: 1}, {label: third, order: 8}}, set: []string{config, version}},
		{name: "the hosts underneath", waves: []wave{{label: version, order: 1}, {label: host, order: 2, bad: true, other: true}}},
		{name: "a version on hosts that are updated", waves: []wave{{label: version, order: 1, bad: true}, {label: host, order: 2, other: true}}, fails: version},
	} {
		for _, fault := range sortedNames(faults) {
			t.Run(tc.name+"/"+fault, func(t *testing.T) {
				w := newWorld(time.Minute, noon.Add(-time.Hour), noon.Add(time.Hour))
				faults[fault].add(w, tc.waves)
				w.fleetOf("host_success_ratio", tc.waves, constant(1), constant(1))
				a, _ := w.analyzer()
				steady, under := a.NewWatch(1), underWaves(tc.waves, shop(faults[fault].signal))
				var got []andon.Verdict
				for now := noon; !now.After(noon.Add(30 * time.Minute)); now = now.Add(5 * time.Minute) {
					var by []judge.Underway
					for _, u := range under {
						if !u.Rollout.Started.After(now) {
							by = append(by, u)
						}
					}
					got = tick(steady, now, by...)
					for _, v := range got {
						if v.Quality == andon.Ambiguous && (v.Verdict != andon.Inconclusive || !strings.HasPrefix(v.Reason, "AMBIGUOUS")) {
							t.Errorf("%s at %s: %s (%s) while ambiguous", v.Rollout, now, v.Verdict, v.Reason)
						}
					}
				}
				for _, v := range got {
					t.Logf("%s %s, evidence %.3g, blame %.3g, first fail %v: %s", v.Rollout, v.Verdict, v.Evidence, v.Blame, v.FirstFail, v.Reason)
					if (v.Verdict == andon.Fail) != (v.Rollout == tc.fails) {
						t.Errorf("%s: %s, want %q to fail", v.Rollout, v.Verdict, tc.fails)
					}
					if in := slices.Contains(tc.set, v.Rollout); in && !slices.Equal(v.Set, tc.set) || !in && v.Set != nil {
						t.Errorf("%s: set %v, want %v for its members", v.Rollout, v.Set, tc.set)
					}
				}
				// All bins at once come to the same.
				if d := gocmp.Diff(wire(t, got), wire(t, tick(a.NewWatch(2), noon.Add(30*time.Minute), under...))); d != "" {
					t.Errorf("from scratch the verdicts differ:\n%s", d)
				}
			})
		}
	}
}

func sortedNames[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestOverlapAtLarge: of two or three rollouts in random orders, started at
// random within ten minutes of one another, of whom one is bad or none.
func TestOverlapAtLarge(t *testing.T) {
	runs := 27
	if *long {
		runs = 600
	}
	kinds := sortedNames(faults)
	right, wrong, bad := 0, 0, 0
	for i := range runs {
		r := rand.New(rand.NewPCG(uint64(i), 17))
		waves := []wave{{label: "version"}, {label: "config"}, {label: "flags"}}[:2+r.IntN(2)]
		guilty := r.IntN(len(waves) + 1)
		for j := range waves {
			waves[j].start, waves[j].order = time.Duration(r.IntN(11))*time.Minute, r.Int64N(1e6)
			waves[j].every, waves[j].bad, waves[j].fresh = time.Duration(2+r.IntN(4))*time.Minute, j == guilty, r.IntN(2) == 0
		}
		fault := faults[kinds[i%len(kinds)]]
		w := newWorld(time.Minute, noon.Add(-time.Hour), noon.Add(50*time.Minute))
		fault.add(w, waves)
		a, _ := w.analyzer()
		for _, v := range tick(a.NewWatch(1), noon.Add(50*time.Minute), underWaves(waves, shop(fault.signal))...) {
			is := guilty < len(waves) && v.Rollout == waves[guilty].label
			bad += b2i(is)
			switch {
			case v.Verdict != andon.Fail:
			case is:
				right++
			default:
				wrong++
				t.Logf("run %d, %s: %s fails at %s, waves %+v: %s", i, kinds[i%len(kinds)], v.Rollout, v.FirstFail, waves, v.Reason)
			}
		}
	}
	t.Logf("%d of %d bad rollouts failed, and %d others", right, bad, wrong)
	if wrong > runs/200 || right*100 < 95*bad {
		t.Errorf("%d of %d bad rollouts failed and %d others", right, bad, wrong)
	}
}

// TestNearlyOneSchedule: of two rollouts that take the same nodes in the same
// order, one shortly after the other, the wrong one never fails. What cannot be
// told within the minutes between them, less the warm-up, is ambiguous.
func TestNearlyOneSchedule(t *testing.T) {
	runs := 6
	if *long {
		runs = 150
	}
	right, wrong, unsure := 0, 0, 0
	for _, pace := range [][2]time.Duration{{1, 3}, {2, 4}, {3, 5}, {3, 3}} {
		for i := range 2 * runs {
			r := rand.New(rand.NewPCG(uint64(i/2), 23))
			order, guilty := r.Int64N(1e6), r.IntN(2)
			waves := []wave{{label: "version"}, {label: "config", start: pace[0] * time.Minute}}
			for j := range waves {
				waves[j].order, waves[j].every = order, pace[1]*time.Minute
				waves[j].bad, waves[j].fresh = j == guilty, r.IntN(2) == 0
			}
			kind := sortedNames(faults)[i/2%len(faults)]
			w := newWorld(time.Minute, noon.Add(-time.Hour), noon.Add(50*time.Minute))
			switch weak := i%2 == 1; {
			case weak && kind == "failures":
				w.fleetOf("success_ratio", waves, scattered(.97), scattered(.9))
			case weak && kind == "latency":
				w.fleetOf("latency_seconds", waves, steady(.2, .3), steady(.38, .3))
			default:
				faults[kind].add(w, waves)
			}
			a, _ := w.analyzer()
			for _, v := range tick(a.NewWatch(1), noon.Add(50*time.Minute), underWaves(waves, shop(faults[kind].signal))...) {
				switch is := v.Rollout == waves[guilty].label; {
				case v.Verdict == andon.Fail && is:
					right++
				case v.Verdict == andon.Fail:
					wrong++
				case is && v.Quality == andon.Ambiguous:
					unsure++
				}
			}
		}
	}
	n := 8 * runs
	t.Logf("of %d bad rollouts %d failed and %d were ambiguous; %d others failed", n, right, unsure, wrong)
	if wrong > n/400 || right+unsure < n/2 {
		t.Errorf("of %d bad rollouts %d failed and %d were ambiguous; %d others failed", n, right, unsure, wrong)
	}
}
