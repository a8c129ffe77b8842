package stat

import "math"

const grid = 24

// Counts is evidence that events come at a higher rate on candidate than on
// control, by more than a ratio exp(theta0). Given how many events n = x_C+x_K
// there were in a bin, those on candidate are binomial with
//
//	q(θ) = e_C exp(θ) / (e_C exp(θ) + e_K)
//
// so that everything both have in common (traffic, season, outages) cancels, and
// the exposures e may change from bin to bin. Each θ on a grid has the likelihood
// ratio
//
//	ll(θ) += x_C ln( q(θ)/q(θ₀) ) + x_K ln( (1-q(θ))/(1-q(θ₀)) )
//
// and E = Σ w_i exp(ll(θ_i)) with θ_i = θ₀ + 0.1·1.2^i, i = 0..23, and
// w_i ∝ u/(1+u²), u = θ_i-θ₀. The likelihood ratio is monotone in θ, so that
// P(sup E ≥ 1/α) ≤ α for every true ratio up to exp(θ₀), at any time of
// reading. See Lindon and Malek, "Anytime-Valid Inference For Multinomial
// Count Data", NeurIPS 2022.
//
// Counts may be fractions of an event. Make one with NewCounts; the zero Counts is
// not usable.
type Counts struct {
	theta0 float64
	theta  [grid]float64
	logW   [grid]float64
	exp    [grid]float64
	ll     [grid]float64
	exp0   float64
	unity  float64 // ll of a rate ratio of 1
}

// NewCounts returns evidence of 1 against rate ratios up to exp(theta0).
func NewCounts(theta0 float64) *Counts {
	c := &Counts{theta0: theta0, exp0: math.Exp(theta0)}
	total := 0.0
	for i := range grid {
		u := .1 * math.Pow(1.2, float64(i))
		c.theta[i] = theta0 + u
		c.exp[i] = math.Exp(c.theta[i])
		c.logW[i] = u / (1 + u*u)
		total += c.logW[i]
	}
	for i := range grid {
		c.logW[i] = math.Log(c.logW[i] / total)
	}
	return c
}

// Add takes in one bin: xC events out of an exposure of eC on candidate, xK
// out of eK on control. A bin without events, or with an exposure of 0 on
// either side, is ignored.
func (c *Counts) Add(xC, eC, xK, eK float64) { c.AddTempered(xC, eC, xK, eK, 1) }

// AddTempered is Add for events whose variance is phi times that of independent
// events: the likelihood ratio is raised to the power 1/phi. Its mean stays at
// most 1 for independent events (Jensen), and for events that come in clumps if
// CapClumps is applied to them. phi must be computed from earlier bins only.
// Values of phi below 1 are taken as 1.
func (c *Counts) AddTempered(xC, eC, xK, eK, phi float64) {
	if !(xC+xK > 0) || !(eC > 0) || !(eK > 0) || math.IsInf(xC+xK+eC+eK, 0) {
		return
	}
	if !(phi > 1) {
		phi = 1
	}
	// ln q(θ)/q(θ₀) = θ-θ₀ - d and ln (1-q(θ))/(1-q(θ₀)) = -d with
	// d = ln (e_C exp θ + e_K) - ln (e_C exp θ₀ + e_K).
	null := math.Log(eC*c.exp0 + eK)
	for i := range grid {
		d := math.Log(eC*c.exp[i]+eK) - null
		c.ll[i] += (xC*(c.theta[i]-c.theta0) - (xC+xK)*d) / phi
	}
	if c.theta0 != 0 {
		c.unity += (xC*(0-c.theta0) - (xC+xK)*(math.Log(eC+eK)-null)) / phi
	}
}

// LogE returns the logarithm of the evidence; 0 before any event.
func (c *Counts) LogE() float64 { return c.logSum(&c.logW) }

func (c *Counts) logSum(weights *[grid]float64) float64 {
	top := math.Inf(-1)
	for i := range grid {
		top = max(top, weights[i]+c.ll[i])
	}
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for i := range grid {
		sum += math.Exp(weights[i] + c.ll[i] - top)
	}
	return top + math.Log(sum)
}

// LogEBetween returns the logarithm of the evidence for nodes that differ without
// any change: the logarithm of the ratio of their rates is normal with mean 0 and
// standard deviation s. The likelihood of a rate ratio beyond the margin is
// divided by the likelihood that the node has such a rate by nature,
//
//	E = Σ w_i exp(ll(θ_i)) / ( v₀ + Σ v_i exp(ll(θ_i)) )
//
// with v that law's mass in cells around the θ_i, and v₀ below them, where the
// ratio is within the margin. The denominator is the mean of the likelihood ratio
// over the law, so that the mean of E over nodes drawn from it is 1 at any time.
// It is LogE for s = 0.
func (c *Counts) LogEBetween(s float64) float64 { return c.against(s, 0) }

// LogBayes returns the logarithm of the Bayes factor of a rate ratio beyond the
// margin against one of 1, where LogEBetween has the worst that is within the
// margin: what the events are worth to somebody who wants to know how probable a
// change is, not how often it is wrongly said.
func (c *Counts) LogBayes(s float64) float64 { return c.against(s, c.unity) }

// against returns the logarithm of the mean likelihood ratio over that of no
// change, whose likelihood is exp(null), between nodes that differ by s.
func (c *Counts) against(s, null float64) float64 {
	if !(s > 0) {
		return c.LogE() - null
	}
	beyond := func(theta float64) float64 { return .5 * math.Erfc(theta/s/math.Sqrt2) }
	var logV [grid]float64
	above := beyond((c.theta0 + c.theta[0]) / 2)
	within := math.Log1p(-above)
	for i := range grid {
		further := 0.
		if i+1 < grid {
			further = beyond((c.theta[i] + c.theta[i+1]) / 2)
		}
		logV[i] = math.Log(above - further)
		above = further
	}
	return c.LogE() - LogSumExp(within+null, c.logSum(&logV))
}
