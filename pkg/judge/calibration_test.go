package judge_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// labelsOf draws n labels of one service: one rollout in twenty is bad, and
// weights are as if evidence were worth slope times what it says, and shift more.
func labelsOf(r *rand.Rand, n int, shift, slope float64) []judge.Label {
	out := make([]judge.Label, n)
	for i := range out {
		w := -3 + 4*r.NormFloat64()
		odds := math.Exp(shift+slope*w) / 19
		out[i] = judge.Label{Service: "shop", Regression: r.Float64() < odds/(1+odds), Weight: andon.Number(w)}
	}
	return out
}

// More evidence never makes a regression less probable, and a probability is
// one, whatever the labels are.
func TestCalibrationIsMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	kinds := map[string]func(i int) judge.Label{
		"none":     nil,
		"all bad":  func(int) judge.Label { return judge.Label{Service: "shop", Regression: true, Weight: 5} },
		"all good": func(int) judge.Label { return judge.Label{Service: "shop", Weight: -2} },
		"upside down": func(i int) judge.Label {
			return judge.Label{Service: "shop", Regression: i%2 == 0, Weight: andon.Number(4*(i%2) - 2)}
		},
		"noise": func(int) judge.Label {
			return judge.Label{Service: "shop", Regression: r.Float64() < .3, Weight: andon.Number(9 * r.NormFloat64())}
		},
		"parted": func(i int) judge.Label {
			return judge.Label{Service: "shop", Regression: i%3 == 0, Weight: andon.Number(700*b2i(i%3 == 0) - 300)}
		},
		"unknown": func(i int) judge.Label {
			return judge.Label{Service: "shop", Regression: i%3 == 0, Weight: andon.Unknown}
		},
	}
	for name, draw := range kinds {
		for _, n := range []int{0, 1, 7, 199, 200, 1000} {
			var all []judge.Label
			for i := 0; draw != nil && i < n; i++ {
				all = append(all, draw(i))
			}
			c := judge.Calibrate(all)
			if c.Labelled() != len(all) {
				t.Fatalf("%s: %d labels, want %d", name, c.Labelled(), len(all))
			}
			for _, service := range []string{"shop", "other"} {
				last := 0.
				for w := -60.; w <= 60; w += .25 {
					p := c.Probability(service, w)
					if !(p >= last && p <= 1) {
						t.Fatalf("%s, %d labels, %s: probability %v at %v after %v", name, n, service, p, w, last)
					}
					last = p
				}
				if lo, hi := c.Probability(service, math.Inf(-1)), c.Probability(service, math.Inf(1)); lo != 0 || hi != 1 {
					t.Errorf("%s, %d labels: %v and %v at the ends, want 0 and 1", name, n, lo, hi)
				}
			}
		}
	}
}

// Without labels a probability is that of Bayes' rule, and says so.
func TestNoLabels(t *testing.T) {
	var c *judge.Calibration
	for _, c := range []*judge.Calibration{c, judge.Calibrate(nil)} {
		for _, tc := range []struct{ weight, want float64 }{{0, .05}, {math.Log(19), .5}, {math.Log(19 * 99), .99}} {
			if p := c.Probability("shop", tc.weight); math.Abs(p-tc.want) > 1e-9 {
				t.Errorf("probability %v at a weight of %v, want %v", p, tc.weight, tc.want)
			}
		}
		if got := c.String(); got != "not calibrated on your rollouts" {
			t.Errorf("it says %q", got)
		}
	}
	one := judge.Calibrate([]judge.Label{{Service: "shop", Regression: true, Weight: 3}})
	if got := one.String(); got != "calibrated on 1 labelled rollout" {
		t.Errorf("it says %q", got)
	}
	if one.Prior("shop") <= one.Prior("other") || one.Prior("other") != .05 {
		t.Errorf("priors %v and %v", one.Prior("shop"), one.Prior("other"))
	}
}

// Labels make probabilities those of the labelled rollouts: few correct what is
// plainly wrong, many whatever it is.
func TestCalibrationLearns(t *testing.T) {
	for _, tc := range []struct {
		name         string
		n            int
		shift, slope float64
		within       float64 // of the truth, on average over weights as they come
	}{
		{"few that agree", 60, 0, 1, .03},
		{"evidence says too little", 150, 1.5, 1.5, .06},
		{"evidence says too much", 150, -1, .5, .06},
		{"many", 2000, 1.5, 1.5, .03},
		{"many that are not on a line", 4000, -1, .5, .03},
	} {
		t.Run(tc.name, func(t *testing.T) {
			off, prior := 0., 0.
			const times = 20
			for i := range times {
				r := rand.New(rand.NewPCG(2, uint64(i)))
				c := judge.Calibrate(labelsOf(r, tc.n, tc.shift, tc.slope))
				for range 200 {
					w := -3 + 4*r.NormFloat64()
					odds := math.Exp(tc.shift+tc.slope*w) / 19
					truth := odds / (1 + odds)
					off += math.Abs(c.Probability("shop", w)-truth) / 200 / times
					prior += math.Abs((*judge.Calibration)(nil).Probability("shop", w)-truth) / 200 / times
				}
			}
			if off > tc.within || tc.slope != 1 && off > prior {
				t.Errorf("off by %.3f on average, want %.2f at most; without labels it is %.3f", off, tc.within, prior)
			}
		})
	}
}
