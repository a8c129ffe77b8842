package stat

import (
	"cmp"
	"math"
	"slices"
)

// EBH returns which of K hypotheses to reject by e-Benjamini-Hochberg, from the
// logarithms of their e-values: the k* with the largest, where
//
//	k* = max{ k : e_(k) ≥ K/(k q) },   e_(1) ≥ e_(2) ≥ …
//
// The share of wrong ones among those rejected is at most q on average,
// whatever the e-values have to do with one another. The values must be those
// at one time, not their highest so far. NaN counts as 0. Wang and Ramdas,
// "False discovery rate control with e-values", JRSS B 84 (2022).
func EBH(logE []float64, q float64) []bool {
	order := make([]int, len(logE))
	for i := range order {
		order[i] = i
	}
	value := func(i int) float64 {
		if math.IsNaN(logE[i]) {
			return math.Inf(-1)
		}
		return logE[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(value(b), value(a)) })
	last := 0
	for k := 1; k <= len(order); k++ {
		if value(order[k-1]) >= math.Log(float64(len(order))/(float64(k)*q)) {
			last = k
		}
	}
	out := make([]bool, len(logE))
	for _, i := range order[:last] {
		out[i] = true
	}
	return out
}
