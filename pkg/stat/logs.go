package stat

import "math"

// LogSumExp returns ln Σ exp(x_i) without overflow; -Inf if x is empty.
func LogSumExp(x ...float64) float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	if math.IsInf(top, 0) {
		return top
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum)
}

// LogMean returns the logarithm of the weighted mean of e-values that are
// given as logarithms:
//
//	ln( Σ w_i exp(x_i) / Σ w_i )
//
// The mean of e-values is an e-value under any dependence among them. Terms
// with a weight of 0 or a value of NaN are left out; NaN if nothing is left.
func LogMean(x, w []float64) float64 {
	top, total := math.Inf(-1), 0.0
	for i, v := range x {
		if w[i] > 0 && !math.IsNaN(v) {
			top = max(top, v)
			total += w[i]
		}
	}
	if total == 0 {
		return math.NaN()
	}
	if math.IsInf(top, 0) {
		return top
	}
	sum := 0.0
	for i, v := range x {
		if w[i] > 0 && !math.IsNaN(v) {
			sum += w[i] * math.Exp(v-top)
		}
	}
	return top + math.Log(sum/total)
}

// LogNormalCDF returns ln Φ(x), accurate in the lower tail, where the
// asymptotic series of Mills' ratio is used.
func LogNormalCDF(x float64) float64 {
	if x > -30 {
		return math.Log(.5 * math.Erfc(-x/math.Sqrt2))
	}
	q := 1 / (x * x)
	return -x*x/2 - math.Log(-x*math.Sqrt(2*math.Pi)) + math.Log1p(-q+3*q*q-15*q*q*q)
}
