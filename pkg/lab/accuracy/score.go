package accuracy

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/lab/replay"
	"github.com/andon-project/andon/pkg/stat"
)

// An Outcome is the result of a judge for one rollout of a case.
type Outcome struct {
	Case      string         `json:"case"`
	Rollout   string         `json:"rollout"`
	Verdict   andon.Decision `json:"verdict"`
	Score     float64        `json:"score"`      // higher is worse; only its order counts
	FirstFail *time.Time     `json:"first_fail"` // first tick whose verdict was fail
}

// A Case is the part of a recorded case that scoring needs.
type Case struct {
	Name     string
	Rollouts []Rollout
}

// A Rollout is a rollout with the truth about it.
type Rollout struct {
	ID         string
	Stages     []time.Time
	Regression bool
	Fault      string // "-" if not known
}

// caseOf returns the rollouts of c whose truth is known.
func caseOf(c *replay.Case) Case {
	out := Case{Name: c.Name}
	for _, r := range c.Rollouts {
		for _, t := range c.Truth {
			if t.Rollout == r.ID {
				stages := r.Stages
				if len(stages) == 0 {
					stages = []time.Time{r.Started}
				}
				out.Rollouts = append(out.Rollouts, Rollout{ID: r.ID, Stages: stages, Regression: t.Regression, Fault: cmp.Or(t.Fault, "-")})
			}
		}
	}
	return out
}

// Set returns the data set that a case belongs to: its name up to the first
// hyphen.
func (c Case) Set() string {
	set, _, _ := strings.Cut(c.Name, "-")
	return set
}

// A Score is the accuracy of a judge on the rollouts of some cases. A ratio whose
// denominator is 0 is NaN.
type Score struct {
	Bad, Clean   int // rollouts
	Found        int // bad rollouts that failed
	Alarms       int // clean rollouts that failed
	Inconclusive int

	Precision  float64 // found / failed
	Recall     float64 // found / bad
	F1         float64 // harmonic mean of the two; 0 if nothing was found
	FPR        float64 // alarms / clean
	AUC        float64 // probability that a bad rollout's score is above a clean one's
	FirstStage float64 // bad rollouts failed before their second stage was complete / bad
	Delay      float64 // median minutes from the first stage to the first fail, of those found

	Named, NamedFirst int     // cases of several rollouts with one bad among them; those whose bad rollout alone scored highest
	HR1               float64 // NamedFirst / Named

	Faults map[string]FaultCount // bad rollouts by kind of fault
}

// A FaultCount counts bad rollouts with one kind of fault.
type FaultCount struct{ Found, Total int }

// scoreOf scores the outcomes of a judge on cases. A rollout without an outcome
// counts as inconclusive with score 0.
func scoreOf(cases []Case, outcomes []Outcome) Score {
	return total(tallies(cases, outcomes))
}

// A tally holds the counts of one case.
type tally struct {
	marks               []mark
	named, namedFirst   int
	firstStage          int
	delays, bad, clean  []float64 // minutes; scores
	found, failed, none int
}

// A mark is one bad rollout.
type mark struct {
	fault string
	found bool
}

func tallies(cases []Case, outcomes []Outcome) []tally {
	said := make(map[[2]string]Outcome, len(outcomes))
	for _, o := range outcomes {
		said[[2]string{o.Case, o.Rollout}] = o
	}
	out := make([]tally, len(cases))
	for i, c := range cases {
		out[i] = count(c, said)
	}
	return out
}

func count(c Case, said map[[2]string]Outcome) tally {
	var t tally
	best, top, badOnTop := math.Inf(-1), 0, false
	for _, r := range c.Rollouts {
		o, ok := said[[2]string{c.Name, r.ID}]
		if !ok {
			o.Verdict = andon.Inconclusive
		}
		t.add(r, o)
		switch {
		case o.Score > best:
			best, top, badOnTop = o.Score, 1, r.Regression
		case o.Score == best:
			top++
		}
	}
	if len(c.Rollouts) > 1 && len(t.bad) > 0 {
		t.named = 1
		if top == 1 && badOnTop {
			t.namedFirst = 1
		}
	}
	return t
}

func (t *tally) add(r Rollout, o Outcome) {
	fail := o.Verdict == andon.Fail
	if fail {
		t.failed++
	}
	if o.Verdict == andon.Inconclusive {
		t.none++
	}
	if !r.Regression {
		t.clean = append(t.clean, o.Score)
		return
	}
	t.bad = append(t.bad, o.Score)
	t.marks = append(t.marks, mark{r.Fault, fail})
	if !fail {
		return
	}
	t.found++
	if o.FirstFail == nil {
		return
	}
	t.delays = append(t.delays, o.FirstFail.Sub(r.Stages[0]).Minutes())
	if len(r.Stages) < 2 || o.FirstFail.Before(r.Stages[1]) {
		t.firstStage++
	}
}

// total adds up cases; a case may occur several times.
func total(all []tally) Score {
	s := Score{Faults: make(map[string]FaultCount)}
	var bad, clean, delays []float64
	failed, firstStage := 0, 0
	for _, t := range all {
		bad, clean, delays = append(bad, t.bad...), append(clean, t.clean...), append(delays, t.delays...)
		s.Found += t.found
		failed += t.failed
		firstStage += t.firstStage
		s.Inconclusive += t.none
		s.Named += t.named
		s.NamedFirst += t.namedFirst
		for _, m := range t.marks {
			f := s.Faults[m.fault]
			f.Total++
			if m.found {
				f.Found++
			}
			s.Faults[m.fault] = f
		}
	}
	s.Bad, s.Clean, s.Alarms = len(bad), len(clean), failed-s.Found
	s.Precision = share(s.Found, failed)
	s.Recall = share(s.Found, s.Bad)
	if s.Found > 0 {
		s.F1 = 2 * float64(s.Found) / float64(failed+s.Bad)
	}
	s.FPR = share(s.Alarms, s.Clean)
	s.AUC = auc(bad, clean)
	s.FirstStage = share(firstStage, s.Bad)
	s.Delay = stat.Median(delays)
	s.HR1 = share(s.NamedFirst, s.Named)
	return s
}

func share(n, total int) float64 {
	return float64(n) / float64(total) // 0/0 is NaN
}

// auc returns the share of pairs in which the bad score is above the clean one, ties
// counting half; NaN without pairs.
func auc(bad, clean []float64) float64 {
	sorted := slices.Sorted(slices.Values(clean))
	sum := 0.0
	for _, v := range bad {
		below, _ := slices.BinarySearch(sorted, v)
		upTo, _ := slices.BinarySearch(sorted, math.Nextafter(v, math.Inf(1)))
		sum += float64(below) + float64(upTo-below)/2
	}
	return sum / (float64(len(bad)) * float64(len(clean)))
}
