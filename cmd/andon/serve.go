package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/exporter"
)

func serve(app *kingpin.Application) (string, program.Command) {
	c := app.Command("serve", "Judge the rollouts under way, serve the verdicts as metrics and pages, and halt rollouts that fail.")
	config := c.Flag("config.file", "Configuration file.").Default("andon.yml").String()
	storage := c.Flag("storage.path", "Folder for announcements, verdicts, halts and feedback; it must survive restarts.").Default("data/").String()
	flags := kingpinflag.AddFlags(c, ":9415")
	return c.FullCommand(), func(ctx context.Context, log hclog.Logger) error {
		return exporter.Run(ctx, exporter.Options{
			ConfigFile:  *config,
			StoragePath: *storage,
			Now:         time.Now,
			Log:         log,
			Serve: func(s *http.Server) error {
				return web.ListenAndServe(s, flags, slog.New(slogHandler{log: log.Named("web")}))
			},
			Reload: hangups(ctx),
		})
	}
}

// hangups yields once for each SIGHUP; those that come while one is being
// acted upon are one.
func hangups(ctx context.Context) <-chan struct{} {
	signals, out := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			}
			select {
			case <-ctx.Done():
				return
			case out <- struct{}{}:
			}
		}
	}()
	return out
}

// A slogHandler hands what a library logs to the program's logger.
type slogHandler struct {
	log  hclog.Logger
	with []any
}

func (h slogHandler) Enabled(_ context.Context, l slog.Level) bool {
	return levelOf(l) >= h.log.GetLevel()
}

func (h slogHandler) Handle(_ context.Context, r slog.Record) error {
	pairs := append([]any(nil), h.with...)
	r.Attrs(func(a slog.Attr) bool {
		pairs = append(pairs, a.Key, a.Value.String())
		return true
	})
	h.log.Log(levelOf(r.Level), r.Message, pairs...)
	return nil
}

func (h slogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.with = append([]any(nil), h.with...)
	for _, a := range attrs {
		h.with = append(h.with, a.Key, a.Value.String())
	}
	return h
}

func (h slogHandler) WithGroup(name string) slog.Handler {
	h.log = h.log.Named(name)
	return h
}

func levelOf(l slog.Level) hclog.Level {
	switch {
	case l >= slog.LevelError:
		return hclog.Error
	case l >= slog.LevelWarn:
		return hclog.Warn
	case l >= slog.LevelInfo:
		return hclog.Info
	}
	return hclog.Debug
}
