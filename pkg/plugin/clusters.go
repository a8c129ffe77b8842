package plugin

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// The views of log clusters, beside the table.
const (
	viewRates = "rates"
	viewLines = "lines"
)

// How much an answer shows if the query does not say.
const (
	maxClusters = 100
	maxRates    = 20
	maxLines    = 1000
)

// clusters answers how the log lines of candidate stand to those of control.
func (s sources) clusters(ctx context.Context, r request) backend.DataResponse {
	q, err := s.reading(ctx, r, func(expr string) analysis.Signal {
		return analysis.Signal{Name: cmp.Or(r.Query.Name, r.RefID), Logs: expr}
	})
	if err != nil {
		return failed(ctx, err)
	}
	if r.Query.View == viewLines && len(r.Query.Classes) == 0 && r.Query.Cluster == "" {
		return q.plainLines(ctx)
	}
	report, err := q.analyzer.Cluster(ctx, q.comparison, analysis.Range{Start: r.Window.From, End: r.Window.To, Step: r.Grid.Bin})
	if err != nil {
		return failed(ctx, err)
	}
	q.described(report.GroupReport)
	all := slices.DeleteFunc(report.Clusters, func(c analysis.LogCluster) bool { return !r.Query.wants(c.Group) })
	switch r.Query.View {
	case viewRates:
		groups := eachOf(all, func(c analysis.LogCluster) named { return named{c.Group, c.Template} })
		return q.rates(report.GroupReport, groups)
	case viewLines:
		return q.linesOf(ctx, all)
	}
	return q.answer(q.clusterTable(limited(&q.picture, all, maxClusters, "clusters")))
}

// wants reports whether the query asks for a group.
func (q Query) wants(g analysis.Group) bool {
	return (len(q.Classes) == 0 || slices.Contains(q.Classes, string(g.Class))) && (q.Cluster == "" || g.ID == q.Cluster)
}

// limited returns the first of all, as many as are shown, and says so.
func limited[T any](p *picture, all []T, most int, what string) []T {
	if p.Query.Limit > 0 {
		most = p.Query.Limit
	}
	if len(all) <= most {
		return all
	}
	p.notices = append(p.notices, warning("there are %d %s, and the first %d are shown; raise the limit or narrow the query", len(all), what, most))
	return all[:most]
}

// clusterTable makes one row a cluster, the worst first.
func (q reading) clusterTable(all []analysis.LogCluster) *data.Frame {
	text := func(name string, of func(analysis.LogCluster) string, config data.FieldConfig) column {
		return column{name, eachOf(all, of), config}
	}
	columns := []column{
		text("class", func(c analysis.LogCluster) string { return string(c.Class) }, classConfig()),
		text("template", func(c analysis.LogCluster) string { return c.Template }, data.FieldConfig{Links: q.clusterLinks("lines")}),
	}
	columns = append(columns, q.counts(eachOf(all, func(c analysis.LogCluster) analysis.Group { return c.Group }))...)
	columns = append(columns,
		text("example", func(c analysis.LogCluster) string { return example(c.Group) }, data.FieldConfig{}),
		text("feedback", func(c analysis.LogCluster) string { return string(c.Risk) }, riskConfig()),
		text("reason", func(c analysis.LogCluster) string { return c.Reason }, data.FieldConfig{}),
		text("cluster", func(c analysis.LogCluster) string { return c.ID }, data.FieldConfig{}),
		text("query", func(c analysis.LogCluster) string { return c.Query }, data.FieldConfig{Links: q.logQL("Lines in Loki", "${__data.fields.query}")}),
	)
	return q.table(columns...)
}

// counts makes the columns that clusters and crashes share.
func (q reading) counts(all []analysis.Group) []column {
	value := func(name string, of func(analysis.Group) analysis.Number, config data.FieldConfig) column {
		return column{name, eachOf(all, func(g analysis.Group) *float64 { return number(of(g)) }), config}
	}
	count := func(name string, of func(analysis.Group) float64) column {
		return column{name, eachOf(all, of), data.FieldConfig{}}
	}
	needs := q.Query.Sensitivity.Needs(q.Query.Strategy)
	return []column{
		count("candidate", func(g analysis.Group) float64 { return g.Candidate.Lines }),
		count("control", func(g analysis.Group) float64 { return g.Control.Lines }),
		count("nodes", func(g analysis.Group) float64 { return float64(g.Candidate.Nodes) }),
		value("ratio", func(g analysis.Group) analysis.Number { return g.Ratio },
			data.FieldConfig{Unit: "suffix:×", Description: "candidate's rate over control's, by the time their nodes ran"}),
		value("ratio low", func(g analysis.Group) analysis.Number { return g.RatioLow }, data.FieldConfig{Unit: "suffix:×", Description: "lower end of its 95% interval"}),
		value("ratio high", func(g analysis.Group) analysis.Number { return finite(g.RatioHigh) }, data.FieldConfig{Unit: "suffix:×", Description: "upper end of its 95% interval"}),
		value("evidence", func(g analysis.Group) analysis.Number { return g.Evidence }, data.FieldConfig{Thresholds: evidenceSteps(needs), Custom: cell("color-text")}),
		{"first seen", eachOf(all, func(g analysis.Group) time.Time { return g.FirstSeen }), data.FieldConfig{}},
		{"last seen", eachOf(all, func(g analysis.Group) time.Time { return g.LastSeen }), data.FieldConfig{}},
	}
}

// finite returns n, or the unknown Number for an infinity, which no table shows.
func finite(n analysis.Number) analysis.Number {
	if math.IsInf(float64(n), 0) {
		return analysis.Unknown
	}
	return n
}

func example(g analysis.Group) string {
	if n := len(g.Examples); n > 0 {
		return g.Examples[n-1].Text
	}
	return ""
}

// classColours are those of the classes, wherever one is shown.
var classColours = map[analysis.Class]string{
	analysis.ClassUnknown: "red", analysis.ClassUnexpectedFrequency: "orange", analysis.ClassKnown: "green", analysis.ClassGone: "blue",
}

func classConfig() data.FieldConfig {
	mapping := data.ValueMapper{}
	for class, colour := range classColours {
		mapping[string(class)] = data.ValueMappingResult{Text: className(class), Color: colour}
	}
	return data.FieldConfig{Mappings: data.ValueMappings{mapping}, Custom: cell("color-background")}
}

// className returns a class as people write it.
func className(c analysis.Class) string {
	if c == analysis.ClassUnexpectedFrequency {
		return "unexpected frequency"
	}
	return string(c)
}

func riskConfig() data.FieldConfig {
	return data.FieldConfig{Custom: cell("color-text"), Mappings: data.ValueMappings{data.ValueMapper{
		string(analysis.HighRisk):   {Text: "high risk", Color: "red"},
		string(analysis.MediumRisk): {Text: "medium risk", Color: "orange"},
		string(analysis.NoRisk):     {Text: "no risk", Color: "green"},
	}}}
}

// clusterLinks lead from a row to its lines, here and in the user's Loki.
func (q reading) clusterLinks(view string) []data.DataLink {
	one := q.Query
	one.View, one.Cluster, one.Classes, one.Limit = view, "${__data.fields.cluster}", nil, 0
	return append(q.own("Lines", one), q.logQL("Lines in Loki", "${__data.fields.query}")...)
}

// A named is a group with its name for people.
type named struct {
	analysis.Group
	name string
}

// rates answers with the lines per second of classes, or of clusters, of both
// cohorts.
func (q reading) rates(report analysis.GroupReport, all []named) backend.DataResponse {
	var lines []line
	add := func(labels data.Labels, legend, cohort string, values []float64) {
		labels = labels.Copy()
		labels["cohort"] = cohort
		lines = append(lines, line{labels, report.Times, values, data.FieldConfig{Unit: "suffix: lines/s",
			DisplayNameFromDS: picture{request: request{Query: Query{Legend: cmp.Or(q.Query.Legend, legend)}}}.legend(labels)}})
	}
	if q.Query.By == "cluster" {
		for _, g := range limited(&q.picture, all, maxRates, "clusters") {
			labels := data.Labels{"cluster": g.ID, "class": string(g.Class), "template": g.name}
			add(labels, "{{template}} ({{cohort}})", "candidate", g.Candidate.PerSecond)
			add(labels, "{{template}} ({{cohort}})", "control", g.Control.PerSecond)
		}
	} else {
		for _, class := range analysis.Classes {
			of := slices.DeleteFunc(slices.Clone(all), func(g named) bool { return g.Class != class })
			if len(of) == 0 {
				continue
			}
			labels := data.Labels{"class": string(class)}
			add(labels, "{{class}} ({{cohort}})", "candidate", sum(of, len(report.Times), func(g named) []float64 { return g.Candidate.PerSecond }))
			add(labels, "{{class}} ({{cohort}})", "control", sum(of, len(report.Times), func(g named) []float64 { return g.Control.PerSecond }))
		}
	}
	q.Range.Step = report.Step
	return q.answer(q.series(lines)...)
}

func sum(all []named, n int, of func(named) []float64) []float64 {
	out := make([]float64, n)
	for _, g := range all {
		for i, v := range of(g) {
			out[i] += v
		}
	}
	return out
}
