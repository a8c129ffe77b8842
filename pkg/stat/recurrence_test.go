package stat_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/andon-project/andon/pkg/stat"
)

// daily returns n samples with a day's pattern and noise of standard deviation 1.
func daily(r *rand.Rand, n, day int) []float64 {
	x := ar(r, n, .5)
	for i := range x {
		x[i] += 100 + 20*math.Sin(2*math.Pi*float64(i)/float64(day))
	}
	return x
}

func TestRecurrence(t *testing.T) {
	const day, change = 1440, 3 * 1440
	for _, tc := range []struct {
		name     string
		after    func(i int, v float64) float64
		sign     float64
		min, max float64
	}{
		{name: "nothing happens", after: func(_ int, v float64) float64 { return v }, max: 2.5},
		{name: "the level rises", after: func(_ int, v float64) float64 { return v + 15 }, min: 2.5, max: 12},
		{name: "the level rises and that is worse", after: func(_ int, v float64) float64 { return v + 15 }, sign: 1, min: 2.5, max: 12},
		{name: "the level rises and that is better", after: func(_ int, v float64) float64 { return v + 15 }, sign: -1, max: 2.5},
		{name: "noise vanishes", after: func(i int, _ float64) float64 {
			return 100 + 20*math.Sin(2*math.Pi*float64(change+i)/day)
		}, min: 1.5, max: 12},
		{name: "a gap", after: func(i int, v float64) float64 {
			if i < 5 {
				return nan
			}
			return v
		}, max: 2.5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := daily(rand.New(rand.NewPCG(9, 9)), change+60, day)
			learnt := stat.NewRecurrence(stat.Course{X: x[:change], Change: change, Day: day})
			if learnt.Placebos < 100 {
				t.Fatalf("%d placebos from three days", learnt.Placebos)
			}
			for i := change; i < len(x); i++ {
				x[i] = tc.after(i-change, x[i])
			}
			last := 0.
			for n := 1; n <= 60; n++ {
				s, looks := learnt.Look(x[:change+n], tc.sign)
				if n < stat.Looks[0] {
					if !math.IsNaN(s) || looks != 0 {
						t.Fatalf("after %d samples: S = %v, %d looks, want no answer", n, s, looks)
					}
					continue
				}
				if s < last {
					t.Fatalf("S fell from %v to %v", last, s)
				}
				last = s
			}
			if last < tc.min || last > tc.max {
				t.Errorf("S = %v, want %v to %v", last, tc.min, tc.max)
			}
		})
	}
}

func TestRecurrenceNeedsAPast(t *testing.T) {
	x := daily(rand.New(rand.NewPCG(1, 9)), 360, 1440)
	if s, _ := stat.NewRecurrence(stat.Course{X: x[:280], Change: 280, Day: 1440}).Look(x, 0); !math.IsNaN(s) {
		t.Errorf("S = %v from under five hours, want NaN", s)
	}
	if s, _ := stat.NewRecurrence(stat.Course{Day: 1440}).Look(nil, 0); !math.IsNaN(s) {
		t.Errorf("S = %v from nothing, want NaN", s)
	}
}

// What the change brings must not leak into what is learnt of the past.
func TestRecurrenceLearnsFromThePastOnly(t *testing.T) {
	x := daily(rand.New(rand.NewPCG(2, 9)), 2000, 1440)
	y := slices.Clone(x)
	for i := 1900; i < 2000; i++ {
		y[i] = 1e6
	}
	a := stat.NewRecurrence(stat.Course{X: x, Change: 1900, Day: 1440})
	b := stat.NewRecurrence(stat.Course{X: y, Change: 1900, Day: 1440})
	z := x[:1960]
	sa, _ := a.Look(z, 0)
	sb, _ := b.Look(z, 0)
	if sa != sb {
		t.Errorf("S is %v or %v, by samples after the change that were there when it learnt", sa, sb)
	}
}

func TestRecurrenceKeepsItsPromise(t *testing.T) {
	const runs, day = 150, 480
	failed := 0
	for i := range runs {
		x := daily(rand.New(rand.NewPCG(uint64(i), 10)), 3*day+60, day)
		s, _ := stat.NewRecurrence(stat.Course{X: x[:3*day], Change: 3 * day, Day: day}).Look(x, 0)
		if s >= 2.5 {
			failed++
		}
	}
	if failed > 5 { // one in 100 and three standard errors
		t.Errorf("S reached 2.5 in %d of %d clean rollouts", failed, runs)
	}
}
