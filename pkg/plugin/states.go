package plugin

import (
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// The states of a rollout as numbers, for alert rules and state timelines. Above 1
// means failed.
const (
	stateUnderWay     = -1.0
	statePass         = 0.0
	stateInconclusive = 1.0
	stateFail         = 2.0
)

// stateNumber is the state for each verdict; the empty one is under way.
var stateNumber = map[andon.Decision]float64{
	"": stateUnderWay, andon.Pass: statePass, andon.Inconclusive: stateInconclusive, andon.Fail: stateFail,
}

// decisionColours are the colours of the verdicts in every view; the empty one is
// under way.
var decisionColours = map[andon.Decision]string{"": "blue", andon.Pass: "green", andon.Inconclusive: "yellow", andon.Fail: "red"}

// stateConfig shows states as words in their colours.
func stateConfig(name string) data.FieldConfig {
	mapping := data.ValueMapper{}
	for d, v := range stateNumber {
		text := string(d)
		if text == "" {
			text = "under way"
		}
		mapping[strconv.FormatFloat(v, 'g', -1, 64)] = data.ValueMappingResult{Text: text, Color: decisionColours[d]}
	}
	return data.FieldConfig{DisplayNameFromDS: name, Mappings: data.ValueMappings{mapping},
		Thresholds: steps("blue", step{statePass, "green"}, step{stateInconclusive, "yellow"}, step{stateFail, "red"})}
}

// verdictConfig colours verdicts.
func verdictConfig() data.FieldConfig {
	mapping := data.ValueMapper{}
	for d, colour := range decisionColours {
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
