package accuracy

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// A Shift is the distance of one sample from another.
type Shift struct {
	Estimate  float64 // Hodges and Lehmann's: about the median of all differences
	Low, High float64 // confidence interval of it
}

// mannWhitney returns z of the Mann-Whitney U test of x, moved by -mu, against
// y: normal approximation with midranks, correction for ties and for
// continuity, as in R's wilcox.test. It falls with mu. NaN if all values are
// the same or a sample is empty.
//
//	z = (U - mn/2 ∓ ½) / √( mn/12 · (m+n+1 - Σ(t³-t)/((m+n)(m+n-1))) )
//
// where U is the number of pairs in which x is above y, ties counting half,
// and t are the sizes of groups of equal values.
func mannWhitney(x, y []float64, mu float64) float64 {
	m, n := float64(len(x)), float64(len(y))
	type value struct {
		v     float64
		fromX bool
	}
	all := make([]value, 0, len(x)+len(y))
	for _, v := range x {
		all = append(all, value{v - mu, true})
	}
	for _, v := range y {
		all = append(all, value{v, false})
	}
	slices.SortFunc(all, func(a, b value) int {
		switch {
		case a.v < b.v:
			return -1
		case a.v > b.v:
			return 1
		}
		return 0
	})
	ranks, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j, ofX := i, 0.0
		for ; j < len(all) && all[j].v == all[i].v; j++ {
			if all[j].fromX {
				ofX++
			}
		}
		t := float64(j - i)
		ranks += ofX * (float64(i) + (t+1)/2)
		ties += t*t*t - t
		i = j
	}
	d := ranks - m*(m+1)/2 - m*n/2
	sigma := math.Sqrt(m * n / 12 * (m + n + 1 - ties/((m+n)*(m+n-1))))
	if d != 0 {
		d -= math.Copysign(.5, d)
	}
	return d / sigma // 0/0 is NaN
}

// pTwoSided returns the two-sided p-value of z.
func pTwoSided(z float64) float64 {
	return math.Min(1, 2*distuv.UnitNormal.Survival(math.Abs(z)))
}

// shift returns how far x lies above y, with a confidence interval of the given
// level: the values of mu at which z crosses 0 and ± its quantile, found by
// bisection between the extreme differences. ok is false if all values are the same
// or a sample is empty.
func shift(x, y []float64, level float64) (s Shift, ok bool) {
	if len(x) == 0 || len(y) == 0 || math.IsNaN(mannWhitney(x, y, 0)) && slices.Max(x) == slices.Min(x) {
		return s, false
	}
	low, high := slices.Min(x)-slices.Max(y), slices.Max(x)-slices.Min(y)
	cross := func(q float64) float64 {
		lo, hi := low, high
		switch {
		case !(mannWhitney(x, y, lo) > q):
			return lo
		case !(mannWhitney(x, y, hi) < q):
			return hi
		}
		for range 40 {
			if mid := lo + (hi-lo)/2; mannWhitney(x, y, mid) > q {
				lo = mid
			} else {
				hi = mid
			}
		}
		return lo + (hi-lo)/2
	}
	q := distuv.UnitNormal.Quantile(1 - (1-level)/2)
	return Shift{Estimate: cross(0), Low: cross(q), High: cross(-q)}, true
}
