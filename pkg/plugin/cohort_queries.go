package plugin

import (
	"fmt"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

// cohortQueries are the PromQL queries for both cohorts.
type cohortQueries struct {
	candidate, control       string
	candidatePer, controlPer string
	comparison               andon.Comparison
}

// newCohortQueries returns the queries with the matchers of the cohorts, for
// people to read; package deviation makes its own.
func newCohortQueries(c andon.Comparison) (cohortQueries, error) {
	out := cohortQueries{comparison: c}
	for _, part := range []struct {
		into *string
		expr string
		sel  andon.Selector
	}{
		{&out.candidate, c.Signal.Metric, c.Candidate.Select},
		{&out.control, c.Signal.Metric, c.Control.Select},
		{&out.candidatePer, c.Signal.Per, c.Candidate.Select},
		{&out.controlPer, c.Signal.Per, c.Control.Select},
	} {
		if part.expr == "" {
			continue
		}
		var err error
		if *part.into, err = source.Resolve(part.expr, part.sel); err != nil {
			return cohortQueries{}, err
		}
	}
	return out, nil
}

// sameQuery reports whether the cohorts differ only in time.
func (q cohortQueries) sameQuery() bool { return q.candidate == q.control }

// String returns the queries for the query inspector.
func (q cohortQueries) String() string {
	when := ""
	switch c := q.comparison; {
	case c.Control.Back > 0:
		when = ", " + model.Duration(c.Control.Back).String() + " before"
	case q.sameQuery() && !c.Since.IsZero():
		when = ", before " + c.Since.UTC().Format("2006-01-02T15:04:05Z")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# compared as %s in bins of %s\n", q.comparison.Signal.Kind, model.Duration(q.comparison.Step))
	fmt.Fprintf(&b, "# candidate\n%s\n", q.candidate)
	if q.candidatePer != "" {
		fmt.Fprintf(&b, "# candidate, per\n%s\n", q.candidatePer)
	}
	fmt.Fprintf(&b, "# control%s\n%s\n", when, q.control)
	if q.controlPer != "" {
		fmt.Fprintf(&b, "# control, per%s\n%s\n", when, q.controlPer)
	}
	return b.String()
}
