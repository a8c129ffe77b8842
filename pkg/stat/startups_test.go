package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

// Before any start-up was seen, waits have the quantiles they are said to have.
func TestStartupsPrior(t *testing.T) {
	for _, tc := range []struct{ within, want float64 }{{0, 1}, {-3, 1}, {.0875, .5}, {1, .01}, {2.14, .001}} {
		s := stat.NewStartups(60)
		if got := s.Survival(60 * tc.within); math.Abs(got/tc.want-1) > .01 {
			t.Errorf("a wait of %g times what 99 in 100 take has probability %g, want %g", tc.within, got, tc.want)
		}
	}
}

// What is learnt comes close to what is so, and what makes no sense is not learnt.
func TestStartupsLearn(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	s, unlearnt := stat.NewStartups(60), stat.NewStartups(60)
	for range 4000 {
		s.Add(20*r.ExpFloat64(), 1)
	}
	if got, want := s.Survival(60), math.Exp(-3); math.Abs(got/want-1) > .1 {
		t.Errorf("P(wait > 60 s) is %g after many of 20 s on average, want %g", got, want)
	}
	for _, tc := range [][2]float64{{-1, 1}, {math.NaN(), 1}, {math.Inf(1), 1}, {20, 0}, {20, math.NaN()}} {
		unlearnt.Add(tc[0], tc[1])
	}
	if *unlearnt != *stat.NewStartups(60) {
		t.Errorf("something was learnt from nothing: %+v", unlearnt)
	}
	// Half a start-up tells half as much.
	whole, halves := stat.NewStartups(60), stat.NewStartups(60)
	whole.Add(10, 1)
	halves.Add(10, .5)
	halves.Add(10, .5)
	if *whole != *halves {
		t.Errorf("two halves are %+v, a whole %+v", halves, whole)
	}
}

// With a rate drawn from the prior, and start-ups of it seen, the inverse of the
// probability of a wait is a fair bet: 1 on average where it is staked until a
// node comes up.
func TestStartupsBet(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	const n = 200_000
	won := [3]float64{}
	for range n {
		// Gamma(4, b₀) as a sum of four exponentials.
		rate := 0.
		for range 4 {
			rate += r.ExpFloat64()
		}
		rate /= 1 / (math.Sqrt(10) - 1)
		s := stat.NewStartups(1)
		for range 3 {
			s.Add(r.ExpFloat64()/rate, 1)
		}
		wait := r.ExpFloat64() / rate
		for i, t := range []float64{.1, .3, .6} {
			if wait > t {
				won[i] += 1 / s.Survival(t) / n
			}
		}
	}
	for i, w := range won {
		if math.Abs(w-1) > .05 {
			t.Errorf("bet %d returns %.3f, want 1", i, w)
		}
	}
}
