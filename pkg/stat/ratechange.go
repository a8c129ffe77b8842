package stat

import "math"

// A RateChange is evidence that the ratio of candidate's rate of events to
// control's rose by more than a factor exp(theta0). Before the change the ratio
// was exp(b), with an estimate of b (shift) and its variance. As in Counts, with ψ
// the logarithm of the ratio of rates,
//
//	ll(ψ) = Σ x_C ψ - (x_C+x_K) ln( e_C exp(ψ) + e_K )
//
// and, b being N(shift, variance),
//
//	E = Σ w_i ∫ exp(ll(b+θ_i)) dN(b) / ∫ exp(ll(b+θ₀)) dN(b)
//
// on the grid and with the weights of Counts: a ratio of two marginal
// likelihoods, whose mean is 1 if b is drawn as assumed and the ratio rose by
// exp(θ₀). What both have in common at a time cancels as it does in Counts.
//
// The integrals are sums over 25 points within ±6 standard deviations of the
// maximum; the standard deviation comes from the curvature there. Bins with
// nearly the same ratio of exposures (steps of 5%) are added up, so that memory
// and cost grow with the range of that ratio, not with time.
type RateChange struct {
	counts          *Counts
	shift, variance float64
	x               float64 // Σ x_C
	bins            []exposureBin
	e               float64 // LogE, if cached
	cached          bool
}

// An exposureBin adds up the bins with nearly the same ratio of exposures.
type exposureBin struct {
	step float64
	r, n float64 // mean of ln(e_C/e_K), weighted by events; x_C+x_K
}

// NewRateChange returns evidence of 1.
func NewRateChange(theta0, shift, variance float64) *RateChange {
	return &RateChange{counts: NewCounts(theta0), shift: shift, variance: max(variance, 1e-8)}
}

// Empty returns evidence of 1 against the same null hypothesis as c.
func (c *RateChange) Empty() *RateChange {
	return &RateChange{counts: c.counts, shift: c.shift, variance: c.variance}
}

// Add takes in one bin. Its parameters are those of Counts.AddTempered.
func (c *RateChange) Add(xC, eC, xK, eK, phi float64) {
	if !(xC+xK > 0) || !(eC > 0) || !(eK > 0) || math.IsInf(xC+xK+eC+eK, 0) {
		return
	}
	phi = max(phi, 1)
	c.x += xC / phi
	c.cached = false
	r, n := math.Log(eC/eK), (xC+xK)/phi
	step := math.Round(r * 20)
	for i := range c.bins {
		if b := &c.bins[i]; b.step == step {
			b.n += n
			b.r += (r - b.r) * n / b.n
			return
		}
	}
	c.bins = append(c.bins, exposureBin{step, r, n})
}

// LogE returns the logarithm of the evidence; 0 before any event.
func (c *RateChange) LogE() float64 {
	if len(c.bins) == 0 {
		return 0
	}
	if c.cached {
		return c.e
	}
	var logs [grid]float64
	for i := range grid {
		logs[i] = c.counts.logW[i] + c.marginal(c.shift+c.counts.theta[i])
	}
	c.e, c.cached = LogSumExp(logs[:]...)-c.marginal(c.shift+c.counts.theta0), true
	return c.e
}

// marginal returns ln ∫ exp(ll(ψ)) dN(ψ; mean, variance), but for a constant.
func (c *RateChange) marginal(mean float64) float64 {
	psi := mean
	var curve float64
	for range 50 {
		slope, bend := c.slope(psi)
		slope -= (psi - mean) / c.variance
		curve = bend + 1/c.variance
		step := max(-2, min(2, slope/curve)) // damped: far out the likelihood is nearly straight
		psi += step
		if step*step*curve < 1e-4 {
			break
		}
	}
	const points, reach = 25, 6.
	h := 2 * reach / (points - 1) / math.Sqrt(curve)
	var logs [points]float64
	for j := range logs {
		p := psi + float64(j-points/2)*h
		logs[j] = c.loglik(p) - (p-mean)*(p-mean)/(2*c.variance)
	}
	return LogSumExp(logs[:]...) + math.Log(h) - .5*math.Log(2*math.Pi*c.variance)
}

// loglik returns ll(ψ).
func (c *RateChange) loglik(psi float64) float64 {
	ll := c.x * psi
	for _, b := range c.bins {
		u := psi + b.r
		ll -= b.n * (math.Log1p(math.Exp(-math.Abs(u))) + max(u, 0))
	}
	return ll
}

// slope returns the slope of ll at ψ and minus its second derivative.
func (c *RateChange) slope(psi float64) (slope, bend float64) {
	slope = c.x
	for _, b := range c.bins {
		q := 1 / (1 + math.Exp(-psi-b.r)) // share of events to be expected on candidate
		slope -= b.n * q
		bend += b.n * q * (1 - q)
	}
	return slope, bend
}
