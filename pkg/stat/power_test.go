package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

func TestStabilisingPower(t *testing.T) {
	const n, block = 3000, 60
	level := func(i int) float64 { return 20 * math.Exp(1.5*math.Sin(float64(i)/230)) }
	for _, tc := range []struct {
		name  string
		noise func(level float64) float64
		tells func(low, high float64) bool // distances that a step of 10% makes at a low and a high level
	}{
		{"the same noise at every level", func(float64) float64 { return .3 }, func(low, high float64) bool { return high > 5*low }},
		{"counts", math.Sqrt, func(low, high float64) bool { return high > 1.8*low && high < 5*low }},
		{"a percentage", func(l float64) float64 { return .05 * l }, func(low, high float64) bool { return high < 1.3*low }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			x := make([]float64, n)
			for i := range x {
				x[i] = max(0, level(i)+tc.noise(level(i))*r.NormFloat64())
			}
			p := stat.StabilisingPower(x, block)
			low, high := p.Transform(6.6)-p.Transform(6), p.Transform(88)-p.Transform(80)
			if !tc.tells(low, high) {
				t.Errorf("a step of 10%% is %.3g at a low level and %.3g at a high one", low, high)
			}
		})
	}
}

// Transform rises, and Inverse takes it back.
func TestPowerInverse(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for _, exponent := range []float64{0, .3, .5, 1} {
		x := make([]float64, 3000)
		for i := range x {
			l := 50 * math.Exp(math.Sin(float64(i)/200))
			x[i] = max(0, l+.4*math.Pow(l, exponent)*r.NormFloat64())
		}
		p := stat.StabilisingPower(x, 60)
		last := math.Inf(-1)
		for v := -300.; v < 300; v += .7 {
			g := p.Transform(v)
			if g <= last || math.Abs(p.Inverse(g)-v) > 1e-6 {
				t.Fatalf("exponent %v: Bend(%v) = %v after %v, Unbend gives %v", exponent, v, g, last, p.Inverse(g))
			}
			last = g
		}
	}
	for _, x := range [][]float64{nil, {0, 0, 0}, {-1, 2, 3}, {nan, nan}} {
		if got := stat.StabilisingPower(x, 2).Transform(7); got != 7 {
			t.Errorf("the scale of %v bends 7 to %v, want it left as it is", x, got)
		}
	}
}
