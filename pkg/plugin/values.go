package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/andon"
)

// valueLists holds what a query of type values can list, and what finds it.
var valueLists = map[string]func(ctx context.Context, s sources, r request) ([]string, error){
	"services": serviceNames,
	"signals":  signalNames,
	"rollouts": func(ctx context.Context, s sources, r request) ([]string, error) {
		return rolloutValues(ctx, s, r, func(p rolloutRow) []string { return []string{p.Rollout.ID} })
	},
	"versions": func(ctx context.Context, s sources, r request) ([]string, error) {
		return rolloutValues(ctx, s, r, func(p rolloutRow) []string { return []string{p.Rollout.Version, p.Rollout.Previous} })
	},
	"nodes":    nodeNames,
	"clusters": clusterNames,
}

// checkValues checks that a query of type values has all that it needs.
func (q querySpec) checkValues() error {
	if _, ok := valueLists[q.Values]; !ok {
		return fmt.Errorf("values: %q is not one of %s", q.Values, names(valueLists))
	}
	if q.Values != "nodes" && q.Values != "clusters" {
		return nil
	}
	if q.Expr == "" {
		return fmt.Errorf("expr is empty: write the query whose %s to list", q.Values)
	}
	if q.Values == "clusters" {
		return q.checkLogs()
	}
	return nil
}

// answerValues answers with names for a dashboard variable.
func answerValues(ctx context.Context, s sources, r request) backend.DataResponse {
	all, err := valueLists[r.Query.Values](ctx, s, r)
	if err != nil {
		return errorResponse(ctx, err)
	}
	b := frameBuilder{request: r, config: s.config, executedQuery: "# " + r.Query.Values}
	return b.answer(b.table(column{"text", append([]string{}, all...), data.FieldConfig{}}))
}

func serviceNames(ctx context.Context, s sources, _ request) ([]string, error) {
	all, err := s.exporter().services(ctx)
	return eachOf(all, func(s andon.ServiceInfo) string { return s.Name }), err
}

func signalNames(ctx context.Context, s sources, r request) ([]string, error) {
	all, err := s.exporter().services(ctx)
	var out []string
	for _, s := range all {
		if r.Query.Service != "" && s.Name != r.Query.Service {
			continue
		}
		for _, sig := range s.Signals {
			if !slices.Contains(out, sig.Name) {
				out = append(out, sig.Name)
			}
		}
	}
	return out, err
}

// rolloutValues returns the values of the rollouts in the time range, the newest
// first, each once.
func rolloutValues(ctx context.Context, s sources, r request, values func(rolloutRow) []string) ([]string, error) {
	all, err := matchingRollouts(ctx, s, r)
	var out []string
	for _, p := range all {
		for _, v := range values(p) {
			if v != "" && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out, err
}

// nodeNames returns the nodes of a PromQL query; if it has a candidate, only those.
func nodeNames(ctx context.Context, s sources, r request) ([]string, error) {
	c, nodesOf, err := metricNodes(ctx, s, r)
	if err != nil {
		return nil, err
	}
	found := nodesOf(andon.Cohort{Select: c.Candidate.Select})
	if found.Error != "" {
		return nil, badQuery{errors.New(found.Error)}
	}
	return found.Nodes, nil
}

// clusterNames returns the ids of log clusters, the worst first.
func clusterNames(ctx context.Context, s sources, r request) ([]string, error) {
	q, err := newLogQuery(ctx, s, r, func(expr string) andon.Signal { return andon.Signal{Name: "A", Logs: expr} })
	if err != nil {
		return nil, err
	}
	report, err := q.source.Cluster(ctx, q.comparison, q.timeRange())
	var out []string
	for _, c := range report.Clusters {
		if r.Query.picks(c.Group) && len(out) < maxClusters {
			out = append(out, c.ID)
		}
	}
	return out, err
}
