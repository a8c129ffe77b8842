package exporter

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Set to an address, it makes the test binary serve there instead of testing,
// with the configuration and the folder that the two others name.
const serveAt, serveConfig, serveFolder = "ANDON_TEST_SERVE", "ANDON_TEST_CONFIG", "ANDON_TEST_FOLDER"

func TestMain(m *testing.M) {
	if address := os.Getenv(serveAt); address != "" {
		serveForTest(address)
		return
	}
	m.Run()
	if theShop.close != nil {
		theShop.close()
	}
}

// serveForTest is what "andon serve" does, with the flags as variables.
func serveForTest(address string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	reload := make(chan struct{})
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP)
	go func() {
		for range hups {
			reload <- struct{}{}
		}
	}()
	err := Run(ctx, Options{
		ConfigFile: os.Getenv(serveConfig), StoragePath: os.Getenv(serveFolder), Now: time.Now, Reload: reload,
		Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Info, Output: os.Stderr}),
		Serve: func(s *http.Server) error {
			l, err := net.Listen("tcp", address)
			if err != nil {
				return err
			}
			return s.Serve(l)
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
