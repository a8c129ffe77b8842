package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

func TestTail(t *testing.T) {
	draws := func(n int, draw func(r *rand.Rand) float64) []float64 {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		x := make([]float64, n)
		for i := range x {
			x[i] = draw(r)
		}
		return x
	}
	exponential := func(r *rand.Rand) float64 { return r.ExpFloat64() / 3 }
	for _, tc := range []struct {
		name          string
		sample        []float64
		v, from, upto float64 // of Share(v)
	}{
		{"inside the sample", draws(1000, exponential), math.Ln2 / 3, .45, .55},
		{"beyond most of it", draws(1000, exponential), math.Log(100) / 3, .008, .014},
		{"beyond all of it", draws(1000, exponential), math.Log(1e4) / 3, 1e-4, 5e-4},
		{"incidents count about as often as they were", append(draws(990, exponential), 8, 8, 8, 8, 8, 8, 8, 8, 8, 8), math.Log(1000) / 3, .01, .03},
		{"few values promise little", draws(20, exponential), math.Log(100) / 3, .01, .2},
		{"one value", []float64{1}, 2, 0, 1},
		{"below all", draws(100, exponential), -1, 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if p := stat.NewTail(tc.sample, 1, 1./3).Share(tc.v); !(p >= tc.from && p <= tc.upto) {
				t.Errorf("share of %v is %v, want %v to %v", tc.v, p, tc.from, tc.upto)
			}
		})
	}
	if p := stat.NewTail(nil, 1, 1).Share(1); !math.IsNaN(p) {
		t.Errorf("share of an empty sample is %v, want NaN", p)
	}
}

// Share falls and stays a probability, and Value is its inverse.
func TestTailFalls(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{2, 10, 25, 100, 1000} {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Abs(r.NormFloat64())
		}
		tail := stat.NewTail(x, 3, .35)
		last := 1.
		for v := -1.; v < 50; v += .01 {
			p := tail.Share(v)
			if !(p > 0 && p <= last) {
				t.Fatalf("of %d: share of %v is %v after %v", n, v, p, last)
			}
			last = p
		}
		for _, p := range []float64{.9, .5, .2, .1, .01, 1e-3, 1e-6} {
			if got := tail.Share(tail.Value(p)); got > p*(1+1e-9) && n >= 100 {
				t.Errorf("of %d: Value(%v) has a share of %v", n, p, got)
			}
		}
	}
}
