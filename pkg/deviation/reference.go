package deviation

import (
	"math"
	"slices"
	"strings"

	"github.com/andon-project/andon/pkg/stat"
)

// A reference says where control is in a bin and how far it strays by itself.
type reference interface {
	centre(bin int64) float64
	scale(bin int64) float64
}

// A pool is the reference of control nodes at the same time.
type pool struct {
	first   int64
	centres []float64
	present []int       // control nodes in each bin
	nodes   [][]float64 // transformed values
	strays  [][]float64 // smoothed distance of each node from the others
	scales  map[int64]float64

	window   []float64 // strays of the bins from..end, in order, without NaN
	from, to int
}

// poolReference measures the control nodes of f.
func (m *Scale) poolReference(f *Frame) *pool {
	p := &pool{first: f.First, centres: make([]float64, f.Width), present: make([]int, f.Width), scales: map[int64]float64{}}
	unit := strings.ToLower(m.Spec.Signal.Unit)
	for _, name := range f.Nodes() {
		g := make([]float64, f.Width)
		was, _ := m.Bases[1].Level(name)
		for i, v := range f.Rows[name].Values {
			g[i] = Transform(m.Kind, unit, v) - was
		}
		p.nodes = append(p.nodes, g)
	}
	alone := make([][]float64, len(p.nodes))
	for j := range alone {
		alone[j] = make([]float64, f.Width)
	}
	column := make([]float64, len(p.nodes))
	for i := range f.Width {
		sum := 0.
		for j, g := range p.nodes {
			column[j] = g[i]
			if Known(g[i]) {
				sum += g[i]
			}
		}
		p.centres[i], p.present[i] = pooled(column)
		for j, g := range p.nodes {
			alone[j][i] = math.NaN()
			if p.present[i] > 1 && Known(g[i]) {
				alone[j][i] = g[i] - (sum-g[i])/float64(p.present[i]-1)
			}
		}
	}
	for _, x := range alone {
		smooth := make([]float64, len(x))
		for i := range x {
			smooth[i] = math.Abs(stat.EWMA(x[max(0, i-stat.Memory+1) : i+1]))
		}
		p.strays = append(p.strays, smooth)
	}
	return p
}

// pooled returns the mean of control in one bin, the median from nine nodes on.
func pooled(column []float64) (centre float64, present int) {
	for _, v := range column {
		if Known(v) {
			present++
		}
	}
	if present >= 9 {
		return stat.Median(column), present
	}
	return stat.Mean(column), present
}

func (p *pool) centre(bin int64) float64 {
	if i := int(bin - p.first); i >= 0 && i < len(p.centres) {
		return p.centres[i]
	}
	return math.NaN()
}

func (p *pool) scale(bin int64) float64 {
	s, ok := p.scales[bin]
	if !ok {
		s = p.measure(bin)
		p.scales[bin] = s
	}
	return s
}

// measure returns how far control nodes strayed from one another by bin.
func (p *pool) measure(bin int64) float64 {
	end := int(bin-p.first) + 1
	from := max(0, end-PlaceboBins)
	k := 0
	if end > 0 && end <= len(p.present) {
		k = p.present[end-1]
	}
	if k == 0 {
		return math.NaN()
	}
	p.look(from, end)
	if s := stat.MADScale * stat.MedianOfSorted(p.window); Known(s) {
		k = max(k, 2)
		return s * math.Sqrt((1+1/float64(k))/(1+1/float64(k-1)))
	}
	// One control node: its own course is all there is.
	for _, g := range p.nodes {
		if Known(g[end-1]) {
			_, scale := own(g[from:end])
			return scale * math.Sqrt2
		}
	}
	return math.NaN()
}

// look moves the window to the bins from from to before to. From one bin to the
// next few values change places, which is far cheaper than to sort them all.
func (p *pool) look(from, to int) {
	if from < p.from || to < p.to || to-p.to > PlaceboBins/8 {
		p.window = p.window[:0]
		for _, s := range p.strays {
			for _, v := range s[from:to] {
				if Known(v) {
					p.window = append(p.window, v)
				}
			}
		}
		slices.Sort(p.window)
		p.from, p.to = from, to
		return
	}
	for _, s := range p.strays {
		for _, v := range s[p.from:from] {
			if Known(v) {
				i, _ := slices.BinarySearch(p.window, v)
				p.window = slices.Delete(p.window, i, i+1)
			}
		}
		for _, v := range s[p.to:to] {
			if Known(v) {
				i, _ := slices.BinarySearch(p.window, v)
				p.window = slices.Insert(p.window, i, v)
			}
		}
	}
	p.from, p.to = from, to
}

// own returns the centre of x and the robust scale of its smoothed course around it.
func own(x []float64) (centre, scale float64) {
	centre = stat.Huber(x, 1.5)
	r := make([]float64, len(x))
	for i, v := range x {
		r[i] = v - centre
	}
	s := make([]float64, len(x))
	for i := range r {
		s[i] = math.Abs(stat.EWMA(r[max(0, i-stat.Memory+1) : i+1]))
	}
	return centre, stat.MADScale * stat.Median(s)
}

// A constant is the reference of a node that is its own control.
type constant struct{ c, s float64 }

func (k constant) centre(int64) float64 { return k.c }
func (k constant) scale(int64) float64  { return k.s }

// ownReference measures a node before the change; all nodes, if it has too few
// samples there.
func (m *Scale) ownReference(name string) reference {
	unit := strings.ToLower(m.Spec.Signal.Unit)
	scaled := func(r *Row) []float64 {
		x := make([]float64, len(r.Values))
		for i, v := range r.Values {
			x[i] = Transform(m.Kind, unit, v)
		}
		return x
	}
	if r := m.Before.Rows[name]; r != nil {
		if x := scaled(r); len(slices.DeleteFunc(slices.Clone(x), math.IsNaN)) >= MinOwnBins {
			c, s := own(x)
			return constant{c, s}
		}
	}
	var centres, scales []float64
	for _, n := range m.Before.Nodes() {
		c, s := own(scaled(m.Before.Rows[n]))
		centres, scales = append(centres, c), append(scales, s)
	}
	between := stat.MADScale * stat.MAD(centres)
	return constant{stat.Mean(centres), math.Hypot(stat.Mean(scales), between)}
}
