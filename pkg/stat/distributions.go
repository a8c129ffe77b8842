package stat

import (
	"gonum.org/v1/gonum/mathext"
)

// The distributions that evidence needs, by gonum's special functions alone:
// its package of distributions brings matrices and linear programs into every
// program that judges.

// studentCDF returns the probability that Student's t with nu degrees of freedom
// is at most t.
func studentCDF(t, nu float64) float64 {
	switch x := nu / (t*t + nu); {
	case t == 0:
		return .5
	case t > 0:
		return 1 - .5*mathext.RegIncBeta(.5*nu, .5, x)
	default:
		return .5 * mathext.RegIncBeta(.5*nu, .5, x)
	}
}

// chiSquareQuantile returns what χ² with nu degrees of freedom is below with
// probability p, for p in [0, 1].
func chiSquareQuantile(p, nu float64) float64 { return 2 * mathext.GammaIncRegInv(.5*nu, p) }

// GammaQuantile returns what a gamma variable of a shape and rate 1 is below
// with probability p, for p in [0, 1].
func GammaQuantile(p, shape float64) float64 { return mathext.GammaIncRegInv(shape, p) }
