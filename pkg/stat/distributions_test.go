package stat

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestDistributions: they are gonum's own, to the last digit but one.
func TestDistributions(t *testing.T) {
	same := func(name string, got, want float64) {
		if math.Abs(got-want) > 1e-15*math.Abs(want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, nu := range []float64{.5, 1, 3, 10, 250} {
		for _, x := range []float64{-40, -3, -.1, 0, 1e-9, .5, 2, 100} {
			same("Student's t", studentCDF(x, nu), distuv.StudentsT{Sigma: 1, Nu: nu}.CDF(x))
		}
		for _, p := range []float64{0, .001, .1, .5, .9, .999} {
			same("χ²", chiSquareQuantile(p, nu), distuv.ChiSquared{K: nu}.Quantile(p))
			same("gamma", GammaQuantile(p, nu), distuv.Gamma{Alpha: nu, Beta: 1}.Quantile(p))
		}
	}
}
