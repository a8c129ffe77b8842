package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/stat"
)

// With the ratio of before known exactly, a RateChange is Counts with the
// exposure of candidate multiplied by it.
func TestRateChangeKnown(t *testing.T) {
	const before = .7
	c, r := stat.NewCounts(math.Log(1.2)), stat.NewRateChange(math.Log(1.2), before, 1e-9)
	for i, bin := range [][4]float64{{3, 10, 2, 30}, {0, 10, 4, 30}, {5, 12, 1, 28}, {9, 10, 3, 30}} {
		c.Add(bin[0], bin[1]*math.Exp(before), bin[2], bin[3])
		r.Add(bin[0], bin[1], bin[2], bin[3], 1)
		if got, want := r.LogE(), c.LogE(); math.Abs(got-want) > 1e-3 {
			t.Errorf("after bin %d: log evidence %.5f, want %.5f", i, got, want)
		}
	}
}

// The integrals agree with sums over a fine grid.
func TestRateChangeIntegrals(t *testing.T) {
	tests := []struct {
		name                   string
		shift, variance        float64
		xC, eC, xK, eK, theta0 float64
	}{
		{"few events, little known", 0, 2, 3, 1, 1, 1, 0},
		{"many events, little known", -.5, 1.5, 4000, 10, 3000, 20, math.Log(1.2)},
		{"many events, well known", .3, .001, 900, 10, 700, 10, math.Log(1.2)},
		{"all on candidate", 0, .2, 40, 1, 0, 10, 0},
		{"none on candidate", 0, .2, 0, 1, 40, 10, math.Log(1.2)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := stat.NewRateChange(tt.theta0, tt.shift, tt.variance)
			r.Add(tt.xC, tt.eC, tt.xK, tt.eK, 1)
			got := r.LogE()

			ll := func(psi float64) float64 {
				return tt.xC*psi - (tt.xC+tt.xK)*math.Log(tt.eC*math.Exp(psi)+tt.eK)
			}
			marginal := func(mean float64) float64 {
				var logs []float64
				sd := math.Sqrt(tt.variance)
				for z := -12.; z <= 12; z += .001 {
					logs = append(logs, ll(mean+z*sd)-z*z/2)
				}
				return stat.LogSumExp(logs...)
			}
			var logs, w []float64
			for i := range 24 {
				u := .1 * math.Pow(1.2, float64(i))
				logs, w = append(logs, marginal(tt.shift+tt.theta0+u)), append(w, u/(1+u*u))
			}
			if want := stat.LogMean(logs, w) - marginal(tt.shift+tt.theta0); math.Abs(got-want) > 2e-3*max(1, math.Abs(want)) {
				t.Errorf("log evidence %.4f, want %.4f", got, want)
			}
		})
	}
}

// With the ratio of before drawn as it is told, no more than alpha of harmless
// changes ever show evidence of 1/alpha, though it rose by all of the margin; a
// plain comparison would see a regression in most of them.
func TestRateChangeHarmless(t *testing.T) {
	const runs, alpha = 600, .01
	r := rand.New(rand.NewPCG(7, 11))
	failed, plain := 0, 0
	for range runs {
		shift, sd := .3*r.NormFloat64(), .1
		b := shift + sd*r.NormFloat64() + math.Log(1.2)
		c, raw := stat.NewRateChange(math.Log(1.2), shift, sd*sd), stat.NewCounts(math.Log(1.2))
		var hit, rawHit bool
		for range 60 {
			load := math.Exp(.5 * r.NormFloat64())
			xC := distuv.Poisson{Lambda: 4 * load * math.Exp(b), Src: r}.Rand()
			xK := distuv.Poisson{Lambda: 12 * load, Src: r}.Rand()
			c.Add(xC, 4, xK, 12, 1)
			raw.Add(xC, 4, xK, 12)
			hit, rawHit = hit || c.LogE() >= -math.Log(alpha), rawHit || raw.LogE() >= -math.Log(alpha)
		}
		failed, plain = failed+b2i(hit), plain+b2i(rawHit)
	}
	if most := alpha*runs + 3*math.Sqrt(alpha*(1-alpha)*runs); float64(failed) > most {
		t.Errorf("%d of %d harmless changes reached 1/%v, at most %.0f may", failed, runs, alpha, most)
	}
	if plain < runs/10 {
		t.Errorf("levels taken as equal: %d of %d reached it; the test would not notice if they were", plain, runs)
	}
}
