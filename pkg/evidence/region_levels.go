package evidence

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// regionLevels is the law of by how much the levels of a continuous signal changed, where
// candidate and control are in different places, whose levels differ anyhow:
// difference in differences.
type regionLevels struct {
	plain
	scale     *deviation.Scale
	worse     andon.Direction
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

func newRegionLevels(s Settings) Law {
	c := &regionLevels{
		scale: s.Scale, worse: s.Signal.Worse, warm: s.WarmUp,
		margin: s.Signal.MarginOrDefault(), minEffect: s.Sensitivity.MinEffect(),
		candidate: map[string]*runningMean{}, control: map[string]*runningMean{}, place: map[string]string{},
	}
	if s.Kind.Scale() != andon.LinearScale {
		c.margin = math.Log1p(c.margin)
	}
	return c
}

// Learn takes in how nodes, and the cohorts as wholes, moved before the bin first.
func (c *regionLevels) Learn(cand, ctrl *deviation.Frame, first int64) {
	span := deviation.GridSpan{First: first - deviation.PlaceboBins, Last: first - 1}
	past := [2]*deviation.Frame{cand.Slice(span), ctrl.Slice(span)}
	c.ratio = c.scale.Kind.Scale() == andon.LinearScale && c.positive()
	if c.scale.Kind.Scale() == andon.LinearScale && !c.ratio {
		c.margin = max(1e-9, c.margin*math.Abs(c.scale.Bases[1].Mean))
	}
	var rows [2][][]float64
	for i, f := range past {
		for _, name := range f.Nodes() {
			if _, own := c.scale.Bases[i].Level(name); own {
				x := make([]float64, f.Width)
				for j, v := range f.Rows[name].Values {
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
	apart := make([]float64, deviation.PlaceboBins)
	for j := range apart {
		apart[j] = meanAt(rows[0], j) - meanAt(rows[1], j)
		if bin := span.First + int64(j); deviation.Known(past[0].Mean(bin)) && deviation.Known(past[1].Mean(bin)) {
			c.past++
		}
	}
	c.apart = stat.NoiseOf([][]float64{apart})
}

func meanAt(rows [][]float64, j int) float64 {
	var m runningMean
	for _, x := range rows {
		if deviation.Known(x[j]) {
			m.add(x[j])
		}
	}
	return m.value()
}

// positive reports whether all levels before were, so that a change can be
// told as a share of them.
func (c *regionLevels) positive() bool {
	n := 0
	for _, b := range c.scale.Bases {
		for _, v := range b.Own {
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
	was, _ := c.scale.Bases[cohort].Level(node)
	g := deviation.Transform(c.scale.Kind, strings.ToLower(c.scale.Spec.Signal.Unit), v)
	if c.ratio {
		return g/was - 1
	}
	return g - was
}

// Fold takes in one bin; without a sample of control it tells nothing.
func (c *regionLevels) Fold(b Bin, cand, ctrl []deviation.Sample) {
	var together runningMean // what control shows: nodes that join late are not to be compared with what was before
	for _, s := range ctrl {
		v := c.change(1, s.Node, s.Value)
		if !deviation.Known(v) {
			continue
		}
		together.add(v)
		if b.At.Sub(b.Stage) >= c.warm {
			level(c.control, s.Node).add(v)
			c.place[s.Node] = strings.Join(s.Places, "\x00")
		}
	}
	if together.n == 0 {
		return
	}
	compared := false
	for _, s := range cand {
		if v := c.change(0, s.Node, s.Value); deviation.Known(v) && b.At.Sub(s.First) >= c.warm {
			level(c.candidate, s.Node).add(v - together.mean)
			compared = true
		}
	}
	if compared {
		if c.n++; c.n >= MinBins {
			c.weigh()
		}
	}
}

func (c *regionLevels) weigh() {
	sign := c.worse.Sign()
	one := c.compare(sign)
	if math.IsNaN(one.LogE) {
		return
	}
	c.shift, c.e = one, one.LogE
	if c.worse == andon.Both {
		// The mean of two one-sided e-values is one.
		c.e = stat.LogMean([]float64{one.LogE, c.compare(-sign).LogE}, []float64{1, 1})
	}
}

func (c *regionLevels) compare(sign float64) stat.Shift {
	ch := stat.Changes{
		Noise: c.noise, CohortNoise: c.apart, PastSamples: c.past, Samples: float64(c.n),
		OldNodes: len(c.scale.Bases[0].Own), LevelVariance: c.scale.Bases[0].Spread, Margin: c.margin, MinDeviations: c.minEffect,
	}
	if c.ratio {
		ch.LevelVariance /= c.scale.Bases[0].Mean * c.scale.Bases[0].Mean
	}
	centre := levelsMean(c.control)
	for _, name := range andon.SortedKeys(c.candidate) {
		r := c.candidate[name]
		ch.Candidate, ch.CandidateSamples = append(ch.Candidate, sign*(centre+r.mean)), append(ch.CandidateSamples, float64(r.n))
		if _, own := c.scale.Bases[0].Level(name); !own {
			ch.NewNodes++
		}
	}
	places := map[string]*runningMean{}
	for _, name := range andon.SortedKeys(c.control) {
		ch.Control = append(ch.Control, sign*c.control[name].mean)
		if p := c.place[name]; p != "" {
			level(places, p).add(sign * c.control[name].mean)
		}
	}
	for _, p := range andon.SortedKeys(places) {
		ch.Places = append(ch.Places, places[p].mean)
	}
	return ch.Shift()
}

func (c *regionLevels) LogE() float64 { return c.e }

func (c *regionLevels) Odds() Odds { return Odds{Log: c.e} }

func (c *regionLevels) Reach() Reach {
	if c.shift.Variance > 0 || c.n < MinBins {
		return Reach{Bins: c.n, Needed: MinBins}
	}
	return Reach{Needed: MinBins}
}

func (c *regionLevels) StillNeeds() string {
	if c.past < deviation.MinOwnBins {
		step := c.scale.Spec.BinWidth()
		return fmt.Sprintf("needs %s of samples from before the change, from the changed regions and from elsewhere; there were %s",
			andon.Spell(deviation.MinOwnBins*step), andon.Spell(time.Duration(c.past)*step))
	}
	return ""
}

func (c *regionLevels) Contrast(since Effect) Contrast {
	return since.against(c.expected(since.control.value()))
}

func (c *regionLevels) Smallest(logE float64) float64 {
	d := c.worse.Sign() * c.shift.Smallest(logE)
	switch was := c.scale.Bases[0].Mean; {
	case c.ratio:
		return was * d
	case c.scale.Kind.Scale() == andon.LinearScale:
		return d
	default:
		return math.Exp(was) * math.Expm1(d)
	}
}

// expected returns what candidate would show had it changed as control did.
func (c *regionLevels) expected(control float64) float64 {
	switch a, b := c.scale.Bases[0].Mean, c.scale.Bases[1].Mean; {
	case c.ratio:
		return control * a / b
	case c.scale.Kind.Scale() == andon.LinearScale:
		return control + a - b
	default:
		return control * math.Exp(a-b)
	}
}
