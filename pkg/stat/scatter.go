package stat

import (
	"math"
	"sync/atomic"
)

// A Scatter estimates how many independent trials a bin of a node is worth when
// their number is not known, from the scatter of the node's failure ratios. The
// zero Scatter is ready to use.
type Scatter struct {
	n        int
	mean, m2 float64
}

// MaxExposure is the largest result of Scatter.Exposure: the scatter of a few bins
// is no proof of more.
const MaxExposure = 10

// Add takes in the failure ratio of one bin. NaN is ignored.
func (s *Scatter) Add(f float64) {
	if math.IsNaN(f) {
		return
	}
	s.n++
	d := f - s.mean
	s.mean += d / float64(s.n)
	s.m2 += d * (f - s.mean)
}

// Total returns the number of bins and the sum of their ratios.
func (s *Scatter) Total() (bins, sum float64) { return float64(s.n), float64(s.n) * s.mean }

// Exposure returns the number of trials n a bin whose scatter is that of the
// ratios f:
//
//	n = p(1-p)/v,  p = (Σf + ½)/(m+1),  v = s² (m-1)/χ²_.10(m-1)
//
// s² is the sample variance of the m ratios and v its upper 90% value. The
// result is within [1, MaxExposure].
//
// Special cases are:
//
//	NaN, with fewer than five ratios
//	NaN, if all ratios are 0 or all are 1
func (s *Scatter) Exposure() float64 {
	if s.n < 5 || s.mean <= 0 || s.mean >= 1 {
		return math.NaN()
	}
	m := float64(s.n)
	p := (s.mean*m + .5) / (m + 1)
	v := s.m2 / lowerChi2(s.n-1)
	if v <= 0 {
		return MaxExposure
	}
	return max(1, min(MaxExposure, p*(1-p)/v))
}

// lowerChi2 returns χ²_.10(k), the 10% quantile with k degrees of freedom. Every
// bin needs it and computing it is expensive, so results are cached.
func lowerChi2(k int) float64 {
	if k >= len(lowerChi2s) {
		return chiSquareQuantile(.1, float64(k))
	}
	cached := &lowerChi2s[k]
	if bits := cached.Load(); bits != 0 {
		return math.Float64frombits(bits)
	}
	v := chiSquareQuantile(.1, float64(k))
	cached.Store(math.Float64bits(v))
	return v
}

// lowerChi2s caches the results of lowerChi2 as bits; 0 is an empty slot.
var lowerChi2s [1 << 10]atomic.Uint64

// A PooledScatter pools the scatter of unchanged nodes, each around its own mean,
// to bound how many trials a bin can be worth. The zero PooledScatter is ready to
// use.
type PooledScatter struct{ freedom, mean, m2 float64 }

// Add takes in the failure ratio of one bin of a node, and adds it to s, the
// node's own Scatter. NaN is ignored.
func (f *PooledScatter) Add(s *Scatter, share float64) {
	f.part(s, -1)
	s.Add(share)
	f.part(s, 1)
}

func (f *PooledScatter) part(s *Scatter, sign float64) {
	if s.n > 1 {
		k := float64(s.n - 1)
		f.freedom += sign * k
		f.mean += sign * k * s.mean
		f.m2 += sign * s.m2
	}
}

// Exposure returns the number of trials n a bin whose scatter is that of the
// nodes, p(1-p)/s² with p and s² pooled, at least 1.
//
// Special cases are:
//
//	+Inf, with ten degrees of freedom or fewer, or without any scatter
func (f *PooledScatter) Exposure() float64 {
	if f.freedom <= 10 || !(f.m2 > 0) {
		return math.Inf(1)
	}
	p := f.mean / f.freedom
	return max(1, p*(1-p)/(f.m2/f.freedom))
}
