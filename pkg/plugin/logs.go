package plugin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/logql"
	"github.com/andon-project/andon/pkg/source"
)

// errNoLoki says that a question is Loki's to answer and none is set.
var errNoLoki = errors.New("no URL of Loki is set; enter it in the data source's settings to see log clusters and crashes")

// checkLogs checks what a query for log clusters or crashes needs.
func (q Query) checkLogs() error {
	if strings.TrimSpace(q.Expr) == "" {
		return errors.New(`expr is empty: write the LogQL query whose lines are to be compared, as {app="shop"} |= "error"`)
	}
	return q.checkCohorts()
}

// A reading is a question about the log lines of two cohorts.
type reading struct {
	picture
	comparison analysis.Comparison
	analyzer   analysis.Analyzer
	loki       *source.Loki
	resolve    analysis.ResolveFunc
	said       *sayings
}

// reading prepares to read the lines that the query asks for; signal makes the
// signal of its expression.
func (d *Datasource) reading(ctx context.Context, r request, signal func(expr string) analysis.Signal) (reading, error) {
	q := reading{picture: picture{request: r, config: d.config}, said: &sayings{}}
	var err error
	if q.loki, q.resolve, err = d.loki(ctx, r, q.said); err != nil {
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
	q.analyzer = analysis.Analyzer{Logs: q.lines, LogMetrics: q.loki.Metric, Patterns: q.loki.Patterns, ResolveLogs: q.resolve}
	if q.comparison.Service != "" {
		q.analyzer.Recall = d.recall(ctx, q.said)
	}
	return q, nil
}

// loki returns what asks Loki, whose warnings go to said, and what writes
// selectors into its queries. Without a URL it is errNoLoki.
func (d *Datasource) loki(ctx context.Context, r request, said *sayings) (*source.Loki, analysis.ResolveFunc, error) {
	u := d.config.Loki
	if u.URL == "" {
		return nil, nil, errNoLoki
	}
	l, err := source.NewLoki(source.LokiConfig{URL: u.URL, Client: u.Client, Timeout: u.Timeout, Warn: said.warn, Patterns: &d.patterns})
	if err != nil {
		return nil, nil, badQuery{err}
	}
	return l, resolveLogs(ctx, l, analysis.Range{Start: r.Window.From, End: r.Window.To}), nil
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

// lines is an analysis.LinesFunc that tells of its progress: first all of the
// candidate is read, then all of control.
func (q reading) lines(ctx context.Context, expr string, r analysis.Range) iter.Seq2[analysis.Line, error] {
	all := q.loki.Lines(ctx, expr, r)
	if q.lasting == nil {
		return all
	}
	p := &q.lasting.progress
	done := math.Float64frombits(p.share.Load())
	return func(yield func(analysis.Line, error) bool) {
		for l, err := range all {
			p.lines.Add(1)
			if err == nil {
				p.share.Store(math.Float64bits(done + (1-done)/2*l.At.Sub(r.Start).Seconds()/max(1, r.End.Sub(r.Start).Seconds())))
			}
			if !yield(l, err) {
				break
			}
		}
		p.share.Store(math.Float64bits(done + (1-done)/2))
	}
}

// described fills in what the answer says of what was asked, and of how much
// came of it.
func (q *reading) described(r analysis.GroupReport) {
	q.executed = fmt.Sprintf("# candidate\n%s\n# control\n%s\n", r.Query, r.Against)
	if q.comparison.Control.Back > 0 {
		q.executed = fmt.Sprintf("# candidate\n%s\n# control, %s before\n%s\n", r.Query, q.Query.Back, r.Against)
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
	q.notices = append(q.notices, q.thin(r)...)
	if r.Sampled {
		q.notices = append(q.notices, data.Notice{Severity: data.NoticeSeverityInfo,
			Text: "there are more lines than are read: clusters were found in a fair sample, and Loki counted their lines"})
	}
	for _, n := range append(slices.Clone(r.Notices), q.said.all()...) {
		q.notices = append(q.notices, warning("%s", n))
	}
}

// thin says which cohort logs nothing at all, or has too few nodes.
func (q *reading) thin(r analysis.GroupReport) []data.Notice {
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
func resolveLogs(ctx context.Context, l *source.Loki, r analysis.Range) analysis.ResolveFunc {
	var mu sync.Mutex
	known := make(map[string][]string)
	return func(expr string, s analysis.Selector) (string, error) {
		q, err := logql.Parse(expr)
		if err != nil {
			return "", err
		}
		streams := q.Streams()
		mu.Lock()
		defer mu.Unlock()
		names, asked := known[streams]
		if !asked && len(s) > 0 {
			names, _ = l.Labels(ctx, streams, r) // what is wrong shows when lines are asked for
			known[streams] = names
		}
		return logql.ResolveBehind(expr, s, func(label string) bool { return len(names) > 0 && !slices.Contains(names, label) })
	}
}

// filterLogQL writes the ad-hoc filters into a log query.
func filterLogQL(filters []Filter, expr string, resolve analysis.ResolveFunc) (string, error) {
	for _, f := range filters {
		value, err := f.matcher()
		if err != nil {
			return "", err
		}
		if expr, err = resolve(expr, analysis.Selector{f.Key: value}); err != nil {
			return "", err
		}
	}
	return expr, nil
}

// sayings collects what sources warn of, each once. It is safe for concurrent
// use.
type sayings struct {
	mu   sync.Mutex
	said []string
}

func (s *sayings) add(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.said, text) {
		s.said = append(s.said, text)
	}
}

// warn takes in what Loki warned of.
func (s *sayings) warn(query string, warnings []string) {
	for _, w := range warnings {
		s.add(fmt.Sprintf("Loki warns of %s: %s", query, w))
	}
}

func (s *sayings) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.said)
}
