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

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/logql"
)

// A tagRequest asks for the keys or values of ad-hoc filters.
type tagRequest struct {
	draft
	Key     string        `json:"key"`
	Filters []adHocFilter `json:"filters"` // already set
}

// A tag is a key or a value of ad-hoc filters.
type tag struct {
	Text string `json:"text"`
}

const tagForm = `{"query": …, "key": "…", "filters": […], "range": {"from": …, "to": …}}`

// tagKeys answers POST /tag-keys: the labels of what the query and the filters
// already set select.
func (s resources) tagKeys(req *http.Request) (any, error) {
	var body tagRequest
	if err := decode(req, &body, tagForm); err != nil {
		return nil, err
	}
	body.Key = ""
	return s.tags(req.Context(), body)
}

// tagValues answers POST /tag-values: the values of one label.
func (s resources) tagValues(req *http.Request) (any, error) {
	var body tagRequest
	if err := decode(req, &body, tagForm); err != nil {
		return nil, err
	}
	if body.Key == "" {
		return nil, badBodyError{errors.New("key is missing")}
	}
	return s.tags(req.Context(), body)
}

// tags returns the values of t.Key, or all keys if it is empty, sorted. If the
// query cannot be read it answers from everything that Prometheus has.
func (s resources) tags(ctx context.Context, t tagRequest) ([]tag, error) {
	now := s.now()
	r, err := s.queries.readDraft(ctx, t.draft, now)
	if err != nil {
		w := t.timeRange(now)
		r = request{Window: window{From: w.From, To: w.To}}
	}
	// A filter on the key itself would leave it one value.
	r.Query.Filters = slices.DeleteFunc(slices.Clone(t.Filters), func(f adHocFilter) bool { return f.Key == "" || f.Key == t.Key })
	var found []string
	switch r.Query.QueryType {
	case "rollouts", "values":
		found, err = rolloutTags(ctx, s.sources, r, t.Key)
	case "clusters", "crashes":
		found, err = logTags(ctx, s.sources, r, t.Key)
	default:
		found, err = metricTags(ctx, s.sources, r, t.Key)
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(found)
	return eachOf(slices.Compact(found), func(text string) tag { return tag{text} }), nil
}

// metricTags asks Prometheus about the series that the query's selectors and the
// filters pick.
func metricTags(ctx context.Context, s sources, r request, key string) ([]string, error) {
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
		all := `{__name__=~".+"}`
		if err := filterPromQL(r.Query.Filters, &all); err != nil {
			return nil, err
		}
		q.Add("match[]", all)
	}
	path := "/api/v1/labels"
	if key != "" {
		path = "/api/v1/label/" + url.PathEscape(key) + "/values"
	}
	if s.config.Prometheus.URL == "" {
		return nil, errNoURL
	}
	var answer struct{ Data []string }
	err := s.config.Prometheus.call(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &answer)
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

// logTags asks Loki about the streams that the query's selector and the filters
// pick.
func logTags(ctx context.Context, s sources, r request, key string) ([]string, error) {
	q, err := newLogQuery(ctx, s, r, func(expr string) andon.Signal { return andon.Signal{Logs: expr} })
	if err != nil {
		return nil, err
	}
	selected, err := logql.Parse(q.Query.Expr)
	if err != nil {
		return nil, err
	}
	span := andon.Range{Start: r.Window.From, End: r.Window.To}
	if key == "" {
		return q.loki.Labels(ctx, selected.Streams(), span)
	}
	return q.loki.Values(ctx, key, selected.Streams(), span)
}

// rolloutTags asks the exporter.
func rolloutTags(ctx context.Context, s sources, r request, key string) ([]string, error) {
	all, err := matchingRollouts(ctx, s, r)
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
