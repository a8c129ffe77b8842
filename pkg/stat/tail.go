package stat

import (
	"math"
	"slices"
)

const (
	tailShare = .1 // of the sample that is the tail
	tailShape = .1 // ξ of the generalised Pareto law
	tailPrior = 10 // independent excesses that the expectation is worth
	tailLeast = 5  // excesses that a tail is made of
)

// A Tail tells how often a statistic reaches a value, also beyond what its
// sample holds.
type Tail struct {
	s     []float64 // sorted
	over  float64   // where the tail begins
	share float64   // of what will come that lies beyond
	scale float64
}

// NewTail learns from a sample of a statistic of which overlap neighbours tell
// about as much as one that stands by itself, and whose mean excess over its 90th
// percentile is expected to be expect. NaN are left out.
//
// Up to its 90th percentile u the sample speaks for itself; beyond, excesses
// follow a generalised Pareto law,
//
//	P(X ≥ u+y) = q (1 + ξy/σ)^(-1/ξ),   ξ = .1
//
// With n values that stand by themselves and k of them beyond u, what comes next lies beyond u with
// probability q = (k+1)/(n+1) on average. σ = (1-ξ) m comes from the mean excess m by the method of moments, once m
// is drawn towards expect with a weight of ten excesses that stand by themselves: few tell
// little, and some of them may be incidents. See Pickands, Annals of Statistics 3 (1975), and
// Hosking and Wallis, Technometrics 29 (1987).
func NewTail(sample []float64, overlap, expect float64) Tail {
	s := sorted(sample)
	k := max(int(tailShare*float64(len(s))+.5), min(tailLeast, len(s)/2))
	if k == 0 {
		return Tail{s: s, over: math.Inf(1)}
	}
	u := s[len(s)-k-1]
	excess := Mean(s[len(s)-k:]) - u
	n, beyond := float64(len(s))/overlap, float64(k)/overlap
	m := (beyond*excess + tailPrior*expect) / (beyond + tailPrior)
	return Tail{s: s, over: u, share: (beyond + 1) / (n + 1), scale: max((1-tailShape)*m, 1e-12)}
}

// Share returns the probability of v or more, at most 1 and never 0; NaN of an
// empty sample.
func (t Tail) Share(v float64) float64 {
	switch {
	case len(t.s) == 0 || math.IsNaN(v):
		return math.NaN()
	case v <= t.over:
		i, _ := slices.BinarySearch(t.s, v)
		return max(t.share, float64(len(t.s)-i+1)/float64(len(t.s)+1))
	}
	return max(t.share*math.Pow(1+tailShape*(v-t.over)/t.scale, -1/tailShape), math.SmallestNonzeroFloat64)
}

// Value returns the smallest value whose Share is p or less; NaN of an empty
// sample, or if p is not between 0 and 1.
func (t Tail) Value(p float64) float64 {
	switch {
	case len(t.s) == 0 || !(p > 0 && p < 1):
		return math.NaN()
	case p <= t.share:
		return t.over + t.scale*(math.Pow(t.share/p, tailShape)-1)/tailShape
	}
	i, _ := slices.BinarySearchFunc(t.s, p, func(v, p float64) int {
		if t.Share(v) > p {
			return -1
		}
		return 1
	})
	return t.s[min(i, len(t.s)-1)]
}
