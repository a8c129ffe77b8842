package plugin

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/source"
)

// newVerdictQuery finds the rollout that the query asks for, its service and the
// rollouts that overlap it. There are none if the exporter has none.
func newVerdictQuery(ctx context.Context, s sources, r request) (*verdictQuery, error) {
	q := &verdictQuery{frameBuilder: frameBuilder{request: r, config: s.config}, until: r.Window.To,
		prometheusWarnings: &warnings{}, lokiWarnings: &warnings{}}
	query := r.Query
	var err error
	if q.analyzer, err = q.newAnalyzer(ctx, s); err != nil {
		return nil, err
	}
	switch {
	case query.Rollout == "" && len(query.Signals) > 0:
		err = q.fromQuery(andon.Service{Name: cmp.Or(query.Service, r.RefID), Node: query.NodeLabel, Sensitivity: query.Sensitivity, Signals: query.Signals})
	case query.Rollout == "" && (len(query.Candidate) > 0 || query.Since != ""):
		var svc andon.ServiceInfo
		if svc, err = s.exporter().service(ctx, query.Service); err == nil {
			err = q.fromQuery(judgedService(svc))
			q.record.Layer = svc.Layer
		}
	default:
		err = q.fromExporter(ctx, s.exporter())
	}
	if err != nil || len(q.rollouts) == 0 {
		return q, err
	}
	for i := range q.rollouts {
		svc := &q.rollouts[i].Service
		if svc.Signals, err = filterSignals(query.Filters, svc.Signals, q.analyzer.Logs.Resolve); err != nil {
			return q, err
		}
	}
	if ended := q.rollouts[0].Rollout.Ended; !ended.IsZero() && ended.Before(q.until) {
		q.until = ended
	}
	if started := q.rollouts[0].Rollout.Started; q.until.Before(started) {
		return q, badQuery{fmt.Errorf("the rollout began at %s, after the end of the time range", started.UTC().Format(time.RFC3339))}
	}
	return q, nil
}

// newAnalyzer makes the analyzer that judges: with Loki if it has a URL, and with
// the exporter's memory if the exporter has one.
func (q *verdictQuery) newAnalyzer(ctx context.Context, s sources) (judge.Analyzer, error) {
	prometheus, err := s.prometheus(q.prometheusWarnings.from("Prometheus"))
	if err != nil {
		return judge.Analyzer{}, err
	}
	a := judge.Analyzer{Metrics: deviation.Source{Ask: prometheus.Range, Resolve: source.Resolve}}
	if q.Query.Service != "" || q.Query.Rollout != "" {
		a.Logs.Recall = s.exporter().recall(ctx, q.lokiWarnings)
	}
	if s.config.Loki.URL == "" {
		return a, nil // log signals report that there is no source
	}
	loki, resolve, err := s.lokiFor(ctx, q.Window, q.lokiWarnings.from("Loki"))
	if err != nil {
		return judge.Analyzer{}, err
	}
	a.Logs.Lines, a.Logs.Counts, a.Logs.Patterns, a.Logs.Resolve = loki.Lines, loki.Metric, loki.Patterns, resolve
	return a, nil
}

// fromQuery makes the rollout of the query's own cohorts and times.
func (q *verdictQuery) fromQuery(s andon.Service) error {
	query := q.Query
	since, err := parseTime("since", query.Since)
	if err != nil {
		return badQuery{err}
	}
	until, err := parseTime("until", query.Until)
	if err != nil {
		return badQuery{err}
	}
	if since.IsZero() {
		since = q.Window.From
	}
	if query.Step != "" {
		s.Step = model.Duration(q.Grid.Bin)
	}
	ro := andon.Rollout{ID: cmp.Or(query.Rollout, s.Name), Service: s.Name, Strategy: query.Strategy, Candidate: query.Candidate, Control: query.Control,
		Started: since, Ended: until}
	if query.VersionLabel != "" {
		ro.Version = query.Candidate[query.VersionLabel]
	}
	if query.Cohorts == byTime {
		ro.Control, ro.Strategy = nil, cmp.Or(query.Strategy, andon.BeforeAfter)
	}
	q.rollouts = []judge.Underway{{Rollout: ro, Service: s}}
	q.record = rolloutRow{andon.RolloutRecord{Rollout: ro, Layer: s.Layer, UnderWay: until.IsZero()}}
	return nil
}

// fromExporter takes the exporter's rollout and all that overlap it, since one of
// those may be to blame.
func (q *verdictQuery) fromExporter(ctx context.Context, c exporterClient) error {
	search, err := c.findRollout(ctx, q.request)
	if err != nil || search.record == nil {
		return err
	}
	q.record = *search.record
	q.rollouts = []judge.Underway{{Rollout: q.record.Rollout, Service: judgedService(search.services[q.record.Rollout.Service])}}
	for _, other := range search.rollouts {
		if svc, ok := search.services[other.Rollout.Service]; ok && other.Rollout.ID != q.record.Rollout.ID && overlap(other, q.record) {
			q.rollouts = append(q.rollouts, judge.Underway{Rollout: other.Rollout, Service: judgedService(svc)})
		}
	}
	return q.addPriorKnowledge(ctx, c)
}

// addPriorKnowledge adds what the exporter learnt about each rollout's service.
func (q *verdictQuery) addPriorKnowledge(ctx context.Context, c exporterClient) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(verdictConcurrency)
	for i := range q.rollouts {
		g.Go(func() error { return c.addPriorKnowledge(ctx, &q.rollouts[i]) })
	}
	return g.Wait()
}

// overlap reports whether two rollouts were under way at the same time.
func overlap(a, b rolloutRow) bool {
	before := func(a, b rolloutRow) bool { return a.ended() != nil && a.ended().Before(b.Rollout.Started) }
	return !before(a, b) && !before(b, a)
}
