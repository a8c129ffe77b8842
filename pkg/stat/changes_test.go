package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

func TestChanges(t *testing.T) {
	usual := stat.Changes{
		Noise: stat.Noise{Variance: .01, Rho: .5}, CohortNoise: stat.Noise{Variance: .004, Rho: .5}, PastSamples: 60, Samples: 20,
		Candidate: []float64{.5, .55}, Control: []float64{0, .05, -.05}, Margin: .1,
	}
	tests := []struct {
		name                          string
		change                        func(c *stat.Changes)
		difference, variance, freedom float64
	}{
		// theo = .01·3·(1/20+1/60) = .002; v_b = .0025, S = .0025; A = .004·3·(1/15)/(1-3/60) = .000842;
		// theo·(1/2+1/3) = .001667; (S-theo)·5/6 = .000417
		{"usual", func(*stat.Changes) {}, .525, .002083, 8},
		// A = .04·3/15/.95 = .008421
		{"places move by themselves", func(c *stat.Changes) { c.CohortNoise.Variance = .04 }, .525, .008838, 8},
		// a variance of .02 between two places, times 1.5
		{"places of control differ", func(c *stat.Changes) { c.Places = []float64{.1, -.1} }, .525, .03, 8},
		// 60·.19/1.81
		{"places linger", func(c *stat.Changes) { c.CohortNoise.Rho = .9 }, .525, math.NaN(), 6.298},
		// Level (2/4 + 4/4/4)
		{"fresh nodes", func(c *stat.Changes) { c.NewNodes, c.OldNodes, c.LevelVariance = 2, 4, .04 }, .525, .002083 + .03, 8},
		{"nothing from before", func(c *stat.Changes) { c.PastSamples = 9 }, math.NaN(), math.NaN(), math.NaN()},
		{"fresh nodes alone", func(c *stat.Changes) { c.NewNodes = 2 }, math.NaN(), math.NaN(), math.NaN()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := usual
			tt.change(&c)
			sh := c.Shift()
			for _, v := range []struct {
				name      string
				got, want float64
			}{{"difference", sh.Difference, tt.difference}, {"variance", sh.Variance, tt.variance}, {"freedom", sh.Freedom, tt.freedom}} {
				if tt.name == "places linger" && v.name == "variance" {
					continue
				}
				if math.IsNaN(v.want) != math.IsNaN(v.got) || math.Abs(v.got-v.want) > 1e-3*max(1e-3, math.Abs(v.want)) {
					t.Errorf("%s %.6f, want %.6f", v.name, v.got, v.want)
				}
			}
		})
	}
}

// Two places whose levels differ and that move by themselves: evidence of 100
// is reached by at most one in a hundred without a change, and by most with one.
func TestChangesSimulated(t *testing.T) {
	const runs, past = 400, 60
	for _, tt := range []struct {
		name        string
		rho, effect float64
		least, most int // of 400
	}{
		{"nothing, noise lingers .6", .6, 0, 0, 10}, {"nothing, noise lingers .9", .9, 0, 0, 10},
		{"a rise of 60%", .6, .47, runs * 8 / 10, runs},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, uint64(tt.rho*10+tt.effect*100)))
			hits := 0
			for range runs {
				z := r.NormFloat64()
				x := make([]float64, past+60)
				for i := range x {
					z = tt.rho*z + math.Sqrt(1-tt.rho*tt.rho)*r.NormFloat64()
					x[i] = .3 + .1*z
				}
				apart := stat.NoiseOf([][]float64{x[:past]})
				before, hit := stat.Mean(x[:past]), false
				for n := 3; n <= 60; n++ {
					c := stat.Changes{
						CohortNoise: apart, Noise: stat.Noise{Variance: 1e-4}, PastSamples: past, Samples: float64(n), Margin: .05,
						Candidate: []float64{stat.Mean(x[past:past+n]) - before + tt.effect}, Control: []float64{0, 0, 0},
					}
					hit = hit || c.Shift().LogE >= math.Log(100)
				}
				hits += b2i(hit)
			}
			if hits < tt.least || hits > tt.most {
				t.Errorf("%d of %d reached evidence of 100, want %d to %d", hits, runs, tt.least, tt.most)
			}
		})
	}
}
