package simulation

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/andon-project/andon/pkg/andon"
)

// few is how many worlds of a scenario fit a test.
const few = 200

// affordable returns of how many worlds of a scenario a test can draw the
// scenario's part.
func affordable(s Scenario) int {
	part := func(worlds float64) int { return int(math.Ceil(worlds / s.Part)) }
	switch {
	case s.Group == Attribution:
		return part(few/80 + 1)
	case s.Group == BeforeAfter:
		return part(few / 4)
	case s.Group == Power && len(s.Signals) > 2:
		return part(few * 3 / 25)
	case s.Group == Power:
		return part(few / 5)
	case s.Rollouts > 1, len(s.Signals) > 5:
		return few / 2
	case len(s.Signals) > 2:
		return few * 3 / 5
	}
	return few
}

// Of harmless rollouts no more fail than is promised, up to three standard errors.
func TestHarmless(t *testing.T) {
	if testing.Short() {
		t.Skip("draws some hundred rollouts of each scenario")
	}
	for _, s := range Scenarios() {
		if s.Group != Null && s.Group != BeforeAfter {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			r, err := Run(context.Background(), s, Options{Worlds: affordable(s)})
			if err != nil {
				t.Fatal(err)
			}
			row := r.Row()
			if row.Harmless == 0 || row.Bad != 0 {
				t.Fatalf("drew %d harmless and %d bad rollouts, want only harmless ones", row.Harmless, row.Bad)
			}
			if row.Passed < row.Harmless/2 {
				t.Errorf("%d of %d harmless rollouts passed; the judge could not see them", row.Passed, row.Harmless)
			}
			switch m := row.Misses(); {
			case m != nil && s.Beyond != "":
				t.Logf("%v, which is known: %s", m, s.Beyond)
			case m != nil:
				t.Errorf("%v: %d of %d failed, at most %d may", m, row.Failed, row.Harmless, allowed(s.Target.Fail, row.Harmless))
			}
		})
	}
}

// Bad rollouts are found when they are promised to be.
func TestBad(t *testing.T) {
	if testing.Short() {
		t.Skip("draws some hundred rollouts of each scenario")
	}
	for _, s := range Scenarios() {
		if s.Group != Power && s.Group != Attribution || s.Target == (Target{}) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			r, err := Run(context.Background(), s, Options{Worlds: affordable(s)})
			if err != nil {
				t.Fatal(err)
			}
			row := r.Row()
			if (row.Bad == 0) != (s.Culprits == 0) {
				t.Fatalf("drew %d bad rollouts with %d culprits", row.Bad, s.Culprits)
			}
			if m := row.Misses(); m != nil && s.Beyond == "" {
				t.Errorf("%v: %+v", m, row)
			} else if m != nil {
				t.Logf("%v, which is known: %s", m, s.Beyond)
			}
		})
	}
}

// A Watch that catches up in one tick says what one says that ticked all along.
func TestOneTick(t *testing.T) {
	for _, name := range []string{"all", "ramp", "control-gone", "crashes-x4", "absent", "apart-4", "shared-2", "shared-4-offset"} {
		s := one(t, name)
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			w := &world{}
			w.draw(s, 0)
			once, often := make([]Outcome, s.rollouts()), make([]Outcome, s.rollouts())
			if err := w.judge(context.Background(), once); err != nil {
				t.Fatal(err)
			}
			w.s.Halting = true // a tick each minute; only the first to fail is then compared
			if s.rollouts() > 1 {
				w.s.Halting = false
				w.s.Group = Calibration // four ticks
			}
			if err := w.judge(context.Background(), often); err != nil {
				t.Fatal(err)
			}
			for k := range once {
				once[k].Early, often[k].Early = 0, 0
				once[k].Weights[0], often[k].Weights[0] = 0, 0
				if often[k].Failed && w.s.Halting {
					once[k].Weights[1], often[k].Weights[1] = 0, 0
					once[k].Score, often[k].Score = 0, 0 // it ended, and may not grow surer
				}
			}
			if !reflect.DeepEqual(once, often) {
				t.Errorf("one tick gives %+v, many %+v", once, often)
			}
		})
	}
}

// The same scenario gives the same outcomes however many are drawn, in whatever order.
func TestSeeds(t *testing.T) {
	for _, name := range []string{"all", "apart-2", "shared-2", "mixture"} {
		s := one(t, name)
		s.Part = 1
		a, err := Run(context.Background(), s, Options{Worlds: 12})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Run(context.Background(), s, Options{Worlds: 5})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a.Outcomes[:len(b.Outcomes)], b.Outcomes) {
			t.Errorf("%s: the first worlds of twelve are %+v, of five %+v", name, a.Outcomes[:len(b.Outcomes)], b.Outcomes)
		}
	}
}

func one(t *testing.T, name string) Scenario {
	t.Helper()
	for _, s := range Scenarios() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no scenario is called %s", name)
	return Scenario{}
}

// Seeds are made of names, so that no two scenarios may share one.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if seen[s.Name] || s.About == "" || s.Group == "" {
			t.Errorf("scenario %q is told twice, or without what it is about", s.Name)
		}
		seen[s.Name] = true
	}
}

// Laws have the moments that they are said to have.
func TestLaws(t *testing.T) {
	const n = 200_000
	for _, tc := range []struct {
		name      string
		draw      func(r *rand.Rand) func() float64
		mean, dev float64
		rho       float64
	}{
		{"white", func(r *rand.Rand) func() float64 {
			l := newNoiseProcess(r, 0, 0)
			return func() float64 { return l.next(r) }
		}, 0, 1, 0},
		{"lingering", func(r *rand.Rand) func() float64 {
			l := newNoiseProcess(r, .9, 0)
			return func() float64 { return l.next(r) }
		}, 0, 1, .9},
		{"with tails", func(r *rand.Rand) func() float64 {
			l := newNoiseProcess(r, .6, 5)
			return func() float64 { return l.next(r) }
		}, 0, 1, .6},
		{"events", func(r *rand.Rand) func() float64 { return func() float64 { return clumps(r, 3, 0) } }, 3, math.Sqrt(3), 0},
		// The variance of a geometric size of mean 10 is 90, so that of a sum 3/10·(90+100).
		{"bursts", func(r *rand.Rand) func() float64 { return func() float64 { return clumps(r, 3, 10) } }, 3, math.Sqrt(57), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			next := tc.draw(rand.New(rand.NewPCG(1, 2)))
			x := make([]float64, n)
			var mean, square, product float64
			for i := range x {
				x[i] = next()
				mean += x[i] / n
			}
			for i := range x {
				square += (x[i] - mean) * (x[i] - mean) / n
				if i > 0 {
					product += (x[i] - mean) * (x[i-1] - mean) / n
				}
			}
			if d := math.Sqrt(square); math.Abs(mean-tc.mean) > .05 || math.Abs(d/tc.dev-1) > .03 || math.Abs(product/square-tc.rho) > .02 {
				t.Errorf("mean %.3f, deviation %.3f, autocorrelation %.3f; want %g, %.3f, %g", mean, d, product/square, tc.mean, tc.dev, tc.rho)
			}
		})
	}
}

// Nodes show what they are said to show, and in the right cohort.
func TestWorld(t *testing.T) {
	s := one(t, "ramp")
	w := &world{}
	w.draw(s, 3)
	sum := func(selector string, from, to int) (total float64, series int) {
		m, err := w.ask(context.Background(), "errors_calls"+selector, andon.Range{Start: at(from), End: at(to), Step: 60e9})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range m {
			for _, p := range x.Values {
				total += float64(p.Value)
			}
		}
		return total, len(m)
	}
	for _, tc := range []struct {
		from, to int
		share    float64
	}{{1, 20, .1}, {21, 40, .25}, {41, 60, .5}} {
		c, nc := sum("{change0=new", tc.from, tc.to)
		k, nk := sum("{change0=old", tc.from, tc.to)
		if nc != 2 || nk != 10 || math.Abs(c/(c+k)-tc.share) > .01 {
			t.Errorf("minutes %d to %d: %d candidate and %d control nodes, candidate has %.3f of the traffic, want 2, 10 and %g", tc.from, tc.to, nc, nk, c/(c+k), tc.share)
		}
	}
	if _, n := sum("{change0=new", -80, 0); n != 0 {
		t.Errorf("%d candidate nodes before the change, want none", n)
	}
	if _, err := w.ask(context.Background(), "nonsense", andon.Range{}); err == nil {
		t.Error("a metric that does not exist was answered")
	}
}

// A row counts what it is given.
func TestRow(t *testing.T) {
	s := Scenario{Target: Target{Fail: .001, Found: .5, Delay: 4}}
	r := Result{s, []Outcome{
		{Failed: true, Verdict: andon.Fail, Delay: 2}, {Verdict: andon.Pass}, {Verdict: andon.Inconclusive},
		{Bad: true, Failed: true, Delay: 9}, {Bad: true, Failed: true, Delay: 5}, {Bad: true},
	}}
	row := r.Row()
	want := Row{Scenario: s, Harmless: 3, Failed: 1, Passed: 1, Bad: 3, Found: 2, Median: 9, P90: math.Inf(1)}
	if !reflect.DeepEqual(row, want) {
		t.Errorf("got %+v, want %+v", row, want)
	}
	if m := row.Misses(); len(m) != 2 {
		t.Errorf("misses %v, want the failures and the delay", m)
	}
	// A false alarm among 3,000 is well within one in a thousand; the bound is of Clopper and Pearson.
	if a := allowed(.001, 3000); a != 8 {
		t.Errorf("%d of 3,000 allowed, want 8", a)
	}
	if _, upper := rate(0, 3000); math.Abs(upper-3/3000.) > 1e-5 {
		t.Errorf("0 of 3,000 are below %g, want about 3 in 3,000", upper)
	}
}

// The document holds each scenario, and says what misses its target.
func TestDocument(t *testing.T) {
	var rows []Row
	for _, s := range Scenarios() {
		r := Result{Scenario: s, Outcomes: []Outcome{{Bad: s.Group == Power, Score: .3, Verdict: andon.Pass}}}
		rows = append(rows, r.Row())
	}
	rows[0].Failed, rows[0].Harmless = 7, 10
	var doc, table bytes.Buffer
	if err := (Document{Worlds: 1, Rows: rows}).Write(&doc); err != nil {
		t.Fatal(err)
	}
	if err := WriteTable(&table, rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Scenario.Group != Calibration && !strings.Contains(doc.String(), "`"+r.Scenario.Name+"`") {
			t.Errorf("%s is not in the document", r.Scenario.Name)
		}
		if !strings.Contains(table.String(), " "+r.Scenario.Name+" ") {
			t.Errorf("%s is not in the table", r.Scenario.Name)
		}
	}
	if want := "* `rho-0`: 70.00% of harmless rollouts failed, promised are 0.1%"; !strings.Contains(doc.String(), want) {
		t.Errorf("the document does not say %q", want)
	}
}

// TestLessons judges one world of each of the mixtures that the default calibration
// was learnt from.
func TestLessons(t *testing.T) {
	names := map[string]bool{}
	for _, s := range Scenarios() {
		names[s.Name] = true
	}
	for _, s := range slices.Concat(Lessons(false), Lessons(true)) {
		if names[s.Name] || s.Group != Learning {
			t.Errorf("%s of group %s: the name must be new, the group learning", s.Name, s.Group)
		}
		names[s.Name] = true
		r, err := Run(t.Context(), s, Options{Worlds: 1})
		if err != nil {
			t.Fatal(err)
		}
		if o := r.Outcomes[0]; !(o.Early >= 0 && o.Early <= 1 && o.Score >= 0 && o.Score <= 1) {
			t.Errorf("%s: scores %g and %g", s.Name, o.Early, o.Score)
		}
	}
}
