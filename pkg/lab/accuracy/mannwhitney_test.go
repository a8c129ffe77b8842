package accuracy

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

// The example of ClickHouse's mannWhitneyUTest, and R's of wilcox.test with
// exact = FALSE: ozone in May and in August of airquality.
var (
	left   = []float64{310, 195, 530, 155, 530, 245, 385, 450, 465, 545, 170, 180, 125, 180, 230, 75, 430, 480, 495, 295}
	right  = []float64{116, 171, 176, 421, 111, 326, 481, 111, 346, 441, 261, 411, 206, 521, 456, 446, 296, 51, 426, 261}
	may    = []float64{41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37}
	august = []float64{39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85}
)

func near(a, b, within float64) bool {
	return math.Abs(a-b) <= within || math.IsNaN(a) && math.IsNaN(b)
}

func TestMannWhitney(t *testing.T) {
	for _, tt := range []struct {
		name    string
		x, y    []float64
		p       float64
		within  float64
		ofZSign float64
	}{
		{"ClickHouse's example", left, right, .5426959774289482, 1e-12, 1},
		{"the other way round", right, left, .5426959774289482, 1e-12, -1},
		{"R's example", may, august, .0001208, 5e-8, -1},
		{"no difference", []float64{1, 2, 3}, []float64{1, 2, 3}, 1, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			z := mannWhitney(tt.x, tt.y, 0)
			if p := pTwoSided(z); !near(p, tt.p, tt.within) || z*tt.ofZSign < 0 {
				t.Errorf("z %g, p %.16g, want p %g", z, p, tt.p)
			}
		})
	}
	if z := mannWhitney([]float64{2, 2}, []float64{2}, 0); !math.IsNaN(z) {
		t.Errorf("all the same: z %g", z)
	}
	if z := mannWhitney(nil, []float64{2}, 0); !math.IsNaN(z) {
		t.Errorf("nothing: z %g", z)
	}
}

func TestShift(t *testing.T) {
	// What R prints: -31.99996, and -52.99996 to -14.99998 at 95%.
	s, ok := shift(may, august, .95)
	if !ok || !near(s.Estimate, -32, 1e-3) || !near(s.Low, -53, 1e-3) || !near(s.High, -15, 1e-3) {
		t.Errorf("R's example: %+v, %v", s, ok)
	}
	for _, tt := range []struct {
		name string
		x, y []float64
	}{
		{"nothing", nil, []float64{1}},
		{"nothing to compare with", []float64{1}, nil},
		{"all the same", []float64{1, 1}, []float64{1}},
	} {
		if s, ok := shift(tt.x, tt.y, .98); ok {
			t.Errorf("%s: %+v", tt.name, s)
		}
	}
}

// TestShiftMoves: moving a sample moves its shift as far, and the estimate is
// the median of all differences.
func TestShiftMoves(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		x, moved, y := make([]float64, 5+r.IntN(30)), []float64{}, make([]float64, 5+r.IntN(30))
		by := 10 * r.NormFloat64()
		for i := range x {
			x[i] = r.NormFloat64()
			moved = append(moved, x[i]+by)
		}
		var differences []float64
		for i := range y {
			y[i] = r.NormFloat64()
			for _, v := range x {
				differences = append(differences, v-y[i])
			}
		}
		a, _ := shift(x, y, .98)
		b, _ := shift(moved, y, .98)
		if !near(b.Estimate, a.Estimate+by, 1e-6) || !near(b.Low, a.Low+by, 1e-6) || !near(b.High, a.High+by, 1e-6) {
			t.Errorf("%+v, moved by %g %+v", a, by, b)
		}
		// With the continuity correction z is 0 between the neighbours of the median.
		step := 1 / float64(len(differences)-1)
		if a.Estimate < stat.Quantile(differences, .5-step)-1e-6 || a.Estimate > stat.Quantile(differences, .5+step)+1e-6 {
			t.Errorf("estimate %g, median difference %g", a.Estimate, stat.Median(differences))
		}
		if !(a.Low < a.Estimate && a.Estimate < a.High) {
			t.Errorf("%+v", a)
		}
	}
}
