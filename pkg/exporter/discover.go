package exporter

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/board"
	"github.com/andon-project/andon/pkg/config"
)

// discovery announces the rollouts that show as a new value of a service's
// version label. One goroutine at a time may use it.
type discovery struct {
	rollouts *rollouts
	log      hclog.Logger
	last     time.Time // when it looked
}

// look looks for new versions, unless no newer sample can be there.
func (d *discovery) look(ctx context.Context, s *setup, now time.Time) {
	if now.Sub(d.last) < minBin(s.config) && !now.Before(d.last) {
		return
	}
	d.last = now
	l := board.VersionWatch{
		Board: d.rollouts.board(), Bake: time.Duration(s.config.Bake), Ask: s.metrics,
		Announce: func(ctx context.Context, ro andon.Rollout, now time.Time) error {
			_, _, err := d.rollouts.announce(ctx, ro, now)
			return err
		},
		Refused: func(service, version string, err error) {
			d.log.Warn("new version not announced", "service", service, "version", version, "error", err)
		},
	}
	for _, svc := range s.config.Services {
		if err := l.Look(ctx, svc.Service, now); err != nil {
			d.log.Warn("search for new versions failed", "service", svc.Name, "error", err)
		}
	}
}

// minBin returns the smallest bin of all services, a minute at most.
func minBin(c *config.Config) time.Duration {
	smallest := time.Minute
	for _, s := range c.Services {
		smallest = min(smallest, s.Bin())
	}
	return smallest
}
