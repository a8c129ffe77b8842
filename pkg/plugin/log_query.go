package plugin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs"
	"github.com/andon-project/andon/pkg/logs/logql"
	"github.com/andon-project/andon/pkg/source"
)

// checkLogs checks that a query for log clusters or crashes has all that it needs.
func (q querySpec) checkLogs() error {
	if strings.TrimSpace(q.Expr) == "" {
		return errors.New(`expr is empty: write a LogQL query for the log lines to compare, such as {app="shop"} |= "error"`)
	}
	return q.checkCohorts()
}

// A logQuery compares the log lines of two cohorts.
type logQuery struct {
	frameBuilder
	comparison andon.Comparison
	source     logs.Source
	loki       *source.Loki
	resolve    andon.ResolveFunc
	warnings   *warnings
}

// newLogQuery makes the logQuery of a request; signal makes the signal that an
// expression asks for.
func newLogQuery(ctx context.Context, s sources, r request, signal func(expr string) andon.Signal) (logQuery, error) {
	q := logQuery{frameBuilder: frameBuilder{request: r, config: s.config}, warnings: &warnings{}}
	var err error
	if q.loki, q.resolve, err = s.lokiFor(ctx, r.Window, q.warnings.from("Loki")); err != nil {
		return q, err
	}
	if q.Query.Expr, err = filterLogQL(r.Query.Filters, r.Query.Expr, q.resolve); err != nil {
		return q, badQuery{err}
	}
	q.Query.Filters = nil
	if q.comparison, err = q.Query.newComparison(r.Grid.Bin); err != nil {
		return q, badQuery{err}
	}
	q.comparison.Signal = signal(q.Query.Expr)
	q.comparison.Service = q.Query.Service
	q.comparison.Version, q.comparison.Release = q.Query.versionLabel(), q.Query.release()
	q.source = logs.Source{Lines: q.read, Counts: q.loki.Metric, Patterns: q.loki.Patterns, Resolve: q.resolve}
	if q.comparison.Service != "" {
		q.source.Recall = s.exporter().recall(ctx, q.warnings)
	}
	return q, nil
}

// timeRange returns the time range of the request with the bins of its samples.
func (q *logQuery) timeRange() andon.Range {
	return andon.Range{Start: q.Window.From, End: q.Window.To, Step: q.Grid.Bin}
}

// versionLabel returns the label that names the version: the query's, or else
// candidate's label if it has exactly one.
func (q querySpec) versionLabel() string {
	if q.VersionLabel == "" && len(q.Candidate) == 1 {
		for label := range q.Candidate {
			return label
		}
	}
	return q.VersionLabel
}

// release returns candidate's version, for which the exporter is asked what it
// remembers; empty if the query does not pick candidate by version.
func (q querySpec) release() string { return q.Candidate[q.versionLabel()] }

// read is an andon.LinesFunc that reports progress to the stream. It is called
// for candidate, then for control: each call takes half of what is left.
func (q logQuery) read(ctx context.Context, expr string, r andon.Range) iter.Seq2[andon.Line, error] {
	all := q.loki.Lines(ctx, expr, r)
	if q.stream == nil {
		return all
	}
	p := &q.stream.progress
	done := p.share()
	return func(yield func(andon.Line, error) bool) {
		for l, err := range all {
			p.lines.Add(1)
			if err == nil {
				p.setShare(done + (1-done)/2*l.At.Sub(r.Start).Seconds()/max(1, r.End.Sub(r.Start).Seconds()))
			}
			if !yield(l, err) {
				break
			}
		}
		p.setShare(done + (1-done)/2)
	}
}

// addMeta adds the executed queries, their statistics and the notices.
func (q *logQuery) addMeta(r andon.GroupReport) {
	q.executedQuery = fmt.Sprintf("# candidate\n%s\n# control\n%s\n", r.Query, r.Against)
	if q.comparison.Control.Back > 0 {
		q.executedQuery = fmt.Sprintf("# candidate\n%s\n# control, %s before\n%s\n", r.Query, q.Query.Back, r.Against)
	}
	stat := func(name string, v float64) data.QueryStat {
		return data.QueryStat{FieldConfig: data.FieldConfig{DisplayName: name}, Value: v}
	}
	q.stats = []data.QueryStat{
		stat("Candidate lines", r.Candidate.Lines), stat("Control lines", r.Control.Lines),
		stat("Candidate nodes", float64(r.Candidate.Nodes)), stat("Control nodes", float64(r.Control.Nodes)),
	}
	if r.Surprise.Known() {
		q.stats = append(q.stats, data.QueryStat{FieldConfig: data.FieldConfig{DisplayName: "Share of control's own lines that are new", Unit: "percentunit"}, Value: float64(r.Surprise)})
	}
	if len(q.Unknown) > 0 {
		q.notices = append(q.notices, unknownVariables(q.Unknown))
	}
	q.notices = append(q.notices, q.cohortNotices(r)...)
	if r.Sampled {
		q.notices = append(q.notices, data.Notice{Severity: data.NoticeSeverityInfo,
			Text: "too many lines to read all of them: clusters come from a sample, their counts from Loki"})
	}
	for _, n := range append(slices.Clone(r.Notices), q.warnings.all()...) {
		q.notices = append(q.notices, warning("%s", n))
	}
}

// cohortNotices says which cohort logged nothing or has too few nodes.
func (q *logQuery) cohortNotices(r andon.GroupReport) []data.Notice {
	none := func(side, query string) data.Notice {
		return warning("no log lines from %s; query: %s", side, query)
	}
	switch {
	case r.Candidate.Nodes == 0 && r.Control.Nodes == 0:
		return []data.Notice{warning("no log lines from %s or %s; check the query and the labels of candidate and control: %s",
			q.Query.candidateName(), q.Query.controlName(), r.Query)}
	case r.Candidate.Nodes == 0:
		return []data.Notice{none(q.Query.candidateName(), r.Query)}
	case r.Control.Nodes == 0:
		return []data.Notice{none(q.Query.controlName(), r.Against)}
	case r.Control.Nodes < minControl && q.Query.Cohorts == byLabels:
		return []data.Notice{fewControlNodes(r.Control.Nodes)}
	}
	return nil
}

// resolveLogs returns the function that writes a selector into a log query. Loki
// is asked once for each stream selector which labels its streams have; any other
// label is structured metadata and goes behind the pipeline. If Loki does not
// answer, all labels go into the stream selector.
func resolveLogs(ctx context.Context, l *source.Loki, r andon.Range) andon.ResolveFunc {
	var mu sync.Mutex
	labels := make(map[string][]string) // by stream selector
	return func(expr string, s andon.Selector) (string, error) {
		q, err := logql.Parse(expr)
		if err != nil {
			return "", err
		}
		streams := q.Streams()
		mu.Lock()
		defer mu.Unlock()
		names, ok := labels[streams]
		if !ok && len(s) > 0 {
			names, _ = l.Labels(ctx, streams, r) // what is wrong shows when lines are asked for
			labels[streams] = names
		}
		return logql.ResolveBehind(expr, s, func(label string) bool { return len(names) > 0 && !slices.Contains(names, label) })
	}
}

// filterLogQL writes the ad-hoc filters into a log query.
func filterLogQL(filters []adHocFilter, expr string, resolve andon.ResolveFunc) (string, error) {
	for _, f := range filters {
		value, err := f.matcher()
		if err != nil {
			return "", err
		}
		if expr, err = resolve(expr, andon.Selector{f.Key: value}); err != nil {
			return "", err
		}
	}
	return expr, nil
}
