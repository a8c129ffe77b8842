package plugin

import (
	"fmt"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/source"
)

// asked is what both cohorts were asked, in PromQL.
type asked struct {
	candidate, control       string
	candidatePer, controlPer string
	comparison               analysis.Comparison
}

// resolve writes the cohorts into the queries, for people to read; the
// Analyzer does the same for itself.
func resolve(c analysis.Comparison) (asked, error) {
	a := asked{comparison: c}
	for _, q := range []struct {
		into *string
		expr string
		sel  analysis.Selector
	}{
		{&a.candidate, c.Signal.Metric, c.Candidate.Select},
		{&a.control, c.Signal.Metric, c.Control.Select},
		{&a.candidatePer, c.Signal.Per, c.Candidate.Select},
		{&a.controlPer, c.Signal.Per, c.Control.Select},
	} {
		if q.expr == "" {
			continue
		}
		var err error
		if *q.into, err = source.Resolve(q.expr, q.sel); err != nil {
			return asked{}, err
		}
	}
	return a, nil
}

// sameQuery reports whether time alone tells the cohorts apart.
func (a asked) sameQuery() bool { return a.candidate == a.control }

// String returns the queries for the query inspector.
func (a asked) String() string {
	when := ""
	switch c := a.comparison; {
	case c.Control.Back > 0:
		when = ", " + model.Duration(c.Control.Back).String() + " before"
	case a.sameQuery() && !c.Since.IsZero():
		when = ", before " + c.Since.UTC().Format("2006-01-02T15:04:05Z")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# compared as %s in bins of %s\n", a.comparison.Signal.Kind, model.Duration(a.comparison.Step))
	fmt.Fprintf(&b, "# candidate\n%s\n", a.candidate)
	if a.candidatePer != "" {
		fmt.Fprintf(&b, "# candidate, per\n%s\n", a.candidatePer)
	}
	fmt.Fprintf(&b, "# control%s\n%s\n", when, a.control)
	if a.controlPer != "" {
		fmt.Fprintf(&b, "# control, per%s\n%s\n", when, a.controlPer)
	}
	return b.String()
}
