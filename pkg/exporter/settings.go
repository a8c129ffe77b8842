package exporter

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/logs"
	"github.com/andon-project/andon/pkg/source"
)

// A setup is a configuration with the clients made for it. It is never changed
// once it is in force.
type setup struct {
	config  *config.Config
	token   string
	metrics andon.RangeFunc
	logs    *source.Loki // nil if none is configured
}

// analyzer returns an Analyzer that queries the sources of a setup and remembers
// what recall returns.
func (s *setup) analyzer(recall andon.RecallFunc) *judge.Analyzer {
	a := &judge.Analyzer{Metrics: deviation.Source{Ask: s.metrics, Resolve: source.Resolve}, Logs: logs.Source{Recall: recall}}
	if s.logs != nil {
		a.Logs.Lines, a.Logs.Counts, a.Logs.Patterns, a.Logs.Resolve = s.logs.Lines, s.logs.Metric, s.logs.Patterns, s.logs.Resolve
	}
	return a
}

// settings hold the setup in force and load the next one. They are safe for
// concurrent use.
type settings struct {
	file    string          // that is read at every load
	fixed   *config.Config  // instead of the file, if set
	metrics andon.RangeFunc // instead of the configured Prometheus, if set
	counts  *metrics        // counts every load
	now     func() time.Time
	log     hclog.Logger

	reloading sync.Mutex // one reload at a time
	inForce   atomic.Pointer[setup]
}

// current returns the setup in force; nil before the first.
func (s *settings) current() *setup { return s.inForce.Load() }

// reload loads the configuration again. If bake has changed, it calls rebake
// before the new configuration is in force. After an error the last valid
// configuration stays.
func (s *settings) reload(ctx context.Context, rebake func(context.Context, time.Duration) error) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	next, err := s.load()
	if err != nil {
		s.counts.reloaded(time.Time{})
		return err
	}
	old := s.current()
	if old.config.Bake != next.config.Bake {
		if err := rebake(ctx, time.Duration(next.config.Bake)); err != nil {
			s.counts.reloaded(time.Time{})
			return err
		}
	}
	if old.config.Text == next.config.Text {
		next.metrics, next.logs = old.metrics, old.logs // keep their connections
	}
	s.use(next)
	return nil
}

// use puts a setup in force.
func (s *settings) use(next *setup) {
	s.inForce.Store(next)
	s.counts.reloaded(s.now())
	s.counts.tools(next.config)
	s.log.Info("configuration loaded", "services", len(next.config.Services), "signals", next.config.Signals(),
		"tick", next.config.Tick, "halt_mode", next.config.Halt.Mode, "halt_budget", next.config.Halt.Budget)
	for _, w := range next.config.Warnings() {
		s.log.Warn("configuration warning", "text", w)
	}
}

// load reads the configuration and makes the clients that it describes.
func (s *settings) load() (*setup, error) {
	c := s.fixed
	if c == nil {
		var err error
		if c, err = config.Load(s.file); err != nil {
			return nil, err
		}
	}
	next := &setup{config: c, metrics: s.metrics}
	var err error
	if next.token, err = c.Auth.ReadToken(); err != nil {
		return nil, err
	}
	if next.metrics == nil {
		next.metrics, err = c.MetricSource(tickTimeout(c), func(query string, warnings []string) {
			s.log.Debug("warning from Prometheus", "query", query, "warnings", warnings)
		})
		if err != nil {
			return nil, err
		}
	}
	next.logs, err = c.LogSource(tickTimeout(c), func(query string, warnings []string) {
		s.log.Debug("warning from Loki", "query", query, "warnings", warnings)
	})
	return next, err
}
