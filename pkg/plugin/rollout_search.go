package plugin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// A rolloutSearch is the rollout that a query asks for, among everything that the
// exporter knows.
type rolloutSearch struct {
	services map[string]andon.ServiceInfo
	rollouts []rolloutRow // newest first
	record   *rolloutRow  // the one asked for; nil if the query names a service and it had no rollout in the time range
}

// findRollout asks the exporter for the rollout of a query, and for all others,
// in two requests. A rollout that it does not know, or whose service is not in
// its configuration, is a badQuery.
func (c exporterClient) findRollout(ctx context.Context, r request) (rolloutSearch, error) {
	services, err := c.services(ctx)
	if err != nil {
		return rolloutSearch{}, err
	}
	found := rolloutSearch{services: make(map[string]andon.ServiceInfo, len(services))}
	for _, s := range services {
		found.services[s.Name] = s
	}
	if found.rollouts, err = c.rollouts(ctx, "", time.Time{}); err != nil {
		return rolloutSearch{}, err
	}
	i := slices.IndexFunc(found.rollouts, r.asksForRollout)
	if i < 0 {
		if r.Query.Rollout != "" {
			err = badQuery{fmt.Errorf("the exporter has no rollout %q", r.Query.Rollout)}
		}
		return found, err
	}
	found.record = &found.rollouts[i]
	if name := found.record.Rollout.Service; found.services[name].Name == "" {
		return found, badQuery{fmt.Errorf("service %q is no longer in the exporter's configuration", name)}
	}
	return found, nil
}

// asksForRollout reports whether the query asks for a rollout: by its id, or by
// its service if it was under way in the time range.
func (r request) asksForRollout(p rolloutRow) bool {
	if r.Query.Rollout != "" {
		return p.Rollout.ID == r.Query.Rollout
	}
	ended := p.ended()
	return p.Rollout.Service == r.Query.Service && !p.Rollout.Started.After(r.Window.To) && (ended == nil || !ended.Before(r.Window.From))
}
