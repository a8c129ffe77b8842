package stat

import (
	"math"
	"slices"
)

// Mean returns the mean of x, leaving out NaN; NaN if nothing is left.
func Mean(x []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range x {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// Variance returns the sample variance of x (divided by n-1), leaving out NaN;
// NaN if fewer than two are left.
func Variance(x []float64) float64 {
	mean, sum, n := Mean(x), 0.0, 0
	for _, v := range x {
		if !math.IsNaN(v) {
			sum += (v - mean) * (v - mean)
			n++
		}
	}
	if n < 2 {
		return math.NaN()
	}
	return sum / float64(n-1)
}

// Quantile returns the p-quantile of x by linear interpolation between order
// statistics (type 7 of Hyndman and Fan), leaving out NaN; NaN if nothing is
// left or p is outside [0, 1].
func Quantile(x []float64, p float64) float64 {
	s := sorted(x)
	return sortedQuantile(s, p)
}

// Median returns the median of x, leaving out NaN; NaN if nothing is left.
func Median(x []float64) float64 {
	return Quantile(x, .5)
}

// MedianOfSorted is Median of values that are in order and hold no NaN.
func MedianOfSorted(x []float64) float64 {
	return sortedQuantile(x, .5)
}

// MAD returns the median absolute deviation of x from its median, leaving out
// NaN; NaN if nothing is left. Times 1.4826 it estimates the standard
// deviation of a normal distribution.
func MAD(x []float64) float64 {
	s := sorted(x)
	m := sortedQuantile(s, .5)
	for i, v := range s {
		s[i] = math.Abs(v - m)
	}
	slices.Sort(s)
	return sortedQuantile(s, .5)
}

// MADScale makes a MAD an estimate of the standard deviation of a normal
// distribution: 1/Φ⁻¹(3/4).
const MADScale = 1.4826022185056018

// Huber returns Huber's M-estimate of location: the mean of x with what lies
// further than k robust standard deviations (1.4826 · MAD) from the estimate
// pulled in to that distance. Usual is k = 1.5. See Huber, "Robust Estimation
// of a Location Parameter", Annals of Mathematical Statistics 35 (1964).
//
// Special cases are:
//
//	NaN, if x holds nothing but NaN
//	the median, if the MAD is 0
func Huber(x []float64, k float64) float64 {
	s := sorted(x)
	if len(s) == 0 {
		return math.NaN()
	}
	m := sortedQuantile(s, .5)
	scale := MADScale * MAD(s)
	if scale == 0 {
		return m
	}
	for range 50 {
		sum := 0.0
		for _, v := range s {
			sum += max(m-k*scale, min(m+k*scale, v))
		}
		next := sum / float64(len(s))
		if math.Abs(next-m) <= 1e-9*scale {
			return next
		}
		m = next
	}
	return m
}

// sorted returns a copy of x without NaN, in ascending order.
func sorted(x []float64) []float64 {
	s := make([]float64, 0, len(x))
	for _, v := range x {
		if !math.IsNaN(v) {
			s = append(s, v)
		}
	}
	slices.Sort(s)
	return s
}

func sortedQuantile(s []float64, p float64) float64 {
	if len(s) == 0 || !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	h := p * float64(len(s)-1)
	i := int(h)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (h-float64(i))*(s[i+1]-s[i])
}
