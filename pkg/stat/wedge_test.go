package stat_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/andon-project/andon/pkg/stat"
)

var long = flag.Bool("long", false, "simulate long enough for the figures in docs/how/statistics.md")

// The closed form of the partial likelihood, for one θ at a time.
func TestCoxIsThePartialLikelihood(t *testing.T) {
	bins := [][3]float64{{1, 2, 3}, {0, 1, 5}, {4, 4, 7}, {0, 3, 0}, {2, 2, 20}} // c, n, m of 20
	x := stat.NewCox()
	want, total := 0., 0.
	for _, b := range bins {
		x.Add(b[0], b[1], b[2], 20, 1)
	}
	for i := range 24 {
		theta := .1 * math.Pow(1.2, float64(i))
		w, ll := theta/(1+theta*theta), 0.
		for _, b := range bins {
			ll += b[0]*theta - b[1]*math.Log((b[2]*math.Exp(theta)+20-b[2])/20)
		}
		want, total = want+w*math.Exp(ll), total+w
	}
	if got := x.LogE(); !same(got, math.Log(want/total), 1e-9) {
		t.Errorf("log evidence %v, want %v", got, math.Log(want/total))
	}
}

func TestAccumulatorsDoNotAllocate(t *testing.T) {
	x, w := stat.NewCox(), &stat.Wedge{}
	nodes, y, has := []int{0, 1, 2}, []float64{1, 2, 3}, [][]bool{{true, false, false}, {false, false, true}}
	w.Add(nodes, y, has)
	if n := testing.AllocsPerRun(50, func() {
		x.Add(1, 2, 1, 3, 1)
		w.Add(nodes, y, has)
	}); n != 0 {
		t.Errorf("%v allocations a bin", n)
	}
}

func TestPosterior(t *testing.T) {
	for _, tc := range []struct {
		name string
		e    []float64
		want []float64 // none in the last place
	}{
		{"no evidence keeps the prior", []float64{0, 0}, []float64{.05, .05, .9}},
		{"one beyond doubt", []float64{5000, 0}, []float64{1, 0, 0}},
		{"the stronger takes all", []float64{50, 0}, []float64{1, 0, 0}},
		{"one that explains nothing", []float64{50, math.Inf(-1)}, []float64{1, 0, 0}},
		{"two alike share", []float64{50, 50}, []float64{.5, .5, 0}},
		{"many keep half a chance of none", make([]float64, 20), append(slicesOf(20, 1./30), 1./3)},
		{"no change", nil, []float64{1}},
	} {
		each, none := stat.Posterior(tc.e, .05)
		got := append(append([]float64{}, each...), none)
		for i := range tc.want {
			if !same(got[i], tc.want[i], 1e-9) {
				t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
			}
		}
	}
}

func slicesOf(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// An overlap is some rollouts to the same 200 nodes, in ten batches five
// minutes apart, and what was concluded of them.
type overlap struct {
	adopted [][]int // minute at which each node has adopted each rollout
	culprit int     // -1 if none
}

const overlapNodes, overlapMinutes = 200, 120

// overlapping draws n rollouts that start within ten minutes, or each gap
// minutes after the one before if they take nodes in the same order.
func overlapping(r *rand.Rand, n int, sameOrder bool, gap int) overlap {
	o := overlap{culprit: -1}
	order := r.Perm(overlapNodes)
	for d := range n {
		start := d * gap
		if !sameOrder {
			order, start = r.Perm(overlapNodes), r.IntN(11)
		}
		at := make([]int, overlapNodes)
		for k, node := range order {
			at[node] = start + 5*(k/20)
		}
		o.adopted = append(o.adopted, at)
	}
	return o
}

// events runs the overlap with one crash a minute in the fleet, eight times as
// many on nodes with the culprit, until one rollout is named. It returns which
// (-1: none), when, and the largest posterior of any.
func (o overlap) events(r *rand.Rand) (named, at int, top float64) {
	e := make([]float64, len(o.adopted))
	cox := make([]*stat.Cox, len(e))
	for d := range cox {
		cox[d] = stat.NewCox()
	}
	for t := range overlapMinutes {
		var hit []int
		for node := range overlapNodes {
			rate := 1. / overlapNodes
			if o.culprit >= 0 && t >= o.adopted[o.culprit][node] {
				rate *= 8
			}
			for range int(distuv.Poisson{Lambda: rate, Src: r}.Rand()) {
				hit = append(hit, node)
			}
		}
		for d, adopted := range o.adopted {
			m, c := 0., 0.
			for _, a := range adopted {
				if t >= a {
					m++
				}
			}
			for _, node := range hit {
				if t >= adopted[node] {
					c++
				}
			}
			cox[d].Add(c, float64(len(hit)), m, overlapNodes, 1)
			e[d] = cox[d].LogE()
		}
		if named, top = o.name(e, top); named >= 0 {
			return named, t, top
		}
	}
	return -1, 0, top
}

// name returns the rollout with enough evidence and blame; -1 if there is none.
func (o overlap) name(e []float64, top float64) (int, float64) {
	each, _ := stat.Posterior(e, .05)
	for d, p := range each {
		top = max(top, p)
		if p >= .95 && e[d] >= math.Log(1000) {
			return d, top
		}
	}
	return -1, top
}

// values is events for a value with noise of a standard deviation of 1 that
// lingers (ρ = .6) on 40 nodes whose levels scatter as much, all under one
// season; the culprit adds one and a half.
func (o overlap) values(r *rand.Rand) (named, at int, top float64) {
	const nodes, rho = 40, .6
	w := &stat.Wedge{}
	noise := stat.WedgeNoise{Noise: stat.Noise{Variance: 1, Rho: rho}, Node: 1, Freedom: stat.PriorNodes + nodes - 1, Scale: 2}
	level, drift := make([]float64, nodes), make([]float64, nodes)
	index, y := make([]int, nodes), make([]float64, nodes)
	has, e := make([][]bool, len(o.adopted)), make([]float64, len(o.adopted))
	for i := range nodes {
		level[i], drift[i], index[i] = r.NormFloat64(), r.NormFloat64(), i
	}
	for d := range has {
		has[d] = make([]bool, nodes)
	}
	for t := range overlapMinutes {
		for i := range nodes {
			drift[i] = rho*drift[i] + math.Sqrt(1-rho*rho)*r.NormFloat64()
			y[i] = 5*math.Sin(float64(t)/20) + level[i] + drift[i]
			if o.culprit >= 0 && t >= o.adopted[o.culprit][i] {
				y[i] += 1.5
			}
			for d := range has {
				has[d][i] = t >= o.adopted[d][i]
			}
		}
		w.Add(index, y, has)
		for d := range e {
			e[d] = w.LogE(d, 1, noise)
		}
		if named, top = o.name(e, top); named >= 0 {
			return named, t, top
		}
	}
	return -1, 0, top
}

// Of rollouts that overlap, the one that is to blame is named, as long as
// nodes adopt them in different orders; where they cannot be told apart, none.
func TestOverlap(t *testing.T) {
	runs := 60
	if *long {
		runs = 4000
	}
	type figures struct{ right, wrong float64 } // shares: at least, at most
	for _, tc := range []struct {
		name      string
		rollouts  int
		sameOrder bool
		gap       int
		clean     bool
		want      figures
		undecided bool // the posterior may never exceed .95
	}{
		{name: "two", rollouts: 2, want: figures{.997, .003}},
		{name: "four", rollouts: 4, want: figures{.997, .003}},
		{name: "eight", rollouts: 8, want: figures{.997, .003}},
		{name: "two in the same order, three minutes apart", rollouts: 2, sameOrder: true, gap: 3, want: figures{.9, .05}},
		{name: "two on one schedule", rollouts: 2, sameOrder: true, undecided: true},
		{name: "four of which none is bad", rollouts: 4, clean: true, want: figures{0, .003}},
	} {
		for kind, run := range map[string]func(overlap, *rand.Rand) (int, int, float64){"events": overlap.events, "values": overlap.values} {
			t.Run(tc.name+"/"+kind, func(t *testing.T) {
				right, wrong, sum, top := 0., 0., 0., 0.
				for i := range runs {
					r := rand.New(rand.NewPCG(uint64(i), 5))
					o := overlapping(r, tc.rollouts, tc.sameOrder, tc.gap)
					if !tc.clean {
						o.culprit = i % tc.rollouts
					}
					start := 0
					if o.culprit >= 0 {
						start = minOf(o.adopted[o.culprit])
					}
					named, at, p := run(o, r)
					switch top = max(top, p); {
					case named >= 0 && named == o.culprit:
						right, sum = right+1, sum+float64(at-start)
					case named >= 0:
						wrong++
					}
				}
				n := float64(runs)
				t.Logf("right %.4f, wrong %.4f, mean delay %.1f min, largest posterior %.3f", right/n, wrong/n, sum/right, top)
				if tc.undecided && top > .95 {
					t.Errorf("posterior %v of one of two that cannot be told apart", top)
				}
				// With few runs one that is off is more than its share.
				if slack := 1 / n; right/n < tc.want.right-slack || wrong/n > tc.want.wrong+slack {
					t.Errorf("%.4f right and %.4f wrong, want %.3f and %.3f", right/n, wrong/n, tc.want.right, tc.want.wrong)
				}
			})
		}
	}
}

func minOf(x []int) int {
	m := x[0]
	for _, v := range x {
		m = min(m, v)
	}
	return m
}
