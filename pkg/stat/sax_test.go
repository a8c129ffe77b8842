package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

func TestSAXWords(t *testing.T) {
	for _, tc := range []struct {
		name              string
		segments, letters int
		x                 []float64
		want              string
	}{
		{"four letters break at -.67, 0 and .67", 4, 4, []float64{-.7, -.6, .6, .7}, "abcd"},
		{"means of pairs", 2, 4, []float64{-5, 3, 5, -3}, "ad"},
		{"a break belongs above", 1, 2, []float64{0}, "b"},
		{"a missing sample is a gap", 3, 3, []float64{0, 0, math.NaN(), 0, 2, 2}, "b.c"},
		{"fewer samples than segments", 4, 3, []float64{-2, 2}, ".a.c"},
		{"no samples", 2, 3, nil, ".."},
		{"beyond all breaks", 2, 20, []float64{-100, math.Inf(1)}, "at"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := stat.NewSAX(0, 1, tc.segments, tc.letters).Word(tc.x); got != tc.want {
				t.Errorf("Word(%v) = %q, want %q", tc.x, got, tc.want)
			}
		})
	}
	if got := stat.NewSAX(10, 2, 1, 4).Word([]float64{10, 11}); got != "c" { // .25 standard deviations
		t.Errorf("normalised by mean 10 and deviation 2, 10 and 11 are %q, want c", got)
	}
}

func TestSAXDistances(t *testing.T) {
	s := stat.NewSAX(0, 1, 2, 4) // breaks at ∓.6745 and 0
	for _, tc := range []struct {
		a, b    string
		want    float64
		samples int
	}{
		{"aa", "aa", 0, 8},
		{"ab", "ba", 0, 8},
		{"ac", "aa", 2 * .6744897501960817, 8},
		{"ad", "da", math.Sqrt(8) * 2 * .6744897501960817, 8},
		{".d", "aa", 2 * 2 * .6744897501960817, 4},
		{".a", "a.", math.NaN(), 0},
	} {
		got, n := s.MinDist(tc.a, tc.b, 8)
		if n != tc.samples || math.Abs(got-tc.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(tc.want) {
			t.Errorf("MinDist(%s, %s) = %v over %d, want %v over %d", tc.a, tc.b, got, n, tc.want, tc.samples)
		}
	}
}

// The distance of the words never exceeds that of the series, whatever the
// lengths, gaps and levels, is symmetric, and comes close with many letters.
func TestSAXLowerBound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tight := 0.
	for run := range 3000 {
		n := 1 + r.IntN(60)
		s := stat.NewSAX(r.NormFloat64()*5, .1+r.Float64()*3, 1+r.IntN(24), 2+r.IntN(25))
		series := func() []float64 {
			x, level := make([]float64, n), s.Mean+s.Deviation*2*r.NormFloat64()
			for i := range x {
				x[i] = level + s.Deviation*r.NormFloat64()
				if r.IntN(40) == 0 {
					x[i] = math.NaN()
				}
			}
			return x
		}
		x, y := series(), series()
		a, b := s.Word(x), s.Word(y)
		got, samples := s.MinDist(a, b, n)
		back, _ := s.MinDist(b, a, n)
		if got != back && !math.IsNaN(got) {
			t.Fatalf("run %d: %v one way, %v the other", run, got, back)
		}
		sum, shared := 0., 0
		zx, zy := s.Normal(x), s.Normal(y)
		for i := range zx {
			if d := zx[i] - zy[i]; !math.IsNaN(d) {
				sum += d * d
				shared++
			}
		}
		if samples > shared || got > math.Sqrt(sum)*(1+1e-12) {
			t.Fatalf("run %d: MinDist(%s, %s) = %v over %d, beyond the %v over %d of the series", run, a, b, got, samples, math.Sqrt(sum), shared)
		}
		if samples > 0 && sum > 0 {
			tight = max(tight, got/math.Sqrt(sum))
		}
	}
	if tight < .8 {
		t.Errorf("the bound comes to %.2f of the distance at most, want .8", tight)
	}
}
