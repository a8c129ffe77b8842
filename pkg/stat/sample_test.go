package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

func TestSample(t *testing.T) {
	tests := []struct {
		name                          string
		s                             stat.Sample
		difference, variance, freedom float64
	}{
		{"nodes", stat.Sample{Control: []float64{1, 2, 3}, Candidate: []float64{4, 6}}, 3, 1./2 + 1./3, 2},
		{"one occasion", stat.Sample{Control: []float64{1, 2, 3}, Candidate: []float64{4, 6}, OneOccasion: true}, 3, 1 + 1./3, 2},
		{"a floor", stat.Sample{Control: []float64{1, 1}, Candidate: []float64{2}, MinSigma: .1}, 1, .01 * 1.5, 1},
		{"one of control", stat.Sample{Control: []float64{1}, Candidate: []float64{2}}, math.NaN(), math.NaN(), math.NaN()},
		{"no candidate", stat.Sample{Control: []float64{1, 2}}, math.NaN(), math.NaN(), math.NaN()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sh := tt.s.Shift()
			for i, v := range [][2]float64{{sh.Difference, tt.difference}, {sh.Variance, tt.variance}, {sh.Freedom, tt.freedom}} {
				if math.IsNaN(v[0]) != math.IsNaN(v[1]) || math.Abs(v[0]-v[1]) > 1e-12 {
					t.Errorf("value %d: %v, want %v", i, v[0], v[1])
				}
			}
		})
	}
}

// What is known of start-ups explains what they do: of fresh nodes that differ
// as they did before, evidence of 100 is reached by at most one in a hundred;
// without that knowledge by most.
func TestExplained(t *testing.T) {
	const runs = 2000
	r := rand.New(rand.NewPCG(5, 8))
	with, without := 0, 0
	for range runs {
		draw := func() float64 { return .5 + .1*r.NormFloat64() }
		var past []float64
		for range 6 {
			past = append(past, draw())
		}
		l := stat.Levels{Noise: stat.Noise{Variance: .0025}, Samples: 20, Margin: .05, Candidate: []float64{draw() + .011*r.NormFloat64()}}
		for range 4 {
			l.Before, l.After = append(l.Before, .02*r.NormFloat64()), append(l.After, .02*r.NormFloat64())
		}
		without += b2i(l.Shift().LogE >= math.Log(100))
		l.Offset = stat.Offset{Mean: stat.Mean(past), Variance: stat.Variance(past) * (1 + 1./6), Freedom: 5}
		with += b2i(l.Shift().LogE >= math.Log(100))
	}
	if with > runs/100 {
		t.Errorf("%d of %d fresh nodes that are as usual reached evidence of 100", with, runs)
	}
	if without < runs/2 {
		t.Errorf("nothing known: %d of %d reached it; the test would not notice if nothing were explained", without, runs)
	}
}
