package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// livePath begins the paths of all channels. The subscriber chooses the rest, one
// for each query.
const livePath = "live/"

// A subscription is the query of a subscriber, with its time range.
type subscription struct {
	Query json.RawMessage `json:"query"`
	Range struct {
		From int64 `json:"from"` // milliseconds since the epoch
		To   int64 `json:"to"`
	} `json:"range"`
	IntervalMs int64 `json:"intervalMs"`
}

// streams follows queries over time.
type streams struct {
	sources sources
	queries queryReader
	clock   clock
}

// read reads a subscription. The range ends now.
func (s *streams) read(ctx context.Context, path string, raw json.RawMessage, now time.Time) (request, error) {
	if !strings.HasPrefix(path, livePath) {
		return request{}, fmt.Errorf("there is no channel %q; channels of this data source begin with %s", path, livePath)
	}
	var f subscription
	if err := json.Unmarshal(raw, &f); err != nil {
		return request{}, fmt.Errorf(`the data of the subscription must be {"query": …, "range": {"from": …, "to": …}, "intervalMs": …}: %w`, err)
	}
	from := time.UnixMilli(f.Range.From)
	if f.Range.From <= 0 || !from.Before(now) {
		return request{}, errors.New("range.from of the subscription must be a time in the past, in milliseconds since 1970")
	}
	return s.queries.read(ctx, backend.DataQuery{RefID: "A", JSON: f.Query, Interval: time.Duration(f.IntervalMs) * time.Millisecond,
		TimeRange: backend.TimeRange{From: from, To: now}}, false)
}

// subscribe answers with the first frame: the answer to the query or, if that is
// slow, its progress.
func (s *streams) subscribe(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	r, err := s.read(ctx, req.Path, req.Data, s.clock.now())
	if err != nil {
		return nil, backend.DownstreamError(err)
	}
	frame := progressFrame(0, 0)
	if !r.slow() {
		if frame, err = s.frame(ctx, r); err != nil {
			return nil, err
		}
	}
	first, err := backend.NewInitialFrame(frame, data.IncludeAll)
	if err != nil {
		return nil, backend.PluginError(err)
	}
	return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusOK, InitialData: first}, nil
}

// run sends one frame at each bin until ctx ends, which is not an error.
func (s *streams) run(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	r, err := s.read(ctx, req.Path, req.Data, s.clock.now())
	if err != nil {
		return backend.DownstreamError(err)
	}
	bin := r.Range.Step
	next := r.Window.To.Truncate(bin)
	if r.grows() {
		r.Window.From = next.Add(1) // subscribers have the points before
	}
	r.stream = &streamState{}
	for first := true; ; first = false {
		if !first || !r.slow() { // a slow answer is due at once, since the first frame had no data
			next = next.Add(bin)
			if now := s.clock.now(); now.After(next) {
				next = now.Truncate(bin) // skip bins that have passed
			}
			if s.clock.wait(ctx, next) != nil {
				return nil
			}
			r.Window.To = next
		}
		r.Range.Start, r.Range.End = r.Window.From, r.Window.To
		if r.grows() {
			r.Range.Start = r.Window.From.Truncate(bin).Add(bin)
		}
		frame, err := s.frameWithProgress(ctx, r, sender)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil: // the next frame will hold what this one lacks
			frame = data.NewFrame("").SetMeta(&data.FrameMeta{Notices: []data.Notice{{Severity: data.NoticeSeverityError, Text: err.Error()}}})
		case r.grows():
			r.Window.From = r.Window.To.Add(1)
		}
		if err := sender.SendFrame(frame, data.IncludeAll); err != nil {
			return err
		}
	}
}

// frame answers a request with one frame.
func (s *streams) frame(ctx context.Context, r request) (*data.Frame, error) {
	answer := r.answer(ctx, s.sources)
	switch {
	case answer.Error != nil:
		return nil, answer.Error
	case r.series():
		return wideFrame(answer.Frames), nil
	}
	return answer.Frames[0], nil
}

// frameWithProgress is frame that also sends progress while a slow answer is made.
func (s *streams) frameWithProgress(ctx context.Context, r request, sender *backend.StreamSender) (*data.Frame, error) {
	if !r.slow() {
		return s.frame(ctx, r)
	}
	var frame *data.Frame
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		frame, err = s.frame(ctx, r)
	}()
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return frame, err
		case <-ticker.C:
			p := &r.stream.progress
			if err := sender.SendFrame(progressFrame(p.share(), p.lines.Load()), data.IncludeAll); err != nil {
				<-done // its context ends with the stream
				return nil, err
			}
		}
	}
}
