package stat

import "math"

// A Sample compares levels of which each was seen once, such as those of
// start-ups: there is no course to learn noise from.
type Sample struct {
	Control   []float64
	Candidate []float64
	Together  bool    // Candidate were seen on one occasion, of which Control has one each
	Margin    float64 // differences up to this do not count
	Least     float64 // nor up to so many standard deviations of Control
	Floor     float64 // least standard deviation of Control that is believed
}

// Shift compares the levels. With k of Control, of variance S, and m of
// Candidate
//
//	V = S (1/m + 1/k), of one occasion S (1 + 1/k);  ν = k-1
//
// and margin, t, z and E are those of Levels with τ = max(margin, 2√S). All
// fields are NaN without two of Control and one of Candidate.
func (s Sample) Shift() Shift {
	nan := math.NaN()
	k, m := float64(len(s.Control)), float64(len(s.Candidate))
	if k < 2 || m < 1 {
		return Shift{nan, nan, nan, nan, nan, nan}
	}
	spread := max(Variance(s.Control), s.Floor*s.Floor, 1e-12)
	of := 1 / m
	if s.Together {
		of = 1
	}
	sh := Shift{
		Difference: Mean(s.Candidate) - Mean(s.Control),
		Variance:   spread * (of + 1/k),
		Spread:     spread,
		Freedom:    k - 1,
		Margin:     max(s.Margin, s.Least*math.Sqrt(spread)),
	}
	t := (sh.Difference - sh.Margin) / math.Sqrt(sh.Variance)
	sh.LogE = LogHalfNormal(StudentZ(t, sh.Freedom), sh.Variance, sh.tau())
	return sh
}
