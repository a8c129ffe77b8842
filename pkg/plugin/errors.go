package plugin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/andon-project/andon/pkg/logs/logql"
	"github.com/andon-project/andon/pkg/source"
)

// statusByKind holds the status that Grafana gets for each kind of source error.
var statusByKind = map[source.Kind]backend.Status{
	source.Unreachable: backend.StatusBadGateway,
	source.Timeout:     backend.StatusTimeout,
	source.Canceled:    statusCanceled,
	source.Denied:      backend.StatusForbidden,
	source.BadQuery:    backend.StatusBadRequest,
	source.TooLarge:    backend.StatusBadGateway,
	source.Unavailable: backend.StatusBadGateway,
	source.NotSource:   backend.StatusBadGateway,
}

// statusCanceled is the status by which proxies mean that the client has gone.
const statusCanceled backend.Status = 499

// A badQuery is a mistake that the author of a query can fix.
type badQuery struct{ error }

// readErrorResponse makes the response for a query that could not be read: it has
// a mistake, or the exporter could not be asked what it names.
func readErrorResponse(ctx context.Context, err error, fromAlert bool) backend.DataResponse {
	var none noSignal
	switch {
	case errors.As(err, &none) && !fromAlert:
		return noSignalResponse(none)
	case errors.As(err, new(*source.Error)), errors.Is(err, errNoExporter):
		return errorResponse(ctx, err)
	}
	return badRequestResponse(err)
}

// errorResponse makes the response for a query that could not be answered. Errors
// of sources and mistakes of users are downstream errors; all others are bugs of
// the plugin.
func errorResponse(ctx context.Context, err error) backend.DataResponse {
	var refused *source.Error
	status, src := backend.StatusInternal, backend.ErrorSourcePlugin
	switch {
	case errors.As(err, &refused):
		status, src = statusByKind[refused.Kind], backend.ErrorSourceDownstream
		if refused.Status == http.StatusUnauthorized {
			status = backend.StatusUnauthorized
		}
		if refused.Status == http.StatusTooManyRequests {
			status = backend.StatusTooManyRequests
		}
	case errors.Is(err, errNoURL), errors.Is(err, errNoExporter), errors.Is(err, errNoLoki), errors.As(err, new(*logql.Error)), errors.As(err, new(badQuery)):
		status, src = backend.StatusBadRequest, backend.ErrorSourceDownstream
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		status, src = backend.StatusTimeout, backend.ErrorSourceDownstream
	case errors.Is(err, context.Canceled) || ctx.Err() != nil:
		status, src = statusCanceled, backend.ErrorSourceDownstream
	}
	if status == 0 {
		status = backend.StatusBadGateway
	}
	return backend.DataResponse{Status: status, ErrorSource: src, Error: backend.NewErrorWithSource(err, src)}
}

// badRequestResponse makes the response for a query that its author must fix.
func badRequestResponse(err error) backend.DataResponse {
	return backend.DataResponse{Status: backend.StatusBadRequest, ErrorSource: backend.ErrorSourceDownstream, Error: backend.DownstreamError(err)}
}

// names returns the keys of a map for an error message.
func names[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
