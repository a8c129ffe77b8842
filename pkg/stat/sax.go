package stat

import (
	"math"
	"sort"
	"strings"

	"gonum.org/v1/gonum/mathext"
)

// Gap is the letter of a segment with a missing sample.
const Gap = '.'

// A SAX writes series as words: Symbolic Aggregate approXimation. A series is
// normalised, cut into segments of equal length, and each segment's mean
// becomes a letter, a the lowest, such that all letters are equally likely for
// standard normal values. See Lin, Keogh, Wei and Lonardi, "Experiencing SAX: a
// novel symbolic representation of time series", Data Mining and Knowledge
// Discovery 15 (2007).
//
// All series of a comparison are normalised by the mean and standard deviation
// of the control: a series normalised by its own would not show that its level
// moved.
type SAX struct {
	Mean, Deviation float64 // of the control; Deviation above 0
	segments        int     // at least 1
	breaks          []float64
}

// maxLetters is the size of the largest alphabet.
const maxLetters = 26

// NewSAX returns the SAX with an alphabet of 2 to 26 letters and words of at least
// 1 segment; numbers outside are replaced by the nearest allowed one.
func NewSAX(mean, deviation float64, segments, letters int) *SAX {
	s := &SAX{Mean: mean, Deviation: deviation, segments: max(1, segments)}
	letters = min(max(2, letters), maxLetters)
	for i := 1; i < letters; i++ {
		s.breaks = append(s.breaks, mathext.NormalQuantile(float64(i)/float64(letters)))
	}
	return s
}

// segment returns the range [from, to) of the samples of segment i, out of n
// samples.
func (s *SAX) segment(i, n int) (from, to int) {
	return i * n / s.segments, (i + 1) * n / s.segments
}

// Normal returns x normalised.
func (s *SAX) Normal(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v - s.Mean) / s.Deviation
	}
	return out
}

// paa returns the piecewise aggregate approximation of x: the mean of each
// segment, NaN if the segment is empty or holds a NaN.
func (s *SAX) paa(x []float64) []float64 {
	out := make([]float64, s.segments)
	for i := range out {
		from, to := s.segment(i, len(x))
		sum := 0.
		for _, v := range x[from:to] {
			sum += v
		}
		out[i] = sum / float64(to-from) // 0/0 is NaN
	}
	return out
}

// Word returns the word for x, one letter for each segment. A segment with a
// missing sample is a Gap: the mean of its other samples would bound no distance.
func (s *SAX) Word(x []float64) string {
	var b strings.Builder
	for _, v := range s.paa(s.Normal(x)) {
		if math.IsNaN(v) {
			b.WriteByte(Gap)
			continue
		}
		b.WriteByte('a' + byte(sort.Search(len(s.breaks), func(i int) bool { return s.breaks[i] > v })))
	}
	return b.String()
}

// MinDist returns a lower bound of the Euclidean distance of the normalised
// series of n samples that two words stand for, over the samples of the
// segments that neither misses, and how many samples these are:
//
//	√ Σ n_i cell(a_i, b_i)²,   cell = 0 for equal or adjacent letters, else
//	                           break[max-1] - break[min]
//
// which is √(n/w)·√(Σ cell²) if all segments have the same length. The outermost
// letters have no outer break, so that the bound is limited: with 20 letters it is
// at most 3.3 standard deviations.
//
// Special cases are:
//
//	NaN and 0, if the words have no segment in common
func (s *SAX) MinDist(a, b string, n int) (distance float64, samples int) {
	sum := 0.
	for i := range min(len(a), len(b), s.segments) {
		from, to := s.segment(i, n)
		if a[i] == Gap || b[i] == Gap || from == to {
			continue
		}
		lo, hi := int(min(a[i], b[i])-'a'), int(max(a[i], b[i])-'a')
		if hi-lo > 1 {
			cell := s.breaks[hi-1] - s.breaks[lo]
			sum += float64(to-from) * cell * cell
		}
		samples += to - from
	}
	if samples == 0 {
		return math.NaN(), 0
	}
	return math.Sqrt(sum), samples
}
