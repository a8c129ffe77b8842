package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// A queryType is a kind of question.
type queryType struct {
	views  []string // in which it can be answered; the first if the query says none
	series []string // those of them that are time series; an alert rule gets the first for any other
	legend string   // of series, if the query says none
	slow   bool     // it reads lines, which takes long enough to tell how far it is
	check  func(Query) error
	answer func(sources, context.Context, request) backend.DataResponse
}

// queryTypes holds all kinds of questions.
var queryTypes = map[string]queryType{
	"deviation": {views: []string{viewSigma, viewRaw, viewHeatmap, viewTable}, series: []string{viewSigma, viewRaw}, legend: "{{node}}", check: Query.checkDeviation, answer: sources.deviation},
	"clusters":  {views: []string{viewTable, viewRates, viewLines}, series: []string{viewRates}, slow: true, check: Query.checkLogs, answer: sources.clusters},
	"crashes":   {views: []string{viewTable, viewRates}, series: []string{viewRates}, slow: true, check: Query.checkLogs, answer: sources.crashes},
	"verdict":   {views: []string{viewSummary, viewFindings, viewEvidence, viewState, viewStages}, series: []string{viewState, viewEvidence}, legend: "{{rollout}}", check: Query.checkVerdict, answer: sources.verdict},
	"values":    {views: []string{viewTable}, check: Query.checkValues, answer: sources.values},
	"rollouts":  {views: []string{viewTable, viewTimeline, viewAnnotations}, series: []string{viewTimeline}, legend: "{{rollout}}", check: unchecked, answer: sources.rollouts},
}

func unchecked(Query) error { return nil }
