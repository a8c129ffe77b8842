package accuracy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/lab/replay"
)

// Options say what is measured.
type Options struct {
	Rules     []Rule // judges besides Andon; Peers if nil
	Questions int    // largest number of queries at a time for one case; 1 if zero

	Progress func(done, total int) // called after each case; may be nil
}

// A Report holds the outcomes of all judges on all cases.
type Report struct {
	Judges []JudgeResult // Andon first
	Cases  []Case        // in the order of their folders
}

// A JudgeResult is one judge and its outcomes.
type JudgeResult struct {
	Rule
	Outcomes []Outcome // in the order of the cases
}

// ours is Andon's judge.
var ours = Rule{Name: "Andon", What: "as [the statistics](statistics.md) describe it, sensitivity medium, nothing configured but the signals.", Source: "pkg/judge"}

// Run replays the cases in the folders dirs with Andon and with each rule, as many
// cases at a time as there are processors. All judges see the same samples of the
// same queries at the same ticks, and none from after the tick.
func Run(ctx context.Context, dirs []string, o Options) (*Report, error) {
	if o.Rules == nil {
		o.Rules = Peers
	}
	var mu sync.Mutex
	peers := make(map[[2]string][]Outcome) // by case and rollout
	inspect := func(ctx context.Context, a *judge.Analyzer, j replay.Outcome) error {
		said, err := judgeAll(ctx, a, judge.Underway{Rollout: j.Rollout, Service: j.Service}, j.Verdict.At, o.Rules)
		mu.Lock()
		defer mu.Unlock()
		peers[[2]string{j.Verdict.Case, j.Rollout.ID}] = said
		return err
	}
	r := &Report{Judges: []JudgeResult{{Rule: ours}}}
	for _, rule := range o.Rules {
		r.Judges = append(r.Judges, JudgeResult{Rule: rule})
	}
	take := func(res replay.Result) error {
		if res.Err != nil {
			return nil // All returns it
		}
		r.Cases = append(r.Cases, caseOf(res.Case))
		for _, j := range res.Outcomes {
			key := [2]string{res.Case.Name, j.Rollout.ID}
			mu.Lock()
			said := peers[key]
			delete(peers, key)
			mu.Unlock()
			r.take(outcomeOf(j.Verdict), said)
		}
		if o.Progress != nil {
			o.Progress(len(r.Cases), len(dirs))
		}
		return nil
	}
	return r, replay.All(ctx, dirs, replay.Options{Questions: o.Questions, Inspect: inspect}, take)
}

// take adds the outcomes of one rollout.
func (r *Report) take(own Outcome, peers []Outcome) {
	r.Judges[0].Outcomes = append(r.Judges[0].Outcomes, own)
	for i, o := range peers {
		o.Case, o.Rollout = own.Case, own.Rollout
		r.Judges[i+1].Outcomes = append(r.Judges[i+1].Outcomes, o)
	}
}

func outcomeOf(v andon.Verdict) Outcome {
	o := Outcome{Case: v.Case, Rollout: v.Rollout, Verdict: v.Verdict, FirstFail: v.FirstFail}
	if v.Score.Known() {
		o.Score = float64(v.Score)
	}
	return o
}

// A Row is the result of one judge on one data set.
type Row struct {
	Set   string
	Judge string
	Same  string // an earlier judge with the same outcomes; empty if there is none
	Score
	Intervals []Interval // in the order of measures
}

// Rows returns the result of each judge on each data set, set by set.
func (r *Report) Rows() []Row {
	sets := make(map[string][]Case)
	for _, c := range r.Cases {
		sets[c.Set()] = append(sets[c.Set()], c)
	}
	var rows []Row
	for _, set := range slices.Sorted(maps.Keys(sets)) {
		before := make(map[string]string) // judges by what they said
		for _, j := range r.Judges {
			all := tallies(sets[set], j.Outcomes)
			said := fmt.Sprint(all)
			row := Row{Set: set, Judge: j.Name, Same: before[said], Score: total(all), Intervals: intervals(all)}
			if row.Same == "" {
				before[said] = j.Name
			}
			rows = append(rows, row)
		}
	}
	return rows
}
