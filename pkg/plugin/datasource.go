// Package plugin answers Grafana: queries, health checks, streams and resource
// calls of the Andon data source. It knows Grafana's frames and settings; how
// nodes are compared it leaves to packages deviation, logs and judge, and where samples come from
// to package source. It keeps nothing between two requests, except that a Loki
// has no patterns.
package plugin

import (
	"context"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"
	sdkconfig "github.com/grafana/grafana-plugin-sdk-go/config"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/concurrent"
)

// ID is the plugin's id in Grafana. It never changes.
const ID = "andon-regression-datasource"

// defaultConcurrency is how many queries of one request run at once if
// Grafana does not say.
const defaultConcurrency = 10

// A Datasource answers for one configured data source. It is safe for
// concurrent use.
type Datasource struct {
	backend.CallResourceHandler
	sources sources
	queries queryReader
	streams *streams
	health  health
}

// New makes the Datasource of one configuration. It asks nothing of anybody;
// whether the configuration works is CheckHealth's to say.
func New(ctx context.Context, settings backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	c, err := newConfig(ctx, settings)
	if err != nil {
		return nil, backend.DownstreamError(err)
	}
	s := newSources(c)
	if c.Prometheus.URL != "" {
		if _, err := s.prometheus(nil); err != nil {
			return nil, backend.DownstreamError(err)
		}
	}
	queries := queryReader{s}
	return &Datasource{
		CallResourceHandler: httpadapter.New(resources{sources: s, queries: queries, now: time.Now}.handler()),
		sources:             s,
		queries:             queries,
		streams:             &streams{sources: s, queries: queries, clock: wall},
		health:              health{s},
	}, nil
}

// Dispose closes connections that are idle; Grafana calls it when the
// configuration has changed.
func (d *Datasource) Dispose() {
	for _, u := range d.sources.config.upstreams() {
		u.Client.CloseIdleConnections()
	}
}

// QueryData implements backend.QueryDataHandler. Each query fails alone.
func (d *Datasource) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	limit, err := sdkconfig.GrafanaConfigFromContext(ctx).ConcurrentQueryCount()
	if err != nil || limit < 1 || limit > defaultConcurrency {
		limit = defaultConcurrency
	}
	fromAlert := fromAlert(req.Headers)
	appURL, _ := sdkconfig.GrafanaConfigFromContext(ctx).AppURL() // links are left out without it
	return concurrent.QueryData(ctx, req, func(ctx context.Context, q concurrent.Query) backend.DataResponse {
		r, err := d.queries.read(ctx, q.DataQuery, fromAlert)
		if err != nil {
			return readErrorResponse(ctx, err, fromAlert)
		}
		r.appURL = appURL
		return r.answer(ctx, d.sources)
	}, limit)
}

// fromAlert reports whether Grafana's alerting asks. Grafana has written the
// header in more than one way.
func fromAlert(headers map[string]string) bool {
	for name, value := range headers {
		name = strings.TrimPrefix(strings.ToLower(name), "http_")
		if name == strings.ToLower(backend.FromAlertHeaderName) && strings.EqualFold(value, "true") {
			return true
		}
	}
	return false
}

// CheckHealth implements backend.CheckHealthHandler. It asks every upstream
// that is set. Without Loki or the exporter the data source still answers, so
// that is but a note.
func (d *Datasource) CheckHealth(ctx context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	return d.health.check(ctx), nil
}

// SubscribeStream implements backend.StreamHandler. A subscriber gets what a
// query would have answered; RunStream then sends what is new.
func (d *Datasource) SubscribeStream(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	return d.streams.subscribe(ctx, req)
}

// PublishStream implements backend.StreamHandler. Nobody may publish.
func (d *Datasource) PublishStream(context.Context, *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
}

// RunStream implements backend.StreamHandler. At each bin it sends one frame:
// of series what is new since the last one, of other views the whole. It ends
// when nobody listens any more.
func (d *Datasource) RunStream(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	return d.streams.run(ctx, req, sender)
}
