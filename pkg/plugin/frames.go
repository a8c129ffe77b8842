package plugin

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// A picture is everything that the frames of one answer share. Every frame of
// this data source is made by it, so that none is sent without its type, unit,
// name and query.
type picture struct {
	request
	uid, name string // of the data source, for links back to it
	executed  string
	notices   []data.Notice
	stats     []data.QueryStat
}

// A line is one series of an answer.
type line struct {
	labels data.Labels
	times  []time.Time
	values []float64 // NaN where unknown
	sigma  bool      // in standard deviations rather than in the signal's unit
}

// frames returns one frame a series, or one without rows if there is none:
// "no data" must keep its type for alert rules.
func (p picture) frames(found []analysis.Deviation) data.Frames {
	var lines []line
	if p.Query.View == viewRaw {
		lines = rawLines(found)
	} else {
		for _, d := range found {
			lines = append(lines, line{data.Labels{"node": d.Node}, d.Times, d.Sigma, true})
		}
	}
	if len(lines) == 0 {
		lines = []line{{sigma: p.Query.View != viewRaw}}
	}
	frames := make(data.Frames, len(lines))
	for i, l := range lines {
		frames[i] = p.frame(l)
	}
	// Grafana shows the notices of all frames together; once is enough.
	frames[0].AppendNotices(p.notices...)
	frames[0].Meta.Stats = p.stats
	return frames
}

// rawLines returns each node's value, and the band of control: once if it is
// the same for all nodes, as it is when nodes are told apart by labels.
func rawLines(found []analysis.Deviation) []line {
	var lines []line
	for _, d := range found {
		lines = append(lines, line{labels: data.Labels{"node": d.Node}, times: d.Times, values: d.Value})
	}
	shared := len(found) > 0 && !slices.ContainsFunc(found, func(d analysis.Deviation) bool { return !sameBand(d, found[0]) })
	for i, d := range found {
		if shared && i > 0 {
			break
		}
		for _, band := range []struct {
			name   string
			values []float64
		}{{"low", d.Low}, {"centre", d.Centre}, {"high", d.High}} {
			labels := data.Labels{"control": band.name}
			if !shared {
				labels["node"] = d.Node
			}
			lines = append(lines, line{labels: labels, times: d.Times, values: band.values})
		}
	}
	return lines
}

func sameBand(a, b analysis.Deviation) bool {
	equal := func(x, y float64) bool { return x == y || (math.IsNaN(x) && math.IsNaN(y)) }
	return slices.EqualFunc(a.Times, b.Times, time.Time.Equal) && slices.EqualFunc(a.Centre, b.Centre, equal) &&
		slices.EqualFunc(a.Low, b.Low, equal) && slices.EqualFunc(a.High, b.High, equal)
}

// frame makes one complete frame.
func (p picture) frame(l line) *data.Frame {
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
	t.Config = &data.FieldConfig{Interval: float64(p.Range.Step.Milliseconds())}
	v := data.NewField(data.TimeSeriesValueFieldName, l.labels, values)
	v.Config = &data.FieldConfig{Unit: p.Query.Unit}
	if len(l.labels) > 0 {
		v.Config.DisplayNameFromDS = p.legend(l.labels)
	}
	if l.sigma {
		v.Config.Unit = "suffix:σ"
		v.Config.Thresholds = thresholds(p.Query)
		v.Config.Links = p.links()
	}
	return data.NewFrame("", t, v).SetMeta(&data.FrameMeta{
		Type:                   data.FrameTypeTimeSeriesMulti,
		TypeVersion:            data.FrameTypeVersion{0, 1},
		ExecutedQueryString:    p.executed,
		PreferredVisualization: data.VisTypeGraph,
	})
}

// placeholder finds {{label}}.
var placeholder = regexp.MustCompile(`\{\{\s*([\w.]+)\s*\}\}`)

// legend writes the labels into the query's legend. The node is known by
// "node" and by the label that names it. A line of control that the legend
// does not tell apart gets its name in front.
func (p picture) legend(labels data.Labels) string {
	name := placeholder.ReplaceAllStringFunc(p.Query.Legend, func(s string) string {
		key := placeholder.FindStringSubmatch(s)[1]
		if key == p.Query.NodeLabel {
			key = "node"
		}
		return labels[key]
	})
	band, ok := labels["control"]
	switch {
	case !ok && name == "" && labels["node"] == "":
		return "service"
	case !ok:
		return name
	case labels["node"] == "":
		return "control " + band
	}
	return "control " + band + " of " + name
}

// tolerances are, for each sensitivity, the standard deviations at which a
// picture turns yellow and red. They colour it; what is halted is decided by
// evidence.
var tolerances = map[analysis.Sensitivity][2]float64{
	analysis.High:   {1, 2},
	analysis.Medium: {2, 3},
	analysis.Low:    {3, 4},
}

func thresholds(q Query) *data.ThresholdsConfig {
	at := tolerances[q.Sensitivity]
	return &data.ThresholdsConfig{Mode: data.ThresholdsModeAbsolute, Steps: []data.Threshold{
		data.NewThreshold(math.Inf(-1), "green", ""),
		data.NewThreshold(at[0], "yellow", ""),
		data.NewThreshold(at[1], "red", ""),
	}}
}

// links lead from a deviation to the values behind it. An alert rule has no
// use for them.
func (p picture) links() []data.DataLink {
	if p.FromAlert || p.uid == "" {
		return nil
	}
	q := p.Query
	q.View = viewRaw
	raw, err := json.Marshal(q)
	if err != nil {
		return nil
	}
	return []data.DataLink{{
		Title:    "Values of node and control",
		Internal: &data.InternalDataLink{Query: json.RawMessage(raw), DatasourceUID: p.uid, DatasourceName: p.name},
	}}
}
