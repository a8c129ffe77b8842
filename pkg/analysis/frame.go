package analysis

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
)

// The two sides of a comparison.
const (
	candidateSide = iota
	controlSide
)

// A frame holds the samples of one cohort's nodes over consecutive bins. A bin
// is known by its number: its time divided by the step.
type frame struct {
	first int64 // number of the first bin
	width int
	rows  map[string]*row
	names []string // of the rows, sorted; nil if not known
}

// A row holds the samples of one node, one a bin.
type row struct {
	v    []float64 // in the signal's unit; events per exposure for Counts; NaN where there is none
	raw  []float64 // what the signal's Metric returned; v itself but for Counts
	e    []float64 // exposure; nil but for Counts
	seen []bool    // there was a sample, if only NaN

	places []string // values of the side's labels of place; "" where the series has none
}

func newRow(width int, exposed bool) *row {
	r := &row{v: make([]float64, width), seen: make([]bool, width)}
	for i := range r.v {
		r.v[i] = math.NaN()
	}
	r.raw = r.v
	if exposed {
		r.raw = slices.Clone(r.v)
		r.e = make([]float64, width)
	}
	return r
}

// newFrame puts the series of m into bins. Series of the same node are
// averaged, leaving out NaN; a series without the node label, or any if node is
// empty, belongs to the node "".
func newFrame(m model.Matrix, side side, g gridSpan) *frame {
	f := &frame{first: g.first, width: g.width(), rows: map[string]*row{}}
	counts := map[string][]int{}
	for _, s := range m {
		name := string(s.Metric[model.LabelName(side.node)])
		r := f.rows[name]
		if r == nil {
			r = newRow(f.width, false)
			r.places = placesOf(s.Metric, side.places)
			f.rows[name] = r
			counts[name] = make([]int, f.width)
		}
		n := counts[name]
		for _, p := range s.Values {
			i := g.index(p.Timestamp)
			if i < 0 || i >= f.width {
				continue
			}
			r.seen[i] = true
			if v := float64(p.Value); !math.IsNaN(v) && !math.IsInf(v, 0) {
				if n[i] == 0 {
					r.v[i] = 0
				}
				n[i]++
				r.v[i] += (v - r.v[i]) / float64(n[i])
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
func over(events, exposures *frame, seconds float64) *frame {
	f := &frame{first: exposures.first, width: exposures.width, rows: map[string]*row{}}
	for name, e := range exposures.rows {
		r := newRow(f.width, true)
		r.places = e.places
		x := events.rows[name]
		for i := range e.v {
			r.seen[i] = e.seen[i]
			if !(e.v[i] > 0) {
				continue
			}
			r.e[i], r.raw[i] = e.v[i]*seconds, 0
			if x != nil && x.v[i] > 0 {
				r.raw[i] = x.v[i]
			}
			r.v[i] = r.raw[i] / e.v[i]
		}
		f.rows[name] = r
	}
	return f
}

// ones returns an exposure of 1, a second a second, wherever f has a sample:
// that of events that come by the time a node runs.
func (f *frame) ones() *frame {
	out := &frame{first: f.first, width: f.width, rows: map[string]*row{}}
	for name, r := range f.rows {
		e := newRow(f.width, false)
		copy(e.seen, r.seen)
		e.places = r.places
		for i, v := range r.v {
			if known(v) {
				e.v[i] = 1
			}
		}
		out.rows[name] = e
	}
	return out
}

// nodes returns the names of the nodes, sorted, so that sums over them come
// out the same every time. The caller must not change them.
func (f *frame) nodes() []string {
	if len(f.names) != len(f.rows) {
		f.names = slices.Sorted(maps.Keys(f.rows))
	}
	return f.names
}

// extend appends g, which begins where f ends, to f.
func (f *frame) extend(g *frame) {
	if f.width == 0 {
		f.first = g.first
	}
	for name, r := range g.rows {
		if f.rows[name] == nil {
			f.rows[name] = newRow(f.width, r.e != nil)
			f.rows[name].places = r.places
			f.names = nil
		}
	}
	for name, r := range f.rows {
		x := g.rows[name]
		if x == nil {
			x = newRow(g.width, r.e != nil)
		}
		shared := r.e == nil
		r.v, r.seen = append(r.v, x.v...), append(r.seen, x.seen...)
		if shared {
			r.raw = r.v
			continue
		}
		r.raw, r.e = append(r.raw, x.raw...), append(r.e, x.e...)
	}
	f.width += g.width
}

// trim drops the bins before first, and the nodes that have no sample in the rest.
func (f *frame) trim(first int64) {
	n := int(min(first-f.first, int64(f.width)))
	if n <= 0 {
		return
	}
	for name, r := range f.rows {
		if !slices.Contains(r.seen[n:], true) {
			delete(f.rows, name)
			f.names = nil
			continue
		}
		shared := r.e == nil
		// Copied, so that what was dropped can be collected.
		r.v, r.seen = slices.Clone(r.v[n:]), slices.Clone(r.seen[n:])
		if shared {
			r.raw = r.v
			continue
		}
		r.raw, r.e = slices.Clone(r.raw[n:]), slices.Clone(r.e[n:])
	}
	f.first += int64(n)
	f.width -= n
}

// slice returns the bins of g, without nodes that have no sample there.
func (f *frame) slice(g gridSpan) *frame {
	out := &frame{first: g.first, width: g.width(), rows: map[string]*row{}}
	for name, r := range f.rows {
		s := newRow(out.width, r.e != nil)
		s.places = r.places
		any := false
		for i := range s.v {
			j := int(g.first-f.first) + i
			if j < 0 || j >= f.width {
				continue
			}
			s.v[i], s.raw[i], s.seen[i] = r.v[j], r.raw[j], r.seen[j]
			if r.e != nil {
				s.e[i] = r.e[j]
			}
			any = any || r.seen[j]
		}
		if any {
			out.rows[name] = s
		}
	}
	return out
}

// samplesAt returns what the nodes of f show in a bin, in order of name.
func (f *frame) samplesAt(bin int64) []sample {
	i := bin - f.first
	if i < 0 || i >= int64(f.width) {
		return nil
	}
	out := make([]sample, 0, len(f.rows))
	for _, name := range f.nodes() {
		r := f.rows[name]
		if !r.seen[i] {
			continue
		}
		s := sample{node: name, v: r.v[i], raw: r.raw[i], places: r.places}
		if r.e != nil {
			s.e = r.e[i]
		}
		out = append(out, s)
	}
	return out
}

// A sample is what one node showed in one bin.
type sample struct {
	node  string
	v     float64 // NaN if it showed nothing
	e     float64 // exposure, of Counts
	first time.Time

	raw    float64 // what the signal's Metric returned
	places []string
}

// mean returns the mean over nodes in a bin, weighed by exposure where there is one.
func (f *frame) mean(bin int64) float64 {
	sum, weight := 0., 0.
	for _, name := range f.nodes() {
		r, i := f.rows[name], bin-f.first
		w := 1.
		if r.e != nil {
			w = r.e[i]
		}
		if known(r.v[i]) {
			sum, weight = sum+w*r.v[i], weight+w
		}
	}
	if weight == 0 {
		return math.NaN()
	}
	return sum / weight
}

func known(v float64) bool { return !math.IsNaN(v) }

func countKnown(x []float64) int {
	n := 0
	for _, v := range x {
		if known(v) {
			n++
		}
	}
	return n
}
