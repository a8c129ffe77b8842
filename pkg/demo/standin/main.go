// Command standin stands in for Grafana's server in the tests that run in a browser:
// it answers queries, resource calls and health checks of one Andon data source. It
// has a Prometheus, a Loki and an exporter of its own, with data of a rollout with
// one slow, failing pod. It prints its address and serves until its standard input
// ends.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/andon-project/andon/pkg/demo/inprocess"
)

// noon is when the rollout began; pages show the hour around it.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func main() {
	static := flag.String("static", "", "folder of pages to serve beside the API")
	flag.Parse()
	if err := run(*static, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

func run(static string, in io.Reader, out io.Writer) error {
	dir, err := os.MkdirTemp("", "andon-standin")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	store, err := inprocess.OpenStore(inprocess.StoreConfig{Dir: dir, Past: 7 * 24 * time.Hour}, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := load(ctx, store); err != nil {
		return err
	}
	upstreams, err := start(ctx, dir, store)
	if err != nil {
		return err
	}
	defer upstreams.stop()
	g, err := newGrafana(upstreams)
	if err != nil {
		return err
	}
	page, err := serve(g.routes(http.Dir(static)))
	if err != nil {
		return err
	}
	defer page.Close()
	fmt.Fprintln(out, page.url)
	_, err = io.Copy(io.Discard, in)
	return err
}

// A server listens on a free port of this machine.
type server struct {
	*http.Server
	url string
}

func serve(h http.Handler) (server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return server{}, err
	}
	s := server{Server: &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}, url: "http://" + l.Addr().String()}
	go func() { _ = s.Serve(l) }()
	return s, nil
}
