package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/deviation"
)

const viewHeatmap = "heatmap"

// maxDistance is where the heatmap's colours end: a larger distance looks the
// same.
const maxDistance = 3.3

// heatmap answers with how far each candidate node was from each control node
// over the whole range: a table with a row for each candidate node and a column
// for each control node.
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
		q.notices = append(q.notices, warning("only the first %d nodes of each side are shown, of %d candidate and %d control nodes; narrow the cohorts",
			maxNodes, len(m.Candidate), len(m.Control)))
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
		distance("median", "median distance from the control nodes, in standard deviations", m.Deviation),
	}
	for j := range columns {
		values := make([]float64, rows)
		for i := range values {
			values[i] = m.Distance[i][j]
		}
		all = append(all, distance(m.Control[j], "distance from this control node, in standard deviations", values))
	}
	return q.answer(q.table(all...))
}
