package plugin

import (
	"errors"
	"net/http"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
)

// values answers POST /values: what a query of type values lists, for an editor.
func (s resources) values(req *http.Request) (any, error) {
	r, err := s.draft(req)
	if err != nil {
		return nil, err
	}
	if r.Query.QueryType != "values" {
		return nil, badQuery{errors.New("queryType: values is wanted")}
	}
	all, err := lists[r.Query.Values](req.Context(), s.sources, r)
	return map[string][]string{"values": append([]string{}, all...)}, err
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
	return eachOf(all, func(s ConfiguredService) listedService { return listedService(s) }), err
}

// rollouts answers GET /rollouts?service=….
func (s resources) rollouts(req *http.Request) (any, error) {
	all, err := s.sources.exporter().rollouts(req.Context(), req.URL.Query().Get("service"), time.Time{})
	return eachOf(all, func(p rolloutRow) any {
		return map[string]any{"id": p.Rollout.ID, "service": p.Rollout.Service, "version": p.Rollout.Version, "started": p.Rollout.Started,
			"ended": p.ended(), "verdict": p.decision(), "underWay": p.UnderWay}
	}), err
}
