// Package exporter judges the rollouts that are under way at every tick,
// exposes the verdicts as metrics and pages, accepts announcements and
// Alertmanager's notifications, and has failed rollouts halted.
//
// All lasting state is kept as facts. Each type with such state is a fold over
// facts, and the type facts passes every new fact to them. A tick ends in a
// snapshot, which snapshots publishes to its subscribers.
//
// The package decides when to query and whether to act. Package judge makes the
// verdicts, and package delivery calls the delivery tools.
package exporter

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/ledger"
)

// Options are the settings of an Exporter and the functions that it uses.
type Options struct {
	// ConfigFile is read at start and at every reload; Config is taken
	// instead if it is set, and then there is nothing to reload.
	ConfigFile string
	Config     *config.Config

	StoragePath string           // folder of the facts
	Now         func() time.Time // the clock
	Log         hclog.Logger     // discards if nil

	// Metrics answers instead of the configured Prometheus if it is set.
	Metrics andon.RangeFunc

	// Serve serves until the server is shut down, as http.Server.Serve does
	// on a listener of its own. Only Run calls it; nil serves nothing.
	Serve func(*http.Server) error

	// Reload asks Run for a reload of the configuration; may be nil.
	Reload <-chan struct{}
}

// An Exporter judges, exposes and halts. It is safe for concurrent use.
//
// It only starts and stops its parts, which wire connects.
type Exporter struct {
	opt      Options
	settings *settings
	metrics  *metrics
	handler  http.Handler

	// Facts and the state folded from them.
	facts     *facts
	rollouts  *rollouts
	history   *history
	lessons   *lessons
	labels    *labels
	memory    *memory
	halts     *halts
	baselines baselines

	// Parts that act.
	snapshots *snapshots
	calls     *calls
	ticker    *ticker
	halter    *halter
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
	e := wire(o)
	s, err := e.settings.load()
	if err != nil {
		return nil, err
	}
	e.settings.use(s)
	e.facts.ledger, err = ledger.Open(ctx, ledger.Config{Dir: filepath.Join(o.StoragePath, "facts")}, o.Log.Named("ledger"))
	if err != nil {
		return nil, err
	}
	e.rollouts.begin(time.Duration(s.config.Bake))
	if err := e.facts.replay(ctx, e.facts.folders...); err != nil {
		return nil, errors.Join(err, e.facts.ledger.Close())
	}
	e.handler = router{token: func() string { return e.settings.current().token }, log: o.Log}.handler(e.endpoints())
	return e, nil
}

// wire makes the parts of an Exporter and gives each the parts that it uses. It
// reads and opens nothing.
func wire(o Options) *Exporter {
	log, now := o.Log, o.Now
	e := &Exporter{opt: o, metrics: newMetrics(), facts: &facts{log: log}, snapshots: &snapshots{}, labels: newLabels(), halts: newHalts(), calls: &calls{}}
	e.settings = &settings{file: o.ConfigFile, fixed: o.Config, metrics: o.Metrics, counts: e.metrics, now: now, log: log}
	e.rollouts = &rollouts{facts: e.facts, log: log}
	e.history = newHistory(e.snapshots, e.facts, log)
	e.baselines = baselines{rollouts: e.rollouts, history: e.history}
	e.lessons = newLessons(e.facts, log)
	e.memory = newMemory(e.rollouts.releases)
	catalogue := newCatalogue(e.memory, e.facts, log)
	e.ticker = &ticker{
		settings: e.settings, rollouts: e.rollouts, baselines: e.baselines, labels: e.labels, lessons: e.lessons, recall: e.memory.recall,
		snapshots: e.snapshots, duration: e.metrics.tick, log: log,
		discovery: &discovery{rollouts: e.rollouts, log: log}, calls: e.calls, catalogue: catalogue,
	}
	e.halter = &halter{
		settings: e.settings, rollouts: e.rollouts, snapshots: e.snapshots, facts: e.facts, halts: e.halts,
		counts: e.metrics, now: now, log: log,
	}
	e.facts.folders = []folder{e.rollouts, e.halts, e.history, e.lessons, e.labels, e.memory}
	e.snapshots.onTick = []tickFunc{logVerdicts(log), e.history.onTick, catalogue.onTick}
	e.snapshots.onEnding = []endFunc{e.history.onEnding, e.lessons.onEnding, catalogue.onEnding}
	e.metrics.registry.MustRegister(collector{
		settings: e.settings, snapshots: e.snapshots, halts: e.halts, memory: e.memory, labels: e.labels, now: now,
	})
	return e
}

// Handler serves the pages, the metrics and the API.
func (e *Exporter) Handler() http.Handler { return e.handler }

// Close closes the ledger. Nothing may be in flight.
func (e *Exporter) Close() error { return e.facts.ledger.Close() }

// Tick looks for new versions, judges what is under way at now, and publishes
// what it found. It returns within the time a tick may take, whatever the
// sources do; what could not be judged by then is inconclusive. Run calls it
// at every tick.
func (e *Exporter) Tick(ctx context.Context, now time.Time) { e.ticker.tick(ctx, now) }

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
	g.Go(func() error {
		every(ctx, func() time.Duration { return time.Duration(e.settings.current().config.Tick) }, func() {
			e.halter.drive(ctx)
			e.Tick(ctx, e.opt.Now())
		})
		return nil
	})
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
	e.halter.background.Wait()
	return err
}

// reloads loads the configuration whenever it is asked to, until ctx ends.
func (e *Exporter) reloads(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.opt.Reload:
			if err := e.Reload(ctx); err != nil {
				e.opt.Log.Error("configuration not reloaded; the last valid one stays in force", "error", err)
			}
		}
	}
}

// Reload loads the configuration again. If it is not valid, the last valid one
// stays in force and the error is a *config.Error.
func (e *Exporter) Reload(ctx context.Context) error {
	return e.settings.reload(ctx, e.rollouts.rebake)
}
