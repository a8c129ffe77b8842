package plugin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
)

// errNoExporter says that a question is the exporter's to answer and none is set.
var errNoExporter = errors.New("no URL of the exporter is set; enter it in the data source's settings to see what andon serve knows")

// A service is what the exporter's configuration says of one.
type service struct {
	analysis.Service
	Judged []string `json:"judged"`
	Tool   string   `json:"tool"`
}

// judged returns the service with the signals that verdicts are made of.
func (s service) judged() analysis.Service {
	out := s.Service
	out.Signals = nil
	for _, sig := range s.Signals {
		for _, name := range s.Judged {
			if sig.Name == name {
				out.Signals = append(out.Signals, sig)
				break
			}
		}
	}
	return out
}

// A past is a rollout with what became of it, as the exporter tells.
type past struct {
	Rollout  analysis.Rollout  `json:"rollout"`
	Layer    analysis.Layer    `json:"layer"`
	UnderWay bool              `json:"under_way"`
	Verdict  *analysis.Verdict `json:"verdict"`
	Halt     *struct {
		State string    `json:"state"`
		Tool  string    `json:"tool"`
		Says  string    `json:"says"`
		At    time.Time `json:"at"`
	} `json:"halt"`
}

// services asks the exporter for its services.
func (d *Datasource) services(ctx context.Context) ([]service, error) {
	var all []service
	return all, d.config.Exporter.call(ctx, http.MethodGet, "/api/v1/services", nil, &all)
}

// history asks the exporter for the rollouts, newest first, of a service, or of
// all if that is empty, that had not ended at since.
func (d *Datasource) history(ctx context.Context, of string, since time.Time) ([]past, error) {
	q := url.Values{}
	if of != "" {
		q.Set("service", of)
	}
	if !since.IsZero() {
		q.Set("since", since.UTC().Format(time.RFC3339))
	}
	path := "/api/v1/verdicts"
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	var all []past
	return all, d.config.Exporter.call(ctx, http.MethodGet, path, nil, &all)
}
