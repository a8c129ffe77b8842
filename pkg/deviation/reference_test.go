package deviation

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

// TestWindow: however a pool's window came to where it is, it holds what is
// there.
func TestWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := &pool{}
	for range 7 {
		x := make([]float64, 300)
		for i := range x {
			x[i] = math.Floor(rng.ExpFloat64() * 20) // many are equal
			if rng.IntN(10) == 0 {
				x[i] = math.NaN()
			}
		}
		p.strays = append(p.strays, x)
	}
	end := 1
	for range 400 {
		from := max(0, end-PlaceboBins)
		p.look(from, end)
		var want []float64
		for _, s := range p.strays {
			for _, v := range s[from:end] {
				if Known(v) {
					want = append(want, v)
				}
			}
		}
		slices.Sort(want)
		if !slices.Equal(p.window, want) || stat.MedianOfSorted(p.window) != stat.Median(want) {
			t.Fatalf("the window from %d to %d holds %d values, wanted %d", from, end, len(p.window), len(want))
		}
		if end += rng.IntN(12) - 2; end < 1 || end > 300 {
			end = 1 + rng.IntN(300)
		}
	}
}
