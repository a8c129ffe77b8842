package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/deviation"
)

const viewHeatmap = "heatmap"

// maxDistance is the largest distance that words tell apart.
const maxDistance = 3.3

// heatmap answers how far each candidate node was from each control node over
// the whole range: a table of one row a candidate node and one column a
// control node.
func (q *deviationQuery) heatmap(ctx context.Context) backend.DataResponse {
	m, err := q.source.Matrix(ctx, q.comparison, q.Range)
	if err != nil {
		return errorResponse(ctx, err)
	}
	var deviations []deviation.Deviation
	for i, node := range m.Candidate {
		deviations = append(deviations, deviation.Deviation{Node: node, Centre: m.Deviation[i : i+1]})
	}
	q.addMeta(deviations)
	rows, columns := min(len(m.Candidate), maxNodes), min(len(m.Control), maxNodes)
	if rows < len(m.Candidate) || columns < len(m.Control) {
		q.notices = append(q.notices, warning("%d candidate and %d control nodes were compared, and the first %d of each are shown; narrow the cohorts",
			len(m.Candidate), len(m.Control), maxNodes))
	}
	top := data.ConfFloat64(maxDistance)
	bottom := data.ConfFloat64(0)
	distance := func(name, description string, values []float64) column {
		cells := make([]*float64, rows)
		for i := range cells {
			cells[i] = number(values[i])
		}
		return column{name, cells, data.FieldConfig{Unit: sigmaUnit, Min: &bottom, Max: &top, Description: description,
			Color: map[string]any{"mode": "continuous-GrYlRd"}, Custom: cell("color-background")}}
	}
	all := []column{
		{"candidate", append([]string{}, m.Candidate[:rows]...), data.FieldConfig{Links: q.nodeLinks("candidate")}},
		distance("median", "median over the control nodes", m.Deviation),
	}
	for j := range columns {
		values := make([]float64, rows)
		for i := range values {
			values[i] = m.Distance[i][j]
		}
		all = append(all, distance(m.Control[j], "distance from this control node", values))
	}
	return q.answer(q.table(all...))
}
