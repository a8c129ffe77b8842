package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// RateRatio returns the ratio of two rates of independent events, x out of an
// exposure e on each side, with its exact interval at a level such as .95.
// Given xC+xK, those on candidate are binomial with p = eC·r/(eC·r+eK), so that
// Clopper and Pearson's interval of p (Biometrika 26, 1934) gives that of r.
//
// Special cases are:
//
//	NaN, 0, +Inf, if an exposure is not above 0 or there was no event at all
//	+Inf and a finite low, if there was none on control
//	0 and a finite high, if there was none on candidate
func RateRatio(xC, eC, xK, eK, level float64) (ratio, low, high float64) {
	if !(eC > 0) || !(eK > 0) || !(xC+xK > 0) || xC < 0 || xK < 0 {
		return math.NaN(), 0, math.Inf(1)
	}
	tail := (1 - level) / 2
	scale := eK / eC
	odds := func(p float64) float64 { return p / (1 - p) * scale }
	low, high = 0, math.Inf(1)
	if xC > 0 {
		low = odds(mathext.InvRegIncBeta(xC, xK+1, tail))
	}
	if xK > 0 {
		high = odds(mathext.InvRegIncBeta(xC+1, xK, 1-tail))
	}
	return xC / xK * scale, low, high
}

// GoodTuring returns the probability that the next event is of a kind not seen
// before: the number of kinds seen once over the number of events (Good,
// Biometrika 40, 1953). With no event it is NaN.
func GoodTuring(once, events float64) float64 { return once / events }

// Merge adds all bins of other to c. Both must have been made with the same
// theta0.
func (c *Counts) Merge(other *Counts) {
	for i := range grid {
		c.ll[i] += other.ll[i]
	}
	c.unity += other.unity
}
