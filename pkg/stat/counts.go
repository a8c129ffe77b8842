package stat

import (
	"math"
	"sync/atomic"

	"gonum.org/v1/gonum/stat/distuv"
)

const grid = 24

// Counts is evidence that events come at a higher rate on candidate than on
// control, by more than a ratio exp(theta0). Given how many events n = x_C+x_K
// there were in a bin, those on candidate are binomial with
//
//	q(θ) = e_C exp(θ) / (e_C exp(θ) + e_K)
//
// so that what both share, traffic and season and outages, cancels, and any
// schedule of exposures e is allowed. Each θ on a grid has the likelihood ratio
//
//	ll(θ) += x_C ln( q(θ)/q(θ₀) ) + x_K ln( (1-q(θ))/(1-q(θ₀)) )
//
// and E = Σ w_i exp(ll(θ_i)) with θ_i = θ₀ + 0.1·1.2^i, i = 0..23, and
// w_i ∝ u/(1+u²), u = θ_i-θ₀. The likelihood ratio is monotone in θ, so that
// P(sup E ≥ 1/α) ≤ α for every true ratio up to exp(θ₀), at any time of
// reading. See Lindon and Malek, "Anytime-Valid Inference For Multinomial
// Count Data", NeurIPS 2022.
//
// Counts may be fractions of an event. The zero Counts is not usable; see
// NewCounts.
type Counts struct {
	theta0 float64
	theta  [grid]float64
	logW   [grid]float64
	exp    [grid]float64
	ll     [grid]float64
	exp0   float64
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
// either side, tells nothing and is passed over.
func (c *Counts) Add(xC, eC, xK, eK float64) { c.AddTempered(xC, eC, xK, eK, 1) }

// AddTempered is Add for events that scatter phi times as much as independent
// ones would: the likelihood ratio is raised to 1/phi. Its mean stays at most 1
// under independence (Jensen); under real overdispersion it is a heuristic. To
// keep the bin a fair bet phi must come from earlier bins only. Values of phi
// under 1 are taken as 1.
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

// LogEBetween returns the logarithm of the evidence where nodes differ by
// themselves: where the logarithm of the ratio of rates is normal with mean 0 and
// standard deviation s without any change. The likelihood of a rate ratio beyond
// the margin is then weighed against that of a node which happens to be so,
//
//	E = Σ w_i exp(ll(θ_i)) / ( v₀ + Σ v_i exp(ll(θ_i)) )
//
// with v that law's mass in cells around the θ_i, and v₀ below them, where the
// ratio is within the margin. The denominator is the mean of the likelihood ratio
// over the law, so that the mean of E over nodes drawn from it is 1 at any time.
// It is LogE for s = 0.
func (c *Counts) LogEBetween(s float64) float64 {
	if !(s > 0) {
		return c.LogE()
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
	return c.LogE() - LogSumExp(within, c.logSum(&logV))
}

// nodesDiffer is by how much the logarithms of the rates of a service's nodes
// are thought to differ where little is known of it, as a standard deviation.
const nodesDiffer = .05

// Spread returns the standard deviation of the logarithms of the rates of nodes
// that had x events out of exposures e, beyond what phi times the variance of
// independent events explains: the upper 97.5% value of
//
//	s² = (6 s₀² + g s_M²)/(6 + g),  g = (k-1) ( y/(1+y) )²,  y = x̄ max(s_M², s₀²)/phi
//
// with s₀ = .05, x̄ the mean number of events, and s_M² after DerSimonian and Laird (Controlled Clinical Trials 7 (1986)):
// Pearson's χ² less what is expected of it, over what a variance of 1 would add.
// Nodes whose events are few tell little of how they differ, and g, the degrees
// of freedom, is small. The upper value is s² (6+g)/χ²_.025(6+g).
func Spread(x, e []float64, phi float64) float64 {
	sx, se, ee, k := 0., 0., 0., 0.
	for i := range x {
		if e[i] > 0 {
			sx, se, ee, k = sx+x[i], se+e[i], ee+e[i]*e[i], k+1
		}
	}
	s2, g := nodesDiffer*nodesDiffer, 0.
	if k > 1 && sx > 0 {
		chi2 := 0.
		for i := range x {
			if want := e[i] * sx / se; want > 0 {
				chi2 += (x[i] - want) * (x[i] - want) / want
			}
		}
		moment := max(0, chi2-phi*(k-1)) * se / sx / (se - ee/se)
		y := sx / k * max(moment, s2) / phi
		g = (k - 1) * y * y / (1 + y) / (1 + y)
		s2 = (PriorNodes*s2 + g*moment) / (PriorNodes + g)
	}
	nu := PriorNodes + g
	return math.Sqrt(s2 * nu / distuv.ChiSquared{K: nu}.Quantile(.025))
}

// A Scatter collects the shares of failure of one node, one a bin, to say how
// many independent trials a bin is worth when their number is not known.
type Scatter struct {
	n        int
	mean, m2 float64
}

// MaxExposure is the most that Scatter.Exposure says: scatter among a few bins
// cannot vouch for more.
const MaxExposure = 10

// Add takes in the share of failures of one bin. NaN is passed over.
func (s *Scatter) Add(f float64) {
	if math.IsNaN(f) {
		return
	}
	s.n++
	d := f - s.mean
	s.mean += d / float64(s.n)
	s.m2 += d * (f - s.mean)
}

// Exposure returns the number of trials n a bin of which would scatter as the
// shares f do:
//
//	n = p(1-p)/v,  p = (Σf + ½)/(m+1),  v = s² (m-1)/χ²_.10(m-1)
//
// s² is the sample variance of the m shares and v its upper 90% value. The
// result is within [1, MaxExposure]; NaN with fewer than five shares, or if all
// are 0 or all are 1, for then scatter tells nothing.
func (s *Scatter) Exposure() float64 {
	if s.n < 5 || s.mean <= 0 || s.mean >= 1 {
		return math.NaN()
	}
	m := float64(s.n)
	p := (s.mean*m + .5) / (m + 1)
	v := s.m2 / lowerChi2(s.n-1)
	if v <= 0 {
		return MaxExposure
	}
	return max(1, min(MaxExposure, p*(1-p)/v))
}

// lowerChi2 returns χ²_.10(k). It is asked for at every bin, and finding it
// costs more than all else does there.
func lowerChi2(k int) float64 {
	if k >= len(lowerChi2s) {
		return distuv.ChiSquared{K: float64(k)}.Quantile(.1)
	}
	known := &lowerChi2s[k]
	if bits := known.Load(); bits != 0 {
		return math.Float64frombits(bits)
	}
	v := distuv.ChiSquared{K: float64(k)}.Quantile(.1)
	known.Store(math.Float64bits(v))
	return v
}

// lowerChi2s holds the bits of what lowerChi2 found.
var lowerChi2s [1 << 10]atomic.Uint64

// Fellows pool the scatter of nodes that nothing happened to, each about its
// own mean, to bound how many trials a bin can be worth.
type Fellows struct{ freedom, mean, m2 float64 }

// Add takes in the share of failures of one bin of a node, whose own Scatter is
// s. NaN is passed over.
func (f *Fellows) Add(s *Scatter, share float64) {
	f.part(s, -1)
	s.Add(share)
	f.part(s, 1)
}

func (f *Fellows) part(s *Scatter, sign float64) {
	if s.n > 1 {
		k := float64(s.n - 1)
		f.freedom += sign * k
		f.mean += sign * k * s.mean
		f.m2 += sign * s.m2
	}
}

// Exposure returns the number of trials n a bin of which would scatter as those
// of the nodes do, p(1-p)/s² with p and s² pooled, 1 at least; +Inf with no
// more than ten degrees of freedom, or where nothing scatters.
func (f *Fellows) Exposure() float64 {
	if f.freedom <= 10 || !(f.m2 > 0) {
		return math.Inf(1)
	}
	p := f.mean / f.freedom
	return max(1, p*(1-p)/(f.m2/f.freedom))
}

// A Dispersion measures how much more than independent events those of control
// nodes scatter.
type Dispersion struct{ chi2, freedom float64 }

// Add takes in one bin: the events x of each control node and their exposures e.
func (d *Dispersion) Add(x, e []float64) {
	sx, se, n := 0.0, 0.0, 0
	for i := range x {
		if e[i] > 0 {
			sx += x[i]
			se += e[i]
			n++
		}
	}
	if n < 2 || sx <= 0 {
		return
	}
	for i := range x {
		if e[i] > 0 {
			want := e[i] * sx / se
			d.chi2 += (x[i] - want) * (x[i] - want) / want
		}
	}
	d.freedom += float64(n - 1)
}

// Phi returns Pearson's χ² over its degrees of freedom if it is above 1.2, and
// 1 otherwise or with fewer than ten degrees of freedom.
func (d *Dispersion) Phi() float64 {
	if d.freedom < 10 || d.chi2 <= 1.2*d.freedom {
		return 1
	}
	return d.chi2 / d.freedom
}

// Freedom returns the degrees of freedom that Phi stands on.
func (d *Dispersion) Freedom() float64 { return d.freedom }

// Merge takes in what other did.
func (d *Dispersion) Merge(other Dispersion) {
	d.chi2, d.freedom = d.chi2+other.chi2, d.freedom+other.freedom
}
