package stat

import "math"

// Changes are by how much the levels of nodes changed, level since less level
// before, where candidate and control differ in level without any change, such
// as in different regions.
type Changes struct {
	Noise   Noise     // of one node, from sample to sample
	Apart   Noise     // of the mean of candidate less that of control before the change, from bin to bin
	Past    float64   // bins that levels before are means of
	Samples float64   // bins that levels since are means of
	Each    []float64 // samples that each later level of Candidate is a mean of; Samples if nil

	Candidate, Control []float64

	Places []float64 // mean change in each place of control; nil if they are not known

	// Fresh nodes of Candidate have no level before; that of Old others stands
	// for it, whose levels have the variance Level.
	Fresh, Old int
	Level      float64

	Margin float64 // changes up to this do not count
	Least  float64 // nor up to so many standard deviations of a control node's change
}

// Shift compares the changes: difference in differences. With k control and m
// candidate nodes, G places, and L(ρ) = (1+ρ)/(1-ρ):
//
//	theo = σ² L(ρ) (1/Samples + 1/Past)
//	v_b  = variance of Control
//	S    = max(theo, v_b, (6 theo + (k-1) v_b)/(6+k-1))
//	A    = σ_a² L(ρ_a) (1/Samples + 1/Past) / max(1/5, 1 - L(ρ_a)/Past)
//	V    = max( A, theo (1/m + 1/k) ) + (S - theo)(1/m + 1/k) + fresh + young
//	fresh = Level (Fresh/m² + (Fresh/m)²/Old)
//	young = σ² L(ρ) Σ max(0, 1/n_i - 1/Samples)/m²,  n = Each
//	V    = max( V, variance of Places (1 + 1/G) )
//	ν    = min( 6+k-1, Past (1-ρ_a²)/(1+ρ_a²) )
//
// A is what a whole place does by itself, seen in how the two cohorts moved
// apart before the change; its divisor makes up for the mean being estimated
// from the same bins, and its degrees of freedom are those of an AR(1) series.
// Margin, t, z and E are those of Levels.
//
// All fields are NaN without ten bins before, one control and one candidate
// node, or with fresh nodes and no old ones.
func (c Changes) Shift() Shift {
	nan := math.NaN()
	k, m := float64(len(c.Control)), float64(len(c.Candidate))
	if k < 1 || m < 1 || c.Past < 10 || !(c.Samples > 0) || c.Fresh > 0 && c.Old == 0 || math.IsNaN(c.Apart.Variance) {
		return Shift{nan, nan, nan, nan, nan, nan}
	}
	times := 1/c.Samples + 1/c.Past
	noise := c.Noise.Variance * LongRun(c.Noise.Rho)
	if math.IsNaN(noise) {
		noise = 0
	}
	theo, between := noise*times, 0.
	if k > 1 {
		between = Variance(c.Control)
	}
	s := max(theo, between, (PriorNodes*theo+(k-1)*between)/(PriorNodes+k-1), 1e-12, 1e-8*c.Margin*c.Margin)
	long := LongRun(c.Apart.Rho)
	apart := c.Apart.Variance * long * times / max(.2, 1-long/c.Past)
	pair := 1/m + 1/k
	sh := Shift{
		Difference: Mean(c.Candidate) - Mean(c.Control),
		Variance:   max(apart, theo*pair) + (s-theo)*pair + c.fresh() + c.young(noise),
		Spread:     s,
		Freedom:    PriorNodes + k - 1,
		Margin:     max(c.Margin, c.Least*math.Sqrt(s)),
	}
	if g := float64(len(c.Places)); g > 1 {
		sh.Variance = max(sh.Variance, Variance(c.Places)*(1+1/g))
	}
	rho2 := c.Apart.Rho * c.Apart.Rho
	sh.Freedom = min(sh.Freedom, max(1, c.Past*(1-rho2)/(1+rho2)))
	t := (sh.Difference - sh.Margin) / math.Sqrt(sh.Variance)
	sh.LogE = LogHalfNormal(StudentZ(t, sh.Freedom), sh.Variance, sh.tau())
	return sh
}

func (c Changes) fresh() float64 {
	if c.Fresh == 0 || math.IsNaN(c.Level) {
		return 0
	}
	m, f := float64(len(c.Candidate)), float64(c.Fresh)
	return c.Level * (f/(m*m) + f*f/(m*m*float64(c.Old)))
}

func (c Changes) young(noise float64) float64 {
	sum, m := 0., float64(len(c.Candidate))
	for _, n := range c.Each {
		sum += max(0, 1/n-1/c.Samples)
	}
	return noise * sum / (m * m)
}
