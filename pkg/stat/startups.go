package stat

import "math"

// startupShape is the shape of the prior distribution of the rate at which healthy
// nodes come up: the prior weighs as much as this many start-ups.
const startupShape = 4

// Startups is the predictive distribution of how long the next healthy node takes
// to come up. Waits are exponential given their rate λ, and λ is gamma
// distributed, so that
//
//	P(wait > t) = (b/(b+t))^a,  a = 4 + Σ w_i,  b = b₀ + Σ w_i x_i
//
// (Lomax, Journal of the American Statistical Association 49 (1954)) after
// start-ups of x_i with weight w_i. b₀ is chosen so that before any start-up 99% of
// nodes come up within a given time; half of them come up within 9% of that time,
// and 1 in 1,000 takes 2.1 times as long. All durations are in one unit, which may
// be any.
type Startups struct{ a, b float64 }

// NewStartups returns the distribution before any start-up was seen: 99% of nodes
// come up within the given time.
func NewStartups(within float64) *Startups {
	return &Startups{a: startupShape, b: within / (math.Pow(.01, -1./startupShape) - 1)}
}

// Add takes in the duration of a start-up. Its weight is 1 if it is of the same
// service, and less if it is of a similar one. A duration that is negative,
// infinite or NaN is ignored, and so is one whose weight is not positive.
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
