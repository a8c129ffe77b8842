// Package plugin answers Grafana: queries, health checks and resource calls
// of the Andon data source. It knows Grafana's frames and settings; how nodes
// are compared it leaves to package analysis, and where samples come from to
// package source. It keeps nothing between two requests, except that a Loki has
// no patterns.
package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"
	sdkconfig "github.com/grafana/grafana-plugin-sdk-go/config"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/concurrent"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/source"
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
	config   config
	clock    clock
	patterns source.Presence // whether Loki has a pattern endpoint
}

// New makes the Datasource of one configuration. It asks nothing of anybody;
// whether the configuration works is CheckHealth's to say.
func New(ctx context.Context, s backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	c, err := newConfig(ctx, s)
	if err != nil {
		return nil, backend.DownstreamError(err)
	}
	if c.Prometheus.URL != "" {
		if _, err := c.prometheus(nil); err != nil {
			return nil, backend.DownstreamError(err)
		}
	}
	d := &Datasource{config: c, clock: wall}
	d.CallResourceHandler = httpadapter.New(d.resources())
	return d, nil
}

func (d *Datasource) exporter() exporterClient { return exporterClient{d.config.Exporter} }

// Dispose closes connections that are idle; Grafana calls it when the
// configuration has changed.
func (d *Datasource) Dispose() {
	for _, u := range d.config.upstreams() {
		u.Client.CloseIdleConnections()
	}
}

// A request is one query with all that was said about it.
type request struct {
	RefID     string
	Query     Query
	Grid      grid
	Window    window
	Range     analysis.Range
	FromAlert bool
	Unknown   []string // variables that are still in the query
	appURL    string   // where Grafana serves; empty if it does not say
	lasting   *lasting // what a stream keeps; nil if there is none
}

// A queryType is a kind of question.
type queryType struct {
	views  []string // in which it can be answered; the first if the query says none
	series []string // those of them that are time series; an alert rule gets the first for any other
	legend string   // of series, if the query says none
	slow   bool     // it reads lines, which takes long enough to tell how far it is
	check  func(Query) error
	answer func(*Datasource, context.Context, request) backend.DataResponse
}

// queryTypes holds all kinds of questions.
var queryTypes = map[string]queryType{
	"deviation": {views: []string{viewSigma, viewRaw, viewHeatmap, viewTable}, series: []string{viewSigma, viewRaw}, legend: "{{node}}", check: Query.checkDeviation, answer: (*Datasource).deviation},
	"clusters":  {views: []string{viewTable, viewRates, viewLines}, series: []string{viewRates}, slow: true, check: Query.checkLogs, answer: (*Datasource).clusters},
	"crashes":   {views: []string{viewTable, viewRates}, series: []string{viewRates}, slow: true, check: Query.checkLogs, answer: (*Datasource).crashes},
	"verdict":   {views: []string{viewSummary, viewFindings, viewEvidence, viewState, viewStages}, series: []string{viewState, viewEvidence}, legend: "{{rollout}}", check: Query.checkVerdict, answer: (*Datasource).verdict},
	"values":    {views: []string{viewTable}, check: Query.checkValues, answer: (*Datasource).values},
	"rollouts":  {views: []string{viewTable, viewTimeline, viewAnnotations}, series: []string{viewTimeline}, legend: "{{rollout}}", check: unchecked, answer: (*Datasource).rollouts},
}

func unchecked(Query) error { return nil }

// QueryData implements backend.QueryDataHandler. Each query fails alone.
func (d *Datasource) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	limit, err := sdkconfig.GrafanaConfigFromContext(ctx).ConcurrentQueryCount()
	if err != nil || limit < 1 || limit > defaultConcurrency {
		limit = defaultConcurrency
	}
	fromAlert := fromAlert(req.Headers)
	appURL, _ := sdkconfig.GrafanaConfigFromContext(ctx).AppURL() // links are left out without it
	return concurrent.QueryData(ctx, req, func(ctx context.Context, q concurrent.Query) backend.DataResponse {
		r, err := d.read(ctx, q.DataQuery, fromAlert)
		if err != nil {
			return rejected(ctx, err, fromAlert)
		}
		r.appURL = appURL
		return queryTypes[r.Query.QueryType].answer(d, ctx, r)
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

// read makes a request of what Grafana sent.
func (d *Datasource) read(ctx context.Context, raw backend.DataQuery, fromAlert bool) (request, error) {
	q, err := decodeQuery(raw.JSON, raw.QueryType)
	if err == nil {
		q, err = d.named(ctx, q)
	}
	if err == nil {
		q, err = q.complete()
	}
	if err != nil {
		return request{}, err
	}
	if series := queryTypes[q.QueryType].series; fromAlert && !slices.Contains(series, q.View) && len(series) > 0 {
		q.View = series[0] // alert rules take no texts
	}
	g, err := q.grid(raw.Interval, raw.TimeRange.Duration())
	if err != nil {
		return request{}, err
	}
	w := window{From: raw.TimeRange.From, To: raw.TimeRange.To, Step: g.Bin, Scrape: d.config.Scrape}
	q, unknown := w.expandQuery(q)
	if fromAlert && len(unknown) > 0 {
		return request{}, unexpanded(unknown)
	}
	r := analysis.Range{Start: w.From, End: w.To, Step: g.Stride}
	return request{RefID: raw.RefID, Query: q, Grid: g, Window: w, Range: r, FromAlert: fromAlert, Unknown: unknown}, nil
}

const (
	// judgeBin is the width of a bin of the judge, if a service does not set
	// its own: the panel shows the judge's numbers as long as it can.
	judgeBin = analysis.DefaultStep

	// maxBins is how many bins are read at most for one series: five weeks of
	// the judge's. Beyond that a bin is wider.
	maxBins = 5 * 7 * 24 * 60

	// maxPoints is how many points a series of an answer may have, as in
	// Prometheus.
	maxPoints = 11_000
)

// A grid is how time is cut.
type grid struct {
	Bin    time.Duration // width of a bin of samples
	Stride time.Duration // between two points shown, a whole number of bins
	Wide   bool          // the bin is wider than what was wanted
}

// grid returns how a range of that span is cut for a panel of that interval:
// into the bins that the query sets, or those of the judge, of which every
// so manieth is shown.
func (q Query) grid(interval, span time.Duration) (grid, error) {
	if span < 0 {
		return grid{}, fmt.Errorf("the time range ends %v before it begins", -span)
	}
	bin := judgeBin
	if q.Step != "" {
		var err error
		if bin, err = duration("step", q.Step); err != nil {
			return grid{}, err
		}
	}
	// Both ends have a point, so there is one more than there are steps.
	wider := max(1, ceilDiv(ceilDiv(span, bin), maxBins-1))
	bin *= wider
	stride := bin * max(1, ceilDiv(interval, bin))
	stride *= max(1, ceilDiv(ceilDiv(span, stride), maxPoints-1))
	return grid{Bin: bin, Stride: stride, Wide: wider > 1}, nil
}

func ceilDiv(a, b time.Duration) time.Duration {
	if a <= 0 {
		return 0
	}
	return (a-1)/b + 1
}
