package stat

import (
	"math"
	"slices"
)

const (
	// powerFloor is added to values, in units of their median, so that their
	// logarithm or power stays finite near 0.
	powerFloor = .01
	// powerPairs is the smallest number of pairs of blocks of different levels
	// from which the relation of noise to level is estimated.
	powerPairs = 50
)

// A Power is a transformation after which a signal is equally noisy at every
// level. The zero Power is the identity.
type Power struct {
	lambda float64
	unit   float64 // the median; 0 for the identity
}

// StabilisingPower returns the power of x that makes its noise independent of
// its level, by Tukey's spread-versus-level plot. In blocks of x with a median
// l and a mean distance n between neighbours, ln n grows by b for each unit of
// ln l; b is the median slope over all pairs of blocks whose levels differ by a
// tenth or more (Theil and Sen). x^(1-b) then has the same noise at every level.
// Counts have b = 1/2, so their square root is taken; values with a constant
// relative error have b = 1, so their logarithm is taken. See Tukey, Exploratory
// Data Analysis (1977), chapter 4, and Bartlett, Biometrics 3 (1947).
//
// Special cases are:
//
//	the identity, if a value is negative, the median is 0 or noise does not grow with level
//	the identity, if fewer than 50 pairs of blocks differ in level
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

// Transform returns v transformed: ((v/u + .01)^λ - 1) u/λ for a median u, and
// its limit u ln(v/u + .01) if λ is 0. A negative v is mirrored about 0. NaN stays
// NaN.
func (p Power) Transform(v float64) float64 {
	if p.unit == 0 {
		return v
	}
	if v < 0 {
		return 2*p.Transform(0) - p.Transform(-v)
	}
	y := v/p.unit + powerFloor
	if p.lambda < .01 {
		return p.unit * math.Log(y)
	}
	return p.unit * (math.Pow(y, p.lambda) - 1) / p.lambda
}

// Inverse undoes Transform.
func (p Power) Inverse(g float64) float64 {
	if p.unit == 0 {
		return g
	}
	if zero := p.Transform(0); g < zero {
		return -p.Inverse(2*zero - g)
	}
	if p.lambda < .01 {
		return p.unit * (math.Exp(g/p.unit) - powerFloor)
	}
	return p.unit * (math.Pow(1+p.lambda*g/p.unit, 1/p.lambda) - powerFloor)
}
