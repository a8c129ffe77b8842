package stat

import (
	"math"
	"testing"
)

func TestRateRatio(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name             string
		xC, eC, xK, eK   float64
		ratio, low, high float64
	}{
		// p = 8/10: Clopper-Pearson .4439, .9748 (R: binom.test(8, 10)).
		{"eight of ten on equal exposures", 8, 1, 2, 1, 4, .443905 / .556095, .974789 / .025211},
		{"exposures scale it", 8, 2, 2, 1, 2, .443905 / .556095 / 2, .974789 / .025211 / 2},
		// 5 of 5: low = .025^(1/5).
		{"none on control", 5, 1, 0, 4, inf, math.Pow(.025, .2) / (1 - math.Pow(.025, .2)) * 4, inf},
		{"none on candidate", 0, 1, 5, 1, 0, 0, (1 - math.Pow(.025, .2)) / math.Pow(.025, .2)},
		{"no event", 0, 1, 0, 1, nan, 0, inf},
		{"no exposure", 3, 0, 3, 1, nan, 0, inf},
		{"an exposure that is not known", 3, nan, 3, 1, nan, 0, inf},
	} {
		t.Run(c.name, func(t *testing.T) {
			ratio, low, high := RateRatio(c.xC, c.eC, c.xK, c.eK, .95)
			for _, p := range [][2]float64{{ratio, c.ratio}, {low, c.low}, {high, c.high}} {
				if p[0] != p[1] && !(math.Abs(p[0]-p[1]) < 1e-4*math.Abs(p[1])) && !(math.IsNaN(p[0]) && math.IsNaN(p[1])) {
					t.Errorf("got %v, %v, %v; want %v, %v, %v", ratio, low, high, c.ratio, c.low, c.high)
					break
				}
			}
		})
	}
}

func TestMergeIsAddingAll(t *testing.T) {
	a, b, all := NewCounts(0), NewCounts(0), NewCounts(0)
	for i, x := range [][4]float64{{1, 2, 0, 3}, {0, 1, 2, 1}, {4, 1, 1, 5}} {
		[]*Counts{a, b}[i%2].Add(x[0], x[1], x[2], x[3])
		all.Add(x[0], x[1], x[2], x[3])
	}
	a.Merge(b)
	if d := a.LogE() - all.LogE(); math.Abs(d) > 1e-12 {
		t.Errorf("merged %v, added %v", a.LogE(), all.LogE())
	}
}

func TestGoodTuring(t *testing.T) {
	if got := GoodTuring(3, 60); got != .05 {
		t.Errorf("3 of 60: %v", got)
	}
	if !math.IsNaN(GoodTuring(0, 0)) {
		t.Error("of nothing something is known")
	}
}
