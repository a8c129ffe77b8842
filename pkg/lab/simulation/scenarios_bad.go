package simulation

import (
	"fmt"

	"github.com/andon-project/andon/pkg/andon"
)

// powers are bad rollouts.
func powers() []Scenario {
	var out []Scenario
	add := func(name, about string, change func(s *Scenario)) {
		s := Scenario{
			Name: name, About: about, Group: Power, Fleet: tenth, Signals: usual, Culprits: 1,
			Noise: Noise{Rho: .6, Common: .1}, Part: .032,
		}
		change(&s)
		out = append(out, s)
	}
	for _, t := range []struct{ times, delay float64 }{{4, 16}, {10, 4}} {
		add(fmt.Sprintf("crashes-x%g", t.times), fmt.Sprintf("crashes × %g on one node of ten, two a minute in all", t.times), func(s *Scenario) {
			s.Signals, s.Effect, s.Target = []Shape{crashes}, Effect{Errors: t.times}, Target{Found: .95, Delay: t.delay}
			s.Beyond = "If the factor of four were known, each minute would tell .43 nats and 1,000 would take 16 minutes. Averaging over all sizes costs about two nats more. Of a jump only one event counts, which costs time at ten times as many crashes a minute."
		})
	}
	for _, times := range []float64{2, 4, 10} {
		add(fmt.Sprintf("errors-x%g", times), fmt.Sprintf("errors × %g on one node of ten", times), func(s *Scenario) {
			s.Effect, s.Target = Effect{Errors: times}, Target{Found: .9}
		})
	}
	for _, times := range []float64{2, 4, 10} {
		add(fmt.Sprintf("success-x%g", times), fmt.Sprintf("failures × %g in a success ratio alone", times), func(s *Scenario) {
			s.Signals, s.Effect = []Shape{success}, Effect{Errors: times}
		})
	}
	slow := func(name, about string, times, margin float64) {
		add(name, about, func(s *Scenario) {
			sh := latency
			sh.Margin = margin
			s.Signals, s.Effect = []Shape{errorCounts, success, sh, cpu}, Effect{Latency: times}
		})
	}
	for _, percent := range []float64{20, 50, 100} {
		slow(fmt.Sprintf("latency+%g", percent), fmt.Sprintf("latency + %g%%, default margin (50%%)", percent), 1+percent/100, 0)
		slow(fmt.Sprintf("latency+%g-margin-5", percent), fmt.Sprintf("latency + %g%%, margin: 0.05", percent), 1+percent/100, .05)
	}
	for _, times := range []float64{1.4, 2} {
		add(fmt.Sprintf("cpu-x%g", times), fmt.Sprintf("CPU × %g", times), func(s *Scenario) { s.Effect = Effect{CPU: times} })
		add(fmt.Sprintf("cpu-x%g-levels", times), fmt.Sprintf("CPU × %g where nodes differ by 10%%", times), func(s *Scenario) {
			s.Effect, s.Noise.Levels = Effect{CPU: times}, .1
			s.Signals = []Shape{success, latency, cpu}
		})
	}
	for _, bad := range []struct {
		name, about string
		effect      Effect
	}{
		{"errors-x2", "errors × 2", Effect{Errors: 2}}, {"errors-x4", "errors × 4", Effect{Errors: 4}},
		{"latency-x2", "latency × 2", Effect{Latency: 2}}, {"cpu-x1.4", "CPU × 1.4", Effect{CPU: 1.4}},
	} {
		for _, f := range []region{regional[0], regional[2], regional[4]} {
			add(f.name+"-"+bad.name, bad.about+", nodes as in `"+f.name+"`", func(s *Scenario) {
				s.Fleet, s.Effect = f.fleet, bad.effect
				s.Noise = Noise{Rho: .6, Common: .1, Season: .7, Regions: .3, Regional: f.own, Levels: f.levels}
			})
		}
	}
	add("absent", "the candidate never serves", func(s *Scenario) { s.Effect, s.Target = Effect{Absent: true}, Target{Found: 1, Delay: 15} })
	return out
}

// timedPowers are bad rollouts without a control.
func timedPowers() []Scenario {
	var out []Scenario
	for _, times := range []float64{1.05, 1.1, 1.2, 1.5} {
		out = append(out, Scenario{
			Name:  fmt.Sprintf("timed-x%g", times),
			About: fmt.Sprintf("a KPI with a day's course and 10%% noise × %g", times),
			Group: Power, Fleet: Fleet{BeforeAfter: true}, Signals: []Shape{{Kind: andon.Value, Name: "kpi", Sigma: .1}}, Culprits: 1,
			Noise: Noise{Rho: .6, Season: .7}, Effect: Effect{Value: times}, Part: .016,
		})
	}
	return out
}

// attributions are rollouts that overlap.
func attributions() []Scenario {
	var out []Scenario
	add := func(name, about string, change func(s *Scenario)) {
		s := Scenario{
			Name: name, About: about, Group: Attribution, Fleet: tenth, Signals: usual, Culprits: 1,
			Effect: Effect{Errors: 8}, Noise: Noise{Rho: .6, Common: .1}, Part: .016, Target: Target{Fail: promise},
		}
		change(&s)
		out = append(out, s)
	}
	for _, n := range []int{2, 4, 8} {
		add(fmt.Sprintf("apart-%d", n), fmt.Sprintf("%d services, errors × 8 in one", n), func(s *Scenario) { s.Rollouts = n })
	}
	both := func(s *Scenario) { s.Rollouts, s.Culprits = 4, 2 }
	add("apart-4-two-bad", "4 services, errors × 8 in two, nobody halts", both)
	add("apart-4-two-bad-halting", "the same; a rollout that fails is ended", func(s *Scenario) { both(s); s.Halting = true })
	shared := func(n int, change func(s *Scenario)) func(s *Scenario) {
		return func(s *Scenario) {
			s.Shared, s.Rollouts, s.Fleet, s.Minutes = true, n, steps, 75
			s.Signals = []Shape{{Kind: andon.Crashes, Name: "crashes", Bare: true, Rate: .005}}
			s.Noise = Noise{}
			change(s)
		}
	}
	keep := func(*Scenario) {}
	for _, n := range []int{2, 8} {
		add(fmt.Sprintf("shared-%d", n), fmt.Sprintf("%d changes of the same 200 nodes, ten every three minutes, in orders of their own; one crash a minute, × 8 with one", n), shared(n, keep))
	}
	add("shared-4-offset", "4 changes in the same order, three minutes apart", shared(4, func(s *Scenario) {
		s.Fleet.Lock, s.Fleet.Offset = true, 3
		s.Beyond = "Changes that go the same way three minutes apart differ in one batch of nodes at a time: a few crashes tell them apart, and sometimes the wrong one is ahead."
	}))
	add("shared-4-alike", "4 changes in the same order at the same time: nothing tells them apart", shared(4, func(s *Scenario) { s.Fleet.Lock = true }))
	add("shared-8-clean", "8 changes of the same nodes, none bad", shared(8, func(s *Scenario) { s.Culprits = 0 }))
	return out
}

// calibrations are mixtures of harmless and bad rollouts.
func calibrations() []Scenario {
	return []Scenario{{
		Name: "mixture", About: "5% of rollouts are bad, with effects of sizes drawn from another law than the judge averages over",
		Group: Calibration, Fleet: canary, Signals: mixed(), BadShare: badShare,
		Noise: Noise{Rho: .6, Common: .1, Season: .5, Missing: .02}, Part: 2,
	}, {
		Name: "mixture-crashes", About: "the same of a service of eight nodes that is judged by crashes and latency",
		Group: Calibration, Fleet: Fleet{Nodes: 8, Stages: []Stage{{At: 0, Nodes: 1}, {At: 25, Nodes: 2}}}, Signals: []Shape{crashes, latency, cpu}, BadShare: badShare,
		Noise: Noise{Rho: .4, Common: .15, Missing: .01}, Part: 2,
	}, {
		Name: "mixture-timed", About: "5% of changes of a whole service at once are bad",
		Group: Calibration, Fleet: Fleet{BeforeAfter: true}, Signals: []Shape{{Kind: andon.Value, Name: "kpi", Sigma: .1}}, BadShare: badShare,
		Noise: Noise{Rho: .6, Season: .7}, Part: .3,
	}}
}

// badShare is how many rollouts of a mixture are bad.
const badShare = .05

func mixed() []Shape {
	few := errorCounts
	few.Calls = 60
	return []Shape{few, success, latency, cpu}
}

// Lessons returns the mixtures from which the judge's default calibration was
// learnt. Their services, sizes of effects and seeds are not those of the mixtures
// that the calibration is checked on.
func Lessons(timed bool) []Scenario {
	if timed {
		kpi := []Shape{{Kind: andon.Value, Name: "kpi", Sigma: .15}}
		one := Scenario{Name: "lesson-timed", About: "changes of a whole service", Group: Learning, Fleet: Fleet{BeforeAfter: true}, Signals: kpi, BadShare: badShare, Part: .5}
		one.Noise = Noise{Rho: .3, Season: .3}
		two := one
		two.Name, two.Noise = "lesson-timed-rho", Noise{Rho: .8}
		return []Scenario{one, two}
	}
	lesson := func(name string, fleet Fleet, signals ...Shape) Scenario {
		return Scenario{
			Name: name, About: "rollouts with a control", Group: Learning, Fleet: fleet, Signals: signals, BadShare: badShare,
			Noise: Noise{Rho: .5, Common: .2, Missing: .01},
		}
	}
	small := Fleet{Nodes: 6, Stages: []Stage{{At: 0, Nodes: 1}, {At: 30, Nodes: 2}}}
	busy := errorCounts
	busy.Calls, busy.Rate = 120, .02
	rare := crashes
	rare.Rate = .1
	quiet := errorCounts
	quiet.Calls, quiet.Rate = 30, .01
	calls := success
	calls.Calls = 8
	return []Scenario{
		lesson("lesson-usual", canary, busy, success, latency, cpu),
		lesson("lesson-small", small, errorCounts, latency, cpu),
		lesson("lesson-success", small, success, latency, cpu),
		// With few events, evidence varies more by chance.
		lesson("lesson-rare", canary, rare, latency, cpu),
		lesson("lesson-quiet", canary, quiet, calls, latency),
	}
}
