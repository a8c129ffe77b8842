package plugin

import (
	"math"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// The states of a rollout as numbers, which alert rules and state timelines
// take: what is above 1 has failed.
const (
	stateUnderWay     = -1.0
	statePass         = 0.0
	stateInconclusive = 1.0
	stateFail         = 2.0
)

var stateOf = map[analysis.Decision]float64{
	"": stateUnderWay, analysis.Pass: statePass, analysis.Inconclusive: stateInconclusive, analysis.Fail: stateFail,
}

// colours are those of the states, wherever one is shown.
var colours = map[analysis.Decision]string{"": "blue", analysis.Pass: "green", analysis.Inconclusive: "yellow", analysis.Fail: "red"}

// stateConfig shows states by their names and colours.
func stateConfig(name string) data.FieldConfig {
	mapping := data.ValueMapper{}
	for d, v := range stateOf {
		text := string(d)
		if text == "" {
			text = "under way"
		}
		mapping[strconv.FormatFloat(v, 'g', -1, 64)] = data.ValueMappingResult{Text: text, Color: colours[d]}
	}
	return data.FieldConfig{DisplayNameFromDS: name, Mappings: data.ValueMappings{mapping},
		Thresholds: steps("blue", step{statePass, "green"}, step{stateInconclusive, "yellow"}, step{stateFail, "red"})}
}

// verdictConfig colours verdicts.
func verdictConfig() data.FieldConfig {
	mapping := data.ValueMapper{}
	for d, colour := range colours {
		if d != "" {
			mapping[string(d)] = data.ValueMappingResult{Text: string(d), Color: colour}
		}
	}
	return data.FieldConfig{Mappings: data.ValueMappings{mapping}, Custom: cell("color-background")}
}

// scoreConfig shows a score as a probability.
func scoreConfig() data.FieldConfig {
	low, high := data.ConfFloat64(0), data.ConfFloat64(1)
	return data.FieldConfig{Unit: "percentunit", Min: &low, Max: &high, Thresholds: steps("green", step{.5, "yellow"}, step{.95, "red"}),
		Custom: cell("color-text"), Description: "probability that the rollout made its service worse"}
}

// timeline answers with the state of each rollout over time: under way until
// it fails or ends, and then its verdict.
func (p picture) timeline(all []rolloutRow) backend.DataResponse {
	lines := []line{}
	for _, x := range all {
		labels := x.labels()
		delete(labels, "verdict") // it changes on the way, and would make another series for an alert rule
		name := p.legend(labels)
		times, values := p.course(x)
		lines = append(lines, line{labels, times, values, stateConfig(name)})
	}
	if len(lines) == 0 {
		lines = []line{{config: stateConfig("")}}
	}
	return p.answer(p.series(lines)...)
}

// course returns the states of a rollout at the times when they changed within
// the time range; from its end on there is none.
func (p picture) course(x rolloutRow) (times []time.Time, values []float64) {
	add := func(at time.Time, v float64) {
		if at.Before(p.Window.From) {
			at = p.Window.From
		}
		if n := len(times); n > 0 && !at.After(times[n-1]) {
			values[n-1] = v
			return
		}
		times, values = append(times, at), append(values, v)
	}
	last := stateOf[x.decision()]
	end, atEnd := p.Window.To, last
	if e := x.ended(); e != nil && e.Before(end) {
		end, atEnd = *e, math.NaN() // nothing is drawn beyond
	}
	if fail := x.verdict().FirstFail; fail != nil {
		add(x.Rollout.Started, stateUnderWay)
		if fail.Before(end) {
			add(*fail, stateFail)
		}
	} else {
		add(x.Rollout.Started, last)
	}
	add(end, atEnd)
	return times, values
}
