package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/stat"
)

// shares are laws of values within [0, 1].
var shares = []struct {
	name string
	draw func(r *rand.Rand, mean float64) float64
}{
	{"all or nothing", func(r *rand.Rand, mean float64) float64 {
		if r.Float64() < mean {
			return 1
		}
		return 0
	}},
	{"of twenty", func(r *rand.Rand, mean float64) float64 {
		return distuv.Binomial{N: 20, P: mean, Src: r}.Rand() / 20
	}},
	{"beta", func(r *rand.Rand, mean float64) float64 {
		return distuv.Beta{Alpha: mean, Beta: 1 - mean, Src: r}.Rand()
	}},
	{"constant", func(_ *rand.Rand, mean float64) float64 { return mean }},
}

// Whatever values are like, no more than one in a hundred courses reaches 100
// while their mean is at the bound, and nearly all do where it is far above.
func TestBetting(t *testing.T) {
	for _, s := range shares {
		for _, q := range []float64{.01, .05, .3} {
			r := rand.New(rand.NewPCG(7, 11))
			const runs, bins = 1000, 60
			reached := func(mean float64) (n int) {
				for range runs {
					var b stat.Betting
					for range bins {
						b.Add(s.draw(r, mean), q, 1)
						if b.LogE() >= math.Log(100) {
							n++
							break
						}
					}
				}
				return n
			}
			if n := reached(q); n > runs/100+10 { // three standard errors
				t.Errorf("%s at the bound %g: %d of %d reach 100", s.name, q, n, runs)
			}
			if n := reached(min(.95, 4*q+.2)); n < runs*95/100 {
				t.Errorf("%s far above the bound %g: only %d of %d reach 100", s.name, q, n, runs)
			}
		}
	}
}

// Means over five bins, one a bin, keep the promise with a power of a fifth.
func TestBettingOverlapping(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 12))
	const runs = 2000
	for power, want := range map[float64]bool{1: false, .2: true} {
		reached := 0
		for range runs {
			var b stat.Betting
			last := [5]float64{}
			for i := range 65 {
				last[i%5] = 0
				if r.Float64() < .05 {
					last[i%5] = 1
				}
				if i < 5 {
					continue
				}
				b.Add((last[0]+last[1]+last[2]+last[3]+last[4])/5, .05, power)
				if b.LogE() >= math.Log(100) {
					reached++
					break
				}
			}
		}
		if ok := reached <= runs/100; ok != want {
			t.Errorf("with a power of %g %d of %d reach 100", power, reached, runs)
		}
	}
}

func TestBettingOdd(t *testing.T) {
	var b stat.Betting
	for _, v := range [][3]float64{{math.NaN(), .5, 1}, {1, 0, 1}, {1, math.NaN(), 1}, {1, .5, 0}} {
		b.Add(v[0], v[1], v[2])
	}
	if e := b.LogE(); math.Abs(e) > 1e-12 {
		t.Errorf("nothing was told, and the evidence is exp(%g)", e)
	}
	b.Add(7, 3, 1) // is 1 out of at most 1
	if e := b.LogE(); math.Abs(e) > 1e-12 {
		t.Errorf("a share cannot exceed the bound 1, and the evidence is exp(%g)", e)
	}
	if n := testing.AllocsPerRun(10, func() { b.Add(.1, .2, 1) }); n != 0 {
		t.Errorf("Add allocates %g times", n)
	}
}

// What is expected is the usual share while things are as usual, and that of
// the moment in an outage; after it, the usual one again.
func TestBaseRate(t *testing.T) {
	var r stat.BaseRate
	if u := r.Usual(); u != 1 {
		t.Errorf("of nothing %g is usual, want 1", u)
	}
	step := func(name string, share, low, high float64) {
		t.Helper()
		for range 20 {
			got := r.Add(5*share, 5*share*share, 5)
			if got < share {
				t.Fatalf("%s: %.4f is expected where control shows %g", name, got, share)
			}
		}
		if got := r.Add(5*share, 5*share*share, 5); got < low || got > high {
			t.Errorf("%s: %.4f is expected, want %g to %g", name, got, low, high)
		}
	}
	step("nothing fails", 0, .005, .02)
	step("most fails", .8, .8, .8)
	step("nothing fails any more", 0, .004, .02)
	step("a little more fails", .03, .03, .06)
	if got := r.Add(0, 0, 0); !math.IsNaN(got) {
		t.Errorf("%g is expected where control shows nothing", got)
	}
	// Control's nodes fail alternately; that none does in a bin vouches for little.
	for i := range 30 {
		r.Add(float64(i%2), float64(i%2), 1)
	}
	if got := r.Add(0, 0, 1); got < .15 {
		t.Errorf("%.4f is expected in a bin that happens to be quiet amid an outage", got)
	}
}
