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

// checkLogs checks what a query for log clusters or crashes needs.
func (q Query) checkLogs() error {
	if strings.TrimSpace(q.Expr) == "" {
		return errors.New(`expr is empty: write the LogQL query whose lines are to be compared, as {app="shop"} |= "error"`)
	}
	return q.checkCohorts()
}

// A logQuery is a question about the log lines of two cohorts.
type logQuery struct {
	frameBuilder
	comparison andon.Comparison
	source     logs.Source
	loki       *source.Loki
	resolve    andon.ResolveFunc
	warnings   *warnings
}

// newLogQuery makes the question that r asks; signal makes the signal of its
// expression.
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
	if q.comparison, err = q.Query.Comparison(r.Grid.Bin); err != nil {
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

// timeRange returns the range of the request, in the bins that samples have.
func (q *logQuery) timeRange() andon.Range {
	return andon.Range{Start: q.Window.From, End: q.Window.To, Step: q.Grid.Bin}
}

// versionLabel returns the label that names the version: the only one that the
// candidate is picked by, if the query does not say.
func (q Query) versionLabel() string {
	if q.VersionLabel == "" && len(q.Candidate) == 1 {
		for label := range q.Candidate {
			return label
		}
	}
	return q.VersionLabel
}

// release returns the version that the query compares, on which it depends what
// the exporter remembers of a service; empty if the query does not pick one.
func (q Query) release() string { return q.Candidate[q.versionLabel()] }

// read is an andon.LinesFunc that counts its progress: first all of the
// candidate is read, then all of control.
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

// addMeta adds the queries that were asked, how much they answered, and what a
// reader should know before believing it.
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
		q.stats = append(q.stats, data.QueryStat{FieldConfig: data.FieldConfig{DisplayName: "Share of control that is new to it", Unit: "percentunit"}, Value: float64(r.Surprise)})
	}
	if len(q.Unknown) > 0 {
		q.notices = append(q.notices, warning("the query still holds %s; no variable of that name is defined here", strings.Join(q.Unknown, ", ")))
	}
	q.notices = append(q.notices, q.cohortNotices(r)...)
	if r.Sampled {
		q.notices = append(q.notices, data.Notice{Severity: data.NoticeSeverityInfo,
			Text: "there are more lines than are read: clusters were found in a fair sample, and Loki counted their lines"})
	}
	for _, n := range append(slices.Clone(r.Notices), q.warnings.all()...) {
		q.notices = append(q.notices, warning("%s", n))
	}
}

// cohortNotices says which cohort logs nothing at all, or has too few nodes.
func (q *logQuery) cohortNotices(r andon.GroupReport) []data.Notice {
	none := func(cohort, query string) data.Notice {
		return warning("%s has no lines; query: %s", cohort, query)
	}
	switch {
	case r.Candidate.Nodes == 0 && r.Control.Nodes == 0:
		return []data.Notice{warning("neither candidate nor control has any lines; check the query and the labels of the cohorts: %s", r.Query)}
	case r.Candidate.Nodes == 0:
		return []data.Notice{none("candidate", r.Query)}
	case r.Control.Nodes == 0:
		return []data.Notice{none("control", r.Against)}
	case r.Control.Nodes < thinControl && q.Query.Cohorts == byLabels:
		return []data.Notice{warning("control is thin: %s, and it takes %d to tell how much nodes differ without any change", nodes(r.Control.Nodes), thinControl)}
	}
	return nil
}

// resolveLogs returns what writes a selector into a log query: a label that
// streams do not have is structured metadata, and is compared behind the
// pipeline. Which labels streams have Loki is asked once a selector; while it
// does not say, all go into the stream selector.
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
func filterLogQL(filters []Filter, expr string, resolve andon.ResolveFunc) (string, error) {
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
