package plugin

import (
	"context"
	"time"
)

// A clock is the time for streams; tests replace it.
type clock struct {
	now  func() time.Time
	wait func(ctx context.Context, until time.Time) error // the error of ctx, if that ends first
}

var wallClock = clock{now: time.Now, wait: func(ctx context.Context, until time.Time) error {
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}}
