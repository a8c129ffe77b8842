package stat

import (
	"math"
)

// Cox is evidence that one change, which nodes adopt one after another, raises
// the rate of events on those that have it. Given the n events of a bin, with
// m of M nodes having adopted the change, the log likelihood ratio that c of
// them fell on those, if it multiplies their rate by exp(θ), is
//
//	ll(θ) += cθ - n ln( (m exp(θ) + M - m)/M )
//
// and E = Σ w_i exp(ll(θ_i)), on the grid and with the weights of Counts with
// θ₀ = 0. It is Cox's partial likelihood (JRSS B 34 (1972)) over a stepped
// wedge: what all nodes have in common at a time cancels. All changes are tested
// on the same events against the same null hypothesis, that nodes do not differ,
// so that the ratio of two such E says which of two changes explains the events
// better. A bin in which all nodes or none have adopted the change tells nothing.
//
// m and M may be exposures instead of numbers of nodes. The zero Cox is not
// usable; see NewCox. Add does not allocate.
type Cox struct{ counts Counts }

// NewCox returns evidence of 1.
func NewCox() *Cox { return &Cox{*NewCounts(0)} }

// Add takes in one bin: c of n events on adopted nodes, whose exposure is m of
// a total of M. The log likelihood is divided by phi, as by
// Counts.AddTempered.
func (x *Cox) Add(c, n, m, total, phi float64) {
	x.counts.AddTempered(c, m, n-c, total-m, phi)
}

// LogE returns the logarithm of the evidence; 0 before any event.
func (x *Cox) LogE() float64 { return x.counts.LogE() }

// A Wedge is evidence on changes that nodes adopt one after another, each in
// an order of its own, from a value that every node has in every bin. With
// a_{d,i,t} being 1 from when node i has adopted change d and 0 before, the
// model of d is
//
//	y_{i,t} = time_t + node_i + δ a_{d,i,t} + noise
//
// with noise of variance λ²s² and node_i of variance λ²v, δ half-normal of
// scale λτ, and λ², by which s² and v are wrong, inverse-gamma with ν degrees of
// freedom around 1. Both y and a are taken less their means over the nodes of
// the bin, so that time_t cancels. With k_i = v/(s² + n_i v) for the n_i bins of
// node i
//
//	Q   = ( Σ_{i,t} y²  - Σ_i k_i (Σ_t y)² ) / s²
//	U_d = ( Σ_{i,t} y a - Σ_i k_i (Σ_t y)(Σ_t a) ) / s²
//	I_d = ( Σ_{i,t} a²  - Σ_i k_i (Σ_t a)² ) / s²
//	h   = τ U_d/√(1 + τ² I_d)
//	E_d = 2 (1 + τ² I_d)^-½ ( (ν + Q)/(ν + Q - h²) )^((ν+n)/2) F_{ν+n}( h √((ν+n)/(ν + Q - h²)) )
//
// where F is Student's distribution function and n the number of values, less
// the bins, over the long-run factor of the noise: the marginal likelihood of
// d over that of no change. With v = 0 nodes are compared with one another
// alone, with v = ∞ each only with itself before it adopted. This is the
// analysis of stepped-wedge trials (Hussey and Hughes, Contemporary Clinical
// Trials 28 (2007)) with a conjugate prior. All changes have the same null
// hypothesis, so that the ratio of two such E says which explains the values
// better. As λ is estimated from the data, a change that explains little of their
// variation loses, however large its effect.
//
// Nodes and changes are known by index, counted from 0; memory grows with
// both, not with bins. The zero Wedge is ready to use.
type Wedge struct {
	bins    []float64   // of each node
	level   []float64   // Σ_t y of each node
	adopted [][]float64 // Σ_t a of each change and node
	ya, aa  []float64   // Σ y a and Σ a² of each change
	yy      float64     // Σ y²
	free    float64     // values less bins
}

// Add takes in one bin: the nodes with a value, their values y, which are
// overwritten, and for each change whether it has been adopted by each of
// these nodes. A bin of fewer than two nodes tells nothing. Add allocates only
// for nodes and changes that it has not met before.
func (w *Wedge) Add(nodes []int, y []float64, adopted [][]bool) {
	if len(nodes) < 2 {
		return
	}
	w.grow(nodes, len(adopted))
	mean := Mean(y)
	for j, i := range nodes {
		y[j] -= mean
		w.bins[i]++
		w.level[i] += y[j]
		w.yy += y[j] * y[j]
	}
	w.free += float64(len(nodes) - 1)
	for d, has := range adopted {
		share := 0.
		for _, a := range has {
			if a {
				share++
			}
		}
		share /= float64(len(nodes))
		for j, i := range nodes {
			a := -share
			if has[j] {
				a = 1 - share
			}
			w.adopted[d][i] += a
			w.ya[d] += y[j] * a
			w.aa[d] += a * a
		}
	}
}

func (w *Wedge) grow(nodes []int, changes int) {
	for _, i := range nodes {
		for len(w.bins) <= i {
			w.bins, w.level = append(w.bins, 0), append(w.level, 0)
		}
	}
	for len(w.ya) < changes {
		w.adopted = append(w.adopted, nil)
		w.ya, w.aa = append(w.ya, 0), append(w.aa, 0)
	}
	for d := range w.adopted {
		for len(w.adopted[d]) < len(w.bins) {
			w.adopted[d] = append(w.adopted[d], 0)
		}
	}
}

// A WedgeNoise is the variation that a Wedge attributes to chance.
type WedgeNoise struct {
	Noise   Noise   // of one node, from sample to sample
	Node    float64 // variance between the levels of nodes
	Freedom float64 // ν: degrees of freedom of both
	Scale   float64 // τ: expected size of effects
}

// minLogTail replaces the logarithm of a probability that underflows.
const minLogTail = -700

// LogE returns the logarithm of the evidence that a change raises the value or, if
// sign is -1, that it lowers the value.
//
// Special cases are:
//
//	0, if there is no bin in which only some nodes had adopted the change
//	0, if the noise is not known
func (w *Wedge) LogE(change int, sign float64, n WedgeNoise) float64 {
	s := n.Noise.Variance * LongRun(n.Noise.Rho)
	if change >= len(w.ya) || !(s > 0) || !(n.Scale > 0) || !(n.Node >= 0) || !(n.Freedom > 0) {
		return 0
	}
	q, u, info := w.yy, w.ya[change], w.aa[change]
	for i, bins := range w.bins {
		k, y, a := n.Node/(s+bins*n.Node), w.level[i], w.adopted[change][i]
		q, u, info = q-k*y*y, u-k*y*a, info-k*a*a
	}
	// What is left of Σ a² after rounding is no information.
	if info <= 1e-9*w.aa[change] {
		return 0
	}
	q, u, info = max(0, q)/s, sign*u/s, info/s
	shrunk := 1 + n.Scale*n.Scale*info
	h := n.Scale * u / math.Sqrt(shrunk)
	free := n.Freedom + w.free/LongRun(n.Noise.Rho)
	left := max(n.Freedom+q-h*h, n.Freedom) // h² ≤ q but for rounding
	tail := studentCDF(h*math.Sqrt(free/left), free)
	return math.Ln2 - .5*math.Log(shrunk) + free/2*math.Log((n.Freedom+q)/left) + max(minLogTail, math.Log(tail))
}

// Posterior returns for each of N overlapping changes the probability that it is
// the one that made things worse, and the probability that none of them is,
// provided that at most one is:
//
//	π E_d / ( max(1 - πN, 1/2) + Σ π E_i )
//
// e holds the natural logarithms of the evidence on each change, all against the
// same null hypothesis; -Inf for a change that explains nothing. prior is π.
func Posterior(e []float64, prior float64) (each []float64, none float64) {
	terms := make([]float64, len(e)+1)
	copy(terms, e)
	terms[len(e)] = math.Log(max(1-prior*float64(len(e)), .5)) - math.Log(prior)
	total := LogSumExp(terms...)
	for i, t := range terms {
		terms[i] = math.Exp(t - total)
	}
	return terms[:len(e)], terms[len(e)]
}
