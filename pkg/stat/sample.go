package stat

import "math"

// A Sample compares single values, such as the durations of start-ups, that have
// no earlier samples to learn the noise from.
type Sample struct {
	Control       []float64
	Candidate     []float64
	OneOccasion   bool    // all of Candidate are of one occasion, and each of Control is of another
	Margin        float64 // largest difference that is no regression
	MinDeviations float64 // the same in standard deviations of Control; the larger of the two counts
	MinSigma      float64 // lower bound of the standard deviation of Control
}

// Shift compares the levels. With k of Control, of variance S, and m of
// Candidate
//
//	V = S (1/m + 1/k), with OneOccasion S (1 + 1/k);  ν = k-1
//
// and margin, t, z and E are those of Levels with τ = max(margin, 2√S).
//
// Special cases are:
//
//	all fields NaN, with fewer than two of Control or one of Candidate
func (s Sample) Shift() Shift {
	nan := math.NaN()
	k, m := float64(len(s.Control)), float64(len(s.Candidate))
	if k < 2 || m < 1 {
		return Shift{nan, nan, nan, nan, nan, nan}
	}
	spread := max(Variance(s.Control), s.MinSigma*s.MinSigma, 1e-12)
	share := 1 / m
	if s.OneOccasion {
		share = 1
	}
	sh := Shift{
		Difference: Mean(s.Candidate) - Mean(s.Control),
		Variance:   spread * (share + 1/k),
		Spread:     spread,
		Freedom:    k - 1,
		Margin:     max(s.Margin, s.MinDeviations*math.Sqrt(spread)),
	}
	t := (sh.Difference - sh.Margin) / math.Sqrt(sh.Variance)
	sh.LogE = LogHalfNormal(StudentZ(t, sh.Freedom), sh.Variance, sh.tau())
	return sh
}
