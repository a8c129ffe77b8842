// Package recording holds samples and log lines in memory and answers PromQL and
// LogQL about them. It knows neither files nor the network.
package recording

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/andon-project/andon/pkg/andon"
)

// NewEngine returns the PromQL engine of Prometheus. A sample is the value of its
// series until the next one, for at most lookback. Without log it logs nothing,
// without reg it has no metrics.
func NewEngine(lookback time.Duration, log *slog.Logger, reg prometheus.Registerer) *promql.Engine {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return promql.NewEngine(promql.EngineOpts{
		Logger: log, Reg: reg, MaxSamples: 50_000_000, Timeout: 2 * time.Minute,
		LookbackDelta: lookback, EnableAtModifier: true, EnableNegativeOffset: true, Parser: parser.NewParser(parser.Options{}),
	})
}

// Range answers a PromQL range query about samples.
func Range(ctx context.Context, e *promql.Engine, samples storage.Queryable, expr string, r andon.Range) (model.Matrix, error) {
	q, err := e.NewRangeQuery(ctx, samples, nil, expr, r.Start, r.End, r.Step)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	defer q.Close()
	res := q.Exec(ctx)
	m, err := res.Matrix()
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	out := make(model.Matrix, len(m))
	for i, series := range m {
		metric := make(model.Metric, series.Metric.Len())
		series.Metric.Range(func(l labels.Label) { metric[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
		values := make([]model.SamplePair, len(series.Floats))
		for j, f := range series.Floats {
			values[j] = model.SamplePair{Timestamp: model.Time(f.T), Value: model.SampleValue(f.F)}
		}
		out[i] = &model.SampleStream{Metric: metric, Values: values}
	}
	return out, nil
}
