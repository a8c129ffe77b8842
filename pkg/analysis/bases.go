package analysis

import (
	"strings"

	"github.com/andon-project/andon/pkg/stat"
)

// bases are the levels that the nodes of a cohort had before the change, on
// the scale on which they are compared.
type bases struct {
	own    map[string]float64
	mean   float64 // over nodes
	spread float64 // variance between nodes
}

// of returns the level of a node before the change, and whether it is the
// node's own; a fresh one has that of its cohort. The zero bases are 0.
func (b bases) level(node string) (level float64, own bool) {
	if v, ok := b.own[node]; ok || b.own == nil {
		return v, ok
	}
	return b.mean, false
}

// basesOf returns the levels of the nodes of past with at least minOwnBins samples.
func (m *scale) basesOf(past *frame) bases {
	b := bases{own: map[string]float64{}}
	var all []float64
	for _, name := range past.nodes() {
		x := m.scaled(past.rows[name])
		if countKnown(x) >= minOwnBins {
			b.own[name] = stat.Mean(x)
			all = append(all, b.own[name])
		}
	}
	b.mean, b.spread = stat.Mean(all), 0
	if len(all) > 1 {
		b.spread = stat.Variance(all)
	}
	return b
}

// scaled returns the samples of a row on the scale on which they are compared.
func (m *scale) scaled(r *row) []float64 {
	x := make([]float64, len(r.v))
	for i, v := range r.v {
		x[i] = transform(m.kind, strings.ToLower(m.c.Signal.Unit), v)
	}
	return x
}
