package plugin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// A noSignal says that a service has no signal of the kind that a query asks for.
// That is no mistake: a dashboard for all services asks it of each.
type noSignal struct{ service, kind string }

func (n noSignal) Error() string {
	return fmt.Sprintf("service %s has no %s signal in the exporter's configuration", n.service, n.kind)
}

// fillFromRollout completes a query that names a rollout instead of an
// expression: it then compares what the judge compares for the signal that the
// query names, or for the service's first signal of the query's kind. Other
// queries stay as they are. If the service has no such signal the error is a
// noSignal.
func (qr queryReader) fillFromRollout(ctx context.Context, q querySpec) (querySpec, error) {
	part := queryTypes[q.QueryType].signal
	if part.expr == nil || q.Rollout == "" || q.Expr != "" {
		return q, nil
	}
	found, err := qr.sources.exporter().findRollout(ctx, request{Query: q})
	if err != nil {
		return q, err
	}
	ro, name := found.record.Rollout, found.record.Rollout.Service
	s := found.services[name]
	for _, sig := range s.Signals {
		if part.expr(sig) != "" && (q.Name == "" || q.Name == sig.Name) {
			return q.withComparison(andon.Compare(ro, s.Service, sig), part.expr(sig)), nil
		}
	}
	configured := func(sig andon.Signal) bool { return sig.Name == q.Name }
	if q.Name != "" && !slices.ContainsFunc(s.Signals, configured) {
		return q, badQuery{fmt.Errorf("service %s has no signal %q in the exporter's configuration", name, q.Name)}
	}
	return q, noSignal{name, part.key}
}

// withComparison returns the query that asks for c. It also keeps c, since a query
// cannot express all of it.
func (q querySpec) withComparison(c andon.Comparison, expr string) querySpec {
	q.rolloutComparison = &c
	q.Name, q.Expr, q.Per, q.Unit, q.Worse, q.Kind = c.Signal.Name, expr, c.Signal.Per, c.Signal.Unit, c.Signal.Worse, c.Signal.Kind
	q.Service, q.NodeLabel, q.VersionLabel, q.Sensitivity = c.Service, c.Node, c.Version, c.Sensitivity
	q.Candidate, q.Control, q.Cohorts = c.Candidate.Select, c.Control.Select, byLabels
	if maps.Equal(q.Candidate, q.Control) {
		q.Cohorts, q.Control = byTime, nil
	}
	if c.Control.Back > 0 {
		q.Back = model.Duration(c.Control.Back).String()
	}
	q.Since = stringOrNumber(c.Since.UTC().Format(time.RFC3339))
	if q.Step == "" {
		q.Step = model.Duration(c.Step).String()
	}
	return q
}

// noSignalResponse answers a query about a signal that the service does not have.
func noSignalResponse(n noSignal) backend.DataResponse {
	return backend.DataResponse{Frames: data.Frames{data.NewFrame("").SetMeta(&data.FrameMeta{
		Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1}, ExecutedQueryString: "# no query",
		Notices: []data.Notice{{Severity: data.NoticeSeverityInfo, Text: n.Error()}},
	})}}
}
