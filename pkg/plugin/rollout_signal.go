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

// A noSignal says that a service has nothing that a query asks for, which is
// no fault of the query: a dashboard for all services asks it of each.
type noSignal struct{ service, kind string }

func (n noSignal) Error() string {
	return fmt.Sprintf("service %s has no signal of the kind %q in the exporter's configuration", n.service, n.kind)
}

// fillFromRollout completes a query that names a rollout of the exporter and
// leaves out the expression: it asks what the judge asks of the service's signal
// Name, or of its first signal of the query's kind if that is empty. Other
// queries stay as they are. A service without such a signal is a noSignal.
func (qr queryReader) fillFromRollout(ctx context.Context, q Query) (Query, error) {
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

// withComparison returns the query that asks for c, and keeps what a query cannot
// say of it.
func (q Query) withComparison(c andon.Comparison, expr string) Query {
	q.comparison = &c
	q.Name, q.Expr, q.Per, q.Unit, q.Worse, q.Kind = c.Signal.Name, expr, c.Signal.Per, c.Signal.Unit, c.Signal.Worse, c.Signal.Kind
	q.Service, q.NodeLabel, q.VersionLabel, q.Sensitivity = c.Service, c.Node, c.Version, c.Sensitivity
	q.Candidate, q.Control, q.Cohorts = c.Candidate.Select, c.Control.Select, byLabels
	if maps.Equal(q.Candidate, q.Control) {
		q.Cohorts, q.Control = byTime, nil
	}
	if c.Control.Back > 0 {
		q.Back = model.Duration(c.Control.Back).String()
	}
	q.Since = Text(c.Since.UTC().Format(time.RFC3339))
	if q.Step == "" {
		q.Step = model.Duration(c.Step).String()
	}
	return q
}

// noSignalResponse answers a query about a signal that there is not.
func noSignalResponse(n noSignal) backend.DataResponse {
	return backend.DataResponse{Frames: data.Frames{data.NewFrame("").SetMeta(&data.FrameMeta{
		Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1}, ExecutedQueryString: "# nothing was asked",
		Notices: []data.Notice{{Severity: data.NoticeSeverityInfo, Text: n.Error()}},
	})}}
}
