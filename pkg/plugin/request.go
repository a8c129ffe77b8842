package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

// A request is one query with everything that its answer needs.
type request struct {
	RefID     string
	Query     querySpec
	Grid      grid
	Window    window
	Range     andon.Range
	FromAlert bool
	Unknown   []string     // variables that could not be replaced
	appURL    string       // Grafana's own URL; empty if unknown
	stream    *streamState // nil outside a stream
}

// answer answers the request.
func (r request) answer(ctx context.Context, s sources) backend.DataResponse {
	return r.view().answer(ctx, s, r)
}

func (r request) view() view { return queryTypes[r.Query.QueryType].view(r.Query.View) }

// slow reports whether the answer takes long enough to show progress.
func (r request) slow() bool { return queryTypes[r.Query.QueryType].slow }

// series reports whether the answer is time series.
func (r request) series() bool { return r.view().series }

// grows reports whether a stream sends only new points.
func (r request) grows() bool { return r.view().grows }

// A queryReader reads the queries that Grafana sends. For a query that names a
// rollout it asks the exporter.
type queryReader struct{ sources sources }

// read reads a query. An error is a *source.Error, errNoExporter, or a mistake
// that the query's author can fix.
func (qr queryReader) read(ctx context.Context, raw backend.DataQuery, fromAlert bool) (request, error) {
	q, err := decodeQuery(raw.JSON, raw.QueryType)
	if err == nil {
		q, err = qr.fillFromRollout(ctx, q)
	}
	if err == nil {
		q, err = q.complete()
	}
	if err != nil {
		return request{}, err
	}
	if t := queryTypes[q.QueryType]; fromAlert && t.alertView != "" && !t.view(q.View).series {
		q.View = t.alertView
	}
	g, err := q.grid(raw.Interval, raw.TimeRange.Duration())
	if err != nil {
		return request{}, err
	}
	w := window{From: raw.TimeRange.From, To: raw.TimeRange.To, Step: g.Bin, Scrape: qr.sources.config.Scrape}
	q, unknown := w.expandQuery(q)
	if fromAlert && len(unknown) > 0 {
		return request{}, unexpandedError(unknown)
	}
	r := andon.Range{Start: w.From, End: w.To, Step: g.Stride}
	return request{RefID: raw.RefID, Query: q, Grid: g, Window: w, Range: r, FromAlert: fromAlert, Unknown: unknown}, nil
}

// A draft is a query in an editor, with the time range that its author sees.
type draft struct {
	Query json.RawMessage `json:"query"`
	Range struct {
		From int64 `json:"from"` // milliseconds since the epoch
		To   int64 `json:"to"`
	} `json:"range"`
}

// timeRange returns the range of the draft; by default the hour before now.
func (d draft) timeRange(now time.Time) backend.TimeRange {
	t := backend.TimeRange{From: time.UnixMilli(d.Range.From), To: time.UnixMilli(d.Range.To)}
	if d.Range.To == 0 {
		t.To = now
	}
	if d.Range.From == 0 {
		t.From = t.To.Add(-time.Hour)
	}
	return t
}

// readDraft reads a query in an editor as if it were asked now.
func (qr queryReader) readDraft(ctx context.Context, d draft, now time.Time) (request, error) {
	r, err := qr.read(ctx, backend.DataQuery{RefID: "A", JSON: d.Query, TimeRange: d.timeRange(now)}, false)
	if err != nil && !errors.As(err, new(*source.Error)) && !errors.Is(err, errNoExporter) {
		return r, badQuery{err}
	}
	return r, err
}
