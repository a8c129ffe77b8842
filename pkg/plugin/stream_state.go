package plugin

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/judge"
)

// A streamState is what a stream keeps from one frame to the next.
type streamState struct {
	watch    *judge.Watch // judges a rollout; nil before the first verdict
	progress progress
}

// A progress counts what a query has read. It is safe for concurrent use.
type progress struct {
	lines     atomic.Int64
	shareBits atomic.Uint64 // of a float64 from 0 to 1
}

// share returns how much of the time range was read, from 0 to 1.
func (p *progress) share() float64 { return math.Float64frombits(p.shareBits.Load()) }

func (p *progress) setShare(share float64) { p.shareBits.Store(math.Float64bits(share)) }

// progressInterval is how often progress is sent.
const progressInterval = 500 * time.Millisecond

// progressFrame makes a frame without data that says how much was read.
func progressFrame(share float64, lines int64) *data.Frame {
	return data.NewFrame("").SetMeta(&data.FrameMeta{Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1},
		Custom:  map[string]any{"progress": share, "lines": lines},
		Notices: []data.Notice{{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf("%d lines read, %.0f%% of the time range", lines, 100*share)}}})
}
