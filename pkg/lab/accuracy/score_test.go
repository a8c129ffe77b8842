package accuracy

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/lab/cases"
	"github.com/andon-project/andon/pkg/lab/replay"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func minutes(m float64) *time.Time {
	t := noon.Add(time.Duration(m * float64(time.Minute)))
	return &t
}

// rollouts makes a case of rollouts whose stages end at noon and at 12:20.
func rollouts(name string, bad ...bool) Case {
	c := Case{Name: name}
	for i, b := range bad {
		fault := "-"
		if b {
			fault = "leak"
		}
		c.Rollouts = append(c.Rollouts, Rollout{ID: fmt.Sprint(i), Stages: []time.Time{noon, *minutes(20)}, Regression: b, Fault: fault})
	}
	return c
}

func TestScore(t *testing.T) {
	fail := func(c, r string, score, after float64) Outcome {
		return Outcome{c, r, andon.Fail, score, minutes(after)}
	}
	pass := func(c, r string, score float64) Outcome { return Outcome{c, r, andon.Pass, score, nil} }
	for _, tt := range []struct {
		name     string
		cases    []Case
		outcomes []Outcome
		want     Score
	}{
		{
			name:  "some of each",
			cases: []Case{rollouts("a", true, false, false), rollouts("b", false, true), rollouts("c", true)},
			outcomes: []Outcome{
				fail("a", "0", .9, 5), pass("a", "1", .1), fail("a", "2", .8, 1), // named first
				pass("b", "0", .3), fail("b", "1", .3, 25), // a tie names nobody; after the first stage
				// Nothing was said of c.
			},
			want: Score{Bad: 3, Clean: 3, Found: 2, Alarms: 1, Inconclusive: 1,
				Precision: 2. / 3, Recall: 2. / 3, F1: 2. / 3, FPR: 1. / 3,
				// Pairs: .9 beats all three; .3 beats .1, ties with .3, loses to .8; 0 loses to all.
				AUC: 4.5 / 9, FirstStage: 1. / 3, Delay: 15, Named: 2, NamedFirst: 1, HR1: .5,
				Faults: map[string]FaultCount{"leak": {2, 3}}},
		},
		{
			name: "nothing failed", cases: []Case{rollouts("a", true, false)},
			outcomes: []Outcome{pass("a", "0", 0), pass("a", "1", 0)},
			want: Score{Bad: 1, Clean: 1, Precision: math.NaN(), AUC: .5, Delay: math.NaN(), Named: 1,
				Faults: map[string]FaultCount{"leak": {0, 1}}},
		},
		{
			name: "nothing bad", cases: []Case{rollouts("a", false)}, outcomes: []Outcome{fail("a", "0", 1, 0)},
			want: Score{Clean: 1, Alarms: 1, Recall: math.NaN(), FPR: 1, AUC: math.NaN(), FirstStage: math.NaN(), Delay: math.NaN(), HR1: math.NaN(),
				Faults: map[string]FaultCount{}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, scoreOf(tt.cases, tt.outcomes), cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateNaNs()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestLabel(t *testing.T) {
	c := caseOf(&replay.Case{Name: "shop-7",
		Rollouts: []andon.Rollout{{ID: "a", Started: noon}, {ID: "b", Started: noon, Stages: []time.Time{*minutes(3)}}, {ID: "untold"}},
		Truth:    []replay.Truth{{Rollout: "a", Regression: true, Fault: "leak"}, {Rollout: "b"}}})
	want := Case{Name: "shop-7", Rollouts: []Rollout{{"a", []time.Time{noon}, true, "leak"}, {"b", []time.Time{*minutes(3)}, false, "-"}}}
	if d := cmp.Diff(want, c); d != "" || c.Set() != "shop" {
		t.Errorf("set %s; -want +got:\n%s", c.Set(), d)
	}
}

func TestIntervals(t *testing.T) {
	var labelled []Case
	var outcomes []Outcome
	for i := range 100 {
		name := fmt.Sprintf("a-%d", i)
		labelled = append(labelled, rollouts(name, true, false))
		if i < 80 {
			outcomes = append(outcomes, Outcome{name, "0", andon.Fail, 1, minutes(float64(i))})
		}
	}
	all := tallies(labelled, outcomes)
	got := intervals(all)
	// 80 of 100: ± 1.96 √(.8 · .2/100), and the exact end for 0 of 100.
	if recall := got[column("recall")]; !near(recall.Low, .72, .015) || !near(recall.High, .88, .015) {
		t.Errorf("recall %+v", recall)
	}
	if fpr := got[column("FPR")]; fpr.Low != 0 || !near(fpr.High, 0.036217, 1e-6) {
		t.Errorf("FPR %+v", fpr)
	}
	if precision := got[column("precision")]; precision.High != 1 || !near(precision.Low, 1-0.045064, 1e-6) {
		t.Errorf("precision %+v", precision)
	}
	if d := cmp.Diff(got, intervals(all), cmpopts.EquateNaNs()); d != "" {
		t.Errorf("other intervals the second time:\n%s", d)
	}
}

var keep = flag.Bool("keep", false, "have the program beside the repository score the drawn verdicts, and keep what it says in testdata")

// TestScoreAgrees compares with the program that comes with the cases beside
// the repository, on verdicts drawn by lot: with what it said of the cases in
// the repository, and where it is with what it says of those beside it.
func TestScoreAgrees(t *testing.T) {
	const said = "testdata/scores.txt"
	own := filepath.Join(cases.Root(t), "testdata", "rollouts")
	sets, outcomes := drawn(t, cases.Own(t))
	if *keep {
		if err := os.WriteFile(said, program(t, own, outcomes), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	agreeAll(t, sets, outcomes, string(text))
	if sets, outcomes = drawn(t, cases.Shared(t)); len(sets) > 0 {
		folder := cases.SharedFolder(t)
		agreeAll(t, sets, outcomes, string(program(t, folder, outcomes)))
	}
}

// drawn returns the cases in folders by their set, and verdicts on them that
// are drawn by lot.
func drawn(t *testing.T, dirs []string) (sets map[string][]Case, outcomes []Outcome) {
	t.Helper()
	sets = make(map[string][]Case)
	r := rand.New(rand.NewPCG(8, 6))
	for _, dir := range dirs {
		c := truth(t, dir)
		sets[c.Set()] = append(sets[c.Set()], c)
		for _, ro := range c.Rollouts {
			o := Outcome{Case: c.Name, Rollout: ro.ID, Verdict: andon.Pass, Score: float64(r.IntN(8)) / 8}
			switch r.IntN(6) {
			case 0:
				continue // nothing was said
			case 1:
				o.Verdict = andon.Inconclusive
			case 2, 3:
				at := ro.Stages[0].Add(time.Duration(r.IntN(40)) * time.Minute)
				o.Verdict, o.FirstFail = andon.Fail, &at
			}
			outcomes = append(outcomes, o)
		}
	}
	return sets, outcomes
}

// program returns what the cases' own program says of verdicts.
func program(t *testing.T, folder string, outcomes []Outcome) []byte {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skipf("no Python to run the cases' own program with: %v", err)
	}
	var lines strings.Builder
	for _, o := range outcomes {
		if err := json.NewEncoder(&lines).Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "verdicts.jsonl")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, filepath.Join(cases.SharedFolder(t), "score.py"), folder, file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func agreeAll(t *testing.T, sets map[string][]Case, outcomes []Outcome, said string) {
	t.Helper()
	for set, labelled := range sets {
		_, text, found := strings.Cut("\n"+said, "\n"+set+": ")
		if !found {
			t.Fatalf("nothing about %s in\n%s", set, said)
		}
		agree(t, set, text, scoreOf(labelled, outcomes))
	}
}

// agree compares a score with the text that the program printed of one set.
func agree(t *testing.T, set, text string, s Score) {
	t.Helper()
	head := fmt.Sprintf("%d bad, %d clean, inconclusive %d\n", s.Bad, s.Clean, s.Inconclusive)
	if !strings.HasPrefix(text, head) {
		t.Errorf("%s: %q, got %q", set, strings.SplitN(text, "\n", 2)[0], head)
	}
	for name, v := range map[string]float64{"precision": s.Precision, "recall": s.Recall, "F1": s.F1, "FPR": s.FPR, "AUC": s.AUC, "first-stage recall": s.FirstStage, "median delay": s.Delay, "HR@1": s.HR1} {
		m := regexp.MustCompile(`  ` + name + ` (\S+)`).FindStringSubmatch(text)
		if m == nil || name == "HR@1" && s.Named == 0 {
			continue // the set has none
		}
		want, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		within := .00051
		if name == "median delay" {
			within = .051
		}
		if !near(v, want, within) {
			t.Errorf("%s: %s is %g, the cases' own program says %g", set, name, v, want)
		}
	}
	for fault, n := range s.Faults {
		if said := fmt.Sprintf(" %s %d/%d", fault, n.Found, n.Total); len(s.Faults) > 1 && !strings.Contains(text, said) {
			t.Errorf("%s: the program does not say%s", set, said)
		}
	}
}

// truth reads a case without its samples.
func truth(t *testing.T, dir string) Case {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "case.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c replay.Case
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return caseOf(&c)
}
