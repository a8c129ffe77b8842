package stat

import (
	"math"
	"slices"
)

const (
	tailShare = .1 // share of the sample that is the tail
	tailShape = .1 // ξ of the generalised Pareto law
	tailPrior = 10 // weight of the expected mean excess, in independent excesses
	minTail   = 5  // smallest number of excesses in a tail
)

// A Tail gives the probability that a statistic reaches a value, also for values
// beyond the largest of its sample.
type Tail struct {
	s     []float64 // sorted
	over  float64   // where the tail begins
	share float64   // probability that the next value lies in the tail
	scale float64
}

// NewTail fits the distribution of a statistic to a sample of it. Neighbouring
// values overlap: so many of them count as one independent value. expect is the
// expected mean excess over the 90th percentile. NaN are left out.
//
// Up to its 90th percentile u the distribution is that of the sample; beyond it,
// excesses follow a generalised Pareto distribution,
//
//	P(X ≥ u+y) = q (1 + ξy/σ)^(-1/ξ),   ξ = .1
//
// With n independent values, k of them beyond u, the next one lies beyond u with
// probability q = (k+1)/(n+1) on average. σ = (1-ξ) m follows from the mean excess
// m by the method of moments, after m is shrunk towards expect with the weight of
// ten independent excesses: a few excesses are an unreliable estimate, and some of
// them may be incidents. See Pickands, Annals of Statistics 3 (1975), and Hosking
// and Wallis, Technometrics 29 (1987).
func NewTail(sample []float64, overlap, expect float64) Tail {
	s := sorted(sample)
	k := max(int(tailShare*float64(len(s))+.5), min(minTail, len(s)/2))
	if k == 0 {
		return Tail{s: s, over: math.Inf(1)}
	}
	u := s[len(s)-k-1]
	excess := Mean(s[len(s)-k:]) - u
	n, beyond := float64(len(s))/overlap, float64(k)/overlap
	m := (beyond*excess + tailPrior*expect) / (beyond + tailPrior)
	return Tail{s: s, over: u, share: (beyond + 1) / (n + 1), scale: max((1-tailShape)*m, 1e-12)}
}

// Share returns the probability of v or more, which is never 0.
//
// Special cases are:
//
//	NaN, if the sample is empty or v is NaN
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

// Value returns the smallest value whose Share is p or less.
//
// Special cases are:
//
//	NaN, if the sample is empty or p is not between 0 and 1
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
