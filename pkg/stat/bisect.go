package stat

import "math"

// Bisect returns about the smallest x between lo and hi that reaches, hi itself
// doing so and every x above one that does: hi, after so many halvings of what
// lies between the two.
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

// Smallest returns about the smallest x above lo that reaches, looked for up to
// lo + 1 and then at twice as much each time:
//
//	NaN, if none of them reaches after so many doublings
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
