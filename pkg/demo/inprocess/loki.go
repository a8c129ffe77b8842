package inprocess

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/lab/recording"
	"github.com/andon-project/andon/pkg/logs/logql"
)

// A Loki answers for log lines.
type Loki struct{ Lines *recording.Lines }

// Handler serves the lines by as much of the HTTP API of Loki, /loki/api/v1, as
// Andon asks: log queries and their counts, at one time or over a range, and
// streams and the names and values of their labels, which heed no selector and no time range.
func (l Loki) Handler() http.Handler {
	mux := http.NewServeMux()
	serve := func(path string, answer func(*http.Request) (any, error)) {
		mux.HandleFunc("/loki/api/v1/"+path, func(w http.ResponseWriter, r *http.Request) {
			data, err := answer(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest) // Loki answers a bad query in plain text
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data})
		})
	}
	serve("query", l.instantQuery)
	serve("query_range", l.rangeQuery)
	serve("labels", func(*http.Request) (any, error) { return slices.Sorted(maps.Keys(l.labels())), nil })
	serve("series", func(*http.Request) (any, error) { return l.Lines.Streams(), nil })
	serve("label/{name}/values", func(r *http.Request) (any, error) {
		return slices.Sorted(maps.Keys(l.labels()[r.PathValue("name")])), nil
	})
	return mux
}

// labels returns the values of each label.
func (l Loki) labels() map[string]map[string]bool {
	all := make(map[string]map[string]bool)
	for _, stream := range l.Lines.Streams() {
		for name, value := range stream {
			if all[name] == nil {
				all[name] = make(map[string]bool)
			}
			all[name][value] = true
		}
	}
	return all
}

// instant answers a metric query at one time; the sum of constants that a
// health check asks for has no series here.
func (l Loki) instantQuery(r *http.Request) (any, error) {
	v := model.Vector{}
	if strings.HasPrefix(r.FormValue("query"), "vector") {
		return map[string]any{"resultType": "vector", "result": v}, nil
	}
	at, err := nanoseconds(r.FormValue("time"))
	if err != nil {
		return nil, err
	}
	m, err := l.Lines.Counts(r.Context(), r.FormValue("query"), andon.Range{Start: at, End: at, Step: time.Second})
	for _, series := range m {
		v = append(v, &model.Sample{Metric: series.Metric, Timestamp: series.Values[0].Timestamp, Value: series.Values[0].Value})
	}
	return map[string]any{"resultType": "vector", "result": v}, err
}

// ranged answers a log query, or a metric query over a range.
func (l Loki) rangeQuery(r *http.Request) (any, error) {
	start, err1 := nanoseconds(r.FormValue("start"))
	end, err2 := nanoseconds(r.FormValue("end"))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	asked := andon.Range{Start: start, End: end}
	if _, err := logql.ParseCount(r.FormValue("query")); err == nil {
		seconds, err := strconv.ParseFloat(r.FormValue("step"), 64)
		if err != nil {
			return nil, err
		}
		asked.Step = time.Duration(seconds * float64(time.Second))
		m, err := l.Lines.Counts(r.Context(), r.FormValue("query"), asked)
		return map[string]any{"resultType": "matrix", "result": m}, err
	}
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil {
		return nil, err
	}
	asked.End = asked.End.Add(-1) // Loki leaves out its end
	result := []any{}
	for line, err := range l.Lines.Range(r.Context(), r.FormValue("query"), asked) {
		if err != nil {
			return nil, err
		}
		if len(result) == limit {
			break
		}
		result = append(result, map[string]any{"stream": line.Labels, "values": [][]string{{strconv.FormatInt(line.At.UnixNano(), 10), line.Text}}})
	}
	return map[string]any{"resultType": "streams", "result": result}, nil
}

// nanoseconds reads a time as Loki takes it.
func nanoseconds(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(0, n).UTC(), err
}
