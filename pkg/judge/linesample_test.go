package judge_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// With more lines than the budget, clusters are found in a sample, a noisy node
// does not hide a quiet one, and counts are exact all the same.
func TestSample(t *testing.T) {
	s := newScribe(3)
	s.fleet()
	s.poisson("old-0", "v1", "served request %d in time", noon.Add(-time.Hour), noon.Add(time.Hour), 200) // noisy
	s.poisson("new-0", "v2", "error: payment %d was lost", noon.Add(10*time.Minute), noon.Add(2*time.Hour), 3)
	whole, err := s.analyzer().Logs.Cluster(context.Background(), canary(allLogs), looked)
	if err != nil {
		t.Fatal(err)
	}
	a := s.analyzer()
	a.Logs.Budget = 2000
	read := 0
	a.Logs.Lines = func(ctx context.Context, expr string, r andon.Range) iter.Seq2[andon.Line, error] {
		return func(yield func(andon.Line, error) bool) {
			for l, err := range s.Range(ctx, expr, r) {
				read++
				if !yield(l, err) {
					return
				}
			}
		}
	}
	part, err := a.Logs.Cluster(context.Background(), canary(allLogs), looked)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Sampled || !part.Sampled || !strings.Contains(strings.Join(part.Notices, "; "), "found in a sample") {
		t.Errorf("sampled %v and %v: %v", whole.Sampled, part.Sampled, part.Notices)
	}
	if read > 4*a.Logs.Budget { // both sides, each up to the budget and once for the sample
		t.Errorf("%d lines were read with a budget of %d", read, a.Logs.Budget)
	}
	if len(part.Clusters) != len(whole.Clusters) {
		t.Errorf("%d clusters, want %d", len(part.Clusters), len(whole.Clusters))
	}
	for _, w := range whole.Clusters {
		for _, p := range part.Clusters {
			if p.ID != w.ID {
				continue
			}
			if p.Candidate.Lines != w.Candidate.Lines || p.Control.Lines != w.Control.Lines || p.Class != w.Class {
				t.Errorf("%s: %v|%v %s from a sample, %v|%v %s from all", w.Template, p.Candidate.Lines, p.Control.Lines, p.Class, w.Candidate.Lines, w.Control.Lines, w.Class)
			}
			if d := math.Abs(math.Log(float64(p.Evidence / w.Evidence))); d > .7 && w.Class != andon.ClassUnexpectedFrequency {
				t.Errorf("%s: evidence %v from a sample, %v from all", w.Template, p.Evidence, w.Evidence)
			}
		}
	}
}

// Without anybody who counts, what is beyond the budget is left out, and that
// is said.
func TestBudgetWithoutCounts(t *testing.T) {
	s := newScribe(4)
	s.fleet()
	a := s.analyzer()
	a.Logs.Budget, a.Logs.Counts = 100, nil
	r, err := a.Logs.Cluster(context.Background(), canary(allLogs), looked)
	if err != nil || r.Sampled || r.Control.Lines != 100 || !strings.Contains(strings.Join(r.Notices, "; "), "more than 100 lines") {
		t.Errorf("%v, sampled %v, %v lines: %v", err, r.Sampled, r.Control.Lines, r.Notices)
	}
}

// More than 64 nodes are sampled from beginning to end.
func TestSampleOfManyNodes(t *testing.T) {
	s := newScribe(5)
	for i := range 100 {
		s.poisson(fmt.Sprintf("old-%02d", i), "v1", "served request %d in time", noon.Add(-time.Hour), noon.Add(time.Hour), 1)
	}
	s.poisson("new-0", "v2", "served request %d in time", noon.Add(time.Minute), noon.Add(time.Hour), 1)
	a := s.analyzer()
	a.Logs.Budget = 640
	r, err := a.Logs.Cluster(context.Background(), canary(allLogs), looked)
	if err != nil || len(r.Clusters) != 1 {
		t.Fatalf("%v, %d clusters", err, len(r.Clusters))
	}
	if n := r.Clusters[0].Control.Nodes; n != 100 {
		t.Errorf("counted on %d nodes, want 100", n)
	}
}

// Without a control only time divides: what was before is control.
func TestLogsBeforeAndAfter(t *testing.T) {
	timed := func(r *andon.Rollout) { r.Strategy, r.Candidate, r.Control = andon.BeforeAfter, nil, nil }
	for _, c := range []struct {
		name   string
		write  func(s *scribe)
		want   andon.Decision
		unkown int
	}{
		{"as before", func(*scribe) {}, andon.Pass, 0},
		{"a new error, for long", func(s *scribe) {
			for i := range 4 {
				s.poisson(fmt.Sprintf("old-%d", i), "v1", "error: payment %d was lost", noon.Add(5*time.Minute), noon.Add(2*time.Hour), 1)
			}
		}, andon.Fail, 1},
		{"one new line", func(s *scribe) { s.say("old-1", "v1", "error: payment 7 was lost", noon.Add(9*time.Minute)) }, andon.Pass, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScribe(6)
			for i := range 4 {
				s.common(nodeOf{fmt.Sprintf("old-%d", i), "v1", noon.Add(-2 * time.Hour), noon.Add(2 * time.Hour)})
			}
			c.write(s)
			r := newWorld(time.Minute, noon, noon).canary()
			timed(&r)
			v, err := s.analyzer().Judge(context.Background(), r, shop(errorLogs), noon.Add(time.Hour))
			if err != nil || v.Verdict != c.want || v.Findings[0].Classes[andon.ClassUnknown] != c.unkown {
				t.Errorf("%s (%v), evidence %v: %s; want %s; classes %v", v.Verdict, err, v.Evidence, v.Reason, c.want, v.Findings[0].Classes)
			}
			if c.want == andon.Fail && v.Score < .5 {
				t.Errorf("score %v", v.Score)
			}
		})
	}
}
