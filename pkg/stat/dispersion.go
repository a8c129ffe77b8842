package stat

import (
	"math"
)

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

// Unclumped returns how many events those that a node had in a bin count for,
// where events scatter phi times as much as independent ones would and want were
// to be expected. Events that come in clumps of mean size μ and mean square m₂
// scatter so with phi = m₂/μ. Evidence tempered by phi is a fair bet, whatever the
// law of clumps, if none counts for more than phi events (Jensen); larger ones break
// it, and where few clumps were seen, the large ones are those not seen. How many
// clumps a sum is of is not known. In units of phi, of t = x/phi events
//
//	c + ln(t/c),  c = λ + 1 + 2√λ,  λ = want/phi
//
// count where t is above c, which is one clump more than twice the standard
// deviation above what is wanted. All count where phi is not above 1.
func Unclumped(x, want, phi float64) float64 {
	if !(phi > 1) {
		return x
	}
	lambda := max(0, want) / phi
	most := lambda + 1 + 2*math.Sqrt(lambda)
	if t := x / phi; t > most {
		return phi * (most + math.Log(t/most))
	}
	return x
}

// nodesDiffer is by how much the logarithms of the rates of a service's nodes
// are thought to differ where little is known of it, as a standard deviation.
const nodesDiffer = .05

// Spread returns the standard deviation of the logarithms of the rates of nodes
// that had x events out of exposures e, beyond what phi times the variance of
// independent events explains: the value that it is below with probability upper,
// of
//
//	s² = (6 s₀² + g s_M²)/(6 + g),  g = (k-1) ( y/(1+y) )²,  y = x̄ max(s_M², s₀²)/phi
//
// with s₀ = .05, x̄ the mean number of events, and s_M² after DerSimonian and Laird (Controlled Clinical Trials 7 (1986)):
// Pearson's χ² less what is expected of it, over what a variance of 1 would add.
// Nodes whose events are few tell little of how they differ, and g, the degrees
// of freedom, is small. The value is s² (6+g)/χ²_{1-upper}(6+g).
func Spread(x, e []float64, phi, upper float64) float64 {
	sx, se, ee, k := 0., 0., 0., 0.
	for i := range x {
		if e[i] > 0 {
			sx, se, ee, k = sx+x[i], se+e[i], ee+e[i]*e[i], k+1
		}
	}
	s2, g := nodesDiffer*nodesDiffer, 0.
	var pearson Dispersion
	if pearson.Add(x, e); pearson.freedom > 0 {
		moment := max(0, pearson.chi2-phi*pearson.freedom) * se / sx / (se - ee/se)
		y := sx / k * max(moment, s2) / phi
		g = pearson.freedom * y * y / (1 + y) / (1 + y)
		s2 = (PriorNodes*s2 + g*moment) / (PriorNodes + g)
	}
	nu := PriorNodes + g
	return math.Sqrt(s2 * nu / ChiSquareQuantile(1-upper, nu))
}
