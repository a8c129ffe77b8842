package stat

import "math"

// startupShape is the shape of the prior law of the rate at which healthy nodes
// come up: it is worth as many start-ups as this.
const startupShape = 4

// Startups is what is known of how long healthy nodes take to come up: the
// predictive law of the next one. Waits are exponential given their rate λ, and
// λ is gamma distributed, so that
//
//	P(wait > t) = (b/(b+t))^a,  a = 4 + Σ w_i,  b = b₀ + Σ w_i x_i
//
// (Lomax, Journal of the American Statistical Association 49 (1954)) after
// start-ups of x_i with weight w_i. b₀ is such that before any was seen 99 in 100
// come up within a given time; half of them then do within .09 of it, and 1 in
// 1,000 takes 2.1 times as long. Durations may be in any one unit.
type Startups struct{ a, b float64 }

// NewStartups returns what is known before any start-up was seen: 99 in 100 come
// up within that time.
func NewStartups(within float64) *Startups {
	return &Startups{a: startupShape, b: within / (math.Pow(.01, -1./startupShape) - 1)}
}

// Add takes in a start-up that took so long. Its weight is 1 if it is of the
// same service, less if what was started only resembles it. A duration that is
// negative or NaN is passed over, and a weight that is not positive.
func (s *Startups) Add(took, weight float64) {
	if took >= 0 && weight > 0 && !math.IsInf(took, 1) {
		s.a += weight
		s.b += weight * took
	}
}

// Survival returns P(wait > t); 1 before t = 0.
func (s *Startups) Survival(t float64) float64 { return math.Exp(s.LogSurvival(t)) }

// LogSurvival returns ln P(wait > t).
func (s *Startups) LogSurvival(t float64) float64 {
	if !(t > 0) {
		return 0
	}
	return -s.a * math.Log1p(t/s.b)
}
