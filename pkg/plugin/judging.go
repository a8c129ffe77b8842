package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/source"
)

// judging finds out which rollout the query asks about, of which service, and
// what overlaps it. It has no rollout if the exporter knows of none.
func (s sources) judging(ctx context.Context, r request, seen *tally) (judging, error) {
	j := judging{picture: picture{request: r, config: s.config}, until: r.Window.To, warnings: &warnings{}}
	q := r.Query
	err := s.analyst(ctx, &j, seen)
	if err != nil {
		return j, err
	}
	switch {
	case q.Rollout == "" && len(q.Signals) > 0:
		err = j.fromQuery(analysis.Service{Name: cmp.Or(q.Service, r.RefID), Node: q.NodeLabel, Sensitivity: q.Sensitivity, Signals: q.Signals})
	case q.Rollout == "" && (len(q.Candidate) > 0 || q.Since != ""):
		var svc ConfiguredService
		if svc, err = s.exporter().service(ctx, q.Service); err == nil {
			err = j.fromQuery(judgedService(svc))
			j.of.Layer = svc.Layer
		}
	default:
		err = s.fromExporter(ctx, &j)
	}
	if err != nil || len(j.under) == 0 {
		return j, err
	}
	for i := range j.under {
		s := &j.under[i].Service
		if s.Signals, err = filterSignals(q.Filters, s.Signals, j.analyzer.ResolveLogs); err != nil {
			return j, err
		}
	}
	if ended := j.under[0].Rollout.Ended; !ended.IsZero() && ended.Before(j.until) {
		j.until = ended
	}
	if started := j.under[0].Rollout.Started; j.until.Before(started) {
		return j, badQuery{fmt.Errorf("the rollout began at %s, after the time range", started.UTC().Format(time.RFC3339))}
	}
	return j, nil
}

// analyst fills in who judges: with Loki, if there is one, and with what the
// exporter remembers, if there is one.
func (s sources) analyst(ctx context.Context, j *judging, seen *tally) error {
	prometheus, err := s.prometheus(seen.warn)
	if err != nil {
		return err
	}
	j.analyzer = analysis.Analyzer{Metrics: prometheus.Range, Resolve: source.Resolve}
	if j.Query.Service != "" || j.Query.Rollout != "" {
		j.analyzer.Recall = s.exporter().recall(ctx, j.warnings)
	}
	if s.config.Loki.URL == "" {
		return nil // signals of logs say that there is no source
	}
	loki, resolve, err := s.lokiFor(ctx, j.Window, j.warnings.from("Loki"))
	if err != nil {
		return err
	}
	j.analyzer.Logs, j.analyzer.LogMetrics, j.analyzer.Patterns, j.analyzer.ResolveLogs = loki.Lines, loki.Metric, loki.Patterns, resolve
	return nil
}

// fromQuery makes a rollout of what the query says of cohorts and times.
func (j *judging) fromQuery(s analysis.Service) error {
	q := j.Query
	since, err := moment("since", q.Since)
	if err != nil {
		return badQuery{err}
	}
	until, err := moment("until", q.Until)
	if err != nil {
		return badQuery{err}
	}
	if since.IsZero() {
		since = j.Window.From
	}
	if q.Step != "" {
		s.Step = model.Duration(j.Grid.Bin)
	}
	ro := analysis.Rollout{ID: cmp.Or(q.Rollout, s.Name), Service: s.Name, Strategy: q.Strategy, Candidate: q.Candidate, Control: q.Control,
		Started: since, Ended: until}
	if q.VersionLabel != "" {
		ro.Version = q.Candidate[q.VersionLabel]
	}
	if q.Cohorts == byTime {
		ro.Control, ro.Strategy = nil, cmp.Or(q.Strategy, analysis.BeforeAfter)
	}
	j.under = []analysis.Underway{{Rollout: ro, Service: s}}
	j.of = rolloutRow{RolloutRecord{Rollout: ro, Layer: s.Layer, UnderWay: until.IsZero()}}
	return nil
}

// A found is what the exporter knows of the rollout that a query asks for.
type found struct {
	services map[string]ConfiguredService
	rollouts []rolloutRow // newest first
	of       *rolloutRow  // what is asked for; nil if the query names no rollout and none was under way
}

// find asks the exporter for the rollout of a query, and for all others. The
// service of what is found is in its configuration.
func (c exporterClient) find(ctx context.Context, r request) (found, error) {
	services, err := c.services(ctx)
	if err != nil {
		return found{}, err
	}
	f := found{services: make(map[string]ConfiguredService, len(services))}
	for _, s := range services {
		f.services[s.Name] = s
	}
	if f.rollouts, err = c.rollouts(ctx, "", time.Time{}); err != nil {
		return found{}, err
	}
	i := slices.IndexFunc(f.rollouts, r.asksFor)
	if i < 0 {
		if r.Query.Rollout != "" {
			err = badQuery{fmt.Errorf("the exporter knows of no rollout %q", r.Query.Rollout)}
		}
		return f, err
	}
	f.of = &f.rollouts[i]
	if name := f.of.Rollout.Service; f.services[name].Name == "" {
		return f, badQuery{fmt.Errorf("the exporter's configuration has no service %q any more", name)}
	}
	return f, nil
}

// fromExporter takes the rollout that the exporter knows, and all that overlap
// it, which may be to blame instead.
func (s sources) fromExporter(ctx context.Context, j *judging) error {
	f, err := s.exporter().find(ctx, j.request)
	if err != nil || f.of == nil {
		return err
	}
	j.of = *f.of
	j.under = []analysis.Underway{{Rollout: j.of.Rollout, Service: judgedService(f.services[j.of.Rollout.Service])}}
	for _, p := range f.rollouts {
		if s, ok := f.services[p.Rollout.Service]; ok && p.Rollout.ID != j.of.Rollout.ID && overlap(p, j.of) {
			j.under = append(j.under, analysis.Underway{Rollout: p.Rollout, Service: judgedService(s)})
		}
	}
	return s.exporter().learn(ctx, j.under)
}

// learn fills in what the judge knows from earlier rollouts, and who calls whom.
func (c exporterClient) learn(ctx context.Context, under []analysis.Underway) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(questionsAtOnce)
	for i := range under {
		g.Go(func() error { return c.addPriorKnowledge(ctx, &under[i]) })
	}
	return g.Wait()
}

// asksFor reports whether the query asks for a rollout: by its id, or as one of
// the service that was under way in the time range.
func (r request) asksFor(p rolloutRow) bool {
	if r.Query.Rollout != "" {
		return p.Rollout.ID == r.Query.Rollout
	}
	ended := p.ended()
	return p.Rollout.Service == r.Query.Service && !p.Rollout.Started.After(r.Window.To) && (ended == nil || !ended.Before(r.Window.From))
}

// overlap reports whether two rollouts were under way at the same time.
func overlap(a, b rolloutRow) bool {
	before := func(a, b rolloutRow) bool { return a.ended() != nil && a.ended().Before(b.Rollout.Started) }
	return !before(a, b) && !before(b, a)
}
