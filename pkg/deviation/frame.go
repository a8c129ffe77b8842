package deviation

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
)

// The two sides of a comparison.
const (
	CandidateSide = iota
	ControlSide
)

// A Frame holds the samples of one cohort's nodes over consecutive bins. A bin
// is known by its number: its time divided by the step.
type Frame struct {
	First int64 // number of the first bin
	Width int
	Rows  map[string]*Row
	names []string // of the rows, sorted; nil if not known
}

// A Row holds the samples of one node, one a bin.
type Row struct {
	Values   []float64 // in the signal's unit; events per exposure for Counts; NaN where there is none
	raw      []float64 // what the signal's Metric returned; v itself but for Counts
	Exposure []float64 // exposure; nil but for Counts
	Seen     []bool    // there was a sample, if only NaN

	Places []string // values of the side's labels of place; "" where the series has none
}

func newRow(width int, exposed bool) *Row {
	r := &Row{Values: make([]float64, width), Seen: make([]bool, width)}
	for i := range r.Values {
		r.Values[i] = math.NaN()
	}
	r.raw = r.Values
	if exposed {
		r.raw = slices.Clone(r.Values)
		r.Exposure = make([]float64, width)
	}
	return r
}

// newFrame puts the series of m into bins. Series of the same node are
// averaged, leaving out NaN; a series without the node label, or any if node is
// empty, belongs to the node "".
func newFrame(m model.Matrix, side side, g GridSpan) *Frame {
	f := &Frame{First: g.First, Width: g.Width(), Rows: map[string]*Row{}}
	counts := map[string][]int{}
	for _, s := range m {
		name := string(s.Metric[model.LabelName(side.node)])
		r := f.Rows[name]
		if r == nil {
			r = newRow(f.Width, false)
			r.Places = placesOf(s.Metric, side.places)
			f.Rows[name] = r
			counts[name] = make([]int, f.Width)
		}
		n := counts[name]
		for _, p := range s.Values {
			i := g.Index(p.Timestamp)
			if i < 0 || i >= f.Width {
				continue
			}
			r.Seen[i] = true
			if v := float64(p.Value); !math.IsNaN(v) && !math.IsInf(v, 0) {
				if n[i] == 0 {
					r.Values[i] = 0
				}
				n[i]++
				r.Values[i] += (v - r.Values[i]) / float64(n[i])
			}
		}
	}
	return f
}

// placesOf returns the values of the labels of place; nil if there are none.
func placesOf(m model.Metric, labels []string) []string {
	var out []string
	for _, l := range labels {
		out = append(out, string(m[model.LabelName(l)]))
	}
	return out
}

// over returns the frame of events out of exposures, both rates: a node with
// exposure and no events has none, for a counter that never counted is often
// not exported.
func over(events, exposures *Frame, seconds float64) *Frame {
	f := &Frame{First: exposures.First, Width: exposures.Width, Rows: map[string]*Row{}}
	for name, e := range exposures.Rows {
		r := newRow(f.Width, true)
		r.Places = e.Places
		x := events.Rows[name]
		for i := range e.Values {
			r.Seen[i] = e.Seen[i]
			if !(e.Values[i] > 0) {
				continue
			}
			r.Exposure[i], r.raw[i] = e.Values[i]*seconds, 0
			if x != nil && x.Values[i] > 0 {
				r.raw[i] = x.Values[i]
			}
			r.Values[i] = r.raw[i] / e.Values[i]
		}
		f.Rows[name] = r
	}
	return f
}

// ones returns an exposure of 1, a second a second, wherever f has a sample:
// that of events that come by the time a node runs.
func (f *Frame) ones() *Frame {
	out := &Frame{First: f.First, Width: f.Width, Rows: map[string]*Row{}}
	for name, r := range f.Rows {
		e := newRow(f.Width, false)
		copy(e.Seen, r.Seen)
		e.Places = r.Places
		for i, v := range r.Values {
			if Known(v) {
				e.Values[i] = 1
			}
		}
		out.Rows[name] = e
	}
	return out
}

// Nodes returns the names of the nodes, sorted, so that sums over them come
// out the same every time. The caller must not change them.
func (f *Frame) Nodes() []string {
	if len(f.names) != len(f.Rows) {
		f.names = slices.Sorted(maps.Keys(f.Rows))
	}
	return f.names
}

// Extend appends g, which begins where f ends, to f.
func (f *Frame) Extend(g *Frame) {
	if f.Width == 0 {
		f.First = g.First
	}
	for name, r := range g.Rows {
		if f.Rows[name] == nil {
			f.Rows[name] = newRow(f.Width, r.Exposure != nil)
			f.Rows[name].Places = r.Places
			f.names = nil
		}
	}
	for name, r := range f.Rows {
		x := g.Rows[name]
		if x == nil {
			x = newRow(g.Width, r.Exposure != nil)
		}
		shared := r.Exposure == nil
		r.Values, r.Seen = append(r.Values, x.Values...), append(r.Seen, x.Seen...)
		if shared {
			r.raw = r.Values
			continue
		}
		r.raw, r.Exposure = append(r.raw, x.raw...), append(r.Exposure, x.Exposure...)
	}
	f.Width += g.Width
}

// Trim drops the bins before first, and the nodes that have no sample in the rest.
func (f *Frame) Trim(first int64) {
	n := int(min(first-f.First, int64(f.Width)))
	if n <= 0 {
		return
	}
	for name, r := range f.Rows {
		if !slices.Contains(r.Seen[n:], true) {
			delete(f.Rows, name)
			f.names = nil
			continue
		}
		shared := r.Exposure == nil
		// Copied, so that what was dropped can be collected.
		r.Values, r.Seen = slices.Clone(r.Values[n:]), slices.Clone(r.Seen[n:])
		if shared {
			r.raw = r.Values
			continue
		}
		r.raw, r.Exposure = slices.Clone(r.raw[n:]), slices.Clone(r.Exposure[n:])
	}
	f.First += int64(n)
	f.Width -= n
}

// Slice returns the bins of g, without nodes that have no sample there.
func (f *Frame) Slice(g GridSpan) *Frame {
	out := &Frame{First: g.First, Width: g.Width(), Rows: map[string]*Row{}}
	for name, r := range f.Rows {
		s := newRow(out.Width, r.Exposure != nil)
		s.Places = r.Places
		found := false
		for i := range s.Values {
			j := int(g.First-f.First) + i
			if j < 0 || j >= f.Width {
				continue
			}
			s.Values[i], s.raw[i], s.Seen[i] = r.Values[j], r.raw[j], r.Seen[j]
			if r.Exposure != nil {
				s.Exposure[i] = r.Exposure[j]
			}
			found = found || r.Seen[j]
		}
		if found {
			out.Rows[name] = s
		}
	}
	return out
}

// SamplesAt returns what the nodes of f show in a bin, in order of name.
func (f *Frame) SamplesAt(bin int64) []Sample {
	i := bin - f.First
	if i < 0 || i >= int64(f.Width) {
		return nil
	}
	out := make([]Sample, 0, len(f.Rows))
	for _, name := range f.Nodes() {
		r := f.Rows[name]
		if !r.Seen[i] {
			continue
		}
		s := Sample{Node: name, Value: r.Values[i], Raw: r.raw[i], Places: r.Places}
		if r.Exposure != nil {
			s.Exposure = r.Exposure[i]
		}
		out = append(out, s)
	}
	return out
}

// A Sample is what one node showed in one bin.
type Sample struct {
	Node     string
	Value    float64 // NaN if it showed nothing
	Exposure float64 // exposure, of Counts
	First    time.Time

	Raw    float64 // what the signal's Metric returned
	Places []string
}

// Mean returns the mean over nodes in a bin, weighed by exposure where there is one.
func (f *Frame) Mean(bin int64) float64 {
	sum, weight := 0., 0.
	for _, name := range f.Nodes() {
		r, i := f.Rows[name], bin-f.First
		w := 1.
		if r.Exposure != nil {
			w = r.Exposure[i]
		}
		if Known(r.Values[i]) {
			sum, weight = sum+w*r.Values[i], weight+w
		}
	}
	if weight == 0 {
		return math.NaN()
	}
	return sum / weight
}

// Known reports whether v is a number; what is not known is NaN.
func Known(v float64) bool { return !math.IsNaN(v) }

// CountKnown returns how many of x are known.
func CountKnown(x []float64) int {
	n := 0
	for _, v := range x {
		if Known(v) {
			n++
		}
	}
	return n
}
