package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/source"
)

// maxAsked is how long the body of a resource call may be, in bytes.
const maxAsked = 1 << 20

// A resource answers what an editor or a dashboard asks beside queries: it
// returns what is written as JSON.
type resource func(d *Datasource, req *http.Request) (any, error)

// resourceCalls holds all resources by method and path.
var resourceCalls = map[string]resource{
	"POST /validate":      (*Datasource).validate,
	"POST /cohorts":       (*Datasource).cohorts,
	"POST /values":        (*Datasource).listed,
	"POST /tag-keys":      (*Datasource).tagKeys,
	"POST /tag-values":    (*Datasource).tagValues,
	"POST /discover":      (*Datasource).discover,
	"GET /services":       (*Datasource).listServices,
	"GET /rollouts":       (*Datasource).listRollouts,
	"POST /feedback":      (*Datasource).feedback,
	"POST /feedback/undo": (*Datasource).undoFeedback,
}

// resources serves what editors and dashboards ask beside queries.
func (d *Datasource) resources() http.Handler {
	mux := http.NewServeMux()
	for path, answer := range resourceCalls {
		mux.HandleFunc(path, func(w http.ResponseWriter, req *http.Request) {
			req.Body = http.MaxBytesReader(w, req.Body, maxAsked)
			said, err := answer(d, req)
			status := http.StatusOK
			if err != nil {
				status, said = refusal(req.Context(), err)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(said) // nobody is left to tell if it fails
		})
	}
	return mux
}

// A forbidden is a refusal because of who asks, an unanswered one because a
// source could not be asked.
type (
	forbidden  struct{ error }
	unanswered struct{ error }
)

// refusal returns how an error is told.
func refusal(ctx context.Context, err error) (status int, said any) {
	body := map[string]string{"error": err.Error()}
	var wrong *source.Error
	switch {
	case errors.As(err, new(forbidden)):
		return http.StatusForbidden, body
	case errors.As(err, new(unanswered)):
		return http.StatusBadGateway, body
	case errors.As(err, new(badBody)):
		return http.StatusBadRequest, body
	case errors.As(err, &wrong):
		body["hint"] = wrong.Hint
	}
	return int(failed(ctx, err).Status), body
}

// A badBody says that the body of a resource call cannot be read.
type badBody struct{ error }

// decode reads the body of a resource call into v; form shows how it looks.
func decode(req *http.Request, v any, form string) error {
	if err := json.NewDecoder(req.Body).Decode(v); err != nil {
		return badBody{errors.New("the body is not " + form + ": " + err.Error())}
	}
	return nil
}

// A looking is a query that is being written, with the time range that its
// author looks at.
type looking struct {
	Query json.RawMessage `json:"query"`
	Range struct {
		From int64 `json:"from"` // milliseconds since the epoch
		To   int64 `json:"to"`
	} `json:"range"`
}

// window returns the range; the last hour if there is none.
func (l looking) window(now time.Time) backend.TimeRange {
	w := backend.TimeRange{From: time.UnixMilli(l.Range.From), To: time.UnixMilli(l.Range.To)}
	if l.Range.To == 0 {
		w.To = now
	}
	if l.Range.From == 0 {
		w.From = w.To.Add(-time.Hour)
	}
	return w
}

// looked makes a request of a query that is being written, as if it were asked.
func (d *Datasource) looked(ctx context.Context, l looking) (request, error) {
	r, err := d.read(ctx, backend.DataQuery{RefID: "A", JSON: l.Query, TimeRange: l.window(d.clock.now())}, false)
	if err != nil && !errors.As(err, new(*source.Error)) && !errors.Is(err, errNoExporter) {
		return r, badQuery{err}
	}
	return r, err
}
