package plugin

import (
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// maxClusters is how many log clusters or crash signatures an answer shows by
// default.
const maxClusters = 100

// picks reports whether the query asks for the group.
func (q querySpec) picks(g andon.Group) bool {
	return (len(q.Classes) == 0 || slices.Contains(q.Classes, string(g.Class))) && (q.Cluster == "" || g.ID == q.Cluster)
}

// limited returns the first items: as many as the query's limit, or the given
// default limit, allows. A notice says if some are left out.
func limited[T any](b *frameBuilder, all []T, limit int, what string) []T {
	if b.Query.Limit > 0 {
		limit = b.Query.Limit
	}
	if len(all) <= limit {
		return all
	}
	b.notices = append(b.notices, warning("only the first %d of %d %s are shown; raise the limit or narrow the query", limit, len(all), what))
	return all[:limit]
}

// counts makes the columns that clusters and crashes share.
func (q *logQuery) counts(all []andon.Group) []column {
	value := func(name string, get func(andon.Group) andon.Number, config data.FieldConfig) column {
		return column{name, eachOf(all, func(g andon.Group) *float64 { return number(get(g)) }), config}
	}
	count := func(name, description string, get func(andon.Group) float64) column {
		return column{name, eachOf(all, get), data.FieldConfig{Description: description}}
	}
	needs := q.Query.Sensitivity.Needs(q.Query.Strategy)
	candidate, control := q.Query.candidateName(), q.Query.controlName()
	return []column{
		count("candidate", "how often on "+candidate, func(g andon.Group) float64 { return g.Candidate.Lines }),
		count("control", "how often on "+control, func(g andon.Group) float64 { return g.Control.Lines }),
		count("nodes", "on how many of "+candidate, func(g andon.Group) float64 { return float64(g.Candidate.Nodes) }),
		value("ratio", func(g andon.Group) andon.Number { return g.Ratio },
			data.FieldConfig{Unit: "suffix:×", Description: "rate per node on " + candidate + " divided by that on " + control}),
		value("ratio low", func(g andon.Group) andon.Number { return g.RatioLow }, data.FieldConfig{Unit: "suffix:×", Description: "lower end of the 95% interval of the ratio"}),
		value("ratio high", func(g andon.Group) andon.Number { return finite(g.RatioHigh) }, data.FieldConfig{Unit: "suffix:×", Description: "upper end of the 95% interval of the ratio"}),
		value("evidence", func(g andon.Group) andon.Number { return g.Evidence }, evidenceConfig(needs, "odds that the change made it more frequent")),
		{"first seen", eachOf(all, func(g andon.Group) time.Time { return g.FirstSeen }), data.FieldConfig{}},
		{"last seen", eachOf(all, func(g andon.Group) time.Time { return g.LastSeen }), data.FieldConfig{}},
	}
}

// finite returns n, or andon.Unknown for an infinity, which tables cannot show.
func finite(n andon.Number) andon.Number {
	if math.IsInf(float64(n), 0) {
		return andon.Unknown
	}
	return n
}

// example returns the newest example of a group; empty if there is none.
func example(g andon.Group) string {
	if n := len(g.Examples); n > 0 {
		return g.Examples[n-1].Text
	}
	return ""
}

// classColours are the colours of the classes in every view.
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
