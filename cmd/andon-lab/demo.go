package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/demo"
)

func demonstrate(app *kingpin.Application) (string, program.Command) {
	c := app.Command("demo", "Show Andon at work: a small shop rolls out a good and a bad version, and Andon halts the bad one.")
	var o demo.Options
	fault := c.Flag("fault", "Fault of the bad version.").Default(string(demo.Errors)).Enum(append(demo.Faults, "none")...)
	c.Flag("exit", "Exit at the end of the demo, with status 0 if the bad version was halted once and the good one passed.").BoolVar(&o.Exit)
	c.Flag("web.listen-address", "Address on which the exporter serves its pages.").Default("localhost:9415").StringVar(&o.Listen)
	c.Flag("rules.path", "Folder with the alert rules and the Alertmanager configuration.").Default("rules").StringVar(&o.Rules)
	c.Flag("seed", "Random seed.").Default("1").Uint64Var(&o.Shop.Seed)
	logs := c.Flag("logs.path", "Folder for log files: shop.jsonl of the nodes and andon.log of Andon. Without it no log files are written.").String()
	return c.FullCommand(), func(ctx context.Context, log hclog.Logger) (err error) {
		if *fault != "none" {
			o.Shop.Fault = demo.Fault(*fault)
		}
		o.Out = os.Stdout
		o.Live = drawable(os.Stdout)
		o.Colour = os.Getenv("NO_COLOR") == ""
		if *logs != "" {
			shop, andon, err := logFiles(*logs)
			if err != nil {
				return err
			}
			defer shop.Close()
			defer andon.Close()
			o.Shop.Logs = shop
			o.Log = hclog.New(&hclog.LoggerOptions{Name: "andon", Level: log.GetLevel(), Output: andon})
		}
		return demo.Run(ctx, o)
	}
}

// drawable reports whether f is one that understands being drawn upon.
func drawable(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb"
}

func logFiles(dir string) (shop, andon *os.File, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("creating the folder for log files: %w", err)
	}
	if shop, err = os.Create(filepath.Join(dir, "shop.jsonl")); err != nil {
		return nil, nil, fmt.Errorf("creating the log file of the nodes: %w", err)
	}
	if andon, err = os.Create(filepath.Join(dir, "andon.log")); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("creating the log file of Andon: %w", err), shop.Close())
	}
	return shop, andon, nil
}
