package simulation

import (
	"fmt"
	"slices"

	"github.com/andon-project/andon/pkg/andon"
)

// Typical signals.
var (
	errorCounts = Shape{Kind: andon.Counts, Name: "errors", Rate: .01}
	crashes     = Shape{Kind: andon.Crashes, Name: "crashes", Bare: true, Rate: .2}
	success     = Shape{Kind: andon.Failures, Name: "success", Calls: 20, Rate: .05}
	latency     = Shape{Kind: andon.Latency, Name: "latency"}
	cpu         = Shape{Kind: andon.Resource, Name: "cpu"}
	usual       = []Shape{errorCounts, success, latency, cpu}
)

var (
	canary = Fleet{Nodes: 10, Stages: []Stage{{At: 0, Nodes: 1}, {At: 20, Nodes: 3}}}
	tenth  = Fleet{Nodes: 10, Stages: []Stage{{At: 0, Nodes: 1}}}
	ramp   = Fleet{Nodes: 10, Stages: []Stage{{At: 0, Nodes: 2, Share: .1}, {At: 20, Nodes: 2, Share: .25}, {At: 40, Nodes: 2, Share: .5}}}
	steps  = Fleet{Nodes: 200, Batch: 10, Pace: 3}
)

const (
	promise      = .001 // of harmless rollouts that fail, at medium sensitivity
	timedPromise = .01  // without a control

	timedLowPromise = .001 // without a control, at low
)

// Scenarios returns all scenarios, in the order of the document.
func Scenarios() []Scenario {
	return slices.Concat(nulls(), timedNulls(), powers(), timedPowers(), attributions(), calibrations())
}

// nulls are harmless rollouts with a concurrent control. Each scenario adds its own
// trouble to the noise that every service has.
func nulls() []Scenario {
	return slices.Concat(noisyNulls(), fleetNulls())
}

// A scenarioList is a list of scenarios in the making.
type scenarioList []Scenario

// addNull adds a harmless rollout with a concurrent control, changed as change says.
func (l *scenarioList) addNull(name, about string, change func(s *Scenario)) {
	s := Scenario{
		Name: name, About: about, Group: Null, Fleet: canary, Signals: usual,
		Noise: Noise{Rho: .6, Common: .1}, Target: Target{Fail: promise},
	}
	change(&s)
	*l = append(*l, s)
}

// noisyNulls are the nulls that differ in what happens to the signals.
func noisyNulls() []Scenario {
	var out scenarioList
	add := out.addNull
	for _, rho := range []float64{0, .3, .6, .9} {
		add(fmt.Sprintf("rho-%g", rho), fmt.Sprintf("noise with autocorrelation %g", rho), func(s *Scenario) {
			s.Noise.Rho = rho
		})
	}
	add("rates", "error rates of each node fluctuate by 30%, autocorrelation .6", func(s *Scenario) { s.Noise.Rates = .3 })
	add("bursts", "errors come ten at a time on single nodes", func(s *Scenario) {
		s.Noise.Burst = 10
	})
	add("bursts-rare", "errors come ten at a time, one such burst in ten minutes a node", func(s *Scenario) {
		s.Noise.Burst, s.Signals = 10, []Shape{{Kind: andon.Counts, Name: "errors", Rate: .0033}}
	})
	add("crashes", "crashes by the time nodes run, two a minute in the fleet", func(s *Scenario) { s.Signals = []Shape{crashes} })
	add("season", "traffic doubles and halves over the day", func(s *Scenario) { s.Noise.Season = .7 })
	add("rush", "traffic grows or falls by up to half within the hour", func(s *Scenario) { s.Noise = Noise{Season: 2} })
	add("tails", "noise with Student tails, 3 degrees of freedom", func(s *Scenario) { s.Noise.Tails = 3 })
	add("levels-latency-cpu", "nodes differ in latency and CPU, standard deviation 30%", func(s *Scenario) {
		s.Noise.Levels, s.Signals = .3, []Shape{latency, cpu}
	})
	add("levels-success", "nodes differ in their success ratio's failures, standard deviation 30%", func(s *Scenario) {
		s.Noise.Levels, s.Signals = .3, []Shape{success}
	})
	add("levels-errors", "nodes differ in their rate of errors, standard deviation 30%, 180 errors a node and hour", func(s *Scenario) {
		s.Noise.Levels, s.Signals = .3, []Shape{errorCounts}
	})
	add("levels-errors-10", "nodes differ in their rate of errors, standard deviation 10%", func(s *Scenario) {
		s.Noise.Levels, s.Signals = .1, []Shape{errorCounts}
	})
	add("wander", "levels of nodes wander, 2% a minute", func(s *Scenario) { s.Noise.Wander = .02 })
	add("ramp", "two candidate nodes take 10, 25 and 50% of the traffic", func(s *Scenario) { s.Fleet = ramp })
	add("resets", "counters start anew once in a hundred minutes; fresh counters lose their first increment", func(s *Scenario) { s.Noise.Resets = .01 })
	add("warm-up", "fresh nodes are three times as slow and busy in their first minute, 10% in their fourth; failures × 5 in the first", func(s *Scenario) { s.Noise.WarmUp = true })
	add("cold", "fresh nodes are 20% slower and busier besides, for a quarter of an hour", func(s *Scenario) {
		s.Noise.WarmUp, s.Noise.Cold = true, true
	})
	add("cold-warm-up-30", "as `cold`, with warm_up: 30m", func(s *Scenario) { s.Noise.WarmUp, s.Noise.Cold, s.WarmUp = true, true, 30 })
	add("missing", "one scrape in ten is lost", func(s *Scenario) { s.Noise.Missing = .1 })
	add("control-gone", "control shows nothing from minute 15 to 30", func(s *Scenario) { s.Noise.Gone = Span{15, 30} })
	add("outage", "errors are ten times as frequent everywhere from minute 15 to 25", func(s *Scenario) { s.Noise.Outage = Span{15, 25} })
	add("surge", "the last nodes change just before traffic triples everywhere, 20 minutes long", func(s *Scenario) {
		s.Fleet = Fleet{Nodes: 10, Stages: []Stage{{At: 0, Nodes: 1}, {At: 25, Nodes: 8}}}
		s.Noise.Surge = Span{30, 50}
	})
	add("window", "expressions look back on five minutes", func(s *Scenario) {
		s.Signals = nil
		for _, sh := range usual {
			sh.Window = 5
			s.Signals = append(s.Signals, sh)
		}
	})
	add("all", "season, flickering rates, small level differences, lost scrapes, resets and warm-up together", func(s *Scenario) {
		s.Noise = Noise{Rho: .6, Common: .1, Rates: .2, Levels: .05, Season: .5, Missing: .05, Resets: .005, WarmUp: true}
	})
	return out
}

// fleetNulls are the nulls that differ in how many nodes, signals and rollouts there
// are, and in how nodes start.
func fleetNulls() []Scenario {
	var out scenarioList
	add := out.addNull
	add("two-controls", "three nodes, one of them candidate", func(s *Scenario) { s.Fleet = Fleet{Nodes: 3, Stages: []Stage{{At: 0, Nodes: 1}}} })
	for _, f := range regional {
		add(f.name, f.about, func(s *Scenario) {
			s.Fleet, s.Noise = f.fleet, Noise{Rho: .6, Common: .1, Season: .7, Regions: .3, Regional: f.own, Levels: f.levels}
			s.Signals = append(slices.Clone(usual), Shape{Kind: andon.Value, Name: "queue"})
		})
	}
	for _, t := range []struct {
		name, about string
		starts      Starts
		warmUp      int
	}{
		{"starts-20s", "nodes take 20 seconds to start (median; standard deviation of ln .4); only the rollout's start is announced", Starts{Median: 1. / 3, Silent: true}, 0},
		{"starts-1m", "as `starts-20s`, a minute", Starts{Median: 1, Silent: true}, 0},
		{"starts-2m", "as `starts-20s`, two minutes", Starts{Median: 2, Silent: true}, 0},
		{"starts-4m", "as `starts-20s`, four minutes", Starts{Median: 4, Silent: true}, 0},
		{"starts-1m-staged", "nodes take a minute after their stage was announced to be complete", Starts{Median: 1}, 0},
		{"starts-4m-warm-up-12", "as `starts-1m-staged`, four minutes, with warm_up: 12m", Starts{Median: 4}, 12},
		{"starts-4m-known", "as `starts-1m-staged`, four minutes; ten earlier start-ups are known", Starts{Median: 4, Past: 10}, 0},
	} {
		add(t.name, t.about, func(s *Scenario) {
			s.Fleet.Starts, s.WarmUp, s.Signals = t.starts, t.warmUp, []Shape{success}
		})
	}
	add("starts-mixed", "four services at once whose medians lie from 20 seconds to four minutes; only the starts are announced", func(s *Scenario) {
		s.Fleet.Starts, s.Signals, s.Rollouts, s.Part = Starts{Median: 1. / 3, Widest: 4, Silent: true}, []Shape{success}, 4, .25
	})
	for _, n := range []int{1, 5, 20, 200} {
		add(fmt.Sprintf("signals-%d", n), fmt.Sprintf("%d signals of all kinds", n), func(s *Scenario) {
			s.Signals = many(n)
			s.Part = min(1, 10/float64(n))
		})
	}
	for _, n := range []int{2, 4, 8} {
		add(fmt.Sprintf("overlapping-%d", n), fmt.Sprintf("%d rollouts of different services at once", n), func(s *Scenario) {
			s.Rollouts, s.Part = n, 1/float64(n)
		})
	}
	return out
}

// A region is a service in several regions.
type region struct {
	name, about string
	fleet       Fleet
	own, levels float64 // Noise.Regional and Noise.Levels
}

// regional are fleets whose first region gets the change; only the region label
// tells which nodes have it.
var regional = []region{
	{name: "regions", about: "all of one region of three, four nodes each; regions differ by 30%, traffic doubles and halves over the day", fleet: Fleet{Nodes: 12, Regions: 3}},
	{name: "regions-two", about: "as `regions`, two of them", fleet: Fleet{Nodes: 8, Regions: 2}},
	{name: "regions-replaced", about: "as `regions`, by fresh nodes; nodes differ by 10%", fleet: Fleet{Nodes: 12, Regions: 3, Replaced: true}, levels: .1},
	{name: "regions-own", about: "as `regions`; each region's latency, CPU and error rates wander by 10%, autocorrelation .9", fleet: Fleet{Nodes: 12, Regions: 3}, own: .1},
	{name: "regions-two-own", about: "as `regions-own`, two of them", fleet: Fleet{Nodes: 8, Regions: 2}, own: .1},
}

// many returns n signals, repeating the usual ones.
func many(n int) []Shape {
	var out []Shape
	for i := range n {
		sh := usual[i%len(usual)]
		sh.Name = fmt.Sprintf("%s_%d", sh.Name, i)
		out = append(out, sh)
	}
	return out
}

// timedNulls are harmless rollouts of a whole service at once.
func timedNulls() []Scenario {
	var out []Scenario
	kpi := []Shape{{Kind: andon.Value, Name: "kpi", Sigma: .1}}
	for _, t := range []struct {
		name, about string
		noise       Noise
	}{
		{"timed-white", "independent noise", Noise{}},
		{"timed-rho-0.9", "noise with autocorrelation .9", Noise{Rho: .9}},
		{"timed-season", "a day's course, traffic doubling and halving, noise of .6", Noise{Rho: .6, Season: .7}},
		{"timed-tails", "noise with Student tails, 3 degrees of freedom, autocorrelation .6", Noise{Rho: .6, Tails: 3}},
		{"timed-all", "a day's course, lingering noise of .9 and tails", Noise{Rho: .9, Season: .7, Tails: 3}},
		{"timed-wander", "a level that wanders by 1% a minute and never returns", Noise{Wander: .01}},
	} {
		out = append(out, Scenario{
			Name: t.name, About: t.about, Group: BeforeAfter, Fleet: Fleet{BeforeAfter: true}, Signals: kpi,
			Noise: t.noise, Part: .08, Target: Target{Fail: timedPromise},
		})
	}
	add := func(name, about string, change func(s *Scenario)) {
		s := Scenario{
			Name: name, About: about, Group: BeforeAfter, Fleet: Fleet{BeforeAfter: true}, Signals: kpi,
			Noise: Noise{Rho: .6, Season: .7}, Part: .08, Target: Target{Fail: timedPromise},
		}
		change(&s)
		out = append(out, s)
	}
	add("timed-two-days", "a day's course of which two days are known", func(s *Scenario) { s.Fleet.Past = 2 * day })
	add("timed-half-a-day", "twelve hours are known of a signal without a course", func(s *Scenario) { s.Fleet.Past, s.Noise = day/2, Noise{Rho: .6} })
	add("timed-low", "a day's course, sensitivity: low", func(s *Scenario) {
		s.Sensitivity, s.Target = andon.Low, Target{Fail: timedLowPromise}
	})
	// A week holds some 300 windows that stand by themselves. What one in a
	// thousand reaches is a fitted law's word, whose tail is lighter than this
	// noise's: no more than at medium is promised.
	add("timed-low-tails", "Student tails with 3 degrees of freedom, sensitivity: low, which promises no more than medium there", func(s *Scenario) {
		s.Sensitivity, s.Noise = andon.Low, Noise{Rho: .6, Tails: 3}
	})
	return out
}
