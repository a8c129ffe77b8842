package inprocess

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/grafana/regexp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/route"
	"github.com/prometheus/common/version"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"
)

// Handler serves the HTTP API of Prometheus, /api/v1, over the store alone:
// queries, series and labels; there are no targets, rules or alerts.
func (s *Store) Handler() http.Handler {
	return s.handler(noTargets{}, noTargets{}, noTargets{}, config.Config{})
}

// A scraper is what the API asks about targets.
type scraper interface {
	apiv1.ScrapePoolsRetriever
	apiv1.TargetRetriever
}

// handler serves the HTTP API with what the API asks about targets,
// Alertmanagers and rules.
func (s *Store) handler(sc scraper, am apiv1.AlertmanagerRetriever, ru apiv1.RulesRetriever, c config.Config) http.Handler {
	const (
		maxSearch     = 1000
		readSamples   = 50_000_000
		readAtOnce    = 10
		readFrameSize = 1 << 20
	)
	reg := prometheus.NewRegistry()
	build := &apiv1.PrometheusVersion{Version: version.Version, Revision: version.Revision, GoVersion: version.GoVersion}
	runtime := func() (apiv1.RuntimeInfo, error) { return apiv1.RuntimeInfo{ReloadConfigSuccess: true}, nil }
	api := apiv1.NewAPI(s.engine, s.DB, s.DB, nil, s.DB,
		func(context.Context) apiv1.ScrapePoolsRetriever { return sc },
		func(context.Context) apiv1.TargetRetriever { return sc },
		func(context.Context) apiv1.AlertmanagerRetriever { return am },
		func() config.Config { return c }, nil, apiv1.GlobalURLOptions{},
		func(h http.HandlerFunc) http.HandlerFunc { return h },
		stats{s.DB}, s.DB.Dir(), false, false, maxSearch, s.log,
		func(context.Context) apiv1.RulesRetriever { return ru },
		readSamples, readAtOnce, readFrameSize, false, regexp.MustCompile("^(?:.*)$"),
		runtime, build, nil, nil, reg, reg, nil,
		false, nil, false, false, false, false, s.lookback, false, false, nil, nil, apiv1.OpenAPIOptions{}, s.parser)
	r := route.New()
	api.Register(r.WithPrefix("/api/v1"))
	ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
	r.Get("/-/ready", ok)
	r.Get("/-/healthy", ok)
	return r
}

// stats adds to the database what the API wants of it, as the server does.
type stats struct{ *tsdb.DB }

func (s stats) BlockMetas() ([]tsdb.BlockMeta, error) { return s.DB.BlockMetas(), nil }

func (s stats) Stats(label string, limit int) (*tsdb.Stats, error) {
	return s.Head().Stats(label, limit), nil
}

func (s stats) WALReplayStatus() (tsdb.WALReplayStatus, error) { return tsdb.WALReplayStatus{}, nil }

// nothing is the absence of targets, Alertmanagers and rules.
type noTargets struct{}

func (noTargets) ScrapePools() []string                       { return nil }
func (noTargets) TargetsActive() map[string][]*scrape.Target  { return nil }
func (noTargets) TargetsDropped() map[string][]*scrape.Target { return nil }
func (noTargets) TargetsDroppedCounts() map[string]int        { return nil }
func (noTargets) Alertmanagers() []*url.URL                   { return nil }
func (noTargets) DroppedAlertmanagers() []*url.URL            { return nil }
func (noTargets) RuleGroups() []*rules.Group                  { return nil }
func (noTargets) AlertingRules() []*rules.AlertingRule        { return nil }

func (noTargets) ScrapePoolConfig(string) (*config.ScrapeConfig, error) {
	return nil, errors.New("this Prometheus scrapes nothing")
}
