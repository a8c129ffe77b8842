package plugin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/andon-project/andon/pkg/andon"
)

//go:generate go test -run ^TestTypeScript$ -update .

// A querySpec is what the query editor, a dashboard or an alert rule asks for.
// Dashboards and alert rules keep its JSON form for years: fields are added,
// never renamed. Unknown fields are ignored, since Grafana adds its own. Which
// query type reads which field is in docs/reference/datasource.md.
type querySpec struct {
	V         int    `json:"v,omitempty"`         // version of this form; 1 if missing
	QueryType string `json:"queryType,omitempty"` // a key of queryTypes; "deviation" if empty
	View      string `json:"view,omitempty"`      // one of the type's views; the first if empty

	// Name is the signal's name in the exporter's configuration, if it is one of
	// those. The name helps to infer the signal's kind.
	Name string `json:"name,omitempty"`

	Expr string `json:"expr"`          // PromQL, or LogQL of clusters and crashes; macros are expanded
	Per  string `json:"per,omitempty"` // PromQL of the total that Expr is a part of: requests, of which Expr counts errors

	NodeLabel string `json:"nodeLabel,omitempty"` // label that names an instance; empty compares the service as a whole

	// Cohorts says what distinguishes candidate from control: "labels" (the
	// default) or "time".
	Cohorts   string         `json:"cohorts,omitempty"`
	Candidate andon.Selector `json:"candidate,omitempty"` // label to value; with "time": which series to compare, all if empty
	Control   andon.Selector `json:"control,omitempty"`   // label to value; for "labels"

	// Back compares with the same series this much earlier, as a PromQL
	// duration; for "time".
	Back string `json:"back,omitempty"`

	// Since is when the change began and Until when it ended, as RFC 3339 or in
	// milliseconds since 1970. With "time" and without Back, what came after
	// Since is compared with what came before.
	Since stringOrNumber `json:"since,omitempty"`
	Until stringOrNumber `json:"until,omitempty"`

	Worse       andon.Direction   `json:"worse,omitempty"`
	Sensitivity andon.Sensitivity `json:"sensitivity,omitempty"`
	Unit        string            `json:"unit,omitempty"`
	Kind        andon.Kind        `json:"kind,omitempty"`

	Legend string `json:"legend,omitempty"` // name of a series; {{label}} becomes that label's value; the type's default if empty

	// Step is the width of one bin of samples, as a PromQL duration; one minute
	// if empty, like the judge's. It is the value of $__interval. A panel with a
	// wider interval shows every n-th bin.
	Step string `json:"step,omitempty"`

	Service      string         `json:"service,omitempty"`      // name of a service
	Rollout      string         `json:"rollout,omitempty"`      // id of a rollout that the exporter knows
	VersionLabel string         `json:"versionLabel,omitempty"` // label that names the version
	Signals      []andon.Signal `json:"signals,omitempty"`      // what a verdict is about, if not the signals of the exporter's configuration
	Strategy     andon.Strategy `json:"strategy,omitempty"`

	// Match picks rollouts: service, layer, version, verdict, strategy, tool
	// or a label of the scope, each with its value.
	Match andon.Selector `json:"match,omitempty"`

	Classes []string `json:"classes,omitempty"` // only log clusters of these classes; all if empty
	Cluster string   `json:"cluster,omitempty"` // only the log cluster of this id
	GroupBy string   `json:"by,omitempty"`      // one series for each "class" (the default) or each "cluster"
	Limit   int      `json:"limit,omitempty"`   // maximum number of rows or lines; the view's default if 0

	Values  string        `json:"values,omitempty"`  // what a query of type values lists
	Filters []adHocFilter `json:"filters,omitempty"` // the dashboard's ad-hoc filters
	Live    bool          `json:"live,omitempty"`    // for the front end: the panel is updated by a stream

	// rolloutComparison is what the judge compares, if the query names a rollout
	// instead of an expression.
	rolloutComparison *andon.Comparison
}

// An adHocFilter is a condition that a dashboard adds to all of its queries.
type adHocFilter struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"` // =, !=, =~ or !~; =| and !=| mean one of values, none of values
	Value    string   `json:"value"`
	Values   []string `json:"values,omitempty"`
}

// What distinguishes candidate from control.
const (
	byLabels = "labels"
	byTime   = "time"
)

// viewTable is the view as a table, which most query types have.
const viewTable = "table"

// A stringOrNumber is a string that JSON may hold as a number: a dashboard
// variable with a time becomes either.
type stringOrNumber string

// UnmarshalJSON implements json.Unmarshaler.
func (t *stringOrNumber) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("%s is neither a string nor a number", b)
	}
	*t = stringOrNumber(n)
	return nil
}

// decodeQuery reads a query of any version. queryType, which Grafana may send
// apart from the query, wins if it is not empty.
func decodeQuery(raw []byte, queryType string) (querySpec, error) {
	var q querySpec
	if err := json.Unmarshal(raw, &q); err != nil {
		return querySpec{}, fmt.Errorf("the query cannot be read: %w", err)
	}
	if queryType != "" {
		q.QueryType = queryType
	}
	if err := q.migrate(); err != nil {
		return querySpec{}, err
	}
	setDefault(&q.QueryType, defaultQueryType)
	if _, ok := queryTypes[q.QueryType]; !ok {
		return querySpec{}, problemsOf(andon.Under("queryType", andon.CheckWord("query type", q.QueryType, slices.Sorted(maps.Keys(queryTypes)))))
	}
	return q, nil
}

// complete fills in the defaults and checks the whole query. An error names the
// field and says what to write instead.
func (q querySpec) complete() (querySpec, error) {
	q = q.withDefaults()
	if err := problemsOf(q.problems()); err != nil {
		return querySpec{}, err
	}
	return q, queryTypes[q.QueryType].check(q)
}

// withDefaults returns the query with defaults for the fields that are empty.
func (q querySpec) withDefaults() querySpec {
	setDefault(&q.QueryType, defaultQueryType)
	kind := queryTypes[q.QueryType]
	setDefault(&q.View, kind.views[0].name)
	setDefault(&q.Legend, kind.legend)
	setDefault(&q.Cohorts, byLabels)
	setDefault(&q.Worse, andon.Higher)
	setDefault(&q.Sensitivity, andon.Medium)
	return q
}

// defaultQueryType is the type of a query that has none.
const defaultQueryType = "deviation"

func setDefault[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}

// queryVersion is the newest version of the query form that this data source reads.
const queryVersion = 2

// migrations[i] turns a query of version i+1 into one of version i+2.
var migrations = [queryVersion - 1]func(*querySpec){
	// Version 1 had only deviations, as lines.
	func(q *querySpec) {
		setDefault(&q.QueryType, "deviation")
		if q.QueryType == "deviation" {
			setDefault(&q.View, viewSigma)
		}
	},
}

// migrate brings a query to the newest version, so that an old dashboard or
// alert rule gets the answer that it got when it was made.
func (q *querySpec) migrate() error {
	if q.V > queryVersion {
		return fmt.Errorf("the query was made by a newer Andon data source (version %d, this one reads up to %d); update the plugin", q.V, queryVersion)
	}
	for q.V = max(q.V, 1); q.V < queryVersion; q.V++ {
		migrations[q.V-1](q)
	}
	return nil
}
