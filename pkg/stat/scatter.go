package stat

import (
	"math"
	"sync/atomic"
)

// A Scatter collects the shares of failure of one node, one a bin, to say how
// many independent trials a bin is worth when their number is not known.
type Scatter struct {
	n        int
	mean, m2 float64
}

// MaxExposure is the most that Scatter.Exposure says: scatter among a few bins
// cannot vouch for more.
const MaxExposure = 10

// Add takes in the share of failures of one bin. NaN is passed over.
func (s *Scatter) Add(f float64) {
	if math.IsNaN(f) {
		return
	}
	s.n++
	d := f - s.mean
	s.mean += d / float64(s.n)
	s.m2 += d * (f - s.mean)
}

// Total returns the number of bins and the sum of their shares.
func (s *Scatter) Total() (bins, sum float64) { return float64(s.n), float64(s.n) * s.mean }

// Exposure returns the number of trials n a bin of which would scatter as the
// shares f do:
//
//	n = p(1-p)/v,  p = (Σf + ½)/(m+1),  v = s² (m-1)/χ²_.10(m-1)
//
// s² is the sample variance of the m shares and v its upper 90% value. The
// result is within [1, MaxExposure]; NaN with fewer than five shares, or if all
// are 0 or all are 1, for then scatter tells nothing.
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

// lowerChi2 returns χ²_.10(k). It is asked for at every bin, and finding it
// costs more than all else does there.
func lowerChi2(k int) float64 {
	if k >= len(lowerChi2s) {
		return ChiSquareQuantile(.1, float64(k))
	}
	known := &lowerChi2s[k]
	if bits := known.Load(); bits != 0 {
		return math.Float64frombits(bits)
	}
	v := ChiSquareQuantile(.1, float64(k))
	known.Store(math.Float64bits(v))
	return v
}

// lowerChi2s holds the bits of what lowerChi2 found.
var lowerChi2s [1 << 10]atomic.Uint64

// Fellows pool the scatter of nodes that nothing happened to, each about its
// own mean, to bound how many trials a bin can be worth.
type Fellows struct{ freedom, mean, m2 float64 }

// Add takes in the share of failures of one bin of a node, whose own Scatter is
// s. NaN is passed over.
func (f *Fellows) Add(s *Scatter, share float64) {
	f.part(s, -1)
	s.Add(share)
	f.part(s, 1)
}

func (f *Fellows) part(s *Scatter, sign float64) {
	if s.n > 1 {
		k := float64(s.n - 1)
		f.freedom += sign * k
		f.mean += sign * k * s.mean
		f.m2 += sign * s.m2
	}
}

// Exposure returns the number of trials n a bin of which would scatter as those
// of the nodes do, p(1-p)/s² with p and s² pooled, 1 at least; +Inf with no
// more than ten degrees of freedom, or where nothing scatters.
func (f *Fellows) Exposure() float64 {
	if f.freedom <= 10 || !(f.m2 > 0) {
		return math.Inf(1)
	}
	p := f.mean / f.freedom
	return max(1, p*(1-p)/(f.m2/f.freedom))
}
