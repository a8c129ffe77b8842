package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// PriorNodes is the weight, in degrees of freedom, of the variance expected from
// bin-to-bin noise when it is combined with the variance between nodes.
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
	p := studentCDF(-math.Abs(t), nu)
	z := 37.
	if p > 1e-290 {
		z = min(z, -mathext.NormalQuantile(p))
	}
	return math.Copysign(z, t)
}

// A Noise is how a node varies without any change.
type Noise struct {
	Variance float64 // from sample to sample, of one node
	Rho      float64 // its lag-1 autocorrelation
}

// NoiseOf returns the noise in series of nodes, one row for each node and one
// column for each bin. In bins where at least two nodes have a sample, what all
// nodes have in common is removed:
//
//	r = (x - mean of the node), less the mean over nodes in that bin, times √(c/(c-1))
//
// for the c nodes of that bin. With fewer than ten such residuals, r is x less the
// mean of the node. Then, with P bins,
//
//	ρ  = pooled lag-1 autocorrelation + (1+3ρ)/P, within [0, .97]
//	σ² = mean r²
//
// The addition to ρ is Kendall's correction of its bias in short series, which
// also makes up for the nodes' means being estimated ("Note on Bias in the
// Estimation of Autocorrelation", Biometrika 41 (1954)).
//
// Special cases are:
//
//	both fields NaN, with fewer than two residuals
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

// Levels compares the levels of candidate and control nodes, a level being a
// node's mean over a span. It gives the evidence on a continuous signal.
type Levels struct {
	Noise            Noise
	Samples          float64   // number of bins behind each level after the change
	CandidateSamples []float64 // number of samples behind each of Candidate; Samples for all if nil
	Before           []float64 // of control nodes before the change
	After            []float64 // of control nodes after it
	Candidate        []float64 // of candidate nodes after it
	ControlWeight    float64   // mean of 1/(number of control nodes) over the samples of Candidate; 1/len(After) if zero
	Margin           float64   // largest difference that is no regression, in the signal's unit
	MinDeviations    float64   // the same in standard deviations of a control node's level; the larger of the two counts
	Offset           Offset    // how much new nodes lie above old ones anyway
}

// An Offset is the known difference between candidate and control without a
// regression. The zero Offset is none.
type Offset struct {
	Mean, Variance float64
	Freedom        float64 // degrees of freedom of Variance
}

// A Shift is how far candidate lies above control.
type Shift struct {
	Difference float64 // mean candidate less mean control
	Variance   float64 // of Difference
	Spread     float64 // of one node's level, as a variance
	Freedom    float64 // degrees of freedom of Variance
	Margin     float64 // that was applied
	LogE       float64 // natural logarithm of the evidence that Difference exceeds Margin
}

// Shift compares the levels. With K₀ = len(Before), k = len(After),
// m = len(Candidate):
//
//	theo = σ² (1+ρ)/(1-ρ) / Samples
//	v_b  = max(variance of Before, variance of After)
//	S    = max(theo, v_b, (6 theo + (K₀-1) v_b)/(6+K₀-1))
//	V    = S (1/m + b) + σ² (1+ρ)/(1-ρ) ( Σ max(0, 1/n_i - 1/Samples)/m² + b Σ max(0, 1/n_i - 1/Samples)/m )
//	margin = max(Margin, MinDeviations √S)
//	t    = (Difference - margin)/√V,  ν = 6+K₀-1,  z = Φ⁻¹(F_ν(t))
//	E    = half-normal mixture of z, V with τ = max(margin, 2√S)
//
// with b = ControlWeight and n = CandidateSamples. The mean of an Offset is
// subtracted from Difference, its variance is added to V and to the S of τ, and ν
// is that of the sum by Welch and Satterthwaite (Biometrika 34 (1947)),
//
//	ν = (V₀+V_x)²/(V₀²/ν₀ + V_x²/ν_x)
//
// V contains the spread between control nodes because new nodes have no history
// of their own. Its last terms are for nodes that have just joined: their levels,
// and those of control at the same time, are means of few samples. V is estimated,
// so E is only approximately an e-value; V is never smaller than either source of
// variation alone would make it.
//
// Special cases are:
//
//	all fields NaN, with fewer than two levels before, one after or one of candidate
//	LogE 0, if nothing varies and the difference is within the margin
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
	weight := l.ControlWeight
	if !(weight > 0) {
		weight = 1 / k
	}
	sh := Shift{
		Difference: Mean(l.Candidate) - Mean(l.After),
		Variance:   s*(1/m+weight) + l.shortSpan(weight),
		Spread:     s,
		Freedom:    PriorNodes + k0 - 1,
		Margin:     max(l.Margin, l.MinDeviations*math.Sqrt(s)),
	}
	if x := l.Offset; x.Freedom > 0 {
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

// shortSpan returns what candidate levels of fewer samples than Samples add to
// the variance of the difference.
func (l Levels) shortSpan(weight float64) float64 {
	if math.IsNaN(l.Noise.Variance) {
		return 0
	}
	sum, m := 0., float64(len(l.Candidate))
	for _, n := range l.CandidateSamples {
		sum += max(0, 1/n-1/l.Samples)
	}
	return l.Noise.Variance * LongRun(l.Noise.Rho) * sum * (1/(m*m) + weight/m)
}

// tau returns the scale of the prior over effect sizes.
func (s Shift) tau() float64 {
	return max(s.Margin, 2*math.Sqrt(s.Spread))
}

// Smallest returns the smallest difference for which the evidence would reach
// exp(logE) with probability .8 at these variances:
//
//	(z* + 0.84) √V + margin,  z* the root of E(z*) = exp(logE)
//
// Special cases are:
//
//	NaN, if Variance is NaN or not above 0
func (s Shift) Smallest(logE float64) float64 {
	if !(s.Variance > 0) {
		return math.NaN()
	}
	z := Bisect(0, 200, 60, func(z float64) bool { return !(LogHalfNormal(z, s.Variance, s.tau()) < logE) })
	return (z+.8416)*math.Sqrt(s.Variance) + s.Margin
}
