// Package exporter judges the rollouts that are under way at every tick,
// exposes the verdicts as metrics and pages, takes in announcements and
// Alertmanager's notifications, and has failed rollouts halted.
//
// It decides when to ask and whether to act. What a verdict is, it leaves to
// package analysis; how a delivery tool is spoken to, to package rollout.
package exporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/ledger"
	"github.com/andon-project/andon/pkg/source"
)

// Options is what an Exporter stands on.
type Options struct {
	// ConfigFile is read at start and at every reload; Config is taken
	// instead if it is set, and then there is nothing to reload.
	ConfigFile string
	Config     *Config

	StoragePath string           // folder of the facts
	Now         func() time.Time // the clock
	Log         hclog.Logger     // discards if nil

	// Metrics answers instead of the configured Prometheus if it is set.
	Metrics analysis.RangeFunc

	// Serve serves until the server is shut down, as http.Server.Serve does
	// on a listener of its own. Only Run calls it; nil serves nothing.
	Serve func(*http.Server) error

	// Reload asks Run for a reload of the configuration; may be nil.
	Reload <-chan struct{}
}

// An Exporter judges, exposes and halts. It is safe for concurrent use.
type Exporter struct {
	opt     Options
	log     hclog.Logger
	ledger  *ledger.Ledger
	setup   atomic.Pointer[setup]
	halts   *haltBook
	flights singleflight.Group // by rollout: one halt at a time
	asking  sync.Mutex         // makes looking at the halt budget and taking from it one step
	past    *pastVerdicts
	lessons *lessons
	labels  *labelBook
	calls   callBook
	metrics *metrics
	handler http.Handler

	board  atomic.Pointer[board.Board]
	memory atomic.Pointer[memory]
	// announcing is held shared while a rollout is announced, and alone while
	// another Board is folded, so that no announcement falls between the two.
	announcing sync.RWMutex

	snap    atomic.Pointer[snapshot]
	ticking sync.Mutex // guards judge
	judge   judge

	background sync.WaitGroup // halts that are driven again
	driving    sync.Map       // their ids
	drawing    chan struct{}  // holds one for each page that asks for charts
}

// A setup is a configuration and what was made of it.
type setup struct {
	config *Config
	token  string
	ask    analysis.RangeFunc
	logs   *source.Loki // nil if none is configured
}

// New opens the ledger, folds what it holds, and loads the configuration.
// The caller closes the Exporter.
func New(ctx context.Context, o Options) (*Exporter, error) {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Now == nil {
		return nil, errors.New("an exporter needs a clock: set Options.Now")
	}
	e := &Exporter{opt: o, log: o.Log, halts: newHaltBook(), past: newPastVerdicts(), lessons: newLessons(), labels: newLabelBook(), drawing: make(chan struct{}, pagesAtOnce)}
	e.memory.Store(newMemory())
	e.metrics = newMetrics(e)
	s, err := e.load()
	if err != nil {
		return nil, err
	}
	e.loaded(s)
	e.ledger, err = ledger.Open(ctx, ledger.Config{Dir: filepath.Join(o.StoragePath, "facts")}, o.Log.Named("ledger"))
	if err != nil {
		return nil, err
	}
	if err := e.fold(ctx, s.config); err != nil {
		return nil, errors.Join(err, e.ledger.Close())
	}
	e.handler = e.routes()
	return e, nil
}

// Handler serves the pages, the metrics and the API.
func (e *Exporter) Handler() http.Handler { return e.handler }

// Registry holds the exporter's own metrics; more may be registered with it.
func (e *Exporter) Registry() *prometheus.Registry { return e.metrics.registry }

// Close closes the ledger. Nothing may be in flight.
func (e *Exporter) Close() error { return e.ledger.Close() }

// Run opens an Exporter and ticks, serves and reloads until ctx ends.
func Run(ctx context.Context, o Options) error {
	e, err := New(ctx, o)
	if err != nil {
		return err
	}
	err = e.Run(ctx)
	return errors.Join(err, e.Close())
}

// Run ticks, serves and reloads until ctx ends, which is no error.
func (e *Exporter) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { e.loop(ctx); return nil })
	if e.opt.Reload != nil {
		g.Go(func() error { e.reloads(ctx); return nil })
	}
	if e.opt.Serve != nil {
		s := &http.Server{
			Handler:           e.handler,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       30 * time.Second,
			WriteTimeout:      time.Minute,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
		}
		g.Go(func() error {
			if err := e.opt.Serve(s); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), haltTimeout+5*time.Second)
			defer cancel()
			return s.Shutdown(last)
		})
	}
	err := g.Wait()
	e.background.Wait()
	return err
}

func (e *Exporter) reloads(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.opt.Reload:
			if err := e.Reload(ctx); err != nil {
				e.log.Error("configuration not reloaded, the last good one stays", "error", err)
			}
		}
	}
}

// Reload loads the configuration anew. If it is wrong, the last good one
// stays and the error is a *ConfigError.
func (e *Exporter) Reload(ctx context.Context) error {
	e.announcing.Lock()
	defer e.announcing.Unlock()
	s, err := e.load()
	if err != nil {
		e.metrics.reloaded(time.Time{})
		return err
	}
	old := e.setup.Load()
	if old.config.Bake != s.config.Bake {
		if err := e.fold(ctx, s.config); err != nil {
			e.metrics.reloaded(time.Time{})
			return err
		}
	}
	if old.config.text == s.config.text {
		s.ask, s.logs = old.ask, old.logs // keep their connections
	}
	e.loaded(s)
	return nil
}

func (e *Exporter) loaded(s *setup) {
	e.setup.Store(s)
	e.metrics.reloaded(e.opt.Now())
	e.metrics.tools(s.config)
	e.log.Info("configuration loaded", "services", len(s.config.Services), "signals", s.config.Signals(),
		"tick", s.config.Tick, "halt_mode", s.config.Halt.Mode, "halt_budget", s.config.Halt.Budget)
	for _, w := range s.config.Warnings() {
		e.log.Warn("configured, but mind this", "what", w)
	}
}

// load reads the configuration and makes of it what it describes.
func (e *Exporter) load() (*setup, error) {
	c := e.opt.Config
	if c == nil {
		var err error
		if c, err = LoadConfig(e.opt.ConfigFile); err != nil {
			return nil, err
		}
	}
	s := &setup{config: c, ask: e.opt.Metrics}
	var err error
	if s.token, err = c.Auth.token(); err != nil {
		return nil, err
	}
	if s.ask == nil {
		s.ask, err = c.Ask(tickTimeout(c), func(query string, warnings []string) {
			e.log.Debug("prometheus warns", "query", query, "warnings", warnings)
		})
		if err != nil {
			return nil, err
		}
	}
	s.logs, err = c.AskLogs(tickTimeout(c), func(query string, warnings []string) {
		e.log.Debug("loki warns", "query", query, "warnings", warnings)
	})
	return s, err
}

// analyzer returns what asks the sources of a setup and remembers what facts
// tell.
func (e *Exporter) analyzer(s *setup) *analysis.Analyzer {
	a := &analysis.Analyzer{Metrics: s.ask, Resolve: source.Resolve, Recall: e.recall}
	if s.logs != nil {
		a.Logs, a.LogMetrics, a.Patterns, a.ResolveLogs = s.logs.Lines, s.logs.Metric, s.logs.Patterns, s.logs.Resolve
	}
	return a
}

// fold makes the state of all facts kept so far.
func (e *Exporter) fold(ctx context.Context, c *Config) error {
	b := board.NewBoard(e.ledger.Append, time.Duration(c.Bake))
	m := newMemory()
	n := 0
	for f, err := range e.ledger.All(ctx) {
		if err != nil {
			return fmt.Errorf("reading the facts: %w", err)
		}
		if err := errors.Join(b.Fold(f), e.halts.fold(f), e.past.fold(f), e.lessons.fold(f), e.labels.fold(f), m.fold(f)); err != nil {
			e.log.Error("fact passed over", "key", f.Key, "kind", f.Kind, "error", err)
		}
		n++
	}
	e.board.Store(b)
	e.memory.Store(m)
	e.log.Info("facts folded", "facts", n)
	return nil
}
