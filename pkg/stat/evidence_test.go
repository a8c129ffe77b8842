package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/stat"
)

// How many events must fall on the candidate alone, at its share of exposure,
// for the evidence to reach 1,000: known from the closed form.
func TestCountsNeedFewEventsOnASmallCandidate(t *testing.T) {
	for _, tc := range []struct {
		share float64
		want  int
	}{{.01, 3}, {.10, 4}, {.25, 7}, {.50, 13}} {
		c := stat.NewCounts(0)
		n := 0
		for ; c.LogE() < math.Log(1000); n++ {
			c.Add(1, tc.share, 0, 1-tc.share)
		}
		if n != tc.want {
			t.Errorf("with a share of %v, %d events were needed, want %d", tc.share, n, tc.want)
		}
	}
}

func TestCountsSpecialCases(t *testing.T) {
	for _, tc := range []struct {
		name           string
		xC, eC, xK, eK float64
	}{
		{"no events", 0, 1, 0, 1},
		{"no control", 3, 1, 0, 0},
		{"no candidate", 0, 0, 3, 1},
		{"NaN", nan, 1, 1, 1},
		{"infinite", math.Inf(1), 1, 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := stat.NewCounts(.1)
			c.Add(tc.xC, tc.eC, tc.xK, tc.eK)
			if got := c.LogE(); !same(got, 0, 1e-9) {
				t.Errorf("log evidence %v, want 0", got)
			}
		})
	}
}

func TestCountsAreMonotone(t *testing.T) {
	last := math.Inf(-1)
	for x := range 20 {
		c := stat.NewCounts(math.Log(1.2))
		c.Add(float64(x), 10, 20-float64(x), 10)
		if e := c.LogE(); e <= last {
			t.Fatalf("%d of 20 events on candidate: log evidence %v, not above %v", x, e, last)
		} else {
			last = e
		}
	}
}

func TestCountsDoNotDependOnTheUnitOfExposure(t *testing.T) {
	a, b := stat.NewCounts(.2), stat.NewCounts(.2)
	for i := range 20 {
		x := float64(i % 3)
		a.Add(x, 1, 1, 4)
		b.Add(x, 60, 1, 240)
	}
	if !same(a.LogE(), b.LogE(), 1e-9) {
		t.Errorf("%v and %v", a.LogE(), b.LogE())
	}
}

func TestCountsDoNotAllocate(t *testing.T) {
	c := stat.NewCounts(.2)
	if n := testing.AllocsPerRun(100, func() { c.Add(1, 1, 2, 3); c.LogE() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The promise: whoever reads the evidence at every bin and stops at 100 does
// so in one clean rollout of 100 at most. Bounds are 1% and three standard errors.
func TestCountsKeepTheirPromise(t *testing.T) {
	const runs, looks = 700, 60
	r := rand.New(rand.NewPCG(3, 3))
	for _, tc := range []struct{ rate, share, growth float64 }{
		{rate: .5, share: .1}, {rate: 20, share: .5}, {rate: 3, share: .05, growth: .01},
	} {
		failed := 0
		for range runs {
			c := stat.NewCounts(math.Log(1.2))
			for i := range looks {
				q := tc.share + tc.growth*float64(i)
				season := 1 + math.Sin(float64(i)/9)
				c.Add(poisson(r, tc.rate*season*q), q, poisson(r, tc.rate*season*(1-q)), 1-q)
				if c.LogE() >= math.Log(100) {
					failed++
					break
				}
			}
		}
		if got := float64(failed) / runs; got > .01+3*math.Sqrt(.01*.99/runs) {
			t.Errorf("%+v: evidence reached 100 in %.3f of clean rollouts", tc, got)
		}
	}
}

func poisson(r *rand.Rand, mean float64) float64 {
	return distuv.Poisson{Lambda: mean, Src: r}.Rand()
}

func TestScatter(t *testing.T) {
	add := func(f ...float64) *stat.Scatter {
		s := &stat.Scatter{}
		for _, v := range f {
			s.Add(v)
		}
		return s
	}
	for _, tc := range []struct {
		name string
		f    []float64
		want float64
	}{
		{"too few", []float64{0, 1, 0, 1}, nan},
		{"all failed", []float64{1, 1, 1, 1, 1, 1}, nan},
		{"none failed", []float64{0, 0, 0, 0, 0, 0}, nan},
		{"all or nothing is one trial", []float64{0, 1, 0, 1, 0, 1, 1, 0}, 1},
		{"steady shares are many", []float64{.5, .5, .5, .5, .5, .5, .5, .5}, stat.MaxExposure},
		{"NaN is no share", []float64{.5, .5, .5, .5, nan, nan, nan}, nan},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := add(tc.f...).Exposure(); !same(got, tc.want, 1e-12) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
	// By hand: p = (1.5+.5)/6 = 1/3, s² = .0125, χ²_.10(4) = 1.0636, v = .0470; n = .2222/.0470.
	if got := add(.15, .25, .3, .35, .45).Exposure(); !same(got, 4.727, .01) {
		t.Errorf("got %v, want 4.727", got)
	}
}

func TestFellows(t *testing.T) {
	pool := func(nodes ...[]float64) *stat.PooledScatter {
		f := &stat.PooledScatter{}
		for _, shares := range nodes {
			s := &stat.Scatter{}
			for _, v := range shares {
				f.Add(s, v)
			}
		}
		return f
	}
	burst := []float64{0, 0, 0, 0, 0, 1, 0, 0, 0, 0}
	for _, tc := range []struct {
		name  string
		nodes [][]float64
		want  float64
	}{
		{"nobody", nil, math.Inf(1)},
		{"too few", [][]float64{burst}, math.Inf(1)},
		{"nothing scatters", [][]float64{make([]float64, 20)}, math.Inf(1)},
		{"bursts are one trial", [][]float64{burst, burst}, 1},
		// p = .25, s² = 10·.05²/9 about each node's own mean: .1875 / .002778.
		{"levels of nodes are not scatter", [][]float64{repeat(.15, .25, 5), repeat(.25, .35, 5)}, 67.5},
		{"NaN is no share", [][]float64{append([]float64{nan, nan}, repeat(.15, .25, 5)...), repeat(.25, .35, 5)}, 67.5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := pool(tc.nodes...).Exposure(); !same(got, tc.want, 1e-9) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// repeat returns a and b in turn, n times.
func repeat(a, b float64, n int) (out []float64) {
	for range n {
		out = append(out, a, b)
	}
	return out
}

// Shares of failure whose bins fail as a whole must not be taken for many trials.
func TestScatteredFailuresKeepTheirPromise(t *testing.T) {
	const runs, looks = 250, 60
	r := rand.New(rand.NewPCG(4, 4))
	for name, share := range map[string]func() float64{
		"15 calls, 5% fail": func() float64 { return distuv.Binomial{N: 15, P: .05, Src: r}.Rand() / 15 },
		"all or nothing":    func() float64 { return float64(b2i(r.Float64() < .3)) },
		"beta(.2, .8)":      func() float64 { return distuv.Beta{Alpha: .2, Beta: .8, Src: r}.Rand() },
	} {
		failed := 0
		for range runs {
			c, s := stat.NewCounts(math.Log(1.2)), &stat.Scatter{}
			for range looks {
				n := s.Exposure()
				if math.IsNaN(n) {
					n = 1
				}
				f := share()
				c.Add(n*f, n, n*(share()+share()+share()+share()), 4*n)
				s.Add(f)
				if c.LogE() >= math.Log(100) {
					failed++
					break
				}
			}
		}
		if got := float64(failed) / runs; got > .01+3*math.Sqrt(.01*.99/runs) {
			t.Errorf("%s: evidence reached 100 in %.3f of clean rollouts", name, got)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestDispersion(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var calm, wild stat.Dispersion
	if calm.Phi() != 1 {
		t.Errorf("phi of nothing is %v, want 1", calm.Phi())
	}
	e := []float64{1, 2, 3}
	for range 400 {
		burst := r.ExpFloat64()
		calm.Add([]float64{poisson(r, 2), poisson(r, 4), poisson(r, 6)}, e)
		wild.Add([]float64{10 * poisson(r, .2*burst), 10 * poisson(r, .4), 10 * poisson(r, .6)}, e)
	}
	if calm.Phi() != 1 {
		t.Errorf("phi of independent events is %v, want 1", calm.Phi())
	}
	if wild.Phi() < 5 {
		t.Errorf("phi of bursts of ten is %v, want about 10", wild.Phi())
	}
}

func BenchmarkCounts(b *testing.B) {
	c := stat.NewCounts(.2)
	b.ReportAllocs()
	for b.Loop() {
		c.Add(1, 1, 2, 10)
		c.LogE()
	}
}
