package judge_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// noisy writes so much that a sample of 2,000 lines holds the first lines of
// each part of the time, and nothing of what is said for a moment in between.
func (s *scribe) noisy() {
	s.fleet()
	for _, n := range []struct{ node, version string }{{"old-0", "v1"}, {"new-0", "v2"}} {
		s.poisson(n.node, n.version, "served request %d in time", noon.Add(-time.Hour), noon.Add(time.Hour), 300)
	}
}

// moment writes thirty lines within some seconds.
func (s *scribe) moment(node, version, text string) {
	s.poisson(node, version, text, noon.Add(31*time.Minute+30*time.Second), noon.Add(31*time.Minute+50*time.Second), 90)
}

// What a sample misses is found where the source's own patterns lead to it, and
// counted; what they say of clusters that the sample holds adds nothing.
func TestPatternsLeadToWhatASampleMisses(t *testing.T) {
	pattern := func(p ...andon.Pattern) andon.PatternsFunc {
		return func(context.Context, string, andon.Range) ([]andon.Pattern, error) { return p, nil }
	}
	known := []andon.Pattern{
		{Text: "served request <_> in time", Lines: 40000},
		{Text: "served request <_> in <_>", Lines: 3000},
		{Text: "<_> <_> <_> <_> <_>", Lines: 2000},
		{Text: "error: cart 4711 not found", Lines: 31}, // finer than the cluster
		{Text: "<_>", Lines: 12},
	}
	lost := andon.Pattern{Text: "error: payment <_> was lost", Lines: 30}
	for _, c := range []struct {
		name     string
		patterns andon.PatternsFunc
		finds    bool
		says     string
		not      string
	}{
		{"nobody to ask", nil, false, "", "patterns"},
		{"none are kept", pattern(), false, "", "patterns"},
		{"those of the sample alone", pattern(known...), false, "", "patterns"},
		{"one that leads to it", pattern(append(known, lost)...), true, "1 rare cluster found through the patterns", ""},
		{"a coarser one", pattern(append(known, andon.Pattern{Text: "error: <_> <_> was <_>", Lines: 30})...), true, "1 rare cluster found", ""},
		{"one without lines here", pattern(andon.Pattern{Text: "error: elsewhere <_>", Lines: 30}), false, "", "found through"},
		{"an error", func(context.Context, string, andon.Range) ([]andon.Pattern, error) {
			return nil, errors.New("ring is empty")
		}, false, "ring is empty", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScribe(8)
			s.noisy()
			s.moment("new-0", "v2", "error: payment %d was lost")
			a := s.analyzer()
			a.Logs.Budget, a.Logs.Patterns = 2000, c.patterns
			r, err := a.Logs.Cluster(context.Background(), canary(allLogs), looked)
			if err != nil || !r.Sampled {
				t.Fatalf("%v, sampled %v", err, r.Sampled)
			}
			said := strings.Join(r.Notices, "; ")
			if !strings.Contains(said, c.says) || c.not != "" && strings.Contains(said, c.not) {
				t.Errorf("notices %q", said)
			}
			if n := len(r.Clusters); n != map[bool]int{false: 2, true: 3}[c.finds] {
				t.Fatalf("%d clusters", n)
			}
			if !c.finds {
				return
			}
			k := find(t, r, "was lost")
			if want := float64(s.count("was lost")); k.Candidate.Lines != want || k.Control.Lines != 0 || k.Class != andon.ClassUnknown {
				t.Errorf("%s, %v lines on candidate, want %v; %v on control", k.Class, k.Candidate.Lines, want, k.Control.Lines)
			}
		})
	}
}

// What candidate shows is looked for on all of control, however small the share
// of control's lines that a sample holds: it is not new for being rare there.
func TestRareOnASampledControlIsNotNew(t *testing.T) {
	for _, c := range []struct {
		name      string
		candidate bool // is sampled as well
		control   bool // shows it
		want      andon.Class
	}{
		{"both show it", false, true, andon.ClassKnown},
		{"candidate alone shows it", false, false, andon.ClassUnknown},
		{"both are sampled and show it", true, true, andon.ClassUnexpectedFrequency},
		{"both are sampled, candidate alone shows it", true, false, andon.ClassUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScribe(9)
			s.fleet()
			s.poisson("old-0", "v1", "served request %d in time", noon.Add(-time.Hour), noon.Add(time.Hour), 300)
			s.say("new-0", "v2", "error: payment 12 was lost", noon.Add(31*time.Minute))
			if c.candidate {
				s.poisson("new-0", "v2", "error: payment %d was lost", noon.Add(time.Minute), noon.Add(time.Hour), 1)
				s.poisson("new-0", "v2", "served request %d in time", noon.Add(time.Minute), noon.Add(time.Hour), 300)
			}
			if c.control {
				s.moment("old-0", "v1", "error: payment %d was lost")
			}
			a := s.analyzer()
			a.Logs.Budget = 2000
			r, err := a.Logs.Cluster(context.Background(), canary(allLogs), looked)
			if err != nil || !r.Sampled {
				t.Fatalf("%v, sampled %v", err, r.Sampled)
			}
			k := find(t, r, "was lost")
			if lost := k.Control.Lines > 0; lost != c.control || k.Class != c.want {
				t.Errorf("%s, %v lines on candidate, %v on control; want %s", k.Class, k.Candidate.Lines, k.Control.Lines, c.want)
			}
		})
	}
}

// Of patterns that lead nowhere only so many are followed, and little is read
// of each.
func TestPatternsAreBounded(t *testing.T) {
	s := newScribe(10)
	s.noisy()
	a := s.analyzer()
	a.Logs.Budget = 2000
	a.Logs.Patterns = func(context.Context, string, andon.Range) ([]andon.Pattern, error) {
		var all []andon.Pattern
		for i := range 1000 {
			all = append(all, andon.Pattern{Text: strings.Repeat("x", i+1) + " request <_>", Lines: 30})
		}
		return all, nil
	}
	questions := 0
	a.Logs.Lines = func(ctx context.Context, expr string, r andon.Range) iter.Seq2[andon.Line, error] {
		if strings.Contains(expr, "xx") {
			questions++
		}
		return s.Range(ctx, expr, r)
	}
	r, err := a.Logs.Cluster(context.Background(), canary(allLogs), looked)
	if err != nil || questions > 2*32 || !strings.Contains(strings.Join(r.Notices, "; "), "only the 32 rarest were looked at") {
		t.Errorf("%v, %d questions: %v", err, questions, r.Notices)
	}
}

// count returns how many lines hold a text.
func (s *scribe) count(part string) (n int) {
	for range s.Range(context.Background(), `{service_name="shop"} |= "`+part+`"`, looked) {
		n++
	}
	return n
}

// On a service that logs more than is read, a crash is found by the lines that
// one starts with, whole, and the nodes that log nothing of the kind still run.
func TestCrashOfABusyService(t *testing.T) {
	s := newScribe(11)
	s.noisy()
	s.crash("new-0", "v2", noon.Add(40*time.Minute))
	s.crash("old-1", "v1", noon.Add(45*time.Minute))
	all := andon.Signal{Name: "crashes", Crashes: allLogs.Logs}
	a := s.analyzer()
	whole, err := a.Logs.Crashes(context.Background(), canary(all), looked)
	if err != nil || len(whole.Signatures) != 1 {
		t.Fatalf("%v, %d signatures", err, len(whole.Signatures))
	}
	a.Logs.Budget = 2000
	got, err := a.Logs.Crashes(context.Background(), canary(all), looked)
	if err != nil || len(got.Signatures) != 1 {
		t.Fatalf("%v, %d signatures with a budget", err, len(got.Signatures))
	}
	x, y := got.Signatures[0], whole.Signatures[0]
	if x.ID != y.ID || x.Candidate.Lines != 1 || x.Control.Lines != 1 || x.Candidate.Time != y.Candidate.Time || x.Control.Time != y.Control.Time {
		t.Errorf("%s, %+v|%+v with a budget; want %s, %+v|%+v", x.ID, x.Candidate, x.Control, y.ID, y.Candidate, y.Control)
	}
	if said := strings.Join(got.Notices, "; "); !strings.Contains(said, "only those that may start a crash were read") {
		t.Errorf("notices %q", said)
	}
}

// Each cluster's query selects its lines and no others, those without any text
// among them.
func TestQueriesOfClusters(t *testing.T) {
	s := newScribe(12)
	for i := range 20 {
		at := noon.Add(time.Duration(i) * time.Minute)
		s.say("old-0", "v1", "", at)
		s.say("old-0", "v1", fmt.Sprint(i), at)
		s.say("old-0", "v1", "*** ***", at)
		s.say("old-0", "v1", fmt.Sprintf("served request %d in time", i), at)
	}
	r, err := s.analyzer().Logs.Cluster(context.Background(), canary(allLogs), looked)
	if err != nil || len(r.Clusters) != 4 {
		t.Fatalf("%v, %d clusters", err, len(r.Clusters))
	}
	for _, c := range r.Clusters {
		n := 0
		for _, err := range s.Range(context.Background(), c.Query, looked) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 20 {
			t.Errorf("%q: its query %s selects %d lines, want 20", c.Template, c.Query, n)
		}
	}
}
