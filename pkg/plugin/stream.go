package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// livePath is what the paths of all channels begin with. What is behind it is
// the subscriber's own, and tells one query from another.
const livePath = "live/"

// A following is what a subscriber asks for.
type following struct {
	Query json.RawMessage `json:"query"`
	Range struct {
		From int64 `json:"from"` // milliseconds since the epoch
		To   int64 `json:"to"`
	} `json:"range"`
	IntervalMs int64 `json:"intervalMs"`
}

// follow reads what a subscriber asks for. The range reaches up to now.
func (d *Datasource) follow(ctx context.Context, path string, raw json.RawMessage, now time.Time) (request, error) {
	if !strings.HasPrefix(path, livePath) {
		return request{}, fmt.Errorf("there is no channel %q; those of this data source begin with %s", path, livePath)
	}
	var f following
	if err := json.Unmarshal(raw, &f); err != nil {
		return request{}, fmt.Errorf(`the subscription's data are not {"query": …, "range": {"from": …, "to": …}, "intervalMs": …}: %w`, err)
	}
	from := time.UnixMilli(f.Range.From)
	if f.Range.From <= 0 || !from.Before(now) {
		return request{}, errors.New("range.from of the subscription is not a time in the past, in milliseconds since the epoch")
	}
	return d.read(ctx, backend.DataQuery{RefID: "A", JSON: f.Query, Interval: time.Duration(f.IntervalMs) * time.Millisecond,
		TimeRange: backend.TimeRange{From: from, To: now}}, false)
}

// SubscribeStream implements backend.StreamHandler. A subscriber gets what a
// query would have answered; RunStream then sends what is new.
func (d *Datasource) SubscribeStream(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	r, err := d.follow(ctx, req.Path, req.Data, d.clock.now())
	if err != nil {
		return nil, backend.DownstreamError(err)
	}
	frame := underway(0, 0)
	if !r.slow() {
		if frame, err = d.live(ctx, r); err != nil {
			return nil, err
		}
	}
	first, err := backend.NewInitialFrame(frame, data.IncludeAll)
	if err != nil {
		return nil, backend.PluginError(err)
	}
	return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusOK, InitialData: first}, nil
}

// PublishStream implements backend.StreamHandler. Nobody may publish.
func (d *Datasource) PublishStream(context.Context, *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
}

// RunStream implements backend.StreamHandler. At each bin it sends one frame:
// of series what is new since the last one, of other views the whole. It ends
// when nobody listens any more.
func (d *Datasource) RunStream(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	r, err := d.follow(ctx, req.Path, req.Data, d.clock.now())
	if err != nil {
		return backend.DownstreamError(err)
	}
	bin := r.Range.Step
	next := r.Window.To.Truncate(bin)
	if r.series() {
		r.Window.From = next.Add(1) // subscribers have what was before
	}
	r.lasting = &lasting{}
	for first := true; ; first = false {
		if !first || !r.slow() { // of what is slow subscribers have nothing yet
			next = next.Add(bin)
			if now := d.clock.now(); now.After(next) {
				next = now.Truncate(bin) // a late one is left out
			}
			if d.clock.wait(ctx, next) != nil {
				return nil
			}
			r.Window.To = next
		}
		r.Range.Start, r.Range.End = r.Window.From, r.Window.To
		if r.series() {
			r.Range.Start = r.Window.From.Truncate(bin).Add(bin)
		}
		frame, err := d.slowly(ctx, r, sender)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil: // the next one may go well, and then has all that is missing
			frame = data.NewFrame("").SetMeta(&data.FrameMeta{Notices: []data.Notice{{Severity: data.NoticeSeverityError, Text: err.Error()}}})
		case r.series():
			r.Window.From = r.Window.To.Add(1)
		}
		if err := sender.SendFrame(frame, data.IncludeAll); err != nil {
			return err
		}
	}
}

func (r request) slow() bool { return queryTypes[r.Query.QueryType].slow }
func (r request) series() bool {
	return slices.Contains(queryTypes[r.Query.QueryType].series, r.Query.View)
}

// live answers with one frame.
func (d *Datasource) live(ctx context.Context, r request) (*data.Frame, error) {
	answer := queryTypes[r.Query.QueryType].answer(d, ctx, r)
	switch {
	case answer.Error != nil:
		return nil, answer.Error
	case r.series():
		return wide(answer.Frames), nil
	}
	return answer.Frames[0], nil
}
