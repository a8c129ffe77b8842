package stat

import "math"

// stakes are the shares of the capital that a Betting stakes, in as many
// accounts of the same size.
var stakes = [...]float64{.01, .02, .05, .1, .2, .35, .5, .65, .8, .9, .95, .98}

// Betting is evidence that values within [0, 1] are larger on average than a
// bound q, which may be another for each: capital that is bet on it,
//
//	E = 1/J Σ_j Π_t ( 1 + c_j (x_t - q_t)/q_t )
//
// No factor is negative, and as long as the mean of x_t, given all before it, is
// at most q_t none is above 1 on average, however x_t is distributed: E is an
// e-value at any time of reading. Small stakes c_j suit values that are either 0
// or 1, stakes close to 1 suit values that hardly scatter; the mean over stakes
// does about as well as the best of them. See Waudby-Smith and Ramdas,
// "Estimating means of bounded random variables by betting", JRSS B 86 (2024).
//
// The zero Betting is ready to use and does not allocate.
type Betting struct{ logs [len(stakes)]float64 }

// Add takes in one value and its bound. With a power of 1/n each factor counts
// as its n-th root, for values that are means over the last n bins: the product
// then is a geometric mean of n interleaved bets, whose mean is 1 at most
// (Hölder). Values and bounds outside [0, 1] are clipped to it. A value of NaN, a
// bound of 0 or less and a power of 0 or less are ignored.
func (b *Betting) Add(x, q, power float64) {
	if math.IsNaN(x) || !(q > 0) || !(power > 0) {
		return
	}
	gain := max(0, min(1, x))/min(1, q) - 1
	for j, c := range stakes {
		b.logs[j] += power * math.Log1p(c*gain)
	}
}

// LogE returns the logarithm of the evidence; 0 before any value.
func (b *Betting) LogE() float64 { return LogSumExp(b.logs[:]...) - math.Log(float64(len(stakes))) }

// offsets is how many bounds a NodeBetting bets against.
const offsets = 10

// offset returns the i-th logarithm of a ratio: 0, and .05·1.6^(i-1).
func offset(i int) float64 {
	if i == 0 {
		return 0
	}
	return .05 * math.Pow(1.6, float64(i-1))
}

// NodeBetting is Betting for nodes that differ without any change: the logarithm
// of a candidate node's failure ratio over that of other nodes is normal with mean
// 0 and standard deviation s. With E_i the evidence against a bound exp(δ_i) times
// as large, and v_i the probability of a difference near δ_i,
//
//	E = 1 / Σ v_i / E_i
//
// Counts.LogEBetween does the same for counts. The zero NodeBetting is ready to
// use and does not allocate.
type NodeBetting [offsets]Betting

// Add takes in one value and its bound as Betting.Add does.
func (b *NodeBetting) Add(x, q, power float64) {
	for i := range b {
		b[i].Add(x, min(1, q*math.Exp(offset(i))), power)
	}
}

// LogE returns the logarithm of the evidence if nodes differ with standard
// deviation s; that of Betting if s is 0.
func (b *NodeBetting) LogE(s float64) float64 {
	if !(s > 0) {
		return b[0].LogE()
	}
	var terms [offsets]float64
	above := 1.
	for i := range b {
		further := 0.
		if i+1 < offsets {
			further = .5 * math.Erfc((offset(i)+offset(i+1))/2/s/math.Sqrt2)
		}
		terms[i] = math.Log(above-further) - b[i].LogE()
		above = further
	}
	return -LogSumExp(terms[:]...)
}

// A BaseRate estimates, from the failure ratios of control nodes, the failure
// ratio of a candidate node with nothing wrong: as usual, or as in an outage that
// all nodes share. The zero BaseRate is ready to use.
type BaseRate struct {
	bins   float64
	n, sum float64 // number and sum of ratios, each weighted by the probability that its bin was no outage
	square float64 // sum of their squares
	outage float64 // probability that the latest bin was part of an outage
}

const (
	// outageStays is the probability that an outage lasts for another bin.
	outageStays = .9
	upper90     = 1.2815515655446004 // Φ⁻¹(.9)
)

// Usual returns the upper 90% value of the usual share of failure,
//
//	(Σx + 1)/(n + 1) + 1.28 s/√n
//
// for the shares x of n nodes' bins with standard deviation s; 1 before any.
func (r *BaseRate) Usual() float64 {
	if r.n == 0 {
		return 1
	}
	mean := r.sum / r.n
	v := max(0, r.square/r.n-mean*mean)
	return min(1, (r.sum+1)/(r.n+1)+upper90*math.Sqrt(v/r.n))
}

// Add takes in one bin, in which the failure ratios of n control nodes add up to
// sum and their squares to square. It returns the failure ratio to expect of a
// node in that bin. With p = Usual() from earlier bins, and probability ω that the
// bin is part of an outage, it is
//
//	max( (1-ω) p + ω (sum+1)/(n+2), sum/n )
//
// ω follows from Bayes' rule. In an outage every ratio is equally probable;
// otherwise ratios follow the beta-binomial law of the earlier ones. An outage
// continues in the next bin with probability .9 and begins with probability
// 1/(bins+2), by the rule of succession.
//
// Special cases are:
//
//	NaN, if n is 0: the bin is ignored
func (r *BaseRate) Add(sum, square, n float64) float64 {
	if !(n > 0) {
		return math.NaN()
	}
	before := r.outage*outageStays + (1-r.outage)/(r.bins+2)
	// The logarithms of how probable the bin is as usual and in an outage.
	usual := logBeta(r.sum+sum+1, r.n-r.sum+n-sum+1) - logBeta(r.sum+1, r.n-r.sum+1)
	outage := logBeta(sum+1, n-sum+1)
	r.outage = 1 / (1 + (1-before)/before*math.Exp(usual-outage))
	p := r.Usual()
	expected := max((1-r.outage)*p+r.outage*(sum+1)/(n+2), sum/n)
	w := 1 - r.outage
	r.bins++
	r.n, r.sum, r.square = r.n+w*n, r.sum+w*sum, r.square+w*square
	return expected
}

// logBeta returns the logarithm of the beta function.
func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}
