package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

var nan = math.NaN()

func same(got, want, within float64) bool {
	return math.IsNaN(got) && math.IsNaN(want) || got == want || math.Abs(got-want) <= within
}

func TestLocation(t *testing.T) {
	huber := func(x []float64) float64 { return stat.Huber(x, 1.5) }
	quantile84 := func(x []float64) float64 { return stat.Quantile(x, .84) }
	for _, tc := range []struct {
		name string
		f    func([]float64) float64
		x    []float64
		want float64
	}{
		{"mean", stat.Mean, []float64{1, 2, 6}, 3},
		{"mean leaves out NaN", stat.Mean, []float64{1, nan, 3}, 2},
		{"mean of nothing", stat.Mean, nil, nan},
		{"mean of NaN", stat.Mean, []float64{nan}, nan},
		{"variance", stat.Variance, []float64{2, 4, 4, 4, 5, 5, 7, 9}, 32. / 7},
		{"variance of one", stat.Variance, []float64{2, nan}, nan},
		{"median odd", stat.Median, []float64{9, 1, 5}, 5},
		{"median even", stat.Median, []float64{9, 1, 5, 7}, 6},
		{"median of nothing", stat.Median, nil, nan},
		{"quantile", quantile84, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 8.4},
		{"MAD", stat.MAD, []float64{1, 1, 2, 2, 4, 6, 9}, 1},
		{"MAD of nothing", stat.MAD, []float64{nan}, nan},
		{"Huber without outliers is the mean", huber, []float64{1, 2, 3}, 2},
		{"Huber of a constant with outliers", huber, []float64{5, 5, 5, 5, 900}, 5},
		{"Huber of nothing", huber, nil, nan},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.f(tc.x); !same(got, tc.want, 1e-12) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestHuberMovesWithItsSample(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		x, y := make([]float64, 20), make([]float64, 20)
		for i := range x {
			x[i] = r.NormFloat64() * math.Exp(r.NormFloat64())
			y[i] = 3*x[i] + 7
		}
		if got, want := stat.Huber(y, 1.5), 3*stat.Huber(x, 1.5)+7; !same(got, want, 1e-6) {
			t.Fatalf("Huber of 3x+7 is %v, want %v", got, want)
		}
		if h := stat.Huber(x, 1.5); h < stat.Quantile(x, 0) || h > stat.Quantile(x, 1) {
			t.Fatalf("Huber %v outside its sample", h)
		}
	}
}

func TestSeries(t *testing.T) {
	t.Run("AR(1) is found", func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 2))
		x := ar(r, 20000, .7)
		if got := stat.NoiseOf([][]float64{x}).Rho; !same(got, .7, .03) {
			t.Errorf("got %v, want .7", got)
		}
	})
	t.Run("long run", func(t *testing.T) {
		for rho, want := range map[float64]float64{0: 1, .5: 3, -.5: 1, .99: 1.97 / .03} {
			if got := stat.LongRun(rho); !same(got, want, 1e-9) {
				t.Errorf("LongRun(%v) = %v, want %v", rho, got, want)
			}
		}
	})
	t.Run("EWMA", func(t *testing.T) {
		for _, tc := range []struct {
			x    []float64
			want float64
		}{
			{[]float64{5}, 5},
			{[]float64{0, 3}, 2},
			{[]float64{nan, 3}, 3},
			{[]float64{3, nan}, nan},
			{nil, nan},
		} {
			if got := stat.EWMA(tc.x); !same(got, tc.want, 1e-12) {
				t.Errorf("EWMA(%v) = %v, want %v", tc.x, got, tc.want)
			}
		}
		long := append([]float64{1e9}, make([]float64, stat.Memory)...)
		if got := stat.EWMA(long); got != 0 {
			t.Errorf("a sample older than %d is remembered: %v", stat.Memory, got)
		}
	})
}

// ar returns an AR(1) process of variance 1.
func ar(r *rand.Rand, n int, rho float64) []float64 {
	x := make([]float64, n)
	v := r.NormFloat64()
	for i := range x {
		x[i] = v
		v = rho*v + math.Sqrt(1-rho*rho)*r.NormFloat64()
	}
	return x
}

func TestLogs(t *testing.T) {
	for _, tc := range []struct {
		name      string
		got, want float64
	}{
		{"sum", stat.LogSumExp(math.Log(1), math.Log(2)), math.Log(3)},
		{"sum without overflow", stat.LogSumExp(1000, 1000), 1000 + math.Ln2},
		{"empty sum", stat.LogSumExp(), math.Inf(-1)},
		{"mean", stat.LogMean([]float64{0, math.Log(3)}, []float64{1, 1}), math.Log(2)},
		{"weighted mean", stat.LogMean([]float64{0, math.Log(9)}, []float64{3, 1}), math.Log(3)},
		{"mean leaves out NaN and weights of 0", stat.LogMean([]float64{nan, 0, 50}, []float64{1, 1, 0}), 0},
		{"mean of nothing", stat.LogMean([]float64{1}, []float64{0}), nan},
		{"normal at 0", stat.LogNormalCDF(0), -math.Ln2},
		{"normal at -5", stat.LogNormalCDF(-5), -15.064998393988725},
		{"normal at -40", stat.LogNormalCDF(-40), -804.608442013754},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if !same(tc.got, tc.want, 1e-6) {
				t.Errorf("got %v, want %v", tc.got, tc.want)
			}
		})
	}
	if a, b := stat.LogNormalCDF(-29.9999999), stat.LogNormalCDF(-30.0000001); !same(a, b, 1e-4) {
		t.Errorf("the two formulas of LogNormalCDF do not meet: %v and %v", a, b)
	}
}
