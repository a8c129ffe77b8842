package plugin

import (
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// wideFrame joins frames of one time and one value field each into one frame with
// a value field for each series.
func wideFrame(frames data.Frames) *data.Frame {
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
