package stat

import (
	"math"
)

// A Dispersion measures the variance of the events of control nodes relative to
// that of independent (Poisson) events. The zero Dispersion is ready to use.
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

// Freedom returns the degrees of freedom of Phi.
func (d *Dispersion) Freedom() float64 { return d.freedom }

// Merge adds the bins of other.
func (d *Dispersion) Merge(other Dispersion) {
	d.chi2, d.freedom = d.chi2+other.chi2, d.freedom+other.freedom
}

// CapClumps returns how many of the x events of a node in a bin are counted, if
// their variance is phi times that of independent events and expected events were
// to be expected. Events that come in clumps of mean size μ and mean square m₂ have
// phi = m₂/μ. Evidence tempered by phi is a fair bet, whatever the distribution of
// clump sizes, as long as no clump counts for more than phi events (Jensen). Larger
// clumps would break it, and with few clumps seen the largest sizes are still
// unknown. How many clumps x consists of is unknown as well, so x itself is capped.
// With t = x/phi and λ = expected/phi, the count in units of phi is
//
//	c + ln(t/c),  c = λ + 1 + 2√λ
//
// if t is above c, which is one clump more than two standard deviations above λ;
// otherwise all x events count. They also do if phi is not above 1.
func CapClumps(x, expected, phi float64) float64 {
	if !(phi > 1) {
		return x
	}
	lambda := max(0, expected) / phi
	bound := lambda + 1 + 2*math.Sqrt(lambda)
	if t := x / phi; t > bound {
		return phi * (bound + math.Log(t/bound))
	}
	return x
}

// priorSpread is the prior standard deviation of the logarithms of the rates of a
// service's nodes.
const priorSpread = .05

// Spread returns how much the rates of nodes differ, as a standard deviation of
// their logarithms, beyond what phi times the variance of independent events
// explains. The nodes had x events out of exposures e. It returns the upper bound
// that holds with probability upper, of
//
//	s² = (6 s₀² + g s_M²)/(6 + g),  g = (k-1) ( y/(1+y) )²,  y = x̄ max(s_M², s₀²)/phi
//
// with s₀ = .05, x̄ the mean number of events, and s_M² after DerSimonian and
// Laird (Controlled Clinical Trials 7 (1986)): Pearson's χ² less its expectation,
// over what a variance of 1 would add to it. With few events, nodes tell little
// about how they differ, and the degrees of freedom g are few. The bound is
// s² (6+g)/χ²_{1-upper}(6+g).
func Spread(x, e []float64, phi, upper float64) float64 {
	sx, se, ee, k := 0., 0., 0., 0.
	for i := range x {
		if e[i] > 0 {
			sx, se, ee, k = sx+x[i], se+e[i], ee+e[i]*e[i], k+1
		}
	}
	s2, g := priorSpread*priorSpread, 0.
	var pearson Dispersion
	if pearson.Add(x, e); pearson.freedom > 0 {
		moment := max(0, pearson.chi2-phi*pearson.freedom) * se / sx / (se - ee/se)
		y := sx / k * max(moment, s2) / phi
		g = pearson.freedom * y * y / (1 + y) / (1 + y)
		s2 = (PriorNodes*s2 + g*moment) / (PriorNodes + g)
	}
	nu := PriorNodes + g
	return math.Sqrt(s2 * nu / chiSquareQuantile(1-upper, nu))
}
