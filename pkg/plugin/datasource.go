// Package plugin is the backend of the Andon data source: it answers Grafana's
// queries, health checks, streams and resource calls. It knows Grafana's frames
// and settings; packages deviation, logs and judge compare nodes, and package
// source reads samples and lines. Between two requests it keeps nothing but
// whether Loki has a pattern endpoint.
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

// defaultConcurrency is how many queries of one request run at the same time, if
// Grafana does not set a lower limit.
const defaultConcurrency = 10

// A Datasource is one configured data source. It is safe for concurrent use.
type Datasource struct {
	backend.CallResourceHandler
	sources sources
	queries queryReader
	streams *streams
	health  health
}

// New makes the Datasource of one configuration. It sends no request; CheckHealth
// tells whether the configuration works.
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
		streams:             &streams{sources: s, queries: queries, clock: wallClock},
		health:              health{s},
	}, nil
}

// Dispose closes idle connections. Grafana calls it when the configuration has
// changed.
func (d *Datasource) Dispose() {
	for _, u := range d.sources.config.upstreams() {
		u.Client.CloseIdleConnections()
	}
}

// QueryData implements backend.QueryDataHandler. An error in one query does not
// affect the others.
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

// fromAlert reports whether the request comes from Grafana's alerting. Versions of
// Grafana write the header differently.
func fromAlert(headers map[string]string) bool {
	for name, value := range headers {
		name = strings.TrimPrefix(strings.ToLower(name), "http_")
		if name == strings.ToLower(backend.FromAlertHeaderName) && strings.EqualFold(value, "true") {
			return true
		}
	}
	return false
}

// CheckHealth implements backend.CheckHealthHandler. It asks every upstream that
// has a URL. The check passes without Loki and the exporter, since the data source
// works without them.
func (d *Datasource) CheckHealth(ctx context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	return d.health.check(ctx), nil
}

// SubscribeStream implements backend.StreamHandler. A subscriber first gets the
// answer to its query; RunStream then sends what is new.
func (d *Datasource) SubscribeStream(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	return d.streams.subscribe(ctx, req)
}

// PublishStream implements backend.StreamHandler. Nobody may publish.
func (d *Datasource) PublishStream(context.Context, *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
}

// RunStream implements backend.StreamHandler. At each bin it sends one frame: the
// new points of series, or the whole answer of other views. It ends with the last
// subscriber.
func (d *Datasource) RunStream(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	return d.streams.run(ctx, req, sender)
}
