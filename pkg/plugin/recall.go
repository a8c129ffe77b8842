package plugin

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
)

// recall returns what asks the exporter what it remembers of a service's
// clusters and signatures, once for each release; what could not be asked goes
// to said. Nil if no exporter is set.
func (d *Datasource) recall(ctx context.Context, said *sayings) analysis.RecallFunc {
	if d.config.Exporter.URL == "" {
		return nil
	}
	type key struct{ service, release string }
	var mu sync.Mutex
	known := make(map[key]*analysis.Recollection)
	return func(service, release string, _ time.Time) *analysis.Recollection {
		mu.Lock()
		defer mu.Unlock()
		k := key{service, release}
		if r, ok := known[k]; ok {
			return r
		}
		r, err := d.remembered(ctx, service, release)
		if err != nil {
			said.add(fmt.Sprintf("what people said of clusters and what was seen before is not known: %v", err))
		}
		known[k] = r
		return r
	}
}

// remembered asks the exporter what it remembers of a service.
func (d *Datasource) remembered(ctx context.Context, service, release string) (*analysis.Recollection, error) {
	var told struct {
		Starts int `json:"starts"`
		Groups []struct {
			ID       string        `json:"id"`
			Template string        `json:"template"`
			Seen     *time.Time    `json:"seen"`
			Risk     analysis.Risk `json:"risk"`
			Resolved string        `json:"resolved"`
		} `json:"groups"`
	}
	q := url.Values{"service": {service}}
	if release != "" {
		q.Set("release", release)
	}
	if err := d.config.Exporter.call(ctx, http.MethodGet, "/api/v1/memory?"+q.Encode(), nil, &told); err != nil {
		return nil, err
	}
	r := &analysis.Recollection{Groups: make(map[string]analysis.Remembered, len(told.Groups)), Starts: told.Starts}
	for _, g := range told.Groups {
		m := analysis.Remembered{Template: g.Template, Risk: g.Risk, Resolved: g.Resolved}
		if g.Seen != nil {
			m.Seen = *g.Seen
		}
		r.Groups[g.ID] = m
	}
	return r, nil
}

// learnt asks the exporter what the judge knows for a rollout beside its
// samples: what earlier ones of the service taught, and whom the service calls.
func (d *Datasource) learnt(ctx context.Context, u *analysis.Underway) error {
	var told struct {
		Startups     []float64              `json:"startup_seconds"`
		Lessons      []analysis.Lesson      `json:"lessons"`
		Dependencies *analysis.Dependencies `json:"dependencies"`
	}
	if err := d.config.Exporter.call(ctx, http.MethodGet, "/api/v1/rollouts/"+url.PathEscape(u.Rollout.ID)+"/learnt", nil, &told); err != nil {
		return err
	}
	u.Lessons, u.Dependencies = told.Lessons, told.Dependencies
	for _, s := range told.Startups {
		u.Startups = append(u.Startups, time.Duration(s*float64(time.Second)))
	}
	return nil
}

// release returns the version that a query compares: what the exporter
// remembers of a service depends on it.
func (q Query) release() string {
	return cmp.Or(q.Candidate[q.versionLabel()], "")
}
