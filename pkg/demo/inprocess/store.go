// Package inprocess runs what Andon stands on inside this process: a
// Prometheus and an Alertmanager, of the very code that the servers run. It
// knows nothing of rollouts.
package inprocess

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/lab/recording"
)

// StoreConfig says how a Store keeps and finds samples.
type StoreConfig struct {
	Dir      string        // an empty folder; the caller removes it
	Lookback time.Duration // how long a sample stands for its series without a newer one; 5 minutes if zero
	Past     time.Duration // how far behind the newest sample others may be appended
	Log      *slog.Logger  // discards if nil
}

// A Store is a time series database with its PromQL engine.
type Store struct {
	DB     *tsdb.DB
	engine *promql.Engine
	parser parser.Parser

	log      *slog.Logger
	lookback time.Duration
}

// OpenStore opens a Store in c.Dir.
func OpenStore(c StoreConfig, reg prometheus.Registerer) (*Store, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Lookback == 0 {
		c.Lookback = 5 * time.Minute
	}
	o := tsdb.DefaultOptions()
	o.OutOfOrderTimeWindow = c.Past.Milliseconds()
	o.RetentionDuration = (365 * 24 * time.Hour).Milliseconds()
	db, err := tsdb.Open(c.Dir, c.Log, reg, o, nil)
	if err != nil {
		return nil, fmt.Errorf("opening a time series database in %s: %w", c.Dir, err)
	}
	e := recording.NewEngine(c.Lookback, c.Log, reg)
	return &Store{DB: db, engine: e, parser: parser.NewParser(parser.Options{}), log: c.Log, lookback: c.Lookback}, nil
}

// Range answers a PromQL range query; it is an andon.RangeFunc.
func (s *Store) Range(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	return recording.Range(ctx, s.engine, s.DB, expr, r)
}

// Close closes the database.
func (s *Store) Close() error {
	return s.DB.Close()
}
