package stat

import "math"

// LongRun returns by how much the variance of a mean of n samples exceeds
// variance/n when the samples are autocorrelated as an AR(1) process:
//
//	(1+ρ)/(1-ρ)
//
// ρ is taken within [0, .97]: negative autocorrelation would promise more
// than short histories can keep.
func LongRun(rho float64) float64 {
	rho = max(0, min(.97, rho))
	return (1 + rho) / (1 - rho)
}

// Memory is how many samples EWMA looks back on; what is older would weigh
// less than 1/4096 of the newest.
const Memory = 12

// EWMA returns the exponentially weighted mean of x at its last sample, with
// span 3 (each sample weighs half of the one after it), over the last 12
// samples only, so that it depends on nothing older. Samples of NaN are left
// out and the others weighed up. The result is NaN if the last sample is NaN
// or x is empty.
func EWMA(x []float64) float64 {
	if len(x) == 0 || math.IsNaN(x[len(x)-1]) {
		return math.NaN()
	}
	sum, weights, w := 0.0, 0.0, 1.0
	for i := len(x) - 1; i >= max(0, len(x)-Memory); i-- {
		if !math.IsNaN(x[i]) {
			sum += w * x[i]
			weights += w
		}
		w /= 2
	}
	return sum / weights
}
