package analysis

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// regionLevels is the law of by how much the levels of a continuous signal changed, where
// candidate and control are in different places, whose levels differ anyhow:
// difference in differences.
type regionLevels struct {
	plain
	scale     *scale
	worse     Direction
	warm      time.Duration
	margin    float64 // on the scale compared on
	minEffect float64

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

func newRegionLevels(s settings) law {
	c := &regionLevels{
		scale: s.scale, worse: s.signal.Worse, warm: s.warmUp,
		margin: s.signal.margin(), minEffect: s.sensitivity.minEffect(),
		candidate: map[string]*runningMean{}, control: map[string]*runningMean{}, place: map[string]string{},
	}
	if s.kind != Value {
		c.margin = math.Log1p(c.margin)
	}
	return c
}

// learn takes in how nodes, and the cohorts as wholes, moved before the bin first.
func (c *regionLevels) learn(cand, ctrl *frame, first int64) {
	span := gridSpan{first: first - placeboBins, last: first - 1}
	past := [2]*frame{cand.slice(span), ctrl.slice(span)}
	c.ratio = c.scale.kind == Value && c.positive()
	if c.scale.kind == Value && !c.ratio {
		c.margin = max(1e-9, c.margin*math.Abs(c.scale.was[1].mean))
	}
	var rows [2][][]float64
	for i, f := range past {
		for _, name := range f.nodes() {
			if _, own := c.scale.was[i].level(name); own {
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
func (c *regionLevels) positive() bool {
	n := 0
	for _, b := range c.scale.was {
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
func (c *regionLevels) change(cohort int, node string, v float64) float64 {
	was, _ := c.scale.was[cohort].level(node)
	g := transform(c.scale.kind, strings.ToLower(c.scale.c.Signal.Unit), v)
	if c.ratio {
		return g/was - 1
	}
	return g - was
}

// fold takes in one bin; without a sample of control it tells nothing.
func (c *regionLevels) fold(b bin, cand, ctrl []sample) {
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
		if c.n++; c.n >= minBins {
			c.weigh()
		}
	}
}

func (c *regionLevels) weigh() {
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

func (c *regionLevels) compare(sign float64) stat.Shift {
	ch := stat.Changes{
		Noise: c.noise, Apart: c.apart, Past: c.past, Samples: float64(c.n),
		Old: len(c.scale.was[0].own), Level: c.scale.was[0].spread, Margin: c.margin, Least: c.minEffect,
	}
	if c.ratio {
		ch.Level /= c.scale.was[0].mean * c.scale.was[0].mean
	}
	centre := levelsMean(c.control)
	for _, name := range sortedKeys(c.candidate) {
		r := c.candidate[name]
		ch.Candidate, ch.Each = append(ch.Candidate, sign*(centre+r.mean)), append(ch.Each, float64(r.n))
		if _, own := c.scale.was[0].level(name); !own {
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

func (c *regionLevels) logE() float64 { return c.e }

func (c *regionLevels) odds() odds { return odds{log: c.e} }

func (c *regionLevels) reach() reach {
	if c.shift.Variance > 0 || c.n < minBins {
		return reach{bins: c.n, wanted: minBins}
	}
	return reach{wanted: minBins}
}

func (c *regionLevels) missing() string {
	if c.past < minOwnBins {
		return fmt.Sprintf("places are compared by how each changed, and %.0f bins from before the change hold both, %d wanted", c.past, minOwnBins)
	}
	return ""
}

func (c *regionLevels) contrast(since effect) contrast {
	return since.against(c.expected(since.control.value()))
}

func (c *regionLevels) smallest(logE float64) float64 {
	d := c.worse.sign() * c.shift.Smallest(logE)
	switch was := c.scale.was[0].mean; {
	case c.ratio:
		return was * d
	case c.scale.kind == Value:
		return d
	default:
		return math.Exp(was) * math.Expm1(d)
	}
}

// expected returns what candidate would show had it changed as control did.
func (c *regionLevels) expected(control float64) float64 {
	switch a, b := c.scale.was[0].mean, c.scale.was[1].mean; {
	case c.ratio:
		return control * a / b
	case c.scale.kind == Value:
		return control + a - b
	default:
		return control * math.Exp(a-b)
	}
}
