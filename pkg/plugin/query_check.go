package plugin

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// The words of a query that are nobody else's; the editors' TypeScript is made
// from them, as from those of package andon.
var (
	cohortWays = []string{byLabels, byTime}
	divisions  = []string{"class", "cluster"}                 // of series: one for each
	operators  = []string{"=", "!=", "=~", "!~", "=|", "!=|"} // of a Filter
)

// Check returns all that is wrong with what a query says of signals, cohorts
// and services, in the words in which the configuration is told; and with what
// only a query has. Expressions are not read: macros may be in them, and of a
// verdict one signal that cannot be read leaves the others.
func (q Query) Check() []andon.Problem {
	var all []andon.Problem
	add := func(path string, of []andon.Problem) { all = append(all, andon.Under(path, of)...) }
	add("view", andon.CheckWord("view", q.View, queryTypes[q.QueryType].viewNames()))
	add("cohorts", andon.CheckWord("way to tell cohorts apart", q.Cohorts, cohortWays))
	if q.SeriesOf != "" {
		add("by", andon.CheckWord("division of series", q.SeriesOf, divisions))
	}
	add("", q.comparedSignal().Check(andon.Parsers{}, q.NodeLabel))
	add("sensitivity", andon.CheckWord("sensitivity", q.Sensitivity, andon.Sensitivities))
	add("", q.asRollout().Check(time.Time{}))
	for _, c := range q.Classes {
		add("classes", andon.CheckWord("class", andon.Class(c), andon.Classes))
	}
	add("match", q.Match.Check())
	if q.Step != "" {
		if _, err := parseDuration("step", q.Step); err != nil {
			add("step", []andon.Problem{{Text: strings.TrimPrefix(err.Error(), "step: ")}})
		}
	}
	if q.Limit < 0 {
		add("limit", []andon.Problem{{Text: fmt.Sprintf("%d is below 0; leave it out for the view's own", q.Limit)}})
	}
	if q.makesVerdict() && len(q.Signals) > 0 {
		s := andon.Service{Name: "query", Node: q.NodeLabel, Signals: q.Signals}
		add("", s.Check(andon.Parsers{}))
	}
	return all
}

// makesVerdict reports whether the query itself says what is judged.
func (q Query) makesVerdict() bool { return q.QueryType == "verdict" && q.Rollout == "" }

// comparedSignal returns what the query says of the signal that it compares;
// its expression is checked with the query's type. Other types than deviation
// may have left-overs of one.
func (q Query) comparedSignal() andon.Signal {
	s := andon.Signal{Name: "query", Metric: "query", Worse: q.Worse}
	if q.QueryType == "deviation" {
		s.Per, s.Kind, s.Unit = q.Per, q.Kind, q.Unit
	}
	return s
}

// asRollout returns what the query says of a rollout. Cohorts that it does not
// compare may be left over from another type.
func (q Query) asRollout() andon.Rollout {
	ro := andon.Rollout{ID: "query", Service: "query", Strategy: q.Strategy, Started: time.Unix(0, 0)}
	if compares := queryTypes[q.QueryType].signal.key != ""; compares || q.makesVerdict() {
		ro.Candidate = q.Candidate
		if q.Cohorts == byLabels {
			ro.Control = q.Control
		}
	}
	return ro
}

// problemsOf makes one error of problems; nil if there are none.
func problemsOf(problems []andon.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Error()
	}
	return badQuery{errors.New(strings.Join(texts, "; "))}
}

// checkDeviation checks what a query for deviations needs.
func (q Query) checkDeviation() error {
	if strings.TrimSpace(q.Expr) == "" {
		return errors.New("expr is empty: write the PromQL query whose series are to be compared")
	}
	return q.checkCohorts()
}

// checkCohorts checks that the cohorts can be told apart.
func (q Query) checkCohorts() error {
	if q.Cohorts == byTime {
		if q.Back == "" && q.Since == "" {
			return errors.New("cohorts by time need back (as 1d: compare with the day before) or since (compare after that moment with before it)")
		}
		return nil
	}
	if len(q.Candidate) == 0 || len(q.Control) == 0 {
		empty := "candidate"
		if len(q.Candidate) > 0 {
			empty = "control"
		}
		return fmt.Errorf("%s is empty: say by labels which nodes it holds, as version: v1 or version: !=v2; or set cohorts to time", empty)
	}
	return nil
}
