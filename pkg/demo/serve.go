package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/demo/inprocess"
	"github.com/andon-project/andon/pkg/lab/recording"
)

// ServeOptions says how the shop runs on its own, for a Prometheus, an Alertmanager
// and an Andon that run elsewhere.
type ServeOptions struct {
	Shop Config
	Pace Pace
	Log  hclog.Logger

	Listen   string        // address of the delivery tool
	Loki     string        // address that serves the nodes' log lines by Loki's HTTP API; none if empty
	After    time.Duration // time until the new version goes out by itself; never if zero
	URL      string        // address of Andon, to which rollouts are announced
	Announce []string      // services whose rollouts are announced; those of others are found by their version label
}

// Serve runs the shop, its customers and its delivery tool until ctx ends.
func Serve(ctx context.Context, o ServeOptions) (err error) {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	announce := make(map[string]AnnounceFunc)
	client := &http.Client{Timeout: 5 * time.Second}
	for _, service := range o.Announce {
		if !slices.Contains(Services(), service) {
			return fmt.Errorf("there is no service %q whose rollouts could be announced, only %s", service, strings.Join(Services(), " and "))
		}
		announce[service] = Announcer(client, o.URL)
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", o.Listen, err)
	}
	lines, err := o.serveLines()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer lines.Close()
	shop, err := Open(o.Shop)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer shop.Close()
	delivery := NewDelivery(shop, o.Pace, announce)
	defer delivery.Close()
	srv := &http.Server{Handler: delivery.Handler(), ReadHeaderTimeout: 5 * time.Second}
	var background sync.WaitGroup
	defer background.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	background.Go(func() { shop.Load(ctx) })
	background.Go(func() {
		<-ctx.Done()
		_ = srv.Close()
	})
	if o.After > 0 {
		background.Go(func() {
			if pause(ctx, o.After) {
				rollAll(delivery, o.Log)
			}
		})
	}
	o.Log.Info("shop is open", "delivery", l.Addr().String(), "services", len(Services()), "nodes", len(shop.Nodes("")))
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// serveLines keeps the nodes' log lines and serves them, if o.Loki is set.
func (o *ServeOptions) serveLines() (io.Closer, error) {
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second}
	if o.Loki == "" {
		return srv, nil
	}
	l, err := net.Listen("tcp", o.Loki)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", o.Loki, err)
	}
	lines := recording.NewLines(maxLines)
	srv.Handler, o.Shop.Lines = inprocess.Loki{Lines: lines}.Handler(), lines.Add
	go func() { _ = srv.Serve(l) }() // ends by Close
	return srv, nil
}

func rollAll(d *Delivery, log hclog.Logger) {
	for _, service := range Services() {
		if err := d.Roll(service, New, time.Now()); err != nil {
			log.Warn("beginning a rollout", "service", service, "error", err)
			continue
		}
		log.Info("rollout begun", "service", service, "version", New)
	}
}
