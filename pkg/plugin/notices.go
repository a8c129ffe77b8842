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

// notices returns what a reader should know before believing the picture.
func notices(r request, q cohortQueries, t *tally, deviations []deviation.Deviation) []data.Notice {
	var out []data.Notice
	if len(r.Unknown) > 0 {
		out = append(out, warning("the query still holds %s; no variable of that name is defined here", strings.Join(r.Unknown, ", ")))
	}
	if span := r.Window.To.Sub(r.Window.From); span < r.Window.Scrape && r.stream == nil {
		out = append(out, warning("the time range of %s is shorter than the scrape interval of %s, so that most of it holds no sample; widen it", span, r.Window.Scrape))
	}
	if t.unlabelled {
		out = append(out, warning("some series have no label %s and count as one node; keep the label in the query, as in sum by (%s) (…)",
			r.Query.NodeLabel, r.Query.NodeLabel))
	}
	out = append(out, coverageNotices(r, q, t, deviations)...)
	for _, w := range slices.Sorted(slices.Values(t.warnings.all())) {
		out = append(out, warning("%s", w))
	}
	if r.Grid.Wide {
		out = append(out, data.Notice{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf(
			"the range is so long that samples were taken every %s; zoom in to see the deviation that a rollout is judged by", model.Duration(r.Grid.Bin))})
	}
	return out
}

// coverageNotices says which cohort is missing or thin, and how it was selected.
func coverageNotices(r request, q cohortQueries, t *tally, deviations []deviation.Deviation) []data.Notice {
	candidate, control := t.nodeCount(q.candidate), t.nodeCount(q.control)
	if q.sameQuery() {
		switch {
		case candidate == 0:
			return []data.Notice{warning("no series at all; check the query: %s", q.candidate)}
		case len(deviations) > 0 && !slices.ContainsFunc(deviations, hasControl):
			return []data.Notice{warning("nothing is known of the time that is compared with, so no deviation can be told; query: %s", q.control)}
		case len(deviations) == 0:
			return []data.Notice{noneInRange(q)}
		}
		return nil
	}
	none := func(cohort, query string, s andon.Selector) data.Notice {
		return warning("%s has no series: nothing matches %s; query: %s", cohort, describe(s), query)
	}
	switch {
	case candidate == 0 && control == 0:
		return []data.Notice{warning("neither candidate (%s) nor control (%s) has any series; check the query %s and its labels",
			describe(r.Query.Candidate), describe(r.Query.Control), r.Query.Expr)}
	case candidate == 0:
		return []data.Notice{none("candidate", q.candidate, r.Query.Candidate)}
	case control == 0:
		return []data.Notice{none("control", q.control, r.Query.Control)}
	case len(deviations) == 0:
		return []data.Notice{noneInRange(q)}
	case control < thinControl:
		return []data.Notice{warning("control is thin: %s, and it takes %d to tell how much nodes differ without any change",
			nodes(control), thinControl)}
	}
	return nil
}

// noneInRange says that a query has had an answer, but none in the range shown.
func noneInRange(q cohortQueries) data.Notice {
	return warning("candidate has samples shortly before this time range and none in it; query: %s", q.candidate)
}

func nodes(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

func hasControl(d deviation.Deviation) bool {
	return slices.ContainsFunc(d.Centre, func(v float64) bool { return !math.IsNaN(v) })
}

func warning(format string, args ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityWarning, Text: fmt.Sprintf(format, args...)}
}
