package plugin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/logql"
)

// A tagging asks for keys or values of ad-hoc filters.
type tagging struct {
	looking
	Key     string   `json:"key"`
	Filters []Filter `json:"filters"` // those that are set already
}

// A tag is one of them.
type tag struct {
	Text string `json:"text"`
}

const tagForm = `{"query": …, "key": "…", "filters": […], "range": {"from": …, "to": …}}`

// tagKeys answers POST /tag-keys: labels of what the query and the filters that
// are set already leave.
func (d *Datasource) tagKeys(req *http.Request) (any, error) {
	var asked tagging
	if err := decode(req, &asked, tagForm); err != nil {
		return nil, err
	}
	asked.Key = ""
	return d.tags(req.Context(), asked)
}

// tagValues answers POST /tag-values: the values of one of them.
func (d *Datasource) tagValues(req *http.Request) (any, error) {
	var asked tagging
	if err := decode(req, &asked, tagForm); err != nil {
		return nil, err
	}
	if asked.Key == "" {
		return nil, badBody{errors.New("key is missing")}
	}
	return d.tags(req.Context(), asked)
}

// tags returns keys, or values of a key if one is given, in order. Without a
// query that can be read it answers of all that Prometheus has.
func (d *Datasource) tags(ctx context.Context, asked tagging) ([]tag, error) {
	r, err := d.looked(ctx, asked.looking)
	if err != nil {
		w := asked.window(d.clock.now())
		r = request{Window: window{From: w.From, To: w.To}}
	}
	// A filter on the key itself would leave it one value.
	r.Query.Filters = slices.DeleteFunc(slices.Clone(asked.Filters), func(f Filter) bool { return f.Key == "" || f.Key == asked.Key })
	var found []string
	switch r.Query.QueryType {
	case "rollouts", "values":
		found, err = d.rolloutTags(ctx, r, asked.Key)
	case "clusters", "crashes":
		found, err = d.logTags(ctx, r, asked.Key)
	default:
		found, err = d.metricTags(ctx, r, asked.Key)
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(found)
	return eachOf(slices.Compact(found), func(s string) tag { return tag{s} }), nil
}

// metricTags asks Prometheus, of the series that the query's selectors and the
// filters pick.
func (d *Datasource) metricTags(ctx context.Context, r request, key string) ([]string, error) {
	exprs := []*string{&r.Query.Expr, &r.Query.Per}
	for i := range r.Query.Signals {
		exprs = append(exprs, &r.Query.Signals[i].Metric, &r.Query.Signals[i].Per)
	}
	q := url.Values{"start": {unix(r.Window.From)}, "end": {unix(r.Window.To)}}
	for _, e := range exprs {
		if *e == "" {
			continue
		}
		if err := filterPromQL(r.Query.Filters, e); err != nil {
			return nil, err
		}
		expr, err := promQL.ParseExpr(*e)
		if err != nil {
			return nil, badQuery{err}
		}
		for _, matchers := range parser.ExtractSelectors(expr) {
			q.Add("match[]", selectorOf(matchers))
		}
	}
	if len(q["match[]"]) == 0 && len(r.Query.Filters) > 0 {
		everything := `{__name__=~".+"}`
		if err := filterPromQL(r.Query.Filters, &everything); err != nil {
			return nil, err
		}
		q.Add("match[]", everything)
	}
	path := "/api/v1/labels"
	if key != "" {
		path = "/api/v1/label/" + url.PathEscape(key) + "/values"
	}
	if d.config.Prometheus.URL == "" {
		return nil, errNoURL
	}
	var answer struct{ Data []string }
	err := d.config.Prometheus.call(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &answer)
	return answer.Data, err
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func selectorOf(all []*labels.Matcher) string {
	parts := make([]string, len(all))
	for i, m := range all {
		parts[i] = m.String()
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// logTags asks Loki, of the streams that the query's selector and the filters
// pick.
func (d *Datasource) logTags(ctx context.Context, r request, key string) ([]string, error) {
	q, err := d.reading(ctx, r, func(expr string) analysis.Signal { return analysis.Signal{Logs: expr} })
	if err != nil {
		return nil, err
	}
	selected, err := logql.Parse(q.Query.Expr)
	if err != nil {
		return nil, err
	}
	span := analysis.Range{Start: r.Window.From, End: r.Window.To}
	if key == "" {
		return q.loki.Labels(ctx, selected.Streams(), span)
	}
	return q.loki.Values(ctx, key, selected.Streams(), span)
}

// rolloutTags asks the exporter.
func (d *Datasource) rolloutTags(ctx context.Context, r request, key string) ([]string, error) {
	all, err := d.matchingRollouts(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range all {
		if key == "" {
			out = slices.AppendSeq(out, maps.Keys(p.labels()))
		} else if v, ok := p.labels()[key]; ok {
			out = append(out, v)
		}
	}
	return out, nil
}
