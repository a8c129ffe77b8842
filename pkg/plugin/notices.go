package plugin

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// notices returns the notices of an answer about deviations.
func notices(r request, q cohortQueries, t *tally, deviations []deviation.Deviation) []data.Notice {
	var out []data.Notice
	if len(r.Unknown) > 0 {
		out = append(out, unknownVariables(r.Unknown))
	}
	if span := r.Window.To.Sub(r.Window.From); span < r.Window.Scrape && r.stream == nil {
		out = append(out, warning("the time range of %s is shorter than the scrape interval of %s: widen it to see samples", span, r.Window.Scrape))
	}
	if t.unlabelled {
		out = append(out, warning("some series have no label %s, so they count as one node; keep the label in the query, as in sum by (%s) (…)",
			r.Query.NodeLabel, r.Query.NodeLabel))
	}
	out = append(out, coverageNotices(r, q, t, deviations)...)
	for _, w := range slices.Sorted(slices.Values(t.warnings.all())) {
		out = append(out, warning("%s", w))
	}
	if r.Grid.Wide {
		out = append(out, data.Notice{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf(
			"long time range: one sample every %s; zoom in to see the deviation that rollouts are judged by", model.Duration(r.Grid.Bin))})
	}
	return out
}

// coverageNotices says which cohort has no series or too few nodes.
func coverageNotices(r request, q cohortQueries, t *tally, deviations []deviation.Deviation) []data.Notice {
	candidate, control := t.nodeCount(q.candidate), t.nodeCount(q.control)
	if q.sameQuery() {
		switch {
		case candidate == 0:
			return []data.Notice{warning("the query returns no series: %s", q.candidate)}
		case len(deviations) > 0 && !slices.ContainsFunc(deviations, hasControl):
			return []data.Notice{warning("no samples from the time to compare with, so there is no deviation; query: %s", q.control)}
		case len(deviations) == 0:
			return []data.Notice{noneInRange(r, q)}
		}
		return nil
	}
	none := func(side, query string, s andon.Selector) data.Notice {
		return warning("no series from %s: nothing matches %s; query: %s", side, describe(s), query)
	}
	switch {
	case candidate == 0 && control == 0:
		return []data.Notice{warning("no series from the new nodes (%s) or the old nodes (%s); check the query %s and its labels",
			describe(r.Query.Candidate), describe(r.Query.Control), r.Query.Expr)}
	case candidate == 0:
		return []data.Notice{none("the new nodes", q.candidate, r.Query.Candidate)}
	case control == 0:
		return []data.Notice{none("the old nodes", q.control, r.Query.Control)}
	case len(deviations) == 0:
		return []data.Notice{noneInRange(r, q)}
	case control < minControl:
		return []data.Notice{fewControlNodes(control)}
	}
	return nil
}

// noneInRange says that the candidate has samples, but none in the time range.
func noneInRange(r request, q cohortQueries) data.Notice {
	return warning("%s have samples just before this time range, but none in it; query: %s", r.Query.candidateName(), q.candidate)
}

// fewControlNodes says that control has n nodes, fewer than minControl.
func fewControlNodes(n int) data.Notice {
	return warning("only %s: it takes %d to learn how much nodes differ without a change", andon.Plural(float64(n), "old node"), minControl)
}

// unknownVariables says that the query was asked with variables in it.
func unknownVariables(names []string) data.Notice {
	return warning("the query uses %s, but there is no such variable here", strings.Join(names, ", "))
}

func hasControl(d deviation.Deviation) bool {
	return slices.ContainsFunc(d.Centre, func(v float64) bool { return !math.IsNaN(v) })
}

func warning(format string, args ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityWarning, Text: fmt.Sprintf(format, args...)}
}
