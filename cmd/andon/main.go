// Command andon judges the rollouts that are under way and has the bad ones
// halted; it also replays old ones and shows a demonstration. This package is
// flags and wiring only.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/common/version"
)

// A command is what a subcommand runs once its flags are parsed.
type command func(ctx context.Context, log hclog.Logger) error

// commands declare the subcommands, one file each. Each adds its clause and
// flags to the application and returns its name and what to run.
var commands = []func(app *kingpin.Application) (name string, run command){
	serve,
	check,
	demonstrate,
	runShop,
	replayCases,
	judgePast,
	clusterLines,
	measureAccuracy,
	simulate,
	recordRollouts,
}

func main() {
	app := kingpin.New("andon", "Compares what rolls out with what ran well, and stops what makes it worse.")
	app.HelpFlag.Short('h')
	app.Version(version.Print("andon"))
	level := app.Flag("log.level", "Least severity that is logged.").Default("info").Enum("trace", "debug", "info", "warn", "error")
	format := app.Flag("log.format", "How log lines are written.").Default("text").Enum("text", "json")
	runs := make(map[string]command)
	for _, declare := range commands {
		name, run := declare(app)
		runs[name] = run
	}
	chosen := kingpin.MustParse(app.Parse(os.Args[1:]))
	log := hclog.New(&hclog.LoggerOptions{Name: "andon", Level: hclog.LevelFromString(*level), JSONFormat: *format == "json", Output: os.Stderr})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := runs[chosen](ctx, log); err != nil {
		fmt.Fprintln(os.Stderr, "andon:", err)
		stop()
		os.Exit(1)
	}
}
