package stat

import "math"

// LongRun returns by how much the variance of a mean of n samples exceeds
// variance/n when the samples are autocorrelated as an AR(1) process:
//
//	(1+ρ)/(1-ρ)
//
// ρ is clipped to [0, .97]: short histories cannot establish a negative
// autocorrelation, which would make the mean seem more certain.
func LongRun(rho float64) float64 {
	rho = max(0, min(.97, rho))
	return (1 + rho) / (1 - rho)
}

// Memory is the number of samples that EWMA uses; an older one would weigh less
// than 1/4096 of the newest.
const Memory = 12

// EWMA returns the exponentially weighted mean of x at its last sample, with
// span 3 (each sample weighs half as much as the one after it), over the last
// Memory samples only. Samples of NaN are left out and the weights of the others
// are scaled up.
//
// Special cases are:
//
//	NaN, if x is empty or its last sample is NaN
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
