package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/andon"
)

// A queryType is a kind of question.
type queryType struct {
	views     []view // the first is the default
	alertView string // the view that alert rules get instead of tables, which they cannot read; empty if there is none
	legend    string // default name of series
	slow      bool   // it reads log lines, which takes long enough to show progress
	language  string // of the expression; empty if there is none, or if it depends on the query
	check     func(querySpec) error
	signal    signalExpr // which part of a configured signal it asks for; zero if none
}

// A view is one form of an answer.
type view struct {
	name   string
	answer answerFunc
	series bool // its frames are time series
	grows  bool // a stream sends only new points; of other views it sends the whole each time
}

// An answerFunc answers requests of one query type and view.
type answerFunc func(context.Context, sources, request) backend.DataResponse

// A signalExpr is the part of a signal that holds the expression of a query type.
type signalExpr struct {
	key  string // in the exporter's configuration
	expr func(andon.Signal) string
}

// queryTypes holds all query types with their views.
var queryTypes = map[string]queryType{
	"deviation": {
		check: querySpec.checkDeviation, legend: "{{node}}", alertView: viewSigma, language: languagePromQL,
		signal: signalExpr{"metric", func(s andon.Signal) string { return s.Metric }},
		views: []view{
			{name: viewSigma, answer: deviationView((*deviationQuery).sigma), series: true, grows: true},
			{name: viewRaw, answer: deviationView((*deviationQuery).raw), series: true, grows: true},
			{name: viewHeatmap, answer: deviationView((*deviationQuery).heatmap)},
			{name: viewTable, answer: deviationView((*deviationQuery).nodeTable)},
		},
	},
	"clusters": {
		check: querySpec.checkLogs, slow: true, alertView: viewRates, language: languageLogQL,
		signal: signalExpr{"logs", func(s andon.Signal) string { return s.Logs }},
		views: []view{
			{name: viewTable, answer: clusterView((*clusterQuery).clusterTable)},
			{name: viewRates, answer: clusterView((*clusterQuery).rates), series: true},
			{name: viewLines, answer: clusterView((*clusterQuery).lines)},
		},
	},
	"crashes": {
		check: querySpec.checkLogs, slow: true, alertView: viewRates, language: languageLogQL,
		signal: signalExpr{"crashes", func(s andon.Signal) string { return s.Crashes }},
		views: []view{
			{name: viewTable, answer: crashView((*crashQuery).crashTable)},
			{name: viewRates, answer: crashView((*crashQuery).rates), series: true},
		},
	},
	"verdict": {
		check: querySpec.checkVerdict, legend: "{{rollout}}", alertView: viewState,
		views: []view{
			{name: viewSummary, answer: verdictView((*verdictQuery).summary)},
			{name: viewFindings, answer: verdictView((*verdictQuery).findings)},
			{name: viewEvidence, answer: verdictView((*verdictQuery).evidence), series: true, grows: true},
			{name: viewState, answer: verdictView((*verdictQuery).state), series: true, grows: true},
			{name: viewStages, answer: verdictView((*verdictQuery).stages)},
		},
	},
	"values": {
		check: querySpec.checkValues,
		views: []view{{name: viewTable, answer: answerValues}},
	},
	"rollouts": {
		check: unchecked, legend: "{{rollout}}", alertView: viewTimeline,
		views: []view{
			{name: viewTable, answer: rolloutsView((*rolloutsQuery).rolloutTable)},
			{name: viewTimeline, answer: rolloutsView((*rolloutsQuery).timeline), series: true},
			{name: viewAnnotations, answer: rolloutsView((*rolloutsQuery).annotations)},
		},
	},
}

func unchecked(querySpec) error { return nil }

// view returns the view of a name; the zero view if there is none.
func (t queryType) view(name string) view {
	for _, v := range t.views {
		if v.name == name {
			return v
		}
	}
	return view{}
}

func (t queryType) viewNames() []string {
	return eachOf(t.views, func(v view) string { return v.name })
}
