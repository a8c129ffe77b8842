package stat_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

func TestLogHalfNormal(t *testing.T) {
	for _, tc := range []struct {
		name      string
		z, v, tau float64
		want      float64
	}{
		{"z = 4 and v = τ²/10 is about 1,000", 4, .1, 1, 6.767},
		{"no effect", 0, 1, 1, math.Log(2 * math.Sqrt(.5) * .5)},
		{"no variance", 1, 0, 1, nan},
		{"no prior", 1, 1, 0, nan},
		{"NaN", nan, 1, 1, nan},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := tc.want
			if tc.v > 0 && tc.tau > 0 && !math.IsNaN(tc.z) {
				want = integrated(tc.z, tc.v, tc.tau)
			}
			if got := stat.LogHalfNormal(tc.z, tc.v, tc.tau); !same(got, want, 1e-4) || !same(got, tc.want, .1) {
				t.Errorf("got %v, want %v (integrated %v)", got, tc.want, want)
			}
		})
	}
	if got := stat.LogHalfNormal(-37, 1, 100); math.IsInf(got, 0) || math.IsNaN(got) {
		t.Errorf("far for the better: %v, want a number", got)
	}
}

// integrated is the mean of the likelihood ratio over a half-normal prior.
func integrated(z, v, tau float64) float64 {
	sum, h := 0., tau/2000
	for d := h / 2; d < 12*tau; d += h {
		prior := 2 / (tau * math.Sqrt(2*math.Pi)) * math.Exp(-d*d/(2*tau*tau))
		sum += h * prior * math.Exp((z*math.Sqrt(v)*d-d*d/2)/v)
	}
	return math.Log(sum)
}

func TestStudentZ(t *testing.T) {
	for _, tc := range []struct{ t, nu, want float64 }{
		{0, 5, 0},
		{2.015048, 5, 1.644854}, // both the 95% point
		{-2.015048, 5, -1.644854},
		{3, 1e9, 3},
		{math.Inf(1), 5, 37},
		{nan, 5, nan},
		{1, 0, nan},
	} {
		if got := stat.StudentZ(tc.t, tc.nu); !same(got, tc.want, 1e-5) {
			t.Errorf("StudentZ(%v, %v) = %v, want %v", tc.t, tc.nu, got, tc.want)
		}
	}
	last := 0.
	for x := 1.; x < 1e12; x *= 3 {
		z := stat.StudentZ(x, 8)
		if z < last {
			t.Fatalf("StudentZ falls at %v", x)
		}
		last = z
	}
}

func TestNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	shared := ar(r, 4000, .9)
	rows := make([][]float64, 5)
	for i := range rows {
		rows[i] = ar(r, 4000, .5)
		for j := range rows[i] {
			rows[i][j] = 2*rows[i][j] + 10*shared[j] + float64(100*i)
		}
	}
	n := stat.NoiseOf(rows)
	if !same(n.Variance, 4, .3) || !same(n.Rho, .5, .05) {
		t.Errorf("got %+v; want variance 4, rho .5: node levels and what nodes share are no noise", n)
	}
	if n := stat.NoiseOf([][]float64{{1}}); !same(n.Variance, nan, 0) {
		t.Errorf("one sample: got %+v, want NaN", n)
	}
	if n := stat.NoiseOf(nil); !same(n.Variance, nan, 0) {
		t.Errorf("nothing: got %+v, want NaN", n)
	}
}

func TestShift(t *testing.T) {
	base := stat.Levels{
		Noise: stat.Noise{Variance: .01}, Samples: 10,
		Before: []float64{0, .1, -.1}, After: []float64{.05, -.05}, Candidate: []float64{.02}, Margin: .05,
	}
	last := math.Inf(-1)
	for _, c := range []float64{-1, 0, .2, 1, 3} {
		l := base
		l.Candidate = []float64{c}
		s := l.Shift()
		if s.LogE < last {
			t.Errorf("candidate at %v: log evidence %v, below %v", c, s.LogE, last)
		}
		last = s.LogE
	}
	if last < math.Log(1000) {
		t.Errorf("thirty standard deviations give only %v nats", last)
	}
	for _, tc := range []struct {
		name string
		f    func(*stat.Levels)
	}{
		{"one control node before", func(l *stat.Levels) { l.Before = l.Before[:1] }},
		{"none after", func(l *stat.Levels) { l.After = nil }},
		{"no candidate", func(l *stat.Levels) { l.Candidate = nil }},
	} {
		l := base
		tc.f(&l)
		if s := l.Shift(); !math.IsNaN(s.LogE) {
			t.Errorf("%s: %v, want NaN", tc.name, s.LogE)
		}
	}
	l := base
	l.Noise, l.Before, l.After, l.Candidate = stat.Noise{}, []float64{1, 1, 1}, []float64{1, 1}, []float64{1}
	if s := l.Shift(); !(s.LogE <= 0) {
		t.Errorf("nothing varies: %v, want no evidence", s.LogE)
	}
	l = base
	l.Candidate, l.CandidateSamples = []float64{1, 1}, []float64{10, 10}
	old := l.Shift()
	l.CandidateSamples = []float64{10, 1}
	// By hand: .01 (1 - 1/10) (1/2² + 1/(2·2)), with two control nodes beside.
	if young := l.Shift(); !same(young.Variance-old.Variance, .0045, 1e-12) || young.LogE >= old.LogE {
		t.Errorf("a node that has just joined: variance %v after %v, evidence %v after %v", young.Variance, old.Variance, young.LogE, old.LogE)
	}
	l = base
	l.MinDeviations = 2
	if a, b := base.Shift(), l.Shift(); !(b.Margin > a.Margin && b.LogE < a.LogE) || !same(b.Margin, 2*math.Sqrt(b.Spread), 1e-12) {
		t.Errorf("margin %v, of two standard deviations %v of spread %v", a.Margin, b.Margin, b.Spread)
	}
	s := base.Shift()
	l = base
	l.Candidate = []float64{s.Smallest(math.Log(1000))}
	if got := l.Shift(); got.LogE < math.Log(50) {
		t.Errorf("the smallest effect that would be seen gives %v nats", got.LogE)
	}
}

// Sup over 60 looks of clean rollouts; what autocorrelation and drift of
// nodes' levels do is inside.
func TestLevelsKeepTheirPromise(t *testing.T) {
	const runs = 400
	for _, tc := range []clean{
		{name: "white", m: 3, k: 10, pre: 60},
		{name: "autocorrelated", m: 3, k: 10, pre: 60, rho: .6},
		{name: "autocorrelated, few nodes", m: 1, k: 3, pre: 60, rho: .6},
		{name: "strongly autocorrelated", m: 1, k: 5, pre: 60, rho: .85},
		{name: "levels drift", m: 1, k: 5, pre: 60, rho: .6, drift: .9},
		{name: "short past", m: 1, k: 3, pre: 15, rho: .6},
		{name: "nodes alike", m: 2, k: 4, pre: 60, rho: .6, alike: true},
		{name: "nodes alike, short past", m: 1, k: 2, pre: 15, rho: .6, alike: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 7))
			failed := 0
			for range runs {
				if tc.reaches(r) {
					failed++
				}
			}
			got := float64(failed) / runs
			t.Logf("evidence reached 100 in %.3f of clean rollouts", got)
			if got > .01+3*math.Sqrt(.01*.99/runs) {
				t.Errorf("that is more than 1 in 100")
			}
		})
	}
}

// A clean rollout: m candidate and k control nodes, autocorrelated by rho,
// whose levels differ by a standard deviation of 1 unless they are alike, and
// each of which moves by drift at the change.
type clean struct {
	name       string
	m, k, pre  int
	rho, drift float64
	alike      bool
}

func (c clean) node(r *rand.Rand) []float64 {
	x, level := ar(r, c.pre+60, c.rho), r.NormFloat64()
	move := c.drift * r.NormFloat64()
	if c.alike {
		level = 0
	}
	for j := range x {
		x[j] += level
		if j >= c.pre {
			x[j] += move
		}
	}
	return x
}

// reaches reports whether the evidence reaches 100 within 60 looks.
func (c clean) reaches(r *rand.Rand) bool {
	l := stat.Levels{Candidate: make([]float64, c.m), After: make([]float64, c.k), Margin: .05}
	var before, after, cand [][]float64
	for range c.k {
		x := c.node(r)
		before, after = append(before, x[:c.pre]), append(after, x[c.pre:])
		l.Before = append(l.Before, stat.Mean(x[:c.pre]))
	}
	for range c.m {
		cand = append(cand, c.node(r)[c.pre:])
	}
	l.Noise = stat.NoiseOf(before)
	for n := 3; n <= 60; n++ {
		l.Samples = float64(n)
		for i := range after {
			l.After[i] = stat.Mean(after[i][:n])
		}
		for i := range cand {
			l.Candidate[i] = stat.Mean(cand[i][:n])
		}
		if l.Shift().LogE >= math.Log(100) {
			return true
		}
	}
	return false
}

// One signal of a rollout from scratch: noise from 120 bins of control, and one
// comparison of levels.
func BenchmarkContinuous(b *testing.B) {
	for _, nodes := range []int{60, 1000} {
		b.Run(fmt.Sprintf("%dx120", nodes), func(b *testing.B) {
			r := rand.New(rand.NewPCG(8, 8))
			rows := make([][]float64, nodes)
			levels := make([]float64, nodes)
			for i := range rows {
				rows[i] = ar(r, 120, .5)
				levels[i] = stat.Mean(rows[i])
			}
			b.ReportAllocs()
			for b.Loop() {
				l := stat.Levels{Noise: stat.NoiseOf(rows), Samples: 60, Before: levels, After: levels[:nodes-10], Candidate: levels[nodes-10:], Margin: .05}
				l.Shift()
			}
		})
	}
}
