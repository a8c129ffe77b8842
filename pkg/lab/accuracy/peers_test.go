package accuracy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/andon"
)

// The bins of the views below: an hour before the start, two minutes of
// starting, and twenty after the first stage.
const (
	before = 60
	first  = before + 2
	length = first + 20
)

var (
	grid    = span{first: noon.Add(-before*time.Minute).Unix() / 60, last: noon.Unix()/60 + length - before - 1, step: time.Minute}
	success = andon.Signal{Name: "success", Metric: "s", Worse: andon.Lower, Unit: "ratio"}
	latency = andon.Signal{Name: "latency", Metric: "l", Worse: andon.Higher, Unit: "ms"}
	cpu     = andon.Signal{Name: "cpu", Metric: "c", Worse: andon.Higher, Unit: "ratio"}
	kpi     = andon.Signal{Name: "kpi", Metric: "k", Worse: andon.Both}
)

// A series tells the value of a node by minutes since the first stage; none
// where it returns false.
type series func(minute int) (float64, bool)

func steady(v, noise float64, seed uint64) series {
	r := rand.New(rand.NewPCG(seed, 9))
	return func(int) (float64, bool) { return v + noise*r.NormFloat64(), true }
}

// from is a series that becomes another at a minute.
func from(minute int, a, b series) series {
	return func(m int) (float64, bool) {
		if m < minute {
			return a(m)
		}
		return b(m)
	}
}

func gone(int) (float64, bool)   { return math.NaN(), false }
func untold(int) (float64, bool) { return math.NaN(), true }

func nodes(all ...series) Cohort {
	var c Cohort
	for i, s := range all {
		n := Node{Name: string(rune('a' + i))}
		for b := range length {
			v, seen := s(b - first)
			n.Values, n.Seen = append(n.Values, v), append(n.Seen, seen)
		}
		c = append(c, n)
	}
	return c
}

// canary compares fresh nodes with old ones.
func canary(signals ...Signal) View {
	for i := range signals {
		signals[i].bins = length
	}
	return View{Started: before, First: first, Ended: true, Signals: signals}
}

// timed compares the same nodes before and after the rollout's start.
func timed(s andon.Signal, c Cohort) View {
	return View{Started: before, First: before, Ended: true, BeforeAfter: true, Signals: []Signal{{Signal: s, Candidate: c, Control: c, bins: length}}}
}

func old(v, noise float64) Cohort {
	return nodes(steady(v, noise, 1), steady(v, noise, 2), steady(v, noise, 3))
}

func fresh(s series) Cohort { return nodes(from(0, gone, s)) }

func TestRules(t *testing.T) {
	never := -1
	for _, tt := range []struct {
		name string
		view View
		// Minutes after the first stage at which each rule fails.
		kayenta, once, flagger, argo, sigma int
	}{
		{"all as it was", canary(
			Signal{Signal: success, Candidate: fresh(steady(.999, .0002, 8)), Control: old(.999, .0002)},
			Signal{Signal: latency, Candidate: fresh(steady(100, 5, 9)), Control: old(100, 5)}),
			never, never, never, never, never},
		{"half of the calls fail", canary(
			Signal{Signal: success, Candidate: fresh(steady(.5, .01, 8)), Control: old(.999, .0002)},
			Signal{Signal: latency, Candidate: fresh(steady(100, 5, 9)), Control: old(100, 5)}),
			4, 19, 4, 3, 4},
		{"three in a hundred fail", canary(
			Signal{Signal: success, Candidate: fresh(steady(.97, .001, 8)), Control: old(.999, .0002)}),
			4, 19, 4, never, 4},
		{"they fail from the tenth minute on", canary(
			Signal{Signal: success, Candidate: fresh(from(10, steady(.999, .0002, 8), steady(.5, .01, 7))), Control: old(.999, .0002)}),
			15, never, 14, 13, 10}, // Kayenta: half bad, its interval is wider than a quarter of the shift
		{"four bad minutes", canary(
			Signal{Signal: success, Candidate: fresh(from(4, steady(.9, 0, 8), steady(1, 0, 8))), Control: old(1, .0001)}),
			never, never, never, 3, 4},
		{"slow, but within the threshold", canary(
			Signal{Signal: success, Candidate: fresh(steady(1, 0, 8)), Control: old(1, 0)},
			Signal{Signal: latency, Candidate: fresh(steady(300, 5, 9)), Control: old(100, 5)}),
			4, 19, never, never, 4},
		{"slower than the threshold", canary(
			Signal{Signal: success, Candidate: fresh(steady(1, 0, 8)), Control: old(1, 0)},
			Signal{Signal: latency, Candidate: fresh(steady(800, 5, 9)), Control: old(100, 5)}),
			4, 19, 4, never, 4},
		{"faster is no harm", canary(
			Signal{Signal: latency, Candidate: fresh(steady(10, 1, 9)), Control: old(100, 5)}),
			never, never, never, never, never},
		{"CPU alone is not looked at", canary(
			Signal{Signal: success, Candidate: fresh(steady(.999, .0002, 8)), Control: old(.999, .0002)},
			Signal{Signal: cpu, Candidate: fresh(steady(.9, .01, 9)), Control: old(.1, .01)}),
			never, never, never, never, never},
		{"a candidate that never serves", canary(
			Signal{Signal: success, Candidate: nodes(gone), Control: old(1, 0)}),
			4, 19, 4, 4, never},
		{"a candidate that nobody calls", canary(
			Signal{Signal: success, Candidate: nodes(untold), Control: old(1, 0)},
			Signal{Signal: latency, Candidate: fresh(steady(100, 5, 9)), Control: old(100, 5)}),
			4, 19, never, never, never}, // Kayenta: half of the signals without data
		{"a value that jumps", timed(kpi, nodes(from(-2, steady(50, 1, 4), steady(80, 1, 5)))), 4, 21, 4, 3, 4},
		{"a value that stays", timed(kpi, nodes(steady(50, 1, 4))), never, never, never, never, never},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range []struct {
				rule Rule
				want int
			}{{requestsOnly(kayentaEveryMinute), tt.kayenta}, {requestsOnly(kayentaOnce), tt.once}, {flagger, tt.flagger}, {argo, tt.argo}, {requestsOnly(sigmas("medium", 2)), tt.sigma}} {
				o := r.rule.judge(tt.view, grid)
				got := never
				if o.FirstFail != nil {
					got = int(o.FirstFail.Sub(grid.time(tt.view.First)).Minutes())
				}
				if got != r.want || (o.Verdict == andon.Fail) != (got != never) {
					t.Errorf("%s: %s at minute %d, want %d", r.rule.Name, o.Verdict, got, r.want)
				}
			}
		})
	}
}

func TestRulesWithoutData(t *testing.T) {
	nothing := canary(Signal{Signal: success, Candidate: nodes(), Control: nodes()})
	for _, r := range Peers {
		if o := r.judge(canary(), grid); o.Verdict != andon.Inconclusive {
			t.Errorf("%s, no signals: %s", r.Name, o.Verdict)
		}
		late := nothing
		late.First = length
		if o := r.judge(late, grid); o.Verdict != andon.Inconclusive || o.Score != 0 {
			t.Errorf("%s, never judged: %+v", r.Name, o)
		}
	}
	if o := sigmas("medium", 2).judge(nothing, grid); o.Verdict != andon.Inconclusive {
		t.Errorf("nothing to compare: %s", o.Verdict)
	}
}

func TestKayentaLabel(t *testing.T) {
	ten := func(v float64) []float64 { return slices.Repeat([]float64{v}, 10) }
	near100 := []float64{96, 97, 98, 99, 100, 101, 102, 103, 104, 105}
	for _, tt := range []struct {
		name               string
		candidate, control []float64
		worse              andon.Direction
		want               label
	}{
		// The first two are of Kayenta's own tests.
		{"ten times as high", []float64{20, 22, 21, 25, 30}, []float64{1, 2.2, 1.1, 2.5, 3}, andon.Both, labelHigh},
		{"half as high, where more is worse", []float64{10, 12.2, 10.1, 12.5, 23}, []float64{20, 22, 21, 25, 30}, andon.Higher, labelPass},
		{"half as high, where less is worse", []float64{10, 12.2, 10.1, 12.5, 13}, []float64{20, 22, 21, 25, 30}, andon.Lower, labelLow},
		{"half as high, where both are", []float64{10, 12.2, 10.1, 12.5, 13}, []float64{20, 22, 21, 25, 30}, andon.Both, labelLow},
		{"higher, where less is worse", []float64{20, 22, 21, 25, 30}, []float64{1, 2.2, 1.1, 2.5, 3}, andon.Lower, labelPass},
		{"nothing", nil, near100, andon.Higher, labelNoData},
		{"nothing to compare with", near100, nil, andon.Higher, labelNoData},
		{"the same in another order", []float64{3, 1, 2}, []float64{1, 2, 3}, andon.Both, labelPass},
		{"constant and the same", ten(1), ten(1)[:4], andon.Both, labelPass},
		{"two constants", ten(2), ten(1), andon.Higher, labelHigh},
		{"two constants, better", ten(1), ten(2), andon.Higher, labelPass},
		{"constant, and nothing", ten(2), ten(0), andon.Higher, labelError},
		// As Kayenta has it: where the test has no power the interval ends at the extreme difference.
		{"one sample above all others", []float64{200}, near100, andon.Higher, labelHigh},
		{"one sample among the others", []float64{104.5}, near100, andon.Higher, labelPass},
		{"significant, but uncertain by more than a quarter", []float64{99, 102, 103, 104, 105, 106, 107, 108, 110, 111}, near100, andon.Higher, labelPass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := kayentaLabel(tt.candidate, tt.control, tt.worse); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestKayentaScore(t *testing.T) {
	fine := Signal{Signal: success, Candidate: fresh(steady(.999, .0002, 8)), Control: old(.999, .0002)}
	slow := Signal{Signal: latency, Candidate: fresh(steady(300, 5, 9)), Control: old(100, 5)}
	none := Signal{Signal: success, Candidate: nodes(gone), Control: old(1, 0)}
	for _, tt := range []struct {
		name string
		view View
		want float64
	}{
		{"all pass", canary(fine, fine), 100},
		{"one of three", canary(fine, fine, slow), 66.67},
		{"one of five", canary(fine, fine, fine, fine, slow), 80},
		{"one of three without data passes", canary(fine, fine, none), 100},
		{"half without data", canary(fine, none), 0},
	} {
		if got := kayentaScore(tt.view); got != tt.want {
			t.Errorf("%s: %g, want %g", tt.name, got, tt.want)
		}
	}
	// 80 is marginal: it goes on until the end.
	o := kayentaEveryMinute.judge(canary(fine, fine, fine, fine, slow), grid)
	if o.FirstFail == nil || !o.FirstFail.Equal(grid.time(length-1)) {
		t.Errorf("a marginal score fails at %v, want the last tick", o.FirstFail)
	}
}

// TestRulesSeeNothingLater changes all that comes after a tick and wants what
// was said up to then to stay.
func TestRulesSeeNothingLater(t *testing.T) {
	shown := func() View {
		return canary(
			Signal{Signal: success, Candidate: fresh(steady(.96, .03, 8)), Control: old(.99, .01)},
			Signal{Signal: latency, Candidate: fresh(steady(130, 50, 9)), Control: old(100, 40)},
			Signal{Signal: cpu, Candidate: fresh(steady(.3, .1, 9)), Control: old(.2, .1)})
	}
	for _, r := range Peers {
		for cut := first + 1; cut < length; cut += 3 {
			said := func(v View) (out []Reading) {
				judge := r.New()
				for n := first + 1; n <= cut; n++ {
					out = append(out, judge(v.upTo(n)))
				}
				return out
			}
			changed := shown()
			for _, s := range changed.Signals {
				for _, n := range append(slices.Clone(s.Candidate), s.Control...) {
					for b := cut; b < length; b++ {
						n.Values[b], n.Seen[b] = 1e6, true
					}
				}
			}
			if d := cmp.Diff(said(shown()), said(changed)); d != "" {
				t.Fatalf("%s, up to bin %d (-before +after):\n%s", r.Name, cut, d)
			}
		}
	}
}

func TestGateUnits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		signal andon.Signal
		value  float64
		want   checkResult
	}{
		{"errors as a ratio", andon.Signal{Name: "errors", Worse: andon.Higher, Unit: "ratio"}, .02, bad},
		{"few errors", andon.Signal{Name: "errors", Worse: andon.Higher, Unit: "ratio"}, .005, good},
		{"success in percent", andon.Signal{Name: "success", Worse: andon.Lower, Unit: "percent"}, 98.5, bad},
		{"nearly all succeed", andon.Signal{Name: "success", Worse: andon.Lower, Unit: "percent"}, 99.5, good},
		{"latency in seconds", andon.Signal{Name: "latency", Unit: "s"}, .6, bad},
		{"latency in milliseconds", andon.Signal{Name: "latency", Unit: "ms"}, 400, good},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := canary(Signal{Signal: tt.signal, Candidate: nodes(steady(tt.value, 0, 1)), Control: nodes()})
			checks := gate{success: .99, latency: .5}.checks(v)
			if len(checks) != 1 {
				t.Fatalf("%d checks", len(checks))
			}
			if got := checks[0].run(v); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
	v := canary(Signal{Signal: andon.Signal{Name: "outbound success", Worse: andon.Lower, Unit: "ratio"}, Candidate: fresh(gone), Control: nodes()})
	if n := len(gate{success: .99}.checks(v)); n != 0 {
		t.Errorf("%d checks on what others answered", n)
	}
}
