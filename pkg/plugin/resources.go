package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/andon-project/andon/pkg/source"
)

// maxBody is the maximum size of the body of a resource call, in bytes.
const maxBody = 1 << 20

// resources answers the calls of editors and dashboards other than queries.
type resources struct {
	sources sources
	queries queryReader
	now     func() time.Time
}

// A resource answers one path; the result is written as JSON.
type resource func(resources, *http.Request) (any, error)

// resourcePaths holds all resources by method and path.
var resourcePaths = map[string]resource{
	"POST /validate":      resources.validate,
	"POST /cohorts":       resources.cohorts,
	"POST /values":        resources.values,
	"POST /tag-keys":      resources.tagKeys,
	"POST /tag-values":    resources.tagValues,
	"POST /discover":      resources.discover,
	"GET /services":       resources.services,
	"GET /rollouts":       resources.rollouts,
	"POST /feedback":      resources.feedback,
	"POST /feedback/undo": resources.undoFeedback,
}

// handler serves all resources.
func (s resources) handler() http.Handler {
	mux := http.NewServeMux()
	for path, answer := range resourcePaths {
		mux.HandleFunc(path, func(w http.ResponseWriter, req *http.Request) {
			req.Body = http.MaxBytesReader(w, req.Body, maxBody)
			body, err := answer(s, req)
			status := http.StatusOK
			if err != nil {
				status, body = refusal(req.Context(), err)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body) // nobody is left to tell if it fails
		})
	}
	return mux
}

// draft reads the query in an editor from the body of a call.
func (s resources) draft(req *http.Request) (request, error) {
	var d draft
	if err := decode(req, &d, `{"query": …, "range": {"from": …, "to": …}}`); err != nil {
		return request{}, err
	}
	return s.queries.readDraft(req.Context(), d, s.now())
}

type (
	// A forbiddenError says that the user may not do this.
	forbiddenError struct{ error }

	// A badGatewayError says that a source could not be asked.
	badGatewayError struct{ error }
)

// refusal returns the status and the body for an error.
func refusal(ctx context.Context, err error) (status int, answer any) {
	body := map[string]string{"error": err.Error()}
	var wrong *source.Error
	switch {
	case errors.As(err, new(forbiddenError)):
		return http.StatusForbidden, body
	case errors.As(err, new(badGatewayError)):
		return http.StatusBadGateway, body
	case errors.As(err, new(badBodyError)):
		return http.StatusBadRequest, body
	case errors.As(err, &wrong):
		body["hint"] = wrong.Hint
	}
	return int(errorResponse(ctx, err).Status), body
}

// A badBodyError says that the body of a resource call cannot be read.
type badBodyError struct{ error }

// decode reads the body of a resource call into v; form shows its format.
func decode(req *http.Request, v any, form string) error {
	if err := json.NewDecoder(req.Body).Decode(v); err != nil {
		return badBodyError{errors.New("the body must be " + form + ": " + err.Error())}
	}
	return nil
}
