package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
	"github.com/andon-project/andon/pkg/lab/backtest"
	"github.com/andon-project/andon/pkg/source"
)

// queryTimeout is how long one query of a backtest may take.
const queryTimeout = time.Minute

// A backtestCommand holds the flags of andon backtest.
type backtestCommand struct {
	config   string
	since    string
	services []string
	format   string
	options  backtest.Options
	out      io.Writer
}

// judgePast runs the judge over the history that Prometheus holds.
func judgePast(app *kingpin.Application) (string, program.Command) {
	b := backtestCommand{out: os.Stdout}
	c := app.Command("backtest", "Judge past rollouts from the data in your Prometheus, and measure how noisy each signal is without a rollout.")
	c.Flag("config.file", "Configuration file.").Default("andon.yml").StringVar(&b.config)
	c.Flag("since", "How far to look back, such as 12h or 30d.").Default("30d").StringVar(&b.since)
	c.Flag("service", "Judge only this service; repeatable. Default: all services in the configuration.").StringsVar(&b.services)
	c.Flag("format", "Output format: table, or jsonl for one JSON object per line.").Default("table").EnumVar(&b.format, "table", "jsonl")
	c.Flag("max-points", "Maximum number of steps per query; a longer range is split into several queries.").Default("720").IntVar(&b.options.MaxPoints)
	c.Flag("concurrency", "Maximum number of queries at the same time.").Default("2").IntVar(&b.options.AtOnce)
	c.Flag("placebos", "Maximum number of windows without a rollout to judge per service; 0 for none.").Default("200").IntVar(&b.options.Placebos)
	c.Flag("seed", "Random seed for choosing these windows and splitting their nodes.").Default("1").Uint64Var(&b.options.Seed)
	return c.FullCommand(), func(ctx context.Context, log hclog.Logger) error { return b.run(ctx, log, time.Now()) }
}

func (b backtestCommand) run(ctx context.Context, log hclog.Logger, now time.Time) error {
	loaded, err := config.Load(b.config)
	if err != nil {
		return err
	}
	back, err := model.ParseDuration(b.since)
	if err != nil || back == 0 {
		return fmt.Errorf("--since: %q is not a duration; write a number with its unit, such as 12h or 30d", b.since)
	}
	o := b.options
	if o.AtOnce < 1 || o.AtOnce > 64 {
		return fmt.Errorf("--concurrency: %d is not between 1 and 64", o.AtOnce)
	}
	if o.Placebos <= 0 {
		o.Placebos = -1
	}
	if o.Services, err = selectServices(loaded, b.services); err != nil {
		return err
	}
	o.Bake, o.Since, o.Until, o.Resolve = time.Duration(loaded.Bake), now.Add(-time.Duration(back)), now, source.Resolve
	o.Ask, err = loaded.MetricSource(queryTimeout, func(query string, warnings []string) {
		log.Debug("warning from Prometheus", "query", query, "warnings", warnings)
	})
	if err != nil {
		return err
	}
	if program.IsTerminal(os.Stderr) {
		o.Progress = showProgress()
		defer fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	r, err := backtest.Run(ctx, o)
	if err != nil {
		return err
	}
	if o.Progress != nil {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if b.format == "jsonl" {
		return backtest.WriteLines(b.out, r)
	}
	return backtest.WriteTable(b.out, r)
}

// selectServices returns the named services of the configuration, or all.
func selectServices(c *config.Config, names []string) ([]andon.Service, error) {
	var known []string
	var out []andon.Service
	for _, s := range c.Services {
		known = append(known, s.Name)
		if len(names) == 0 || slices.Contains(names, s.Name) {
			j := s.Service // without logs and crashes: a backtest reads Prometheus only
			j.Signals = slices.DeleteFunc(slices.Clone(j.Signals), func(sig andon.Signal) bool { return sig.Metric == "" })
			out = append(out, j)
		}
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("--service: %q is not in the configuration; %s", n, andon.Suggest(n, known))
		}
	}
	return out, nil
}

// showProgress returns a function that writes progress in whole percent to a terminal.
func showProgress() func(backtest.Progress) {
	last := ""
	return func(p backtest.Progress) {
		if line := fmt.Sprintf("%s: %.0f%%", p.Doing, 100*p.Share); line != last {
			fmt.Fprint(os.Stderr, "\r\x1b[K"+line)
			last = line
		}
	}
}
