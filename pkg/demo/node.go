package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A node is one instance of a service: a process that listens on an address of
// its own, crashes now and then, and comes back on the same address.
type node struct {
	name, service, version string
	behaviour
	noise    *noise
	crowding func(now time.Time) float64                     // by which work takes longer, because others use the machine
	call     func(ctx context.Context, service string) error // another service
	log      *slog.Logger
	out      io.Writer // that log writes to

	open     func(address string) (net.Listener, error)
	listen   string       // host to listen on
	address  string       // host:port once it listens
	live     atomic.Bool  // whether it takes requests
	restarts atomic.Int64 // by crashes
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// start has the node listen and returns when it takes requests.
func (n *node) start() error {
	l, err := n.open(net.JoinHostPort(n.listen, "0"))
	if err != nil {
		return fmt.Errorf("node %s: listening on %s: %w", n.name, n.listen, err)
	}
	n.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.live.Store(true)
	n.done.Go(func() { n.run(ctx, l) })
	return nil
}

// stop lets requests under way finish and ends the node.
func (n *node) stop() {
	n.live.Store(false)
	n.cancel()
	n.done.Wait()
}

// run is life after life until ctx ends.
func (n *node) run(ctx context.Context, l net.Listener) {
	for {
		crashed := n.serve(ctx, l)
		n.live.Store(false)
		if !crashed {
			return
		}
		n.restarts.Add(1)
		_, _ = io.WriteString(n.out, n.stack())
		if l = n.relisten(ctx); l == nil {
			return
		}
		n.live.Store(true)
	}
}

// relisten waits for the restart and takes the node's address again; it is nil
// if ctx ends before.
func (n *node) relisten(ctx context.Context) net.Listener {
	for pause(ctx, n.restart) {
		l, err := n.open(n.address)
		if err == nil {
			return l
		}
		n.log.Warn("listening again", "err", err)
	}
	return nil
}

// serve is one life of the node: a process that has just started, until it
// crashes or ctx ends.
func (n *node) serve(ctx context.Context, l net.Listener) (crashed bool) {
	p := newProcess(n, time.Now())
	srv := &http.Server{Handler: p.handler(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelWarn)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(l) // ends by Close and Shutdown below
	}()
	life, end := context.WithCancel(ctx)
	var collector sync.WaitGroup
	collector.Go(func() { p.collect(life) })
	crashed = pause(ctx, n.noise.wait(n.life))
	if crashed {
		_ = srv.Close() // connections break, as those of a killed process do
	} else {
		grace, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		if srv.Shutdown(grace) != nil {
			_ = srv.Close()
		}
		cancel()
	}
	end()
	collector.Wait()
	<-served
	return crashed
}

// pause waits for d and reports whether ctx lasted.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
