package plugin

import (
	"errors"
	"net/http"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// values answers POST /values: what a query of type values lists, for editors.
func (s resources) values(req *http.Request) (any, error) {
	r, err := s.draft(req)
	if err != nil {
		return nil, err
	}
	if r.Query.QueryType != "values" {
		return nil, badQuery{errors.New("queryType must be values")}
	}
	all, err := valueLists[r.Query.Values](req.Context(), s.sources, r)
	return map[string][]string{"values": append([]string{}, all...)}, err
}

// A listedService is a service in the answer to GET /services. Unlike the
// exporter's own form it always has the field tool.
type listedService struct {
	andon.Service
	Judged []string `json:"judged"`
	Tool   string   `json:"tool"` // that halts its rollouts; empty if none does
}

// services answers GET /services.
func (s resources) services(req *http.Request) (any, error) {
	all, err := s.sources.exporter().services(req.Context())
	return eachOf(all, func(s andon.ServiceInfo) listedService { return listedService(s) }), err
}

// A listedRollout is a rollout of the exporter, for editors.
type listedRollout struct {
	ID       string         `json:"id"`
	Service  string         `json:"service"`
	Version  string         `json:"version"`
	Started  time.Time      `json:"started"`
	Ended    *time.Time     `json:"ended"`   // null while it is under way
	Verdict  andon.Decision `json:"verdict"` // empty if there is none
	UnderWay bool           `json:"underWay"`
}

// rollouts answers GET /rollouts?service=….
func (s resources) rollouts(req *http.Request) (any, error) {
	all, err := s.sources.exporter().rollouts(req.Context(), req.URL.Query().Get("service"), time.Time{})
	return eachOf(all, func(p rolloutRow) listedRollout {
		return listedRollout{ID: p.Rollout.ID, Service: p.Rollout.Service, Version: p.Rollout.Version, Started: p.Rollout.Started,
			Ended: p.ended(), Verdict: p.decision(), UnderWay: p.UnderWay}
	}), err
}
