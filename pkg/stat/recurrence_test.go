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
			learnt := stat.NewRecurrence(stat.Series{X: x[:change], Change: change, Day: day, Sign: tc.sign})
			if learnt.Placebos < 100 {
				t.Fatalf("%d placebos from three days", learnt.Placebos)
			}
			for i := change; i < len(x); i++ {
				x[i] = tc.after(i-change, x[i])
			}
			last := 0.
			for n := 1; n <= 60; n++ {
				s, looks := learnt.Statistic(x[:change+n])
				if n < stat.WindowLengths[0] {
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
	if s, _ := stat.NewRecurrence(stat.Series{X: x[:280], Change: 280, Day: 1440}).Statistic(x); !math.IsNaN(s) {
		t.Errorf("S = %v from under five hours, want NaN", s)
	}
	if s, _ := stat.NewRecurrence(stat.Series{Day: 1440}).Statistic(nil); !math.IsNaN(s) {
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
	a := stat.NewRecurrence(stat.Series{X: x, Change: 1900, Day: 1440})
	b := stat.NewRecurrence(stat.Series{X: y, Change: 1900, Day: 1440})
	z := x[:1960]
	sa, _ := a.Statistic(z)
	sb, _ := b.Statistic(z)
	if sa != sb {
		t.Errorf("S is %v or %v, by samples after the change that were there when it learnt", sa, sb)
	}
}

// What is learnt of the past keeps its promise where nothing happens: a share of
// p is reached by a share p of the changes, whether few or many samples are
// known of the past, and in one direction as in both.
func TestRecurrenceKeepsItsPromise(t *testing.T) {
	const runs, day = 400, 480
	for _, tc := range []struct {
		name string
		past int
		sign float64
		draw func(r *rand.Rand, n int) []float64
	}{
		{name: "season", past: 3 * day, draw: func(r *rand.Rand, n int) []float64 { return daily(r, n, day) }},
		{name: "only a rise counts", past: 3 * day, sign: 1, draw: func(r *rand.Rand, n int) []float64 { return daily(r, n, day) }},
		{name: "seven hours of past", past: 420, draw: func(r *rand.Rand, n int) []float64 { return ar(r, n, .6) }},
		{name: "counts that come and go", past: 4 * day, draw: func(r *rand.Rand, n int) []float64 {
			x := make([]float64, n)
			for i := range x {
				m := 30 * math.Exp(math.Sin(2*math.Pi*float64(i)/day))
				x[i] = max(0, math.Round(m+math.Sqrt(m)*r.NormFloat64()))
			}
			return x
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tenth, hundredth := 0, 0
			for i := range runs {
				x := tc.draw(rand.New(rand.NewPCG(uint64(i), 10)), tc.past+60)
				learnt := stat.NewRecurrence(stat.Series{X: x[:tc.past], Change: tc.past, Day: day, Sign: tc.sign})
				s, _ := learnt.Statistic(x)
				if p := learnt.Share(s); p <= .01 {
					hundredth++
				} else if p <= .1 {
					tenth++
				}
			}
			// The promise and three standard errors.
			if tenth+hundredth > 64 || hundredth > 10 {
				t.Errorf("of %d clean rollouts %d have a share of .1 or less and %d one of .01", runs, tenth+hundredth, hundredth)
			}
			if tenth+hundredth < 16 {
				t.Errorf("of %d clean rollouts %d have a share of .1 or less; it promises more than is asked", runs, tenth+hundredth)
			}
		})
	}
}

// A move of the size that Smallest names is found about as often as it says.
func TestRecurrenceSmallest(t *testing.T) {
	const runs, day = 90, 480
	for _, sign := range []float64{0, 1, -1} {
		found, half, asked := 0, 0, 0
		for i := range runs {
			x := daily(rand.New(rand.NewPCG(uint64(i), 11)), 3*day+60, day)
			learnt := stat.NewRecurrence(stat.Series{X: x[:3*day], Change: 3 * day, Day: day, Sign: sign})
			if m := learnt.Smallest(x[:3*day+5], .01); !math.IsNaN(m) {
				t.Fatalf("%v would have been seen before the first look", m)
			}
			move := learnt.Smallest(x, .01)
			if math.IsNaN(move) || move*sign < 0 {
				continue
			}
			asked++
			y := slices.Clone(x)
			for part, hits := range map[float64]*int{1: &found, .3: &half} {
				for j := 3 * day; j < len(x); j++ {
					y[j] = x[j] + part*move
				}
				if s, _ := learnt.Statistic(y); learnt.Share(s) <= .01 {
					*hits++
				}
			}
		}
		if asked < runs || float64(found) < .7*runs || float64(found) > .95*runs {
			t.Errorf("sign %v: of %d moves of the smallest size %d are found, want about .8", sign, asked, found)
		}
		if half > runs/3 {
			t.Errorf("sign %v: of %d moves of a third of it %d are found as well", sign, runs, half)
		}
	}
}

// What happened shortly before the change does not make it look harmless, nor
// do incidents of the past hide what follows a calm hour.
func TestRecurrenceLikeWithLike(t *testing.T) {
	const day, change = 1440, 6 * 1440
	incidents := func(x []float64) []float64 {
		for at := 700; at < change-400; at += 800 {
			for i := at; i < at+50; i++ {
				x[i] += 25
			}
		}
		return x
	}
	x := incidents(daily(rand.New(rand.NewPCG(5, 5)), change+60, day))
	for i := change; i < len(x); i++ {
		x[i] += 12
	}
	calm := stat.NewRecurrence(stat.Series{X: x[:change], Change: change, Day: day})
	s, _ := calm.Statistic(x)
	if p := calm.Share(s); p > .02 {
		t.Errorf("a move after a calm hour has a share of %v", p)
	}
	for i := change - 100; i < change-50; i++ {
		x[i] += 25
	}
	after := stat.NewRecurrence(stat.Series{X: x[:change], Change: change, Day: day})
	s, _ = after.Statistic(x)
	if p := after.Share(s); p < .01 {
		t.Errorf("the same an hour after an incident has a share of %v, as if nothing had been before", p)
	}
}

func BenchmarkRecurrence(b *testing.B) {
	const week = 7 * 1440
	x := daily(rand.New(rand.NewPCG(1, 12)), week+60, 1440)
	b.ReportAllocs()
	for b.Loop() {
		learnt := stat.NewRecurrence(stat.Series{X: x[:week], Change: week, Day: 1440})
		if s, _ := learnt.Statistic(x); math.IsNaN(s) {
			b.Fatal("no answer")
		}
	}
}
