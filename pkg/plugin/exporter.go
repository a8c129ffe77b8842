package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
)

// errNoExporter says that a query needs the exporter and the exporter has no URL.
var errNoExporter = errors.New("the URL of the exporter is not set; enter it in the data source's settings to see rollouts and feedback")

// An exporterClient asks the exporter. Each method makes one request. Without a
// URL all of them return errNoExporter.
type exporterClient struct{ upstream upstream }

// configured reports whether the exporter has a URL.
func (c exporterClient) configured() bool { return c.upstream.URL != "" }

// ready returns nil if the exporter is ready.
func (c exporterClient) ready(ctx context.Context) error {
	return c.upstream.call(ctx, http.MethodGet, "/-/ready", nil, nil)
}

// services returns the services of the exporter's configuration, in its order.
func (c exporterClient) services(ctx context.Context) ([]andon.ServiceInfo, error) {
	var all []andon.ServiceInfo
	return all, c.upstream.call(ctx, http.MethodGet, "/api/v1/services", nil, &all)
}

// service returns one service of the exporter's configuration; an unknown name is
// a badQuery.
func (c exporterClient) service(ctx context.Context, name string) (andon.ServiceInfo, error) {
	all, err := c.services(ctx)
	if err != nil {
		return andon.ServiceInfo{}, err
	}
	for _, s := range all {
		if s.Name == name {
			return s, nil
		}
	}
	return andon.ServiceInfo{}, badQuery{fmt.Errorf("the exporter has no service %q; add it to the exporter's configuration, or list signals in the query", name)}
}

// rollouts returns the rollouts that had not ended at since, the newest first. An
// empty service means all services, a zero since all times.
func (c exporterClient) rollouts(ctx context.Context, service string, since time.Time) ([]rolloutRow, error) {
	q := url.Values{}
	if service != "" {
		q.Set("service", service)
	}
	if !since.IsZero() {
		q.Set("since", since.UTC().Format(time.RFC3339))
	}
	path := "/api/v1/verdicts"
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	var all []andon.RolloutRecord
	if err := c.upstream.call(ctx, http.MethodGet, path, nil, &all); err != nil {
		return nil, err
	}
	return eachOf(all, func(r andon.RolloutRecord) rolloutRow { return rolloutRow{r} }), nil
}

// memory returns what a verdict on a release of a service recalls of earlier
// rollouts and feedback; release may be empty.
func (c exporterClient) memory(ctx context.Context, service, release string) (*andon.Recollection, error) {
	q := url.Values{"service": {service}}
	if release != "" {
		q.Set("release", release)
	}
	var m andon.ServiceMemory
	if err := c.upstream.call(ctx, http.MethodGet, "/api/v1/memory?"+q.Encode(), nil, &m); err != nil {
		return nil, err
	}
	r := &andon.Recollection{Groups: make(map[string]andon.Remembered, len(m.Groups)), Starts: m.Starts}
	for _, e := range m.Groups {
		g := andon.Remembered{Template: e.Template, Risk: e.Risk, Resolved: e.Resolved}
		if e.Seen != nil {
			g.Seen = *e.Seen
		}
		r.Groups[e.ID] = g
	}
	return r, nil
}

// addPriorKnowledge adds to u what was learnt from earlier rollouts of the service
// and which services it calls.
func (c exporterClient) addPriorKnowledge(ctx context.Context, u *judge.Underway) error {
	var k andon.PriorKnowledge
	if err := c.upstream.call(ctx, http.MethodGet, "/api/v1/rollouts/"+url.PathEscape(u.Rollout.ID)+"/learnt", nil, &k); err != nil {
		return err
	}
	u.Lessons, u.Dependencies = k.Lessons, k.Dependencies
	for _, s := range k.Startups {
		u.Startups = append(u.Startups, time.Duration(s*float64(time.Second)))
	}
	return nil
}

// giveFeedback sends feedback and returns the exporter's answer.
func (c exporterClient) giveFeedback(ctx context.Context, f andon.Feedback) (map[string]any, error) {
	return c.postFeedback(ctx, "/api/v1/feedback", f)
}

// undoFeedback takes back the last feedback on f.ID and returns the exporter's
// answer.
func (c exporterClient) undoFeedback(ctx context.Context, f andon.Feedback) (map[string]any, error) {
	return c.postFeedback(ctx, "/api/v1/feedback/undo", f)
}

func (c exporterClient) postFeedback(ctx context.Context, path string, f andon.Feedback) (map[string]any, error) {
	var answer map[string]any
	err := c.upstream.call(ctx, http.MethodPost, path, f, &answer)
	return answer, err
}

// judgedService returns a service with only the signals that the exporter judges.
func judgedService(s andon.ServiceInfo) andon.Service {
	out := s.Service
	out.Signals = nil
	for _, sig := range s.Signals {
		if slices.Contains(s.Judged, sig.Name) {
			out.Signals = append(out.Signals, sig)
		}
	}
	return out
}
