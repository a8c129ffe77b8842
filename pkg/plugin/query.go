package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
)

// queryVersion is the newest form of Query that this data source reads.
const queryVersion = 1

// A Query is what the query editor, a dashboard or an alert rule asks for.
// Its JSON form is kept in dashboards and alert rules for years: fields are
// added, never renamed. Fields that are not known are passed over, since
// Grafana adds its own.
type Query struct {
	V         int    `json:"v,omitempty"`         // version of this form; 1 if absent
	QueryType string `json:"queryType,omitempty"` // "deviation" if empty

	// Name is the signal's name in the exporter's configuration, if it is one of
	// those: what a signal is called helps to tell what kind it is.
	Name string `json:"name,omitempty"`

	Expr string `json:"expr"`          // PromQL; macros are expanded
	Per  string `json:"per,omitempty"` // PromQL of the exposure: errors out of requests

	NodeLabel string `json:"nodeLabel,omitempty"` // label that names an instance; empty if the service is seen as a whole

	// Cohorts says how candidate and control are told apart: by "labels" (the
	// default) or by "time".
	Cohorts   string            `json:"cohorts,omitempty"`
	Candidate analysis.Selector `json:"candidate,omitempty"` // for "time": the series to look at, all if empty
	Control   analysis.Selector `json:"control,omitempty"`   // for "labels"

	// Back makes control of the same series this long before, as a PromQL
	// duration; for "time".
	Back string `json:"back,omitempty"`

	// Since is when the change began: RFC 3339 or milliseconds since the
	// epoch. Without Back and with "time" it divides before from after.
	Since Text `json:"since,omitempty"`

	Worse       analysis.Direction   `json:"worse,omitempty"`
	Sensitivity analysis.Sensitivity `json:"sensitivity,omitempty"`
	Unit        string               `json:"unit,omitempty"`
	Kind        analysis.Kind        `json:"kind,omitempty"`

	View   string `json:"view,omitempty"`   // "sigma" (the default) or "raw"
	Legend string `json:"legend,omitempty"` // name of a series; {{label}} is that label's value; "{{node}}" if empty

	// Step is the width of one bin of samples as a PromQL duration; one minute
	// if empty, as for the judge. It is what $__interval stands for. A panel
	// whose interval is wider shows every so manieth bin.
	Step string `json:"step,omitempty"`
}

// The ways to tell cohorts apart.
const (
	byLabels = "labels"
	byTime   = "time"
)

// The views.
const (
	viewSigma = "sigma"
	viewRaw   = "raw"
)

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

// ParseQuery reads a Query and fills in what was left to default. What cannot
// be asked is an error that names the field and says what to write instead.
func ParseQuery(raw []byte) (Query, error) {
	var q Query
	if err := json.Unmarshal(raw, &q); err != nil {
		return Query{}, fmt.Errorf("the query is not what this data source reads: %w", err)
	}
	if q.V > queryVersion {
		return Query{}, fmt.Errorf("the query was made by a newer Andon data source (form %d, this one reads up to %d); update the plugin", q.V, queryVersion)
	}
	q.V = queryVersion
	setDefault(&q.QueryType, "deviation")
	setDefault(&q.Cohorts, byLabels)
	setDefault(&q.View, viewSigma)
	setDefault(&q.Legend, "{{node}}")
	setDefault(&q.Worse, analysis.Higher)
	setDefault(&q.Sensitivity, analysis.Medium)
	return q, q.check()
}

func setDefault[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}

func (q Query) check() error {
	for _, c := range []struct {
		field, value string
		wanted       []string
	}{
		{"cohorts", q.Cohorts, []string{byLabels, byTime}},
		{"view", q.View, []string{viewSigma, viewRaw}},
		{"worse", string(q.Worse), []string{string(analysis.Higher), string(analysis.Lower), string(analysis.Both)}},
		{"sensitivity", string(q.Sensitivity), []string{string(analysis.High), string(analysis.Medium), string(analysis.Low)}},
		{"kind", string(q.Kind), []string{"", string(analysis.Counts), string(analysis.Failures), string(analysis.Latency),
			string(analysis.Resource), string(analysis.Memory), string(analysis.Value)}},
	} {
		if !slices.Contains(c.wanted, c.value) {
			return fmt.Errorf("%s: %q is not one of %s", c.field, c.value, strings.TrimPrefix(strings.Join(c.wanted, ", "), ", "))
		}
	}
	if strings.TrimSpace(q.Expr) == "" {
		return errors.New("expr is empty: write the PromQL query whose series are to be compared")
	}
	return q.checkCohorts()
}

func (q Query) checkCohorts() error {
	if q.Cohorts == byTime {
		if q.Back == "" && q.Since == "" {
			return errors.New("cohorts by time need back (as 1d: compare with the day before) or since (compare after that moment with before it)")
		}
		return nil
	}
	if len(q.Candidate) == 0 || len(q.Control) == 0 {
		empty := "candidate"
		if len(q.Candidate) > 0 {
			empty = "control"
		}
		return fmt.Errorf("%s is empty: say by labels which nodes it holds, as version: v1 or version: !=v2; or set cohorts to time", empty)
	}
	if maps.Equal(q.Candidate, q.Control) {
		return fmt.Errorf("candidate and control select the same nodes (%s); give them different labels, or set cohorts to time", describe(q.Candidate))
	}
	return nil
}

// Comparison returns what the query asks of package analysis, of samples in
// bins of that width. Macros must have been expanded.
func (q Query) Comparison(bin time.Duration) (analysis.Comparison, error) {
	since, err := moment(string(q.Since))
	if err != nil {
		return analysis.Comparison{}, err
	}
	c := analysis.Comparison{
		Signal:      analysis.Signal{Name: q.Name, Metric: q.Expr, Per: q.Per, Worse: q.Worse, Unit: q.Unit, Kind: q.Kind},
		Node:        q.NodeLabel,
		Sensitivity: q.Sensitivity,
		Since:       since,
		Step:        bin,
	}
	c.Signal.Kind = c.Signal.InferKind()
	c.Candidate.Select, c.Control.Select = q.Candidate, q.Control
	if q.Cohorts == byLabels {
		return c, nil
	}
	c.Control.Select = q.Candidate
	if q.Back != "" {
		if c.Control.Back, err = duration("back", q.Back); err != nil {
			return analysis.Comparison{}, err
		}
	}
	return c, nil
}

// moment reads RFC 3339 or milliseconds since the epoch; the empty text is
// the zero time.
func moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("since: %q is not a time; write RFC 3339, as 2026-01-02T15:04:05Z, or milliseconds since the epoch", s)
	}
	return t.UTC(), nil
}

// duration reads a PromQL duration above zero.
func duration(field, s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s: %q is not a duration above zero; write it as 30s, 5m, 1h or 1d", field, s)
	}
	return time.Duration(d), nil
}

// describe returns a selector for people, its labels in order.
func describe(s analysis.Selector) string {
	parts := make([]string, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, name+": "+s[name])
	}
	return strings.Join(parts, ", ")
}
