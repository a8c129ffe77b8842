package evidence

import (
	"math"

	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

// An Effect is the mean of candidate and control since the rollout began, in
// the signal's unit.
type Effect struct{ candidate, control runningMean }

// against returns the contrast with what the candidate was expected to show.
func (e Effect) against(expected float64) Contrast {
	c := Contrast{From: e.control.value(), To: e.candidate.value()}
	c.Effect = c.To - expected
	if deviation.Known(expected) {
		c.From = expected
	}
	return c
}

// Fold takes in a bin in which both have a sample.
func (e *Effect) Fold(cand, ctrl []deviation.Sample) {
	c, k := MeanOf(cand), MeanOf(ctrl)
	if deviation.Known(c) && deviation.Known(k) {
		e.candidate.add(c)
		e.control.add(k)
	}
}

// MeanOf returns the mean of the values of samples; NaN if none is known.
func MeanOf(s []deviation.Sample) float64 {
	v := make([]float64, len(s))
	for i := range s {
		v[i] = s[i].Value
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
		if deviation.Known(v) {
			m.add(v)
		}
	}
	return m.value()
}
