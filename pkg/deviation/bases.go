package deviation

import (
	"strings"

	"github.com/andon-project/andon/pkg/stat"
)

// Bases are the levels that the nodes of a cohort had before the change, on
// the scale on which they are compared.
type Bases struct {
	Own    map[string]float64
	Mean   float64 // over nodes
	Spread float64 // variance between nodes
}

// Level returns the level of a node before the change, and whether it is the
// node's own; a fresh one has that of its cohort. The zero bases are 0.
func (b Bases) Level(node string) (level float64, own bool) {
	if v, ok := b.Own[node]; ok || b.Own == nil {
		return v, ok
	}
	return b.Mean, false
}

// BasesOf returns the levels of the nodes of past with at least MinOwnBins samples.
func (m *Scale) BasesOf(past *Frame) Bases {
	b := Bases{Own: map[string]float64{}}
	var all []float64
	for _, name := range past.Nodes() {
		x := m.scaled(past.Rows[name])
		if CountKnown(x) >= MinOwnBins {
			b.Own[name] = stat.Mean(x)
			all = append(all, b.Own[name])
		}
	}
	b.Mean, b.Spread = stat.Mean(all), 0
	if len(all) > 1 {
		b.Spread = stat.Variance(all)
	}
	return b
}

// scaled returns the samples of a row on the scale on which they are compared.
func (m *Scale) scaled(r *Row) []float64 {
	x := make([]float64, len(r.Values))
	for i, v := range r.Values {
		x[i] = Transform(m.Kind, strings.ToLower(m.Spec.Signal.Unit), v)
	}
	return x
}
