package plugin

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/andon-project/andon/pkg/analysis"
)

// The words that fields of a Query may hold.
var (
	directions    = []string{string(analysis.Higher), string(analysis.Lower), string(analysis.Both)}
	sensitivities = []string{string(analysis.High), string(analysis.Medium), string(analysis.Low)}
	kinds         = []string{"", string(analysis.Counts), string(analysis.Crashes), string(analysis.Failures), string(analysis.Latency),
		string(analysis.Resource), string(analysis.Memory), string(analysis.Value)}
	strategies = []string{"", string(analysis.Auto), string(analysis.Canary), string(analysis.Rolling), string(analysis.BlueGreen),
		string(analysis.BeforeAfter), string(analysis.LoadTest), string(analysis.Threshold)}
)

// checkWords checks the fields that hold one word of several.
func (q Query) checkWords(views []string) error {
	for _, c := range []struct {
		field, value string
		wanted       []string
	}{
		{"cohorts", q.Cohorts, []string{byLabels, byTime}},
		{"view", q.View, views},
		{"worse", string(q.Worse), directions},
		{"sensitivity", string(q.Sensitivity), sensitivities},
		{"kind", string(q.Kind), kinds},
		{"strategy", string(q.Strategy), strategies},
		{"by", q.SeriesOf, []string{"", "class", "cluster"}},
	} {
		if !slices.Contains(c.wanted, c.value) {
			return fmt.Errorf("%s: %q is not one of %s", c.field, c.value, strings.TrimPrefix(strings.Join(c.wanted, ", "), ", "))
		}
	}
	if q.Limit < 0 {
		return fmt.Errorf("limit: %d is below 0; leave it out for the view's own", q.Limit)
	}
	return nil
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
	if maps.Equal(q.Candidate, q.Control) {
		return fmt.Errorf("candidate and control select the same nodes (%s); give them different labels, or set cohorts to time", describe(q.Candidate))
	}
	return nil
}
