package plugin

import (
	"context"
	"time"
)

// A clock tells the time to what happens by itself: the frames of a stream.
type clock struct {
	now  func() time.Time
	wait func(ctx context.Context, until time.Time) error // the error of ctx, if that ends first
}

var wall = clock{now: time.Now, wait: func(ctx context.Context, until time.Time) error {
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}}
