package plugin

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// lasting is what a stream keeps from one frame to the next.
type lasting struct {
	watch    *analysis.Watch // of a verdict
	progress progress
}

// progress is how much of what a query has to read was read. It is safe for
// concurrent use.
type progress struct {
	lines atomic.Int64
	share atomic.Uint64 // bits of a float64 from 0 to 1
}

// progressEvery is how often progress is told of.
const progressEvery = 500 * time.Millisecond

// slowly is live that tells of its progress where that takes long.
func (d *Datasource) slowly(ctx context.Context, r request, sender *backend.StreamSender) (*data.Frame, error) {
	if !r.slow() {
		return d.live(ctx, r)
	}
	var frame *data.Frame
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		frame, err = d.live(ctx, r)
	}()
	tell := time.NewTicker(progressEvery)
	defer tell.Stop()
	for {
		select {
		case <-done:
			return frame, err
		case <-tell.C:
			p := &r.lasting.progress
			if err := sender.SendFrame(underway(math.Float64frombits(p.share.Load()), p.lines.Load()), data.IncludeAll); err != nil {
				<-done // its context ends with the stream
				return nil, err
			}
		}
	}
}

// underway makes a frame that says how much was read, and holds nothing yet.
func underway(share float64, lines int64) *data.Frame {
	return data.NewFrame("").SetMeta(&data.FrameMeta{Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1},
		Custom:  map[string]any{"progress": share, "lines": lines},
		Notices: []data.Notice{{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf("%d lines were read, %.0f%% of the time", lines, 100*share)}}})
}

// wide joins the frames of series, which have a time and a value each, into one
// with a value for each series.
func wide(frames data.Frames) *data.Frame {
	at := map[int64]int{}
	var times []time.Time
	for _, f := range frames {
		for i := range f.Rows() {
			t := f.Fields[0].At(i).(time.Time)
			if _, ok := at[t.UnixNano()]; !ok {
				at[t.UnixNano()] = 0
				times = append(times, t)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	for i, t := range times {
		at[t.UnixNano()] = i
	}
	all := data.NewField(frames[0].Fields[0].Name, nil, append([]time.Time{}, times...))
	all.Config = frames[0].Fields[0].Config
	meta := *frames[0].Meta
	meta.Type = data.FrameTypeTimeSeriesWide
	out := data.NewFrame("", all).SetMeta(&meta)
	for _, f := range frames {
		values := make([]*float64, len(times))
		for i := range f.Rows() {
			values[at[f.Fields[0].At(i).(time.Time).UnixNano()]] = f.Fields[1].At(i).(*float64)
		}
		v := data.NewField(f.Fields[1].Name, f.Fields[1].Labels, values)
		v.Config = f.Fields[1].Config
		out.Fields = append(out.Fields, v)
	}
	return out
}
