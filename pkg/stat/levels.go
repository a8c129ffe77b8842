package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// PriorNodes is how many degrees of freedom the variance expected from
// minute-to-minute noise is worth when it is weighed against the variance seen
// between nodes.
const PriorNodes = 6

// LogHalfNormal returns the logarithm of the e-value of a standardised effect
// z whose estimate has variance v, against effects of unknown size: the mean
// of the likelihood ratio over a half-normal prior of scale tau,
//
//	E = 2 √(v/(v+τ²)) exp( τ² z² / (2(v+τ²)) ) Φ( zτ/√(v+τ²) )
//
// It is exact for Gaussian increments of known variance (Robbins' method of
// mixtures; see Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform,
// nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49
// (2021)). NaN if v or tau is not positive or z is NaN.
func LogHalfNormal(z, v, tau float64) float64 {
	if !(v > 0) || !(tau > 0) {
		return math.NaN()
	}
	u := v + tau*tau
	return math.Ln2 + .5*math.Log(v/u) + tau*tau*z*z/(2*u) + LogNormalCDF(z*tau/math.Sqrt(u))
}

// StudentZ returns the normal deviate that is as improbable as t is under
// Student's distribution with nu degrees of freedom: Φ⁻¹(F_ν(t)). It is cut at
// ±37, where the tail leaves the range of float64.
func StudentZ(t, nu float64) float64 {
	if math.IsNaN(t) || !(nu > 0) {
		return math.NaN()
	}
	p := StudentCDF(-math.Abs(t), nu)
	z := 37.
	if p > 1e-290 {
		z = min(z, -mathext.NormalQuantile(p))
	}
	return math.Copysign(z, t)
}

// A Noise is how control nodes vary by themselves.
type Noise struct {
	Variance float64 // from sample to sample, of one node
	Rho      float64 // its lag-1 autocorrelation
}

// NoiseOf returns the noise in the series of control nodes, given as one row a
// node and one column a bin. What all nodes share at a time is taken out where
// at least two have a sample:
//
//	r = (x - mean of the node), less the mean over nodes in that bin, times √(c/(c-1))
//
// for the c nodes of that bin; with fewer than ten such residuals the node's
// own are taken. Then, with P bins,
//
//	ρ  = pooled lag-1 autocorrelation + (1+3ρ)/P, within [0, .97]
//	σ² = mean r²
//
// The addition to ρ is Kendall's correction of its bias in short series, which
// also makes up for the nodes' means being estimated ("Note on Bias in the
// Estimation of Autocorrelation", Biometrika 41 (1954)).
// Both are NaN if there are fewer than two residuals.
func NoiseOf(nodes [][]float64) Noise {
	width := 0
	for _, x := range nodes {
		width = max(width, len(x))
	}
	room := make([]float64, len(nodes)+3*width)
	means, room := room[:len(nodes)], room[len(nodes):]
	n, centre, factor := room[:width], room[width:2*width], room[2*width:]
	for i, x := range nodes {
		means[i] = Mean(x)
		for j, v := range x {
			if r := v - means[i]; !math.IsNaN(r) {
				n[j]++
				centre[j] += r
			}
		}
	}
	bins, shared := 0, 0.
	for j, c := range n {
		if c > 0 {
			bins++
		}
		centre[j] /= c
		if factor[j] = math.NaN(); c > 1 { // one node alone has nobody to share with
			factor[j] = math.Sqrt(c / (c - 1))
			shared += c
		}
	}
	if shared < 10 {
		for j := range n {
			centre[j], factor[j] = 0, 1
		}
	}
	var s residuals
	for i, x := range nodes {
		s.add(x, means[i], centre, factor)
	}
	if s.n < 2 {
		return Noise{math.NaN(), math.NaN()}
	}
	rho := s.products / s.squares
	if s.pairs == 0 || s.squares == 0 {
		rho = 0
	}
	rho = max(0, min(.97, rho+(1+3*rho)/float64(bins)))
	return Noise{s.squares / float64(s.n), rho}
}

// residuals sums up residuals and their products with the ones before them.
type residuals struct {
	squares, products float64
	n, pairs          int
}

// add takes in those of one node: (x - mean - centre) factor, bin by bin.
func (s *residuals) add(x []float64, mean float64, centre, factor []float64) {
	last := math.NaN()
	for j, v := range x {
		r := (v - mean - centre[j]) * factor[j]
		if !math.IsNaN(r) {
			s.squares += r * r
			s.n++
			if !math.IsNaN(last) {
				s.products += r * last
				s.pairs++
			}
		}
		last = r
	}
}

// Levels are the levels of candidate and control nodes, a level being a node's
// mean over a span: what the e-value of a continuous signal is made of.
type Levels struct {
	Noise     Noise
	Samples   float64   // bins that the later levels are means of
	Each      []float64 // samples that each of Candidate is a mean of; Samples if nil
	Before    []float64 // control nodes before the change
	After     []float64 // control nodes since
	Candidate []float64 // candidate nodes since
	Beside    float64   // one over the number of control nodes, on average over the samples of Candidate; 1/len(After) if zero
	Margin    float64   // differences up to this do not count
	Least     float64   // nor up to so many standard deviations of a control node's level
	Explained Explained // that candidate nodes are fresh
}

// Explained is by how much the candidate is known to lie above control without
// any regression. The zero Explained explains nothing.
type Explained struct {
	Mean, Variance float64
	Freedom        float64 // degrees of freedom of Variance
}

// A Shift is how far candidate lies above control.
type Shift struct {
	Difference float64 // mean candidate less mean control
	Variance   float64 // of Difference
	Spread     float64 // of one node's level, as a variance
	Freedom    float64 // degrees of freedom of Variance
	Margin     float64 // that was taken
	LogE       float64 // evidence that Difference exceeds the margin
}

// Shift compares the levels. With K₀ = len(Before), k = len(After),
// m = len(Candidate):
//
//	theo = σ² (1+ρ)/(1-ρ) / Samples
//	v_b  = max(variance of Before, variance of After)
//	S    = max(theo, v_b, (6 theo + (K₀-1) v_b)/(6+K₀-1))
//	V    = S (1/m + b) + σ² (1+ρ)/(1-ρ) ( Σ max(0, 1/n_i - 1/Samples)/m² + b Σ max(0, 1/n_i - 1/Samples)/m )
//	margin = max(Margin, Least √S)
//	t    = (Difference - margin)/√V,  ν = 6+K₀-1,  z = Φ⁻¹(F_ν(t))
//	E    = half-normal mixture of z, V with τ = max(margin, 2√S)
//
// with b = Beside and n = Each. Where something is known to explain a part of the difference, its mean is
// taken from Difference, its variance is added to V and to the S of τ, and ν is that of the sum
// by Welch and Satterthwaite (Biometrika 34 (1947)),
//
//	ν = (V₀+V_x)²/(V₀²/ν₀ + V_x²/ν_x)
//
// The spread between control nodes is inside V because fresh nodes have no
// history of their own to be compared with; its last terms are there because the
// level of a node that has just joined is a mean of few samples, its own and those of control at the same time. V is estimated, so that E is an
// e-value only approximately; V never falls under what either source of
// variation alone would give.
//
// All fields are NaN without two levels before, one after and one candidate;
// LogE is 0 if nothing varies and the difference is within the margin.
func (l Levels) Shift() Shift {
	nan := math.NaN()
	k0, k, m := float64(len(l.Before)), float64(len(l.After)), float64(len(l.Candidate))
	if k0 < 2 || k < 1 || m < 1 {
		return Shift{nan, nan, nan, nan, nan, nan}
	}
	theo := l.Noise.Variance * LongRun(l.Noise.Rho) / l.Samples
	between := Variance(l.Before)
	if len(l.After) > 1 {
		between = max(between, Variance(l.After))
	}
	if math.IsNaN(theo) {
		theo = 0
	}
	s := max(theo, between, (PriorNodes*theo+(k0-1)*between)/(PriorNodes+k0-1))
	// Nodes that agree to the last digit still differ by the rounding of their
	// samples; without this a constant signal would divide by zero.
	s = max(s, 1e-12, 1e-8*l.Margin*l.Margin)
	beside := l.Beside
	if !(beside > 0) {
		beside = 1 / k
	}
	sh := Shift{
		Difference: Mean(l.Candidate) - Mean(l.After),
		Variance:   s*(1/m+beside) + l.young(beside),
		Spread:     s,
		Freedom:    PriorNodes + k0 - 1,
		Margin:     max(l.Margin, l.Least*math.Sqrt(s)),
	}
	if x := l.Explained; x.Freedom > 0 {
		sh.Difference -= x.Mean
		v := sh.Variance + x.Variance
		sh.Freedom = v * v / (sh.Variance*sh.Variance/sh.Freedom + x.Variance*x.Variance/x.Freedom)
		sh.Variance = v
		sh.Spread += x.Variance
	}
	t := (sh.Difference - sh.Margin) / math.Sqrt(sh.Variance)
	sh.LogE = LogHalfNormal(StudentZ(t, sh.Freedom), sh.Variance, sh.tau())
	return sh
}

// young returns what candidate levels of fewer samples than Samples add to the
// variance of the difference.
func (l Levels) young(beside float64) float64 {
	if math.IsNaN(l.Noise.Variance) {
		return 0
	}
	sum, m := 0., float64(len(l.Candidate))
	for _, n := range l.Each {
		sum += max(0, 1/n-1/l.Samples)
	}
	return l.Noise.Variance * LongRun(l.Noise.Rho) * sum * (1/(m*m) + beside/m)
}

func (s Shift) tau() float64 {
	return max(s.Margin, 2*math.Sqrt(s.Spread))
}

// Smallest returns the smallest difference that the evidence would reach
// exp(logE) for with probability .8 at these variances:
//
//	(z* + 0.84) √V + margin,  z* the root of E(z*) = exp(logE)
func (s Shift) Smallest(logE float64) float64 {
	if !(s.Variance > 0) {
		return math.NaN()
	}
	z := Bisect(0, 200, 60, func(z float64) bool { return !(LogHalfNormal(z, s.Variance, s.tau()) < logE) })
	return (z+.8416)*math.Sqrt(s.Variance) + s.Margin
}
