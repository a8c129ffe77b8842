package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/stat"
)

// Events that come in clumps, of whatever sizes, at the same rate everywhere, do
// not make evidence of a change; tempering alone does not see to that.
func TestUnclumped(t *testing.T) {
	geometric := func(r *rand.Rand) float64 { return 1 + math.Floor(math.Log(1-r.Float64())/math.Log(.9)) }
	heavy := func(r *rand.Rand) float64 { return math.Ceil(math.Exp(math.Log(5) + r.NormFloat64())) }
	for _, tc := range []struct {
		name    string
		size    func(r *rand.Rand) float64
		clumps  float64 // of one node in a bin
		control int     // nodes
		breaks  bool    // tempering alone breaks the promise
	}{
		{"of one size, rare", func(*rand.Rand) float64 { return 10 }, .1, 9, false},
		{"of geometric sizes, rare", geometric, .1, 9, true},
		{"of geometric sizes, rare, one node of 50", geometric, .02, 49, true},
		{"of geometric sizes, half the time", geometric, .5, 9, false},
		{"of geometric sizes, often", geometric, 5, 9, false},
		{"of lognormal sizes, rare", heavy, .1, 9, true},
		{"of lognormal sizes, often", heavy, 3, 9, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(17, 1))
			draw := func() (x float64) {
				for range int(distuv.Poisson{Lambda: tc.clumps, Src: r}.Rand()) {
					x += tc.size(r)
				}
				return x
			}
			const runs, bins, enough = 4000, 60, 1000
			reached, alone := 0, 0
			x, e := make([]float64, tc.control), make([]float64, tc.control)
			for i := range e {
				e[i] = 1
			}
			for range runs {
				c, tempered := stat.NewCounts(math.Log(1.2)), stat.NewCounts(math.Log(1.2))
				top, topAlone := 0., 0.
				var before stat.Dispersion
				seen, nodes := 0., float64(tc.control)
				for bin := range 2 * bins {
					control := 0.
					for i := range x {
						x[i] = draw()
						control += x[i]
					}
					if bin >= bins {
						phi, candidate := before.Phi(), draw()
						c.AddTempered(stat.CapClumps(candidate, max(control/nodes, seen/nodes/float64(bin)), phi), 1, control, nodes, phi)
						tempered.AddTempered(candidate, 1, control, nodes, phi)
						top, topAlone = max(top, c.LogE()), max(topAlone, tempered.LogE())
					}
					before.Add(x, e)
					seen += control
				}
				if top >= math.Log(enough) {
					reached++
				}
				if topAlone >= math.Log(enough) {
					alone++
				}
			}
			most := runs/enough + int(3*math.Sqrt(runs/enough))
			if reached > most {
				t.Errorf("%d of %d reach %d, want %d at most", reached, runs, enough, most)
			}
			if broken := alone > most; broken != tc.breaks {
				t.Errorf("tempered alone, %d of %d reach %d; breaks the promise: %v, want %v", alone, runs, enough, broken, tc.breaks)
			}
		})
	}
}

func TestUnclumpedValues(t *testing.T) {
	for _, tc := range []struct {
		name               string
		x, want, phi, that float64
	}{
		{"independent events all count", 50, .01, 1, 50},
		{"of less than independent scatter too", 50, .01, .5, 50},
		{"one clump counts", 10, 0, 10, 10},
		{"what is far above it hardly", 10 * math.E, 0, 10, 20},
		{"as many as are wanted count", 1000, 1000, 10, 1000},
		{"nothing is nothing", 0, 3, 10, 0},
		{"nothing wanted is not less than nothing", 10, -3, 10, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := stat.CapClumps(tc.x, tc.want, tc.phi); math.Abs(got-tc.that) > 1e-9 {
				t.Errorf("%v, want %v", got, tc.that)
			}
		})
	}
	last := 0.
	for x := range 1000 {
		got := stat.CapClumps(float64(x), 3, 7)
		if got < last || got > float64(x) {
			t.Fatalf("%d events count for %v, one less for %v", x, got, last)
		}
		last = got
	}
}
