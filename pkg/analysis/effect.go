package analysis

import (
	"math"

	"github.com/andon-project/andon/pkg/stat"
)

// An effect is the mean of candidate and control since the rollout began, in
// the signal's unit.
type effect struct{ candidate, control runningMean }

// against returns the contrast with what the candidate was expected to show.
func (e effect) against(expected float64) contrast {
	c := contrast{from: e.control.value(), to: e.candidate.value()}
	c.effect = c.to - expected
	if known(expected) {
		c.from = expected
	}
	return c
}

// fold takes in a bin in which both have a sample.
func (e *effect) fold(cand, ctrl []sample) {
	c, k := meanOf(cand), meanOf(ctrl)
	if known(c) && known(k) {
		e.candidate.add(c)
		e.control.add(k)
	}
}

func meanOf(s []sample) float64 {
	v := make([]float64, len(s))
	for i := range s {
		v[i] = s[i].v
	}
	return stat.Mean(v)
}

type runningMean struct {
	n    int
	mean float64
}

func (m *runningMean) add(v float64) {
	m.n++
	m.mean += (v - m.mean) / float64(m.n)
}

func (m runningMean) value() float64 {
	if m.n == 0 {
		return math.NaN()
	}
	return m.mean
}

func meanKnown(x []float64) float64 {
	var m runningMean
	for _, v := range x {
		if known(v) {
			m.add(v)
		}
	}
	return m.value()
}
