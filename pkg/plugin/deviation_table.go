package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// maxTrend is how many points a sparkline has: it has few more pixels.
const maxTrend = 120

// nodeTable answers with one row for each node, the worst deviation first.
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
		column{"deviation", sigma, data.FieldConfig{Unit: sigmaUnit, Description: "standard deviations from " + q.Query.controlName() + ", now; above 0 is worse", Thresholds: q.Query.sigmaSteps(), Custom: cell("color-background")}},
		column{"trend", trend, data.FieldConfig{Unit: sigmaUnit, Thresholds: q.Query.sigmaSteps(), Custom: cell("sparkline")}},
		column{"effect", effect, data.FieldConfig{Unit: q.Query.Unit, Description: "this node minus " + q.Query.controlName() + ", since the change began"}},
		column{"evidence", evidence, evidenceConfig(needs, "odds that the change made this node worse")},
		column{"onset", onset, data.FieldConfig{Description: "when it became worse"}},
		column{"quality", quality, data.FieldConfig{Description: "ok, or why it could not be judged"}},
		column{"reason", reason, data.FieldConfig{}},
	))
}

// sortKey is the last deviation of a node, by which the table is sorted: its
// size if both directions are bad. Unknown sorts last.
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

// evidenceConfig shows evidence as odds, as in 9119 to 1. needs is the evidence
// that fails a rollout.
func evidenceConfig(needs float64, description string) data.FieldConfig {
	c := oddsConfig(fmt.Sprintf("%s; a rollout fails at %s over all signals", description, andon.Odds(math.Log(needs))))
	c.Thresholds, c.Custom = evidenceSteps(needs), cell("color-text")
	return c
}

// oddsConfig shows evidence as odds without colour.
func oddsConfig(description string) data.FieldConfig {
	return data.FieldConfig{Unit: "suffix: to 1", Mappings: data.ValueMappings{hugeOdds}, Description: description}
}

// hugeOdds writes odds of which nobody reads the digits.
var hugeOdds = data.RangeValueMapper{From: confFloat(1e9), To: confFloat(math.MaxFloat64), Result: data.ValueMappingResult{Text: "over 10⁹ to 1"}}

func confFloat(v float64) *data.ConfFloat64 {
	c := data.ConfFloat64(v)
	return &c
}

// evidenceSteps colours evidence: from 100 on it keeps a rollout from passing,
// from needs on it fails it.
func evidenceSteps(needs float64) *data.ThresholdsConfig {
	if needs <= 100 {
		return steps("green", step{needs, "red"})
	}
	return steps("green", step{100, "yellow"}, step{needs, "red"})
}

// sparkline writes values as the JSON array from which Grafana's table draws a
// line. A long series is cut into stretches, each shown by its value furthest
// from 0.
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

// nodeLinks lead from a row to the values of its node, whose name is in the given
// column.
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
	return q.selfLink("Values of this node", one)
}
