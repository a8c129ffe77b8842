package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// maxTrend is how many points a sparkline has: more than its pixels help nobody.
const maxTrend = 120

// nodeTable answers with one row a node, the one that strays furthest for the
// worse first.
func (q *deviationQuery) nodeTable(ctx context.Context) backend.DataResponse {
	deviations, err := q.deviations(ctx)
	if err != nil {
		return errorResponse(ctx, err)
	}
	findings, err := q.nodeFindings(ctx, deviations)
	if err != nil {
		return errorResponse(ctx, err)
	}
	order := make([]int, len(deviations))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(q.sortKey(deviations[j]), q.sortKey(deviations[i])) })
	n := len(deviations)
	nodes, quality, reason := make([]string, n), make([]string, n), make([]string, n)
	sigma, effect, evidence := make([]*float64, n), make([]*float64, n), make([]*float64, n)
	onset, trend := make([]*time.Time, n), make([]json.RawMessage, n)
	for row, i := range order {
		d, f := deviations[i], findings[i]
		nodes[row], sigma[row], trend[row] = d.Node, number(lastValue(d.Sigma)), sparkline(d.Sigma)
		effect[row], evidence[row], onset[row] = number(f.Effect), number(f.Evidence), f.Onset
		quality[row], reason[row] = string(f.Quality), f.Reason
	}
	needs := q.Query.Sensitivity.Needs(q.strategy())
	return q.answer(q.table(
		column{"node", nodes, data.FieldConfig{Links: q.nodeLinks("node")}},
		column{"deviation", sigma, data.FieldConfig{Unit: sigmaUnit, Thresholds: q.Query.sigmaSteps(), Custom: cell("color-background")}},
		column{"trend", trend, data.FieldConfig{Unit: sigmaUnit, Thresholds: q.Query.sigmaSteps(), Custom: cell("sparkline")}},
		column{"effect", effect, data.FieldConfig{Unit: q.Query.Unit, Description: "candidate less control since the change began"}},
		column{"evidence", evidence, data.FieldConfig{Thresholds: evidenceSteps(needs), Custom: cell("color-text"),
			Description: "how many times better a regression of this node explains its values than none"}},
		column{"onset", onset, data.FieldConfig{}},
		column{"quality", quality, data.FieldConfig{}},
		column{"reason", reason, data.FieldConfig{}},
	))
}

// sortKey is how far a node strays in the last bin: for the worse, or in either
// direction if both are bad. It is lowest if that is not known.
func (q *deviationQuery) sortKey(d deviation.Deviation) float64 {
	v := lastValue(d.Sigma)
	switch {
	case math.IsNaN(v):
		return math.Inf(-1)
	case q.Query.Worse == andon.Both:
		return math.Abs(v)
	}
	return v
}

func lastValue(v []float64) float64 {
	for i := len(v) - 1; i >= 0; i-- {
		if !math.IsNaN(v[i]) {
			return v[i]
		}
	}
	return math.NaN()
}

// evidenceSteps colours evidence: from a hundred on it keeps a rollout from
// passing, from needs on it fails it.
func evidenceSteps(needs float64) *data.ThresholdsConfig {
	if needs <= 100 {
		return steps("green", step{needs, "red"})
	}
	return steps("green", step{100, "yellow"}, step{needs, "red"})
}

// sparkline writes values as the JSON array that Grafana's table draws a line
// of: of each stretch of a long series the value furthest from 0.
func sparkline(v []float64) json.RawMessage {
	n := min(len(v), maxTrend)
	out := make([]*float64, n)
	for i := range out {
		for _, x := range v[i*len(v)/n : (i+1)*len(v)/n] {
			if !math.IsNaN(x) && (out[i] == nil || math.Abs(x) > math.Abs(*out[i])) {
				rounded := math.Round(x*100) / 100
				out[i] = &rounded
			}
		}
	}
	b, err := json.Marshal(out)
	if err != nil { // finite numbers and null can always be written
		return json.RawMessage("[]")
	}
	return b
}

// nodeLinks lead from a row to the values of the node that is in the column of
// that name.
func (q *deviationQuery) nodeLinks(column string) []data.DataLink {
	if q.Query.NodeLabel == "" {
		return q.deviationLinks()
	}
	one := q.Query
	one.View = viewRaw
	one.Candidate = andon.Selector{}
	for k, v := range q.Query.Candidate {
		one.Candidate[k] = v
	}
	one.Candidate[q.Query.NodeLabel] = "${__data.fields." + column + "}"
	return q.selfLink("Values of this node and control", one)
}
