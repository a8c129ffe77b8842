package simulation

import (
	"math"
	"math/rand/v2"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// A service is one drawn service: its nodes, and what its signals have in common.
type service struct {
	s       Scenario
	r       *rand.Rand
	nodes   []node
	before  int // minutes of history
	bad     func(n *node, minute int) bool
	effect  Effect
	phase   float64     // of the season
	traffic []float64   // factor of each minute
	region  [][]float64 // ln of the factor of each region and minute
	lost    [][]bool    // scrapes of each node
	resets  [][]bool
	put     func(metric string, node int, samples []model.SamplePair)
	room    func(n int) []model.SamplePair
	events  []float64 // scratch
	calls   []float64
}

// prepare draws what the signals have in common.
func (v *service) prepare() {
	n := v.s.Noise
	v.phase = v.r.Float64() * day
	common := newNoiseProcess(v.r, n.Rho, 0)
	v.traffic = v.traffic[:0]
	for m := -v.before; m <= v.s.minutes(); m++ {
		load := season(n.Season, v.phase, m) * math.Exp(n.Common*common.next(v.r))
		if n.Surge.holds(m) {
			load *= 3
		}
		v.traffic = append(v.traffic, load)
	}
	v.region = v.region[:0]
	for range v.s.Fleet.Regions {
		level, own := n.Regions*v.r.NormFloat64(), newNoiseProcess(v.r, .9, 0)
		course := make([]float64, 0, v.before+v.s.minutes()+1)
		for m := -v.before; m <= v.s.minutes(); m++ {
			course = append(course, level+n.Regional*own.next(v.r))
		}
		v.region = append(v.region, course)
	}
	v.lost, v.resets = v.flips(n.Missing), v.flips(n.Resets)
}

// flips draws for each node and minute whether something happens.
func (v *service) flips(p float64) [][]bool {
	if p == 0 {
		return nil
	}
	all := make([][]bool, len(v.nodes))
	for i := range all {
		all[i] = make([]bool, v.before+v.s.minutes()+1)
		for j := range all[i] {
			all[i][j] = v.r.Float64() < p
		}
	}
	return all
}

// draw draws the series of one signal on all nodes.
func (v *service) draw(sh Shape) {
	for i := range v.nodes {
		switch sh.Kind {
		case andon.Counts, andon.Crashes, andon.Failures:
			v.drawEvents(sh, i)
		default:
			v.drawLevels(sh, i)
		}
	}
}

// drawEvents draws events, and what they come out of.
func (v *service) drawEvents(sh Shape, i int) {
	n, noise := &v.nodes[i], v.s.Noise
	level, flicker := math.Exp(noise.Levels*v.r.NormFloat64()), newNoiseProcess(v.r, noise.Rho, noise.Tails)
	v.events, v.calls = v.events[:0], v.calls[:0]
	unborn := n.fresh && noise.Resets > 0 // the counter has no increment yet
	for m := n.from; m < n.to; m++ {
		calls := 1.
		if !sh.Bare {
			calls = poisson(v.r, v.load(sh, n, m))
		}
		rate := sh.Rate * level * math.Exp(noise.Rates*flicker.next(v.r)) * v.failing(n, m)
		x := clumps(v.r, calls*rate, noise.Burst)
		if !sh.Bare {
			x = min(x, calls)
		}
		if v.resets != nil && v.resets[i][m+v.before] {
			// Events before the counters restarted are lost.
			kept := v.r.Float64()
			x, calls, unborn = math.Floor(x*kept), calls*kept, true
		}
		if unborn && x > 0 {
			// The first sample of a series shows no increase.
			x, unborn = 0, false
		}
		v.events, v.calls = append(v.events, x), append(v.calls, calls)
	}
	average(v.events, sh.Window)
	average(v.calls, sh.Window)
	if sh.Kind == andon.Failures {
		v.keep(sh.Name, i, func(j int) float64 { return 1 - v.events[j]/v.calls[j] }) // 0/0 is NaN: no call
		return
	}
	v.keep(sh.Name, i, func(j int) float64 { return v.events[j] / 60 })
	if !sh.Bare {
		v.keep(sh.per(), i, func(j int) float64 { return v.calls[j] / 60 })
	}
}

// per is the name of the exposure's metric.
func (sh Shape) per() string { return sh.Name + "_calls" }

// load returns the mean number of calls of a node in a minute.
func (v *service) load(sh Shape, n *node, minute int) float64 {
	calls := sh.Calls
	if calls == 0 {
		calls = 300
	}
	calls *= v.traffic[minute+v.before]
	share := v.s.Fleet.share(minute)
	if share == 0 {
		return calls
	}
	alike := 0
	for i := range v.nodes {
		if o := &v.nodes[i]; o.fresh == n.fresh && minute >= o.from && minute < o.to {
			alike++
		}
	}
	if !n.fresh {
		share = 1 - share
	}
	return calls * float64(v.s.Fleet.Nodes) * share / float64(alike)
}

// failing returns the factor of a node's error rate in a minute.
func (v *service) failing(n *node, minute int) float64 {
	f := v.regional(n, minute)
	if v.s.Noise.Outage.holds(minute) {
		f = 10
	}
	if v.s.Noise.WarmUp && n.fresh && minute == n.from {
		f *= 5
	}
	if v.bad(n, minute) {
		f *= factor(v.effect.Errors)
	}
	return f
}

// drawLevels draws a continuous signal.
func (v *service) drawLevels(sh Shape, i int) {
	n, noise := &v.nodes[i], v.s.Noise
	sigma := sh.Sigma
	if sigma == 0 {
		sigma = .1
	}
	level := noise.Levels * v.r.NormFloat64()
	wobble := newNoiseProcess(v.r, noise.Rho, noise.Tails)
	v.events = v.events[:0]
	for m := n.from; m < n.to; m++ {
		if noise.Wander > 0 {
			level += noise.Wander * v.r.NormFloat64()
		}
		x := math.Exp(level + sigma*wobble.next(v.r))
		switch sh.Kind {
		case andon.Resource:
			x *= .3 * v.traffic[m+v.before] * v.slow(n, m, v.effect.CPU)
		case andon.Latency:
			x *= .2 * math.Pow(v.traffic[m+v.before], .3) * v.slow(n, m, v.effect.Latency)
		default:
			x *= 100 * v.traffic[m+v.before] * v.slow(n, m, v.effect.Value)
		}
		v.events = append(v.events, x)
	}
	average(v.events, sh.Window)
	v.keep(sh.Name, i, func(j int) float64 { return v.events[j] })
}

// regional returns the factor by which a node's region differs in a minute.
func (v *service) regional(n *node, minute int) float64 {
	if len(v.region) == 0 {
		return 1
	}
	return math.Exp(v.region[n.region][minute+v.before])
}

// slow returns the factor of a node's latency or CPU in a minute: that of the
// change, and of a process that is warming up.
func (v *service) slow(n *node, minute int, worse float64) float64 {
	f := v.regional(n, minute)
	if v.s.Noise.WarmUp && n.fresh {
		f += 2 * math.Exp(-float64(minute-n.from))
	}
	if v.s.Noise.Cold && n.fresh {
		f += .2 * math.Exp(-float64(minute-n.from)/15)
	}
	if v.bad(n, minute) {
		f *= factor(worse)
	}
	return f
}

// keep stores what was seen of a node's series.
func (v *service) keep(metric string, i int, value func(j int) float64) {
	n := &v.nodes[i]
	out := v.room(n.to - n.from)
	for m := n.from; m < n.to; m++ {
		switch {
		case v.lost != nil && v.lost[i][m+v.before]:
		case !n.fresh && v.s.Noise.Gone.holds(m):
		case v.effect.Absent && v.bad(n, m):
		default:
			out = append(out, model.SamplePair{Timestamp: stamp(m), Value: model.SampleValue(value(m - n.from))})
		}
	}
	v.put(metric, i, out)
}

// average turns x into its means over the last n values, of fewer in the
// beginning.
func average(x []float64, n int) {
	if n < 2 {
		return
	}
	for i := len(x) - 1; i >= 0; i-- {
		sum := 0.
		from := max(0, i-n+1)
		for _, v := range x[from : i+1] {
			sum += v
		}
		x[i] = sum / float64(i+1-from)
	}
}
