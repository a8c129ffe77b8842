package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/stat"
)

// Where the ratio of a node's rate to control's is drawn from the law that nodes
// are said to follow, evidence is 1 on average and keeps its promise; evidence
// that knows nothing of nodes' differences does not.
func TestCountsBetweenNodes(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	const runs, s = 4000, .3
	mean, reached, unaware := 0., 0, 0
	for range runs {
		ratio := math.Exp(s * r.NormFloat64())
		c := stat.NewCounts(math.Log(1.2))
		failed, failedUnaware := false, false
		for range 60 {
			c.Add(distuv.Poisson{Lambda: 3 * ratio, Src: r}.Rand(), 1, distuv.Poisson{Lambda: 27, Src: r}.Rand(), 9)
			failed = failed || c.LogEBetween(s) >= math.Log(100)
			failedUnaware = failedUnaware || c.LogE() >= math.Log(100)
		}
		mean += math.Exp(c.LogEBetween(s)) / runs
		if failed {
			reached++
		}
		if failedUnaware {
			unaware++
		}
	}
	if mean > 1.2 || reached > runs/100+19 {
		t.Errorf("evidence is %.2f on average, and %d of %d reach 100", mean, reached, runs)
	}
	if unaware < runs/20 {
		t.Errorf("only %d of %d reach 100 where it is not known that nodes differ; the test tells nothing", unaware, runs)
	}
	c := stat.NewCounts(.2)
	c.Add(7, 1, 20, 9)
	if a, b := c.LogEBetween(0), c.LogE(); a != b {
		t.Errorf("log evidence %v where nodes do not differ, want %v", a, b)
	}
	if a, b := c.LogEBetween(.05), c.LogEBetween(.5); a <= b {
		t.Errorf("log evidence %v where nodes differ a little, %v where they differ much: want less", a, b)
	}
}

// The Bayes factor is against an equal rate, evidence against the largest that is
// harmless.
func TestCountsBayes(t *testing.T) {
	logOf := func(x, y, ratio float64) float64 { // of the binomial likelihood, e_C = 1, e_K = 9
		q := ratio / (ratio + 9)
		return x*math.Log(q) + y*math.Log(1-q)
	}
	for _, tc := range []struct {
		name string
		x, y float64
	}{{"more", 8, 20}, {"as many", 3, 27}, {"none", 0, 30}} {
		t.Run(tc.name, func(t *testing.T) {
			c := stat.NewCounts(math.Log(1.2))
			c.Add(tc.x/2, 1, tc.y/2, 9)
			o := stat.NewCounts(math.Log(1.2))
			o.Add(tc.x/2, 1, tc.y/2, 9)
			c.Merge(o)
			if got, want := c.LogBayes(0)-c.LogE(), logOf(tc.x, tc.y, 1.2)-logOf(tc.x, tc.y, 1); math.Abs(got-want) > 1e-9 {
				t.Errorf("it is %v more than evidence, want %v", got, want)
			}
			tempered := stat.NewCounts(math.Log(1.2))
			tempered.AddTempered(tc.x, 1, tc.y, 9, 4)
			if got, want := tempered.LogBayes(0)-tempered.LogE(), (c.LogBayes(0)-c.LogE())/4; math.Abs(got-want) > 1e-9 {
				t.Errorf("tempered by 4 it is %v more than evidence, want %v", got, want)
			}
		})
	}
	c := stat.NewCounts(0)
	c.Add(7, 1, 20, 9)
	if a, b := c.LogBayes(.2), c.LogEBetween(.2); a != b {
		t.Errorf("without a margin it is %v, want the evidence, %v", a, b)
	}
	// Drawn at an equal rate, it is 1 on average, of which a part is very rare.
	r := rand.New(rand.NewPCG(13, 4))
	const runs = 20_000
	mean := 0.
	for range runs {
		c := stat.NewCounts(math.Log(1.2))
		for range 5 {
			c.Add(distuv.Poisson{Lambda: .3, Src: r}.Rand(), 1, distuv.Poisson{Lambda: 2.7, Src: r}.Rand(), 9)
		}
		mean += math.Exp(c.LogBayes(0)) / runs
	}
	if mean < .6 || mean > 1.25 {
		t.Errorf("at an equal rate it is %.2f on average, want 1", mean)
	}
}

// So it is where it is bet on shares of failure.
func TestBettingBetweenNodes(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 3))
	const runs, trials, lost = 4000, 100, .1
	for _, s := range []float64{.1, .3} {
		reached, far, unaware := 0, 0, 0
		for range runs {
			share := min(1, lost*math.Exp(s*r.NormFloat64()))
			var b stat.NodeBetting
			top, topUnaware := 0., 0.
			for range 120 {
				b.Add(distuv.Binomial{N: trials, P: share, Src: r}.Rand()/trials, lost, 1)
				top, topUnaware = max(top, b.LogE(s)), max(topUnaware, b.LogE(0))
			}
			if top >= math.Log(100) {
				reached++
			}
			if top >= math.Log(1000) {
				far++
			}
			if topUnaware >= math.Log(100) {
				unaware++
			}
		}
		if reached > runs/100+19 || far > runs/1000+6 {
			t.Errorf("s = %g: of %d, %d reach 100 and %d reach 1000", s, runs, reached, far)
		}
		if unaware < runs/20 {
			t.Errorf("s = %g: only %d of %d reach 100 where it is not known that nodes differ; the test tells nothing", s, unaware, runs)
		}
	}
	var b stat.NodeBetting
	var one stat.Betting
	b.Add(.3, .1, 1)
	one.Add(.3, .1, 1)
	if x, y := b.LogE(0), one.LogE(); x != y {
		t.Errorf("log evidence %v where nodes do not differ, want %v", x, y)
	}
	if x, y := b.LogE(.05), b.LogE(.5); x <= y {
		t.Errorf("log evidence %v where nodes differ a little, %v where they differ much: want less", x, y)
	}
	if n := testing.AllocsPerRun(100, func() { b.Add(.3, .1, 1); b.LogE(.2) }); n != 0 {
		t.Errorf("%v allocations a bin", n)
	}
}

// The spread is mostly not taken for less than it is, and hardly for more where many
// nodes with many events tell.
func TestSpread(t *testing.T) {
	for _, tc := range []struct {
		name          string
		nodes         int
		events, s     float64
		under, median float64 // share of draws below s, and median of what is said, at most
	}{
		{"alike, many events", 10, 3000, 0, 0, .06},
		{"alike, few events", 10, 10, 0, 0, .12},
		{"10%, some events", 10, 180, .1, .2, .2},
		{"30%, some events", 10, 180, .3, .4, .6},
		{"30%, many nodes", 100, 3000, .3, .1, .4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(13, 2))
			const runs = 500
			var all []float64
			under := 0
			for range runs {
				x, e := make([]float64, tc.nodes), make([]float64, tc.nodes)
				for i := range x {
					e[i] = 1 + r.Float64()
					x[i] = distuv.Poisson{Lambda: tc.events * e[i] * math.Exp(tc.s*r.NormFloat64()), Src: r}.Rand()
				}
				got := stat.Spread(x, e, 1, .975)
				all = append(all, got)
				if got < tc.s {
					under++
				}
			}
			if float64(under)/runs > tc.under {
				t.Errorf("%d of %d draws are taken for less than %g", under, runs, tc.s)
			}
			if m := stat.Median(all); m > tc.median {
				t.Errorf("the median is %.3f, want %g at most", m, tc.median)
			}
		})
	}
	if got := stat.Spread(nil, nil, 1, .975); !(got > .05 && got < .2) {
		t.Errorf("of nothing the spread is %v, want that of the prior", got)
	}
}
