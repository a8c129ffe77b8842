package demo

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// seen makes a sight of checkout with five nodes, of which some are on v2.
func seen(updated int, change func(*serviceView)) serviceView {
	s := serviceView{at: 83 * time.Second, fault: Errors, Status: Status{
		Name: "checkout", ID: "checkout-v2", Version: New, Previous: Old, Phase: Progressing, Nodes: 5, Updated: updated, Touched: updated,
	}}
	if change != nil {
		change(&s)
	}
	return s
}

func judgedAs(d andon.Decision, q andon.Quality, odds float64, reason string) func(*serviceView) {
	return func(s *serviceView) {
		s.hasVerdict = true
		s.verdict = andon.Verdict{Verdict: d, Quality: q, Evidence: andon.Number(odds), Reason: reason}
	}
}

func TestHappened(t *testing.T) {
	idle := serviceView{Status: Status{Name: "checkout", Phase: Idle, Nodes: 5}}
	for _, tt := range []struct {
		name        string
		before, now serviceView
		want        []string
	}{
		{"nothing", seen(1, nil), seen(1, nil), nil},
		{"it begins", idle, seen(0, nil), []string{"rollout of v2 begins with one node"}},
		{"the first node", seen(0, nil), seen(1, nil), []string{"1 of 5 nodes run v2, compared with 4 that run v1"}},
		{"the last node", seen(4, nil), seen(5, nil), []string{"all 5 nodes run v2"}},
		{"too little yet", seen(1, nil), seen(1, judgedAs(andon.Inconclusive, andon.LowExposure, 1, "too little")), nil},
		{"evidence grows tenfold", seen(1, judgedAs(andon.Inconclusive, andon.OK, 40, "errors rose")),
			seen(1, judgedAs(andon.Inconclusive, andon.OK, 140, "errors rose")), []string{"evidence 140 to 1: errors rose"}},
		{"evidence grows a little", seen(1, judgedAs(andon.Inconclusive, andon.OK, 40, "")),
			seen(1, judgedAs(andon.Inconclusive, andon.OK, 50, "")), nil},
		{"it fails", seen(1, judgedAs(andon.Inconclusive, andon.OK, 40, "")),
			seen(1, judgedAs(andon.Fail, andon.OK, 1234, "errors rose")), []string{"FAIL, evidence 1,234 to 1: errors rose"}},
		{"it is halted", seen(1, nil), seen(1, func(s *serviceView) { s.Phase, s.Halts, s.Call = Halted, 1, "POST /halt" }),
			[]string{"halted by Alertmanager through Andon: POST /halt"}},
		{"it is taken back", seen(1, nil), seen(0, func(s *serviceView) { s.Phase, s.Touched = RolledBack, 1 }),
			[]string{"rolled back: all nodes run v1 again; 4 of 5 nodes never ran v2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := changes(tt.before, tt.now); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestState(t *testing.T) {
	for _, tt := range []struct {
		name string
		now  serviceView
		want string
	}{
		{"idle", serviceView{Status: Status{Name: "checkout", Phase: Idle, Nodes: 5}}, "0:00  checkout  □□□□□  all on v1"},
		{"not judged", seen(1, nil), "1:23  checkout  ■□□□□  1 on v2 against 4 on v1, no verdict yet"},
		{"judged", seen(5, judgedAs(andon.Pass, andon.OK, 31.7, "all is well")),
			"1:23  checkout  ■■■■■  all on v2  ███████░░░░░░░░ 32 to 1  pass"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := state([]serviceView{tt.now})
			if len(lines) != 3 || lines[1] != tt.want {
				t.Errorf("got %q, want three lines with %q", lines, tt.want)
			}
		})
	}
}

func TestToOne(t *testing.T) {
	for _, tt := range []struct {
		odds float64
		want string
	}{
		{.25, "0.2 to 1"}, {1, "1.0 to 1"}, {12.4, "12 to 1"}, {999, "999 to 1"}, {1001, "1,001 to 1"}, {1e5, "100,000 to 1"},
		{999_999, "999,999 to 1"}, {1e6, "over 1,000,000 to 1"}, {math.Inf(1), "over 1,000,000 to 1"}, {math.NaN(), "not known"},
	} {
		if got := toOne(tt.odds); got != tt.want {
			t.Errorf("%g is %q, want %q", tt.odds, got, tt.want)
		}
	}
}

// TestScreen draws twice and expects the second drawing in place of the first.
func TestScreen(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(Options{Out: &out, Live: true}, "http://localhost:9415")
	first := []serviceView{seen(0, nil)}
	s.show(nil, first)
	lines := strings.Count(out.String(), "\n") - 1 // without what happened
	out.Reset()
	s.show(first, []serviceView{seen(1, nil)})
	if want := "\x1b[3A\x1b[J1:23  checkout  1 of 5 nodes run v2"; lines != 3 || !strings.HasPrefix(out.String(), want) {
		t.Errorf("after %d lines drew %q, want 3 and what begins with %q", lines, out.String(), want)
	}
}

func TestExpected(t *testing.T) {
	catalog := func(p Phase, halts int, d andon.Decision) serviceView {
		return serviceView{hasVerdict: true, Status: Status{Name: "catalog", Version: New, Phase: p, Halts: halts}, verdict: andon.Verdict{Verdict: d}}
	}
	checkout := func(p Phase, halts int, d andon.Decision) serviceView {
		return serviceView{hasVerdict: true, Status: Status{Name: "checkout", Version: New, Phase: p, Halts: halts}, verdict: andon.Verdict{Verdict: d}}
	}
	for _, tt := range []struct {
		name   string
		sights []serviceView
		bad    string
		done   bool
		fails  string
	}{
		{"all has happened", []serviceView{catalog(Complete, 0, andon.Pass), checkout(RolledBack, 1, andon.Fail)}, "checkout", true, ""},
		{"both are good", []serviceView{catalog(Complete, 0, andon.Pass), checkout(Complete, 0, andon.Pass)}, "", true, ""},
		{"the good one is under way", []serviceView{catalog(Progressing, 0, andon.Pass), checkout(RolledBack, 1, andon.Fail)}, "checkout", false, ""},
		{"the good one is not judged", []serviceView{catalog(Complete, 0, andon.Inconclusive), checkout(RolledBack, 1, andon.Fail)}, "checkout", false, ""},
		{"the bad one is being taken back", []serviceView{catalog(Complete, 0, andon.Pass), checkout(Halted, 1, andon.Fail)}, "checkout", false, ""},
		{"the good one was halted", []serviceView{catalog(Halted, 1, andon.Fail), checkout(RolledBack, 1, andon.Fail)}, "checkout", false, "catalog v2 is good, but was halted"},
		{"the bad one went out", []serviceView{catalog(Complete, 0, andon.Pass), checkout(Complete, 0, andon.Pass)}, "checkout", false, "reached all nodes"},
		{"a node did not start", []serviceView{catalog(Broken, 0, ""), checkout(Progressing, 0, "")}, "checkout", false, "rolling out catalog failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			done, err := asExpected(tt.sights, tt.bad)
			switch {
			case done != tt.done, (err == nil) != (tt.fails == ""):
				t.Errorf("got %v, %v", done, err)
			case err != nil && !strings.Contains(err.Error(), tt.fails):
				t.Errorf("got error %q, want one with %q", err, tt.fails)
			}
			if !done && err == nil && missing(tt.sights, tt.bad) == "everything has happened" {
				t.Error("nothing is said to be missing")
			}
		})
	}
}
