package stat

import "math"

// Bisect returns about the smallest x in [lo, hi] for which reaches is true. It
// halves the interval the given number of times and returns its upper end.
// reaches must be true at hi, and at every x above one at which it is true.
func Bisect(lo, hi float64, halvings int, reaches func(x float64) bool) float64 {
	for range halvings {
		if mid := (lo + hi) / 2; reaches(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// Smallest returns about the smallest x above lo for which reaches is true. Its
// upper bound is lo + 1 at first and is doubled until reaches is true there; then
// it bisects.
//
// Special cases are:
//
//	NaN, if reaches is still false after the given number of doublings
func Smallest(lo float64, doublings, halvings int, reaches func(x float64) bool) float64 {
	hi := lo + 1
	for range doublings {
		if reaches(hi) {
			break
		}
		hi *= 2
	}
	if !reaches(hi) {
		return math.NaN()
	}
	return Bisect(lo, hi, halvings, reaches)
}
