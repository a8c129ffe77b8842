package plugin

import (
	"flag"
	"fmt"
	"math"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func utf16Of(s string) []uint16  { return utf16.Encode([]rune(s)) }
func stringOf(u []uint16) string { return string(utf16.Decode(u)) }

var unknown = math.NaN()

// twoNodes are two nodes over three bins; nothing is known of the first bin.
func twoNodes(sameControl bool) []deviation.Deviation {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	times := []time.Time{start, start.Add(time.Minute), start.Add(2 * time.Minute)}
	band := func(shift float64) (centre, low, high []float64) {
		return []float64{unknown, 10 + shift, 11 + shift}, []float64{unknown, 8 + shift, 9 + shift}, []float64{unknown, 12 + shift, 13 + shift}
	}
	var out []deviation.Deviation
	for i, name := range []string{"cart-a", "cart-b"} {
		shift := 0.0
		if !sameControl {
			shift = float64(i)
		}
		d := deviation.Deviation{Node: name, Times: times, Sigma: []float64{unknown, 0.5 + float64(i), -1}, Value: []float64{9, 10.5, unknown}}
		d.Centre, d.Low, d.High = band(shift)
		out = append(out, d)
	}
	return out
}

func TestFrames(t *testing.T) {
	base := querySpec{V: 1, QueryType: "deviation", Expr: "x", NodeLabel: "pod", Cohorts: byLabels, View: viewSigma, Legend: "{{node}}",
		Worse: andon.Higher, Sensitivity: andon.Medium, Unit: "s",
		Candidate: andon.Selector{"v": "2"}, Control: andon.Selector{"v": "1"}}
	with := func(change func(q *querySpec)) querySpec { q := base; change(&q); return q }
	for _, c := range []struct {
		name      string
		query     querySpec
		fromAlert bool
		found     []deviation.Deviation
		notices   []data.Notice
	}{
		{name: "sigma", query: base, found: twoNodes(true), notices: []data.Notice{warning("control is thin")}},
		{name: "sigma-alert", query: base, fromAlert: true, found: twoNodes(true)},
		{name: "sigma-high", query: with(func(q *querySpec) { q.Sensitivity, q.Legend = andon.High, "pod {{ pod }} of {{other}}." }), found: twoNodes(true)},
		{name: "raw-shared-band", query: with(func(q *querySpec) { q.View = viewRaw }), found: twoNodes(true)},
		{name: "raw-own-bands", query: with(func(q *querySpec) { q.View = viewRaw }), found: twoNodes(false)},
		{name: "empty-sigma", query: base, notices: []data.Notice{warning("nothing matches")}},
		{name: "empty-raw", query: with(func(q *querySpec) { q.View = viewRaw })},
		{name: "whole-service", query: with(func(q *querySpec) { q.NodeLabel = "" }), found: []deviation.Deviation{{Times: twoNodes(true)[0].Times, Sigma: []float64{1, 2, 3}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := deviationQuery{
				frameBuilder: frameBuilder{
					request:       request{Query: c.query, FromAlert: c.fromAlert, Range: andon.Range{Step: time.Minute}},
					config:        connection{UID: "uid-1", Name: "Andon", Prometheus: upstream{UID: "uid-p"}},
					executedQuery: "# candidate\nx{v=\"2\"}\n# control\nx{v=\"1\"}\n",
					notices:       c.notices,
				},
				queries: cohortQueries{candidate: `x{v="2"}`, control: `x{v="1"}`},
			}
			frames := q.sigmaLines(c.found).Frames
			if c.query.View == viewRaw {
				frames = q.rawLines(c.found).Frames
			}
			for i, f := range frames {
				if err := complete(f); err != nil {
					t.Errorf("frame %d: %v", i, err)
				}
			}
			experimental.CheckGoldenJSONResponse(t, "testdata", c.name, &backend.DataResponse{Frames: frames}, *update)
		})
	}
}

// complete says what a frame lacks that every frame of this data source has.
func complete(f *data.Frame) error {
	switch {
	case f.Meta == nil || f.Meta.Type != data.FrameTypeTimeSeriesMulti || f.Meta.TypeVersion != data.FrameTypeVersion{0, 1}:
		return fmt.Errorf("type is missing")
	case f.Meta.ExecutedQueryString == "":
		return fmt.Errorf("executed query is missing")
	case len(f.Fields) != 2 || f.Fields[0].Type() != data.FieldTypeTime || f.Fields[1].Type() != data.FieldTypeNullableFloat64:
		return fmt.Errorf("fields are %v", f.Fields)
	case f.Fields[0].Config == nil || f.Fields[0].Config.Interval == 0:
		return fmt.Errorf("interval is missing")
	case f.Fields[1].Config.DisplayName != "":
		return fmt.Errorf("the display name of a panel is overridden")
	}
	return nil
}

func TestFurthest(t *testing.T) {
	all := []deviation.Deviation{
		{Node: "a", Sigma: []float64{0, unknown}},
		{Node: "b", Sigma: []float64{-5, 1}},
		{Node: "c", Sigma: []float64{unknown}},
		{Node: "d", Sigma: []float64{3}},
		{Node: "e", Sigma: []float64{9}},
	}
	got := ""
	for _, d := range furthest(all, 3) {
		got += d.Node
	}
	if got != "bde" {
		t.Errorf("furthest are %s, wanted bde", got)
	}
}
