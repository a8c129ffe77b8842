package stat_test

import (
	"math"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

func TestBisect(t *testing.T) {
	above := func(bound float64) func(float64) bool { return func(x float64) bool { return x >= bound } }
	if got := stat.Bisect(0, 8, 40, above(math.Pi)); math.Abs(got-math.Pi) > 1e-9 || got < math.Pi {
		t.Errorf("the smallest from 0 to 8 that is at least π is %v", got)
	}
	if got := stat.Bisect(0, 8, 0, above(math.Pi)); got != 8 {
		t.Errorf("without a halving it is %v, want 8", got)
	}
	if got := stat.Smallest(1, 20, 40, above(1000)); math.Abs(got-1000) > 1e-6 {
		t.Errorf("the smallest from 1 on that is at least 1000 is %v", got)
	}
	if got := stat.Smallest(0, 3, 40, above(1000)); !math.IsNaN(got) {
		t.Errorf("the smallest up to 8 that is at least 1000 is %v, want NaN", got)
	}
}
