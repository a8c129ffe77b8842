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
// e-value at any time of reading. Stakes c_j that suit values that are all or
// nothing are small, those that suit values that hardly scatter close to 1; their
// mean does about as well as the best of them. See Waudby-Smith and Ramdas,
// "Estimating means of bounded random variables by betting", JRSS B 86 (2024).
//
// The zero Betting is ready to use and does not allocate.
type Betting struct{ logs [len(stakes)]float64 }

// Add takes in one value and its bound. With a power of 1/n each factor counts
// as its n-th root, for values that are means over the last n bins: the product
// then is a geometric mean of n interleaved bets, whose mean is 1 at most
// (Hölder). Values and bounds beyond [0, 1] are taken for the nearest within; a
// NaN is passed over, and a bound of 0.
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

// NodeBetting is Betting where nodes differ by themselves: where the logarithm of
// the ratio of what candidate nodes lose to what others do is normal with mean 0
// and standard deviation s without any change. With E_i against the bound that is
// exp(δ_i) times as large, and v_i the mass of that law about δ_i,
//
//	E = 1 / Σ v_i / E_i,
//
// as Counts.LogEBetween has it, where E_i is the likelihood of an effect over that
// of δ_i. The zero NodeBetting is ready to use and does not allocate.
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

// A BaseRate is what control's shares of failure say of how large such a share
// is at a time when nothing is wrong with candidate: as usual, or as in an outage
// that all nodes share. The zero BaseRate is ready to use.
type BaseRate struct {
	bins   float64
	n, sum float64 // of nodes' bins, weighted by how usual they were
	square float64
	outage float64 // probability that the bin seen last was of an outage
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

// Add takes in one bin, in which the shares of failure of n nodes of control add
// up to sum and their squares to square, and returns the share that is to be
// expected of a node in that bin. With p = Usual() from earlier bins, and
// probability ω that the bin is one of an outage, it is
//
//	max( (1-ω) p + ω (sum+1)/(n+2), sum/n )
//
// ω follows from Bayes' rule: in an outage any share is as probable as any
// other, as usual those that the usual ones let expect (the beta-binomial law);
// an outage lasts on with probability .9, and begins with probability
// 1/(bins+2), the rule of succession. NaN for a bin without nodes, which is
// passed over.
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
