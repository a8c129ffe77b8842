package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/andon"
)

// A queryType is a kind of question.
type queryType struct {
	views     []view // in which it can be answered; the first if the query says none
	alertView string // of series; an alert rule, which takes no texts, gets it for a view that is none; empty if there is none
	legend    string // of series, if the query says none
	slow      bool   // it reads lines, which takes long enough to tell how far it is
	check     func(Query) error
	signal    signalExpr // what it asks of a signal of the exporter's configuration; zero if nothing
}

// A view is one form of an answer.
type view struct {
	name   string
	answer answerFunc
	series bool // its frames are time series
}

// An answerFunc answers a request, whose type and view are its own.
type answerFunc func(context.Context, sources, request) backend.DataResponse

// A signalExpr is the part of a signal that holds the expression of a query type.
type signalExpr struct {
	key  string // in the exporter's configuration
	expr func(andon.Signal) string
}

// queryTypes holds all kinds of questions and their views.
var queryTypes = map[string]queryType{
	"deviation": {
		check: Query.checkDeviation, legend: "{{node}}", alertView: viewSigma,
		signal: signalExpr{"metric", func(s andon.Signal) string { return s.Metric }},
		views: []view{
			{name: viewSigma, answer: deviationView((*deviationQuery).sigma), series: true},
			{name: viewRaw, answer: deviationView((*deviationQuery).raw), series: true},
			{name: viewHeatmap, answer: deviationView((*deviationQuery).heatmap)},
			{name: viewTable, answer: deviationView((*deviationQuery).nodeTable)},
		},
	},
	"clusters": {
		check: Query.checkLogs, slow: true, alertView: viewRates,
		signal: signalExpr{"logs", func(s andon.Signal) string { return s.Logs }},
		views: []view{
			{name: viewTable, answer: clusterView((*clusterQuery).clusterTable)},
			{name: viewRates, answer: clusterView((*clusterQuery).rates), series: true},
			{name: viewLines, answer: clusterView((*clusterQuery).lines)},
		},
	},
	"crashes": {
		check: Query.checkLogs, slow: true, alertView: viewRates,
		signal: signalExpr{"crashes", func(s andon.Signal) string { return s.Crashes }},
		views: []view{
			{name: viewTable, answer: crashView((*crashQuery).crashTable)},
			{name: viewRates, answer: crashView((*crashQuery).rates), series: true},
		},
	},
	"verdict": {
		check: Query.checkVerdict, legend: "{{rollout}}", alertView: viewState,
		views: []view{
			{name: viewSummary, answer: verdictView((*verdictQuery).summary)},
			{name: viewFindings, answer: verdictView((*verdictQuery).findings)},
			{name: viewEvidence, answer: verdictView((*verdictQuery).evidence), series: true},
			{name: viewState, answer: verdictView((*verdictQuery).state), series: true},
			{name: viewStages, answer: verdictView((*verdictQuery).stages)},
		},
	},
	"values": {
		check: Query.checkValues,
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

func unchecked(Query) error { return nil }

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
