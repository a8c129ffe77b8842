package plugin

import (
	"math"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// A frameBuilder makes the frames of one answer and holds what they share. All
// frames are made by it, so that none lacks its type, names, units or query.
type frameBuilder struct {
	request
	config        connection
	executedQuery string
	notices       []data.Notice
	stats         []data.QueryStat
}

// answer makes the response with these frames; there must be at least one.
func (b frameBuilder) answer(frames ...*data.Frame) backend.DataResponse {
	for _, f := range frames {
		f.RefID = b.RefID
		f.Meta.ExecutedQueryString = b.executedQuery
	}
	// Grafana shows the notices of all frames together.
	frames[0].AppendNotices(b.notices...)
	frames[0].Meta.Stats = b.stats
	return backend.DataResponse{Status: backend.StatusOK, Frames: frames}
}

// A column is one field of a table.
type column struct {
	name   string
	values any // a slice that data.NewField takes
	config data.FieldConfig
}

// table makes a frame of columns.
func (b frameBuilder) table(columns ...column) *data.Frame {
	frame := data.NewFrame("").SetMeta(&data.FrameMeta{
		Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeTable,
	})
	for _, c := range columns {
		f := data.NewField(c.name, nil, c.values)
		f.Config = &c.config
		frame.Fields = append(frame.Fields, f)
	}
	return frame
}

// eachOf returns f of each item; never nil.
func eachOf[T, U any](all []T, f func(T) U) []U {
	out := make([]U, len(all))
	for i, x := range all {
		out[i] = f(x)
	}
	return out
}

// cell returns the option that tells Grafana's table how to draw a column's cells.
func cell(kind string) map[string]any {
	return map[string]any{"cellOptions": map[string]any{"type": kind}}
}

// number returns v, or nil if it is unknown (NaN). Infinities, which JSON does not
// have, become the largest float64.
func number[T ~float64](v T) *float64 {
	f := float64(v)
	if math.IsNaN(f) {
		return nil
	}
	f = max(-math.MaxFloat64, min(math.MaxFloat64, f))
	return &f
}

// sigmaThresholds are the standard deviations at which a panel turns yellow and
// red. They are only colours: evidence decides what is halted.
var sigmaThresholds = map[andon.Sensitivity][2]float64{
	andon.High:   {1, 2},
	andon.Medium: {2, 3},
	andon.Low:    {3, 4},
}

// sigmaSteps returns the colours of standard deviations.
func (q querySpec) sigmaSteps() *data.ThresholdsConfig {
	limits := sigmaThresholds[q.Sensitivity]
	return steps("green", step{limits[0], "yellow"}, step{limits[1], "red"})
}

// A step is where a colour begins.
type step struct {
	from   float64
	colour string
}

// steps makes thresholds: a colour for values below all steps, and the steps.
func steps(below string, above ...step) *data.ThresholdsConfig {
	t := &data.ThresholdsConfig{Mode: data.ThresholdsModeAbsolute, Steps: []data.Threshold{data.NewThreshold(math.Inf(-1), below, "")}}
	for _, s := range above {
		t.Steps = append(t.Steps, data.NewThreshold(s.from, s.colour, ""))
	}
	return t
}
