package plugin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/andon-project/andon/pkg/andon"
)

//go:generate go test -run ^TestTypeScript$ -update .

// A Query is what the query editor, a dashboard or an alert rule asks for.
// Its JSON form is kept in dashboards and alert rules for years: fields are
// added, never renamed. Fields that are not known are passed over, since
// Grafana adds its own. Which of them a query type reads is said in
// docs/reference/datasource.md.
type Query struct {
	V         int    `json:"v,omitempty"`         // version of this form; 1 if absent
	QueryType string `json:"queryType,omitempty"` // a key of queryTypes; "deviation" if empty
	View      string `json:"view,omitempty"`      // one of the type's views; the first if empty

	// Name is the signal's name in the exporter's configuration, if it is one of
	// those: what a signal is called helps to tell what kind it is.
	Name string `json:"name,omitempty"`

	Expr string `json:"expr"`          // PromQL, or LogQL of clusters and crashes; macros are expanded
	Per  string `json:"per,omitempty"` // PromQL of the exposure: errors out of requests

	NodeLabel string `json:"nodeLabel,omitempty"` // label that names an instance; empty if the service is seen as a whole

	// Cohorts says how candidate and control are told apart: by "labels" (the
	// default) or by "time".
	Cohorts   string         `json:"cohorts,omitempty"`
	Candidate andon.Selector `json:"candidate,omitempty"` // for "time": the series to look at, all if empty
	Control   andon.Selector `json:"control,omitempty"`   // for "labels"

	// Back makes control of the same series this long before, as a PromQL
	// duration; for "time".
	Back string `json:"back,omitempty"`

	// Since is when the change began, Until when it was over: RFC 3339 or
	// milliseconds since the epoch. Without Back and with "time" Since divides
	// before from after.
	Since Text `json:"since,omitempty"`
	Until Text `json:"until,omitempty"`

	Worse       andon.Direction   `json:"worse,omitempty"`
	Sensitivity andon.Sensitivity `json:"sensitivity,omitempty"`
	Unit        string            `json:"unit,omitempty"`
	Kind        andon.Kind        `json:"kind,omitempty"`

	Legend string `json:"legend,omitempty"` // name of a series; {{label}} is that label's value; the type's own if empty

	// Step is the width of one bin of samples as a PromQL duration; one minute
	// if empty, as for the judge. It is what $__interval stands for. A panel
	// whose interval is wider shows every n-th bin.
	Step string `json:"step,omitempty"`

	Service      string         `json:"service,omitempty"`      // name of a service
	Rollout      string         `json:"rollout,omitempty"`      // id of a rollout that the exporter knows
	VersionLabel string         `json:"versionLabel,omitempty"` // label that names the version
	Signals      []andon.Signal `json:"signals,omitempty"`      // what a verdict is made of, if the exporter is not asked for it
	Strategy     andon.Strategy `json:"strategy,omitempty"`

	// Match picks rollouts: service, layer, version, verdict, strategy, tool
	// or a label of the scope to the wanted value.
	Match andon.Selector `json:"match,omitempty"`

	Classes  []string `json:"classes,omitempty"` // only log clusters of these classes; all if empty
	Cluster  string   `json:"cluster,omitempty"` // only the log cluster of this id
	SeriesOf string   `json:"by,omitempty"`      // one series a "class" (the default) or one a "cluster"
	Limit    int      `json:"limit,omitempty"`   // rows or lines at most; the view's own if 0

	Values  string   `json:"values,omitempty"`  // what a query of type values lists
	Filters []Filter `json:"filters,omitempty"` // the dashboard's ad-hoc filters
	Live    bool     `json:"live,omitempty"`    // for the front end: the panel follows a stream

	comparison *andon.Comparison // what the exporter compares, of a query that names a rollout's signal
}

// A Filter is a condition that a dashboard sets for all of its queries.
type Filter struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"` // =, !=, =~, !~; =| and !=| for one of Values
	Value    string   `json:"value"`
	Values   []string `json:"values,omitempty"`
}

// The ways to tell cohorts apart.
const (
	byLabels = "labels"
	byTime   = "time"
)

// viewTable is the view of rows, which most query types have.
const viewTable = "table"

// Text is a string that may also be written as a number in JSON: a variable
// that holds a time becomes either.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("%s is neither a text nor a number", b)
	}
	*t = Text(n)
	return nil
}

// ParseQuery reads a Query of any version and fills in what was left to
// default. What cannot be asked is an error that names the field and says what
// to write instead.
func ParseQuery(raw []byte) (Query, error) { return parseQuery(raw, "") }

// parseQuery is ParseQuery of a query whose type Grafana gave beside it.
func parseQuery(raw []byte, queryType string) (Query, error) {
	q, err := decodeQuery(raw, queryType)
	if err != nil {
		return Query{}, err
	}
	return q.complete()
}

// decodeQuery reads a Query of any version.
func decodeQuery(raw []byte, queryType string) (Query, error) {
	var q Query
	if err := json.Unmarshal(raw, &q); err != nil {
		return Query{}, fmt.Errorf("the query is not what this data source reads: %w", err)
	}
	if queryType != "" {
		q.QueryType = queryType
	}
	if err := q.migrate(); err != nil {
		return Query{}, err
	}
	setDefault(&q.QueryType, "deviation")
	if _, ok := queryTypes[q.QueryType]; !ok {
		return Query{}, problemsOf(andon.Under("queryType", andon.CheckWord("query type", q.QueryType, slices.Sorted(maps.Keys(queryTypes)))))
	}
	return q, nil
}

// complete fills in what was left to default and checks the whole.
func (q Query) complete() (Query, error) {
	kind := queryTypes[q.QueryType]
	setDefault(&q.View, kind.views[0].name)
	setDefault(&q.Legend, kind.legend)
	setDefault(&q.Cohorts, byLabels)
	setDefault(&q.Worse, andon.Higher)
	setDefault(&q.Sensitivity, andon.Medium)
	if err := problemsOf(q.Check()); err != nil {
		return Query{}, err
	}
	return q, kind.check(q)
}

func setDefault[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}

// queryVersion is the newest form of Query that this data source reads.
const queryVersion = 2

// migrations turn a query of form i+1 into one of the next form.
var migrations = [queryVersion - 1]func(*Query){
	// Form 1 knew deviations only, as lines.
	func(q *Query) {
		setDefault(&q.QueryType, "deviation")
		if q.QueryType == "deviation" {
			setDefault(&q.View, viewSigma)
		}
	},
}

// migrate makes the newest form of what is in any form. A dashboard or an
// alert rule is thereby answered as it was when it was made.
func (q *Query) migrate() error {
	if q.V > queryVersion {
		return fmt.Errorf("the query was made by a newer Andon data source (form %d, this one reads up to %d); update the plugin", q.V, queryVersion)
	}
	for q.V = max(q.V, 1); q.V < queryVersion; q.V++ {
		migrations[q.V-1](q)
	}
	return nil
}
