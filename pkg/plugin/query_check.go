package plugin

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// Words that only queries use. The editors' TypeScript is generated from them,
// as it is from the words of package andon.
var (
	cohortModes     = []string{byLabels, byTime}
	groupings       = []string{"class", "cluster"} // what has a series of its own
	filterOperators = []string{"=", "!=", "=~", "!~", "=|", "!=|"}
)

// problems returns everything that is wrong with the query. What a query says of
// signals, cohorts and services is refused in the same words as in the
// exporter's configuration. Expressions are not checked: they may hold macros,
// and one bad signal of a verdict must not stop the others.
func (q querySpec) problems() []andon.Problem {
	var all []andon.Problem
	add := func(path string, found []andon.Problem) { all = append(all, andon.Under(path, found)...) }
	add("view", andon.CheckWord("view", q.View, queryTypes[q.QueryType].viewNames()))
	add("cohorts", andon.CheckWord("way to compare", q.Cohorts, cohortModes))
	if q.GroupBy != "" {
		add("by", andon.CheckWord("grouping", q.GroupBy, groupings))
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
		add("limit", []andon.Problem{{Text: fmt.Sprintf("%d is below 0; leave it out for the default", q.Limit)}})
	}
	if q.makesVerdict() && len(q.Signals) > 0 {
		s := andon.Service{Name: "query", Node: q.NodeLabel, Signals: q.Signals}
		add("", s.Check(andon.Parsers{}))
	}
	return all
}

// makesVerdict reports whether the query says itself what to judge, instead of
// naming a rollout.
func (q querySpec) makesVerdict() bool { return q.QueryType == "verdict" && q.Rollout == "" }

// comparedSignal returns the signal that the query compares, without its
// expression, which the query type checks. Fields that only deviations read are
// ignored in other types: the editor leaves them when the type changes.
func (q querySpec) comparedSignal() andon.Signal {
	s := andon.Signal{Name: "query", Metric: "query", Worse: q.Worse}
	if q.QueryType == "deviation" {
		s.Per, s.Kind, s.Unit = q.Per, q.Kind, q.Unit
	}
	return s
}

// asRollout returns the rollout that the query describes. Cohorts are ignored in
// types that compare none: the editor leaves them when the type changes.
func (q querySpec) asRollout() andon.Rollout {
	ro := andon.Rollout{ID: "query", Service: "query", Strategy: q.Strategy, Started: time.Unix(0, 0)}
	if compares := queryTypes[q.QueryType].signal.key != ""; compares || q.makesVerdict() {
		ro.Candidate = q.Candidate
		if q.Cohorts == byLabels {
			ro.Control = q.Control
		}
	}
	return ro
}

// problemsOf joins problems into one error; nil if there are none.
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

// checkDeviation checks that a deviation query has all that it needs.
func (q querySpec) checkDeviation() error {
	if strings.TrimSpace(q.Expr) == "" {
		return errors.New("expr is empty: write the PromQL query to compare")
	}
	return q.checkCohorts()
}

// checkCohorts checks that the query says what candidate and control are.
func (q querySpec) checkCohorts() error {
	if q.Cohorts == byTime {
		if q.Back == "" && q.Since == "" {
			return errors.New("cohorts by time need back (1d compares with the day before) or since (compares after that time with before it)")
		}
		return nil
	}
	if len(q.Candidate) == 0 || len(q.Control) == 0 {
		empty := "candidate"
		if len(q.Candidate) > 0 {
			empty = "control"
		}
		return fmt.Errorf("%s is empty: pick its nodes by labels, such as version: v1 or version: !=v2; or set cohorts to time", empty)
	}
	return nil
}
