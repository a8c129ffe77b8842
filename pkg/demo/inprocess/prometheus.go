package inprocess

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	_ "github.com/prometheus/prometheus/discovery/http" // http_sd_configs
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
)

// PrometheusConfig says what a Prometheus scrapes, evaluates and notifies.
type PrometheusConfig struct {
	Store StoreConfig

	// Config is the text of a prometheus.yml. Targets and Alertmanagers come
	// from static_configs and http_sd_configs; rule_files are patterns of
	// which each must match a file.
	Config string

	// External is the address that alerts link back to;
	// http://localhost:9090/ if empty.
	External string
}

// Changes of targets reach the scraper within this time.
const discoveryDelay = time.Second

// A Prometheus scrapes, keeps samples, evaluates rules and sends alerts, all
// in this process. Its zero value is not usable.
type Prometheus struct {
	*Store

	handler  http.Handler
	notifier *notifier.Manager
	rules    *rules.Manager
	scrape   *scrape.Manager
	cancel   context.CancelFunc // ends discovery and evaluation
	done     sync.WaitGroup
	stop     func() error
}

// StartPrometheus starts a Prometheus, which runs until Close.
func StartPrometheus(c PrometheusConfig) (*Prometheus, error) {
	if c.Store.Log == nil {
		c.Store.Log = slog.New(slog.DiscardHandler)
	}
	if c.External == "" {
		c.External = "http://localhost:9090/"
	}
	external, err := url.Parse(c.External)
	if err != nil {
		return nil, fmt.Errorf("address of Prometheus: %w", err)
	}
	conf, err := config.Load(c.Config, c.Store.Log)
	if err != nil {
		return nil, fmt.Errorf("configuration of Prometheus: %w", err)
	}
	files, err := glob(conf.RuleFiles)
	if err != nil {
		return nil, err
	}
	reg := prometheus.NewRegistry()
	store, err := OpenStore(c.Store, reg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Prometheus{Store: store, cancel: cancel}
	p.stop = sync.OnceValue(p.close)
	if err := p.start(ctx, startup{conf: conf, files: files, external: external, reg: reg}); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.handler = store.handler(p.scrape, p.notifier, p.rules, *conf)
	return p, nil
}

// startup is what start needs to know.
type startup struct {
	conf     *config.Config
	files    []string // of rules
	external *url.URL
	reg      *prometheus.Registry
}

// start makes and runs the managers in the order in which they depend on each
// other: whoever receives runs before whoever sends.
func (p *Prometheus) start(ctx context.Context, s startup) error {
	log := p.Store.log
	metrics, err := discovery.CreateAndRegisterSDMetrics(s.reg)
	if err != nil {
		return fmt.Errorf("metrics of service discovery: %w", err)
	}
	find := func(name string) *discovery.Manager {
		return discovery.NewManager(ctx, log, s.reg, metrics, discovery.Name(name), discovery.Updatert(discoveryDelay))
	}
	receivers, targets := find("notify"), find("scrape")

	p.notifier = notifier.NewManager(&notifier.Options{QueueCapacity: 1000, Registerer: s.reg}, model.UTF8Validation, log)
	if err := p.notifier.ApplyConfig(s.conf); err != nil {
		return fmt.Errorf("alerting: %w", err)
	}
	p.rules = rules.NewManager(&rules.ManagerOptions{
		ExternalURL: s.external, QueryFunc: rules.EngineQueryFunc(p.engine, p.DB), NotifyFunc: rules.SendAlerts(p.notifier, s.external.String()),
		Context: ctx, Appendable: p.DB, Queryable: p.DB, Logger: log, Registerer: s.reg, ResendDelay: time.Minute, Parser: p.parser,
	})
	opts := &scrape.Options{DiscoveryReloadInterval: model.Duration(discoveryDelay), DiscoveryReloadOnStartup: true}
	if p.scrape, err = scrape.NewManager(opts, log, nil, p.DB, nil, s.reg); err != nil {
		return err
	}
	if err := p.scrape.ApplyConfig(s.conf); err != nil {
		return fmt.Errorf("scrape_configs: %w", err)
	}
	// Rules come last: groups that were loaded but never run cannot be stopped.
	if err := p.loadRules(s); err != nil {
		return err
	}
	p.done.Go(func() { p.notifier.Run(receivers.SyncCh()) })
	p.done.Go(func() { _ = p.scrape.Run(targets.SyncCh()) })
	p.done.Go(p.rules.Run)
	p.done.Go(func() { _ = receivers.Run() })
	p.done.Go(func() { _ = targets.Run() })
	return discover(s.conf, receivers, targets)
}

// loadRules takes in the rule files, and says what is wrong with them rather
// than where it was logged.
func (p *Prometheus) loadRules(s startup) error {
	interval := time.Duration(s.conf.GlobalConfig.EvaluationInterval)
	labels := s.conf.GlobalConfig.ExternalLabels
	if _, errs := p.rules.LoadGroups(interval, labels, s.external.String(), nil, false, s.files...); len(errs) > 0 {
		return fmt.Errorf("rules: %w", errors.Join(errs...))
	}
	if err := p.rules.Update(interval, s.files, labels, s.external.String(), nil); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	return nil
}

// discover tells the two discovery managers whom to look for.
func discover(c *config.Config, receivers, targets *discovery.Manager) error {
	alerting := make(map[string]discovery.Configs)
	for name, a := range c.AlertingConfig.AlertmanagerConfigs.ToMap() {
		alerting[name] = a.ServiceDiscoveryConfigs
	}
	scrapes, err := c.GetScrapeConfigs()
	if err != nil {
		return fmt.Errorf("scrape_configs: %w", err)
	}
	jobs := make(map[string]discovery.Configs)
	for _, s := range scrapes {
		jobs[s.JobName] = s.ServiceDiscoveryConfigs
	}
	return errors.Join(receivers.ApplyConfig(alerting), targets.ApplyConfig(jobs))
}

// glob returns the files that the patterns match.
func glob(patterns []string) ([]string, error) {
	var files []string
	for _, p := range patterns {
		match, err := filepath.Glob(p)
		if err != nil {
			return nil, fmt.Errorf("rule_files: %q: %w", p, err)
		}
		if len(match) == 0 {
			return nil, fmt.Errorf("rule_files: %q matches no file", p)
		}
		files = append(files, match...)
	}
	return files, nil
}

// Handler serves the HTTP API of Prometheus, /api/v1, and /-/ready.
func (p *Prometheus) Handler() http.Handler { return p.handler }

// Close stops scraping, rules and notifications, waits for them to end, and
// closes the store. Later calls return what the first returned.
func (p *Prometheus) Close() error { return p.stop() }

func (p *Prometheus) close() error {
	// Evaluation ends first: it writes samples and sends alerts.
	if p.rules != nil {
		p.rules.Stop()
	}
	if p.scrape != nil {
		p.scrape.Stop()
	}
	if p.notifier != nil {
		p.notifier.Stop()
	}
	p.cancel()
	p.done.Wait()
	return p.Store.Close()
}
