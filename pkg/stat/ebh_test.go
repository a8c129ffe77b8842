package stat_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

func TestEBH(t *testing.T) {
	for _, tc := range []struct {
		name string
		e    []float64
		want []bool
	}{
		{"none", nil, []bool{}},
		{"one, just enough", []float64{10.001}, []bool{true}},
		{"one, just not", []float64{9.99}, []bool{false}},
		{"alone it would need 40", []float64{1, 39, 2, 1}, []bool{false, false, false, false}},
		{"two need 20 each", []float64{21, 1, 0, 21}, []bool{true, false, false, true}},
		{"the weaker ones carry the strong", []float64{14, 15, 16, 1}, []bool{true, true, true, false}},
		{"unknown is no evidence", []float64{math.NaN(), 1e6}, []bool{false, true}},
		{"infinite", []float64{math.Inf(1), 0}, []bool{true, false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := make([]float64, len(tc.e))
			for i, e := range tc.e {
				log[i] = math.Log(e)
			}
			if got := stat.EBH(log, .1); !slices.Equal(got, tc.want) {
				t.Errorf("EBH(%v) = %v, want %v", tc.e, got, tc.want)
			}
		})
	}
}

// On average at most a tenth of the rejected are true nulls, here with e-values
// that all hang on one another, and stronger evidence never rejects less.
func TestEBHKeepsTheFalseDiscoveryRate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sum, found := 0., 0
	const runs, k, bad = 4000, 12, 3
	for range runs {
		shared := r.NormFloat64()
		log := make([]float64, k)
		for i := range log {
			x := (shared + r.NormFloat64()) / math.Sqrt2 // variance 1
			if i < bad {
				x += 3
			}
			log[i] = 3*x - 4.5 // the likelihood ratio of N(3, 1) to N(0, 1)
		}
		got := stat.EBH(log, .1)
		wrong, all := 0., 0.
		for i, rejected := range got {
			if rejected {
				all++
				if i >= bad {
					wrong++
				} else {
					found++
				}
			}
		}
		sum += wrong / max(1, all)
		i := r.IntN(k)
		log[i] += 2
		for j, rejected := range stat.EBH(log, .1) {
			if got[j] && !rejected {
				t.Fatalf("with more evidence on %d, %d is not rejected any more", i, j)
			}
		}
	}
	if rate := sum / runs; rate > .1 {
		t.Errorf("false discovery rate %.3f, want .1 at most", rate)
	}
	if share := float64(found) / (runs * bad); share < .3 {
		t.Errorf("%.2f of the bad found, want .3 or more", share)
	}
}
