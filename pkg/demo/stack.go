package demo

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/demo/inprocess"
	"github.com/andon-project/andon/pkg/exporter"
	"github.com/andon-project/andon/pkg/lab/recording"
)

// configFiles are the configuration files. The demonstration in containers uses them
// as they are; here the addresses in them are replaced.
//
//go:embed config
var configFiles embed.FS

// A stack is everything that the demonstration runs, on loopback addresses.
type stack struct {
	shop     *Shop
	delivery *Delivery
	url      string            // of the exporter
	address  map[string]string // of each part, by its address in the configuration files
	client   *http.Client

	// watch starts Prometheus, some seconds after the customers have come: a new
	// version is not to be compared with nodes without traffic.
	watch func() error

	closers []func() error // in the order of starting
	failed  chan error     // gets the error if the exporter stops by itself
}

// The addresses of the parts in the configuration files: next to each other, as in a
// Kubernetes pod.
const (
	andonAddress        = "localhost:9415"
	alertmanagerAddress = "localhost:9093"
	prometheusAddress   = "localhost:9090"
	lokiAddress         = "localhost:3100"
	deliveryAddress     = "localhost:8080"
)

var parts = []string{andonAddress, alertmanagerAddress, prometheusAddress, lokiAddress, deliveryAddress}

// maxLines is how many log lines of the shop are kept: about an hour's.
const maxLines = 50_000

// startStack starts everything but Prometheus.
func startStack(o Options) (s *stack, err error) {
	s = &stack{failed: make(chan error, 1), client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	dir, err := os.MkdirTemp("", "andon-demo-")
	if err != nil {
		return s, err
	}
	s.onClose(func() error { return os.RemoveAll(dir) })
	listeners, err := s.listenAll(o.Listen)
	if err != nil {
		return s, err
	}
	s.url = address(o.Listen, listeners[andonAddress])
	s.address = make(map[string]string)
	for part, l := range listeners {
		s.address[part] = "http://" + l.Addr().String()
	}
	read := reader(o.Rules, listeners)

	lines := recording.NewLines(maxLines)
	s.serve(listeners[lokiAddress], inprocess.Loki{Lines: lines}.Handler())
	o.Shop.Lines = lines.Add
	if s.shop, err = Open(o.Shop); err != nil {
		return s, err
	}
	s.onClose(func() error { s.shop.Close(); return nil })
	ctx, cancel := context.WithCancel(context.Background())
	var load sync.WaitGroup
	load.Go(func() { s.shop.Load(ctx) })
	s.onClose(func() error { cancel(); load.Wait(); return nil })
	s.delivery = NewDelivery(s.shop, o.Pace, map[string]AnnounceFunc{"catalog": s.announce, "checkout": s.announce})
	s.onClose(func() error { s.delivery.Close(); return nil })
	s.serve(listeners[deliveryAddress], s.delivery.Handler())

	if err := s.startExporter(listeners[andonAddress], read, dir, o.Log); err != nil {
		return s, err
	}
	if err := s.startAlertmanager(listeners[alertmanagerAddress], read, dir); err != nil {
		return s, err
	}
	s.watch = func() error { return s.startPrometheus(listeners[prometheusAddress], read, dir) }
	return s, nil
}

// listenAll listens on an address for every part: exporterAddress for the exporter,
// free ports for the others.
func (s *stack) listenAll(exporterAddress string) (map[string]net.Listener, error) {
	out := make(map[string]net.Listener)
	for _, part := range parts {
		address := "127.0.0.1:0"
		if part == andonAddress {
			address = exporterAddress
		}
		l, err := net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("another program is listening on %s; choose another address, such as --web.listen-address localhost:9416", address)
		}
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w", address, err)
		}
		s.onClose(func() error {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil // its server has closed it
		})
		out[part] = l
	}
	return out, nil
}

// address returns the URL of a listener as people write it: with the requested host
// and the actual port.
func address(asked string, l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	host, _, _ := net.SplitHostPort(asked)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// A readFunc returns the text of a configuration file with the addresses of
// this demonstration.
type readFunc func(name string) (string, error)

// reader reads embedded files by the names that begin with config/, and those
// in the folder of rules by others.
func reader(rules string, listeners map[string]net.Listener) readFunc {
	pairs := []string{"/etc/prometheus/rules", rules}
	for part, l := range listeners {
		pairs = append(pairs, part, l.Addr().String())
	}
	replace := strings.NewReplacer(pairs...)
	return func(name string) (string, error) {
		var text []byte
		var err error
		if strings.HasPrefix(name, "config/") {
			text, err = configFiles.ReadFile(name)
		} else {
			text, err = os.ReadFile(filepath.Join(rules, name))
		}
		if err != nil {
			return "", fmt.Errorf("%w; run this in the folder of the repository, or set --rules.path to its folder rules", err)
		}
		return replace.Replace(string(text)), nil
	}
}

func (s *stack) startExporter(l net.Listener, read readFunc, dir string, log hclog.Logger) error {
	text, err := read("config/andon.yml")
	if err != nil {
		return err
	}
	conf, err := config.Parse([]byte(text))
	if err != nil {
		return fmt.Errorf("configuration of Andon: %w", err)
	}
	e, err := exporter.New(context.Background(), exporter.Options{
		Config: conf, StoragePath: filepath.Join(dir, "andon"), Now: time.Now, Log: log,
		Serve: func(srv *http.Server) error { return srv.Serve(l) },
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := e.Run(ctx)
		if ctx.Err() == nil {
			s.failed <- err
		}
		done <- err
	}()
	s.onClose(func() error {
		cancel()
		return errors.Join(<-done, e.Close())
	})
	return nil
}

func (s *stack) startAlertmanager(l net.Listener, read readFunc, dir string) error {
	text, err := read("alertmanager.yaml")
	if err != nil {
		return err
	}
	if dir, err = sub(dir, "alertmanager"); err != nil {
		return err
	}
	a, err := inprocess.StartAlertmanager(inprocess.AlertmanagerConfig{Config: text, Dir: dir, External: "http://" + l.Addr().String()})
	if err != nil {
		return err
	}
	s.onClose(func() error { a.Close(); return nil })
	s.serve(l, a.Handler())
	return nil
}

func (s *stack) startPrometheus(l net.Listener, read readFunc, dir string) error {
	text, err := read("config/prometheus.yml")
	if err != nil {
		return err
	}
	if dir, err = sub(dir, "prometheus"); err != nil {
		return err
	}
	p, err := inprocess.StartPrometheus(inprocess.PrometheusConfig{
		Store: inprocess.StoreConfig{Dir: dir, Lookback: time.Minute}, Config: text, External: "http://" + l.Addr().String(),
	})
	if err != nil {
		return err
	}
	s.onClose(p.Close)
	s.serve(l, p.Handler())
	return nil
}

func sub(dir, name string) (string, error) {
	dir = filepath.Join(dir, name)
	return dir, os.Mkdir(dir, 0o700)
}

// serve serves a part until the stack is closed.
func (s *stack) serve(l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ends by Close
	}()
	s.onClose(func() error {
		err := srv.Close()
		<-done
		return err
	})
}

func (s *stack) onClose(f func() error) { s.closers = append(s.closers, f) }

// close stops everything, in the reverse order of starting.
func (s *stack) close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	s.client.CloseIdleConnections()
	return errors.Join(errs...)
}

// drain reads a response to its end, so that the connection can be used again.
func drain(res *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	_ = res.Body.Close()
}
