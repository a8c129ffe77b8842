package stat

import "math"

// Autocorrelation returns the lag-1 autocorrelation of series whose means are
// 0 already, pooled over them:
//
//	ρ = Σ x_t x_(t-1) / Σ x_t²
//
// A NaN breaks the pair that it is in. The result is NaN if there is no pair
// or no variation.
func Autocorrelation(series ...[]float64) float64 {
	var products, squares float64
	pairs := 0
	for _, x := range series {
		for i, v := range x {
			if math.IsNaN(v) {
				continue
			}
			squares += v * v
			if i > 0 && !math.IsNaN(x[i-1]) {
				products += v * x[i-1]
				pairs++
			}
		}
	}
	if pairs == 0 || squares == 0 {
		return math.NaN()
	}
	return products / squares
}

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
