package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/andon"
)

// discoverTimeout is how long discovery may take, while a person waits for the
// editor.
const discoverTimeout = 10 * time.Second

// A serviceSuggestion is a service found in Prometheus or Loki, in the form of
// the exporter's configuration, with cohorts that have data now.
type serviceSuggestion struct {
	andon.Service
	Cohorts   string         `json:"cohorts,omitempty"` // labels or time; empty if there is nothing to compare with
	Candidate andon.Selector `json:"candidate,omitempty"`
	Control   andon.Selector `json:"control,omitempty"`
	Back      string         `json:"back,omitempty"`
}

// discover answers POST /discover {"range": {"from": 1772366400000, "to":
// 1772370000000}} with the services that have well-known metrics in Prometheus,
// those with more than one version first, then with the services that have log
// lines in Loki.
func (s resources) discover(req *http.Request) (any, error) {
	var body struct {
		Range struct {
			From int64 `json:"from"`
			To   int64 `json:"to"`
		} `json:"range"`
	}
	if err := decode(req, &body, `{"range": {"from": …, "to": …}}`); err != nil {
		return nil, err
	}
	from, to := time.UnixMilli(body.Range.From), time.UnixMilli(body.Range.To)
	ctx, cancel := context.WithTimeout(req.Context(), discoverTimeout)
	defer cancel()
	var logs []serviceSuggestion
	var wait sync.WaitGroup
	if s.sources.config.Loki.URL != "" {
		// If Loki does not answer, the services in Prometheus will do; the health
		// check says what is wrong.
		wait.Go(func() { logs, _ = discoverLogs(ctx, s.sources, from, to) })
	}
	found, err := discoverMetrics(ctx, s.sources, from, to)
	wait.Wait()
	if err != nil && !errors.Is(err, errNoURL) {
		problem, hint := health{s.sources}.prometheus().explain(err)
		err = badGatewayError{errors.New("Prometheus: " + problem + ". " + hint)}
	}
	return append(found, logs...), err
}

// discoverMetrics asks Prometheus for the series of well-known metrics at the end
// of the range, at its start, and an hour and a day before its end, and for their
// status labels. Metrics are picked by name, for which Prometheus has an index,
// and Prometheus sums away all labels that are not needed.
func discoverMetrics(ctx context.Context, s sources, from, to time.Time) ([]serviceSuggestion, error) {
	p, err := s.prometheus(nil)
	if err != nil {
		return nil, err
	}
	selector := fmt.Sprintf("{__name__=~%q,__name__!~%q}", wellKnown, infrastructure)
	identity := strings.Join(append(append([]string{"__name__"}, serviceLabels...), versionLabels...), ",")
	nodes := identity + "," + strings.Join(nodeLabels, ",")
	statuses := "__name__," + strings.Join(statusLabels, ",")
	var found seriesSnapshot
	g, ctx := errgroup.WithContext(ctx)
	for _, ask := range []struct {
		into *model.Matrix
		expr string
		at   time.Time
	}{
		{&found.now, "count by (" + nodes + ") (" + selector + ")", to},
		{&found.start, "count by (" + identity + ") (" + selector + ")", from},
		{&found.hour, "count by (" + identity + ") (" + selector + ")", to.Add(-time.Hour)},
		{&found.day, "count by (" + identity + ") (" + selector + ")", to.Add(-24 * time.Hour)},
		{&found.statuses, "count by (" + statuses + ") (" + selector + ")", to},
	} {
		g.Go(func() error {
			m, err := p.Range(ctx, ask.expr, andon.Range{Start: ask.at, End: ask.at, Step: time.Minute})
			*ask.into = m
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return found.services(), nil
}

// discoverLogs asks Loki for the streams with a service label, now and before.
func discoverLogs(ctx context.Context, s sources, from, to time.Time) ([]serviceSuggestion, error) {
	l, err := s.loki(nil)
	if err != nil {
		return nil, err
	}
	labels, err := l.Labels(ctx, "", andon.Range{Start: from, End: to})
	if err != nil {
		return nil, err
	}
	var found seriesSnapshot
	for _, label := range serviceLabels {
		if !slices.Contains(labels, label) {
			continue
		}
		g, ctx := errgroup.WithContext(ctx)
		for _, ask := range []struct {
			into     *model.Matrix
			from, to time.Time
		}{{&found.now, from, to}, {&found.start, from.Add(-time.Minute), from}, {&found.hour, to.Add(-2 * time.Hour), to.Add(-time.Hour)}, {&found.day, to.Add(-25 * time.Hour), to.Add(-24 * time.Hour)}} {
			g.Go(func() error {
				streams, err := l.Series(ctx, fmt.Sprintf("{%s=~\".+\"}", label), andon.Range{Start: ask.from, End: ask.to})
				for _, stream := range streams {
					metric := make(model.Metric, len(stream))
					for name, value := range stream {
						metric[model.LabelName(name)] = model.LabelValue(value)
					}
					*ask.into = append(*ask.into, &model.SampleStream{Metric: metric})
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		return found.logServices(), nil
	}
	return nil, nil
}
