package exporter

import (
	"context"
	"time"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/board"
)

// discover announces the rollouts that show as a new value of a service's
// version label.
func (e *Exporter) discover(ctx context.Context, s *setup, now time.Time) {
	if now.Sub(e.judge.looked) < leastStep(s.config) && !now.Before(e.judge.looked) {
		return // no newer sample can be there
	}
	e.judge.looked = now
	l := board.VersionWatch{
		Board: e.board.Load(), Bake: time.Duration(s.config.Bake), Ask: s.ask,
		Announce: func(ctx context.Context, ro analysis.Rollout, now time.Time) error {
			_, _, err := e.announce(ctx, ro, now)
			return err
		},
		Refused: func(service, version string, err error) {
			e.log.Warn("version not announced", "service", service, "version", version, "error", err)
		},
	}
	for _, svc := range s.config.Services {
		if err := l.Look(ctx, svc.Service, now); err != nil {
			e.log.Warn("versions not looked for", "service", svc.Name, "error", err)
		}
	}
}

func leastStep(c *Config) time.Duration {
	least := time.Minute
	for _, s := range c.Services {
		least = min(least, s.Bin())
	}
	return least
}
