package plugin

import (
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// maxClusters is how many log clusters, or crash signatures, an answer shows if
// the query does not say.
const maxClusters = 100

// picks reports whether the query asks for a group.
func (q Query) picks(g andon.Group) bool {
	return (len(q.Classes) == 0 || slices.Contains(q.Classes, string(g.Class))) && (q.Cluster == "" || g.ID == q.Cluster)
}

// limited returns the first of all: at most as many as the query says, or limit
// if it does not. A notice says if some are left out.
func limited[T any](b *frameBuilder, all []T, limit int, what string) []T {
	if b.Query.Limit > 0 {
		limit = b.Query.Limit
	}
	if len(all) <= limit {
		return all
	}
	b.notices = append(b.notices, warning("there are %d %s, and the first %d are shown; raise the limit or narrow the query", len(all), what, limit))
	return all[:limit]
}

// counts makes the columns that clusters and crashes share.
func (q *logQuery) counts(all []andon.Group) []column {
	value := func(name string, get func(andon.Group) andon.Number, config data.FieldConfig) column {
		return column{name, eachOf(all, func(g andon.Group) *float64 { return number(get(g)) }), config}
	}
	count := func(name string, get func(andon.Group) float64) column {
		return column{name, eachOf(all, get), data.FieldConfig{}}
	}
	needs := q.Query.Sensitivity.Needs(q.Query.Strategy)
	return []column{
		count("candidate", func(g andon.Group) float64 { return g.Candidate.Lines }),
		count("control", func(g andon.Group) float64 { return g.Control.Lines }),
		count("nodes", func(g andon.Group) float64 { return float64(g.Candidate.Nodes) }),
		value("ratio", func(g andon.Group) andon.Number { return g.Ratio },
			data.FieldConfig{Unit: "suffix:×", Description: "candidate's rate over control's, by the time their nodes ran"}),
		value("ratio low", func(g andon.Group) andon.Number { return g.RatioLow }, data.FieldConfig{Unit: "suffix:×", Description: "lower end of its 95% interval"}),
		value("ratio high", func(g andon.Group) andon.Number { return finite(g.RatioHigh) }, data.FieldConfig{Unit: "suffix:×", Description: "upper end of its 95% interval"}),
		value("evidence", func(g andon.Group) andon.Number { return g.Evidence }, data.FieldConfig{Thresholds: evidenceSteps(needs), Custom: cell("color-text")}),
		{"first seen", eachOf(all, func(g andon.Group) time.Time { return g.FirstSeen }), data.FieldConfig{}},
		{"last seen", eachOf(all, func(g andon.Group) time.Time { return g.LastSeen }), data.FieldConfig{}},
	}
}

// finite returns n, or the unknown Number for an infinity, which no table shows.
func finite(n andon.Number) andon.Number {
	if math.IsInf(float64(n), 0) {
		return andon.Unknown
	}
	return n
}

func example(g andon.Group) string {
	if n := len(g.Examples); n > 0 {
		return g.Examples[n-1].Text
	}
	return ""
}

// classColours are those of the classes, wherever one is shown.
var classColours = map[andon.Class]string{
	andon.ClassUnknown: "red", andon.ClassUnexpectedFrequency: "orange", andon.ClassKnown: "green", andon.ClassGone: "blue",
}

func classConfig() data.FieldConfig {
	mapping := data.ValueMapper{}
	for class, colour := range classColours {
		mapping[string(class)] = data.ValueMappingResult{Text: className(class), Color: colour}
	}
	return data.FieldConfig{Mappings: data.ValueMappings{mapping}, Custom: cell("color-background")}
}

// className returns a class as people write it.
func className(c andon.Class) string {
	if c == andon.ClassUnexpectedFrequency {
		return "unexpected frequency"
	}
	return string(c)
}

func riskConfig() data.FieldConfig {
	return data.FieldConfig{Custom: cell("color-text"), Mappings: data.ValueMappings{data.ValueMapper{
		string(andon.HighRisk):   {Text: "high risk", Color: "red"},
		string(andon.MediumRisk): {Text: "medium risk", Color: "orange"},
		string(andon.NoRisk):     {Text: "no risk", Color: "green"},
	}}}
}
