package plugin

import (
	"math"
	"regexp"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// A line is one series of an answer.
type line struct {
	labels data.Labels
	times  []time.Time
	values []float64 // NaN where unknown
	config data.FieldConfig
}

// series makes one frame for each line. Without lines it makes one frame without
// rows: alert rules need the type even if there are no data.
func (b frameBuilder) series(lines []line) data.Frames {
	if len(lines) == 0 {
		lines = []line{{}}
	}
	frames := make(data.Frames, len(lines))
	for i, l := range lines {
		frames[i] = b.frame(l)
	}
	return frames
}

// frame makes one complete frame.
func (b frameBuilder) frame(l line) *data.Frame {
	values := make([]*float64, len(l.values))
	for i := range l.values {
		if !math.IsNaN(l.values[i]) {
			values[i] = &l.values[i]
		}
	}
	if l.times == nil {
		l.times = []time.Time{}
	}
	t := data.NewField(data.TimeSeriesTimeFieldName, nil, l.times)
	t.Config = &data.FieldConfig{Interval: float64(b.Range.Step.Milliseconds())}
	v := data.NewField(data.TimeSeriesValueFieldName, l.labels, values)
	v.Config = &l.config
	return data.NewFrame("", t, v).SetMeta(&data.FrameMeta{
		Type:                   data.FrameTypeTimeSeriesMulti,
		TypeVersion:            data.FrameTypeVersion{0, 1},
		PreferredVisualization: data.VisTypeGraph,
	})
}

// placeholder finds {{label}}.
var placeholder = regexp.MustCompile(`\{\{\s*([\w.]+)\s*\}\}`)

// legend fills the labels into the query's legend. {{node}} and the query's node
// label both mean the node.
func (b frameBuilder) legend(labels data.Labels) string {
	return placeholder.ReplaceAllStringFunc(b.Query.Legend, func(s string) string {
		key := placeholder.FindStringSubmatch(s)[1]
		if key == b.Query.NodeLabel {
			key = "node"
		}
		return labels[key]
	})
}
