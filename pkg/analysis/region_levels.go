package analysis

import (
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// bases are the levels that the nodes of a cohort had before the change, on
// the scale on which they are compared.
type bases struct {
	own    map[string]float64
	mean   float64 // over nodes
	spread float64 // variance between nodes
}

// of returns the level of a node before the change, and whether it is the
// node's own; a fresh one has that of its cohort. The zero bases are 0.
func (b bases) of(node string) (level float64, own bool) {
	if v, ok := b.own[node]; ok || b.own == nil {
		return v, ok
	}
	return b.mean, false
}

// basesOf returns the levels of the nodes of past with at least fewBins samples.
func (m *meter) basesOf(past *frame) bases {
	b := bases{own: map[string]float64{}}
	var all []float64
	for _, name := range past.nodes() {
		x := m.scaled(past.rows[name])
		if countKnown(x) >= fewBins {
			b.own[name] = stat.Mean(x)
			all = append(all, b.own[name])
		}
	}
	b.mean, b.spread = stat.Mean(all), 0
	if len(all) > 1 {
		b.spread = stat.Variance(all)
	}
	return b
}

// scaled returns the samples of a row on the scale on which they are compared.
func (m *meter) scaled(r *row) []float64 {
	x := make([]float64, len(r.v))
	for i, v := range r.v {
		x[i] = bent(m.kind, strings.ToLower(m.c.Signal.Unit), v)
	}
	return x
}

// changed weighs by how much the levels of a continuous signal changed, where
// candidate and control are in different places, whose levels differ anyhow:
// difference in differences.
type changed struct {
	meter  *meter
	worse  Direction
	warm   time.Duration
	step   time.Duration
	margin float64 // on the scale compared on
	least  float64

	ratio     bool // Value: changes are shares of the level before
	past      float64
	noise     stat.Noise
	apart     stat.Noise
	candidate map[string]*runningMean // of the change of each node
	control   map[string]*runningMean
	place     map[string]string
	n         int
	shift     stat.Shift
	e         float64
}

func newChanged(t *tracker, s Service) *changed {
	c := &changed{
		meter: t.meter, worse: t.signal.Worse, warm: s.warmUp(), step: t.step,
		margin: t.signal.margin(), least: s.Sensitivity.least(),
		candidate: map[string]*runningMean{}, control: map[string]*runningMean{}, place: map[string]string{},
	}
	if t.kind != Value {
		c.margin = math.Log1p(c.margin)
	}
	return c
}

// learn takes in how nodes, and the cohorts as wholes, moved before the bin first.
func (c *changed) learn(cand, ctrl *frame, first int64) {
	span := gridSpan{first: first - placeboBins, last: first - 1}
	past := [2]*frame{cand.slice(span), ctrl.slice(span)}
	c.ratio = c.meter.kind == Value && c.positive()
	if c.meter.kind == Value && !c.ratio {
		c.margin = max(1e-9, c.margin*math.Abs(c.meter.was[1].mean))
	}
	var rows [2][][]float64
	for i, f := range past {
		for _, name := range f.nodes() {
			if _, own := c.meter.was[i].of(name); own {
				x := make([]float64, f.width)
				for j, v := range f.rows[name].v {
					x[j] = c.change(i, name, v)
				}
				rows[i] = append(rows[i], x)
			}
		}
	}
	c.noise = stat.NoiseOf(rows[1])
	if len(rows[1]) < 2 && len(rows[0]) > 1 {
		c.noise = stat.NoiseOf(rows[0])
	}
	apart := make([]float64, placeboBins)
	for j := range apart {
		apart[j] = meanAt(rows[0], j) - meanAt(rows[1], j)
		if bin := span.first + int64(j); known(past[0].mean(bin)) && known(past[1].mean(bin)) {
			c.past++
		}
	}
	c.apart = stat.NoiseOf([][]float64{apart})
}

func meanAt(rows [][]float64, j int) float64 {
	var m runningMean
	for _, x := range rows {
		if known(x[j]) {
			m.add(x[j])
		}
	}
	return m.value()
}

// positive reports whether all levels before were, so that a change can be
// told as a share of them.
func (c *changed) positive() bool {
	n := 0
	for _, b := range c.meter.was {
		for _, v := range b.own {
			if !(v > 0) {
				return false
			}
			n++
		}
	}
	return n > 0
}

// change returns how far a value of a node of a cohort is from what the node
// was before.
func (c *changed) change(cohort int, node string, v float64) float64 {
	was, _ := c.meter.was[cohort].of(node)
	g := bent(c.meter.kind, strings.ToLower(c.meter.c.Signal.Unit), v)
	if c.ratio {
		return g/was - 1
	}
	return g - was
}

// fold takes in one bin; without a sample of control it tells nothing.
func (c *changed) fold(b moment, cand, ctrl []sample) {
	var together runningMean // what control shows: nodes that join late are not to be compared with what was before
	for _, s := range ctrl {
		v := c.change(1, s.node, s.v)
		if !known(v) {
			continue
		}
		together.add(v)
		if b.at.Sub(b.stage) >= c.warm {
			level(c.control, s.node).add(v)
			c.place[s.node] = strings.Join(s.places, "\x00")
		}
	}
	if together.n == 0 {
		return
	}
	compared := false
	for _, s := range cand {
		if v := c.change(0, s.node, s.v); known(v) && b.at.Sub(s.first) >= c.warm {
			level(c.candidate, s.node).add(v - together.mean)
			compared = true
		}
	}
	if compared {
		if c.n++; c.n >= leastBins {
			c.weigh()
		}
	}
}

func (c *changed) weigh() {
	sign := c.worse.sign()
	one := c.compare(sign)
	if math.IsNaN(one.LogE) {
		return
	}
	c.shift, c.e = one, one.LogE
	if c.worse == Both {
		// The mean of two one-sided e-values is one.
		c.e = stat.LogMean([]float64{one.LogE, c.compare(-sign).LogE}, []float64{1, 1})
	}
}

func (c *changed) compare(sign float64) stat.Shift {
	ch := stat.Changes{
		Noise: c.noise, Apart: c.apart, Past: c.past, Samples: float64(c.n),
		Old: len(c.meter.was[0].own), Level: c.meter.was[0].spread, Margin: c.margin, Least: c.least,
	}
	if c.ratio {
		ch.Level /= c.meter.was[0].mean * c.meter.was[0].mean
	}
	centre := levelsMean(c.control)
	for _, name := range sortedKeys(c.candidate) {
		r := c.candidate[name]
		ch.Candidate, ch.Each = append(ch.Candidate, sign*(centre+r.mean)), append(ch.Each, float64(r.n))
		if _, own := c.meter.was[0].of(name); !own {
			ch.Fresh++
		}
	}
	places := map[string]*runningMean{}
	for _, name := range sortedKeys(c.control) {
		ch.Control = append(ch.Control, sign*c.control[name].mean)
		if p := c.place[name]; p != "" {
			level(places, p).add(sign * c.control[name].mean)
		}
	}
	for _, p := range sortedKeys(places) {
		ch.Places = append(ch.Places, places[p].mean)
	}
	return ch.Shift()
}

func (c *changed) logE() float64 { return c.e }

func (c *changed) bins() int {
	if c.shift.Variance > 0 || c.n < leastBins {
		return c.n
	}
	return 0
}

func (c *changed) smallest(logE float64) float64 {
	d := c.worse.sign() * c.shift.Smallest(logE)
	switch was := c.meter.was[0].mean; {
	case c.ratio:
		return was * d
	case c.meter.kind == Value:
		return d
	default:
		return math.Exp(was) * math.Expm1(d)
	}
}

// expected returns what candidate would show had it changed as control did.
func (c *changed) expected(control float64) float64 {
	switch a, b := c.meter.was[0].mean, c.meter.was[1].mean; {
	case c.ratio:
		return control * a / b
	case c.meter.kind == Value:
		return control + a - b
	default:
		return control * math.Exp(a-b)
	}
}
