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
var lists = map[string]func(d *Datasource, ctx context.Context, r request) ([]string, error){
	"services": (*Datasource).serviceNames,
	"signals":  (*Datasource).signalNames,
	"rollouts": func(d *Datasource, ctx context.Context, r request) ([]string, error) {
		return d.ofRollouts(ctx, r, func(p past) []string { return []string{p.Rollout.ID} })
	},
	"versions": func(d *Datasource, ctx context.Context, r request) ([]string, error) {
		return d.ofRollouts(ctx, r, func(p past) []string { return []string{p.Rollout.Version, p.Rollout.Previous} })
	},
	"nodes":    (*Datasource).nodeNames,
	"clusters": (*Datasource).clusterNames,
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
func (d *Datasource) values(ctx context.Context, r request) backend.DataResponse {
	all, err := lists[r.Query.Values](d, ctx, r)
	if err != nil {
		return failed(ctx, err)
	}
	p := picture{request: r, config: d.config, executed: "# " + r.Query.Values}
	return p.answer(p.table(column{"text", append([]string{}, all...), data.FieldConfig{}}))
}

// listed answers POST /values: the same for an editor.
func (d *Datasource) listed(req *http.Request) (any, error) {
	var asked looking
	if err := decode(req, &asked, `{"query": …, "range": {"from": …, "to": …}}`); err != nil {
		return nil, err
	}
	r, err := d.looked(req.Context(), asked)
	if err != nil {
		return nil, err
	}
	if r.Query.QueryType != "values" {
		return nil, badQuery{errors.New("queryType: values is wanted")}
	}
	all, err := lists[r.Query.Values](d, req.Context(), r)
	return map[string][]string{"values": append([]string{}, all...)}, err
}

func (d *Datasource) serviceNames(ctx context.Context, _ request) ([]string, error) {
	all, err := d.services(ctx)
	return eachOf(all, func(s service) string { return s.Name }), err
}

func (d *Datasource) signalNames(ctx context.Context, r request) ([]string, error) {
	all, err := d.services(ctx)
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
func (d *Datasource) ofRollouts(ctx context.Context, r request, of func(past) []string) ([]string, error) {
	all, err := d.pasts(ctx, r)
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
func (d *Datasource) nodeNames(ctx context.Context, r request) ([]string, error) {
	c, find, err := d.metricSides(ctx, r)
	if err != nil {
		return nil, err
	}
	s := find(analysis.Cohort{Select: c.Candidate.Select})
	if s.Error != "" {
		return nil, badQuery{errors.New(s.Error)}
	}
	return s.Nodes, nil
}

// clusterNames returns the ids of log clusters, the worst first.
func (d *Datasource) clusterNames(ctx context.Context, r request) ([]string, error) {
	q, err := d.reading(ctx, r, func(expr string) analysis.Signal { return analysis.Signal{Name: "A", Logs: expr} })
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

// listServices answers GET /services.
func (d *Datasource) listServices(req *http.Request) (any, error) {
	all, err := d.services(req.Context())
	return append([]service{}, all...), err
}

// A listedRollout is a rollout that the exporter has seen, for an editor.
type listedRollout struct {
	ID       string            `json:"id"`
	Service  string            `json:"service"`
	Version  string            `json:"version"`
	Started  time.Time         `json:"started"`
	Ended    *time.Time        `json:"ended"`   // null while it is under way
	Verdict  analysis.Decision `json:"verdict"` // empty if there is none
	UnderWay bool              `json:"underWay"`
}

// listRollouts answers GET /rollouts?service=….
func (d *Datasource) listRollouts(req *http.Request) (any, error) {
	all, err := d.history(req.Context(), req.URL.Query().Get("service"), time.Time{})
	return eachOf(all, func(p past) listedRollout {
		return listedRollout{ID: p.Rollout.ID, Service: p.Rollout.Service, Version: p.Rollout.Version, Started: p.Rollout.Started,
			Ended: p.ended(), Verdict: p.decision(), UnderWay: p.UnderWay}
	}), err
}
