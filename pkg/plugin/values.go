package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/andon-project/andon/pkg/analysis"
)

// lists holds what a query of type values can list, and what finds it.
var lists = map[string]func(s sources, ctx context.Context, r request) ([]string, error){
	"services": sources.serviceNames,
	"signals":  sources.signalNames,
	"rollouts": func(s sources, ctx context.Context, r request) ([]string, error) {
		return s.ofRollouts(ctx, r, func(p rolloutRow) []string { return []string{p.Rollout.ID} })
	},
	"versions": func(s sources, ctx context.Context, r request) ([]string, error) {
		return s.ofRollouts(ctx, r, func(p rolloutRow) []string { return []string{p.Rollout.Version, p.Rollout.Previous} })
	},
	"nodes":    sources.nodeNames,
	"clusters": sources.clusterNames,
}

// checkValues checks what a query for values needs.
func (q Query) checkValues() error {
	if _, ok := lists[q.Values]; !ok {
		return fmt.Errorf("values: %q is not one of %s", q.Values, known(lists))
	}
	if q.Values != "nodes" && q.Values != "clusters" {
		return nil
	}
	if q.Expr == "" {
		return fmt.Errorf("expr is empty: write the query whose %s are to be listed", q.Values)
	}
	if q.Values == "clusters" {
		return q.checkLogs()
	}
	return nil
}

// values answers with names for a dashboard variable.
func (s sources) values(ctx context.Context, r request) backend.DataResponse {
	all, err := lists[r.Query.Values](s, ctx, r)
	if err != nil {
		return failed(ctx, err)
	}
	p := picture{request: r, config: s.config, executed: "# " + r.Query.Values}
	return p.answer(p.table(column{"text", append([]string{}, all...), data.FieldConfig{}}))
}

// values answers POST /values: the same for an editor.
func (s resources) values(req *http.Request) (any, error) {
	r, err := s.draft(req)
	if err != nil {
		return nil, err
	}
	if r.Query.QueryType != "values" {
		return nil, badQuery{errors.New("queryType: values is wanted")}
	}
	all, err := lists[r.Query.Values](s.sources, req.Context(), r)
	return map[string][]string{"values": append([]string{}, all...)}, err
}

func (s sources) serviceNames(ctx context.Context, _ request) ([]string, error) {
	all, err := s.exporter().services(ctx)
	return eachOf(all, func(s ConfiguredService) string { return s.Name }), err
}

func (s sources) signalNames(ctx context.Context, r request) ([]string, error) {
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

// ofRollouts returns what the rollouts in the time range have, newest first,
// each once.
func (s sources) ofRollouts(ctx context.Context, r request, of func(rolloutRow) []string) ([]string, error) {
	all, err := s.matchingRollouts(ctx, r)
	var out []string
	for _, p := range all {
		for _, v := range of(p) {
			if v != "" && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out, err
}

// nodeNames returns the nodes of a PromQL query, of its candidate if that is
// selected.
func (s sources) nodeNames(ctx context.Context, r request) ([]string, error) {
	c, nodesOf, err := s.metricNodes(ctx, r)
	if err != nil {
		return nil, err
	}
	found := nodesOf(analysis.Cohort{Select: c.Candidate.Select})
	if found.Error != "" {
		return nil, badQuery{errors.New(found.Error)}
	}
	return found.Nodes, nil
}

// clusterNames returns the ids of log clusters, the worst first.
func (s sources) clusterNames(ctx context.Context, r request) ([]string, error) {
	q, err := s.reading(ctx, r, func(expr string) analysis.Signal { return analysis.Signal{Name: "A", Logs: expr} })
	if err != nil {
		return nil, err
	}
	report, err := q.analyzer.Cluster(ctx, q.comparison, analysis.Range{Start: r.Window.From, End: r.Window.To, Step: r.Grid.Bin})
	var out []string
	for _, c := range report.Clusters {
		if r.Query.wants(c.Group) && len(out) < maxClusters {
			out = append(out, c.ID)
		}
	}
	return out, err
}

// A listedService is a service as GET /services tells of it: unlike the
// exporter it says of each whether a tool halts its rollouts.
type listedService struct {
	analysis.Service
	Judged []string `json:"judged"`
	Tool   string   `json:"tool"` // empty if nothing does
}

// services answers GET /services.
func (s resources) services(req *http.Request) (any, error) {
	all, err := s.sources.exporter().services(req.Context())
	return eachOf(all, func(s ConfiguredService) listedService { return listedService{s.Service, s.Judged, s.Tool} }), err
}

// rollouts answers GET /rollouts?service=….
func (s resources) rollouts(req *http.Request) (any, error) {
	all, err := s.sources.exporter().rollouts(req.Context(), req.URL.Query().Get("service"), time.Time{})
	return eachOf(all, func(p rolloutRow) any {
		return map[string]any{"id": p.Rollout.ID, "service": p.Rollout.Service, "version": p.Rollout.Version, "started": p.Rollout.Started,
			"ended": p.ended(), "verdict": p.decision(), "underWay": p.UnderWay}
	}), err
}
