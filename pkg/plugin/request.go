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

// A request is one query with all that an answer needs to know.
type request struct {
	RefID     string
	Query     Query
	Grid      grid
	Window    window
	Range     andon.Range
	FromAlert bool
	Unknown   []string     // variables that are still in the query
	appURL    string       // where Grafana serves; empty if it does not say
	stream    *streamState // what a stream keeps; nil outside of one
}

// answer answers the request.
func (r request) answer(ctx context.Context, s sources) backend.DataResponse {
	return r.view().answer(ctx, s, r)
}

func (r request) view() view { return queryTypes[r.Query.QueryType].view(r.Query.View) }

// slow reports whether the answer takes long enough to tell how far it is.
func (r request) slow() bool { return queryTypes[r.Query.QueryType].slow }

// series reports whether the answer is time series.
func (r request) series() bool { return r.view().series }

// A queryReader makes requests of what Grafana sends. What a query leaves to
// the exporter to know, it asks there.
type queryReader struct{ sources sources }

// read makes a request of a query. An error that is no *source.Error and not
// errNoExporter is what its author can put right.
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

// A draft is a query that is being written, with the time range that its
// author looks at.
type draft struct {
	Query json.RawMessage `json:"query"`
	Range struct {
		From int64 `json:"from"` // milliseconds since the epoch
		To   int64 `json:"to"`
	} `json:"range"`
}

// timeRange returns the range; the hour before now if there is none.
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

// readDraft makes a request of a query that is being written, as if it were
// asked at that time.
func (qr queryReader) readDraft(ctx context.Context, d draft, now time.Time) (request, error) {
	r, err := qr.read(ctx, backend.DataQuery{RefID: "A", JSON: d.Query, TimeRange: d.timeRange(now)}, false)
	if err != nil && !errors.As(err, new(*source.Error)) && !errors.Is(err, errNoExporter) {
		return r, badQuery{err}
	}
	return r, err
}
