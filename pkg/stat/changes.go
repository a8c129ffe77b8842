package stat

import "math"

// Changes compares how much candidate and control nodes changed, each node's
// level after the change less its level before. It is for cohorts that differ in
// level without any change, such as nodes in different regions. A level is a
// node's mean over a span.
type Changes struct {
	Noise            Noise     // of one node, from sample to sample
	CohortNoise      Noise     // of candidate's mean less control's mean, from bin to bin before the change
	PastSamples      float64   // number of bins behind each level before the change
	Samples          float64   // number of bins behind each level after it
	CandidateSamples []float64 // number of samples behind the later level of each of Candidate; Samples for all if nil

	Candidate, Control []float64 // the change of each node

	Places []float64 // mean change in each place of control; nil if places are not known

	// NewNodes of Candidate have no level before the change. The mean level of
	// OldNodes others, which differ with variance LevelVariance, is taken instead.
	NewNodes, OldNodes int
	LevelVariance      float64

	Margin        float64 // largest change that is no regression, in the signal's unit
	MinDeviations float64 // the same in standard deviations of a control node's change; the larger of the two counts
}

// Shift compares the changes: difference in differences. With k control and m
// candidate nodes, G places, and L(ρ) = (1+ρ)/(1-ρ):
//
//	theo = σ² L(ρ) (1/Samples + 1/PastSamples)
//	v_b  = variance of Control
//	S    = max(theo, v_b, (6 theo + (k-1) v_b)/(6+k-1))
//	A    = σ_a² L(ρ_a) (1/Samples + 1/PastSamples) / max(1/5, 1 - L(ρ_a)/PastSamples)
//	new  = LevelVariance (NewNodes/m² + (NewNodes/m)²/OldNodes)
//	short = σ² L(ρ) Σ max(0, 1/n_i - 1/Samples)/m²,  n = CandidateSamples
//	V    = max( A, theo (1/m + 1/k) ) + (S - theo)(1/m + 1/k) + new + short
//	V    = max( V, variance of Places (1 + 1/G) )
//	ν    = min( 6+k-1, PastSamples (1-ρ_a²)/(1+ρ_a²) )
//
// A is how much a whole place changes by chance, measured by how the two cohorts
// moved apart before the change (σ_a² and ρ_a of CohortNoise). Its divisor makes
// up for the mean being estimated from the same bins; its degrees of freedom are
// those of an AR(1) series. new and short are what new nodes and short spans add.
// Margin, t, z and E are those of Levels.
//
// Special cases are:
//
//	all fields NaN, with fewer than ten bins before the change, no control node or no candidate node
//	all fields NaN, with new nodes but no old ones
func (c Changes) Shift() Shift {
	nan := math.NaN()
	k, m := float64(len(c.Control)), float64(len(c.Candidate))
	if k < 1 || m < 1 || c.PastSamples < 10 || !(c.Samples > 0) || c.NewNodes > 0 && c.OldNodes == 0 || math.IsNaN(c.CohortNoise.Variance) {
		return Shift{nan, nan, nan, nan, nan, nan}
	}
	times := 1/c.Samples + 1/c.PastSamples
	noise := c.Noise.Variance * LongRun(c.Noise.Rho)
	if math.IsNaN(noise) {
		noise = 0
	}
	theo, between := noise*times, 0.
	if k > 1 {
		between = Variance(c.Control)
	}
	s := max(theo, between, (PriorNodes*theo+(k-1)*between)/(PriorNodes+k-1), 1e-12, 1e-8*c.Margin*c.Margin)
	long := LongRun(c.CohortNoise.Rho)
	apart := c.CohortNoise.Variance * long * times / max(.2, 1-long/c.PastSamples)
	pair := 1/m + 1/k
	sh := Shift{
		Difference: Mean(c.Candidate) - Mean(c.Control),
		Variance:   max(apart, theo*pair) + (s-theo)*pair + c.newNodes() + c.shortSpan(noise),
		Spread:     s,
		Freedom:    PriorNodes + k - 1,
		Margin:     max(c.Margin, c.MinDeviations*math.Sqrt(s)),
	}
	if g := float64(len(c.Places)); g > 1 {
		sh.Variance = max(sh.Variance, Variance(c.Places)*(1+1/g))
	}
	rho2 := c.CohortNoise.Rho * c.CohortNoise.Rho
	sh.Freedom = min(sh.Freedom, max(1, c.PastSamples*(1-rho2)/(1+rho2)))
	t := (sh.Difference - sh.Margin) / math.Sqrt(sh.Variance)
	sh.LogE = LogHalfNormal(StudentZ(t, sh.Freedom), sh.Variance, sh.tau())
	return sh
}

// newNodes returns what nodes without a level before the change add to the
// variance of the difference.
func (c Changes) newNodes() float64 {
	if c.NewNodes == 0 || math.IsNaN(c.LevelVariance) {
		return 0
	}
	m, f := float64(len(c.Candidate)), float64(c.NewNodes)
	return c.LevelVariance * (f/(m*m) + f*f/(m*m*float64(c.OldNodes)))
}

// shortSpan returns what candidate levels of fewer samples than Samples add to
// the variance of the difference, noise being the long-run variance of a node.
func (c Changes) shortSpan(noise float64) float64 {
	sum, m := 0., float64(len(c.Candidate))
	for _, n := range c.CandidateSamples {
		sum += max(0, 1/n-1/c.Samples)
	}
	return noise * sum / (m * m)
}
