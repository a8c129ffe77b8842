package stat

import (
	"math"
	"slices"
)

const (
	// powerFloor keeps a power of values near 0 finite, in medians.
	powerFloor = .01
	// powerPairs is how many pairs of blocks that differ in level it takes to
	// see how noise goes with level.
	powerPairs = 50
)

// A Power is a scale on which a signal is equally noisy at every level. The
// zero Power leaves values as they are.
type Power struct {
	lambda float64
	unit   float64 // the median; 0 leaves values as they are
}

// StabilisingPower returns the power of x that makes its noise independent of
// its level, by Tukey's spread-versus-level plot: in blocks of x with a median
// l and a mean distance n between neighbours, ln n grows by b for each unit of
// ln l (the median slope over all pairs of blocks whose levels differ by a tenth or
// more: Theil and Sen), and x^(1-b) has the same noise everywhere. Counts have
// a b of a half, and their square root; what is off by a percentage has one of 1,
// and its logarithm.
//
// Values are left as they are if one is negative, if the median is 0, if noise
// does not grow with level, or if fewer than 50 pairs of blocks differ in level. See Tukey, Exploratory Data
// Analysis (1977), chapter 4, and Bartlett, Biometrics 3 (1947).
func StabilisingPower(x []float64, block int) Power {
	unit := Median(x)
	if !(unit > 0) || slices.ContainsFunc(x, func(v float64) bool { return v < 0 }) {
		return Power{}
	}
	var level, noise []float64
	for end := len(x); end >= block; end -= block {
		l, n := Median(x[end-block:end]), roughness(x[end-block:end])
		if l > 0 && n > 0 {
			level, noise = append(level, math.Log(l)), append(noise, math.Log(n))
		}
	}
	var slopes []float64
	for i := range level {
		for j := range i {
			if d := level[i] - level[j]; math.Abs(d) > .1 {
				slopes = append(slopes, (noise[i]-noise[j])/d)
			}
		}
	}
	b := Median(slopes)
	if len(slopes) < powerPairs || !(b > 0) {
		return Power{}
	}
	return Power{lambda: max(0, 1-b), unit: unit}
}

// Bend returns v on the scale, ((v/u + .01)^λ - 1) u/λ for a median u, its limit u ln(v/u + .01) if λ is 0; of a
// negative v what mirrors that about its value at 0. NaN stays NaN.
func (p Power) Bend(v float64) float64 {
	if p.unit == 0 {
		return v
	}
	if v < 0 {
		return 2*p.Bend(0) - p.Bend(-v)
	}
	y := v/p.unit + powerFloor
	if p.lambda < .01 {
		return p.unit * math.Log(y)
	}
	return p.unit * (math.Pow(y, p.lambda) - 1) / p.lambda
}

// Unbend is Bend's inverse.
func (p Power) Unbend(g float64) float64 {
	if p.unit == 0 {
		return g
	}
	if zero := p.Bend(0); g < zero {
		return -p.Unbend(2*zero - g)
	}
	if p.lambda < .01 {
		return p.unit * (math.Exp(g/p.unit) - powerFloor)
	}
	return p.unit * (math.Pow(1+p.lambda*g/p.unit, 1/p.lambda) - powerFloor)
}
