// Package program is what the programs share: how subcommands are declared and
// run, how a log is set up, and whether a terminal is watching.
package program

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/common/version"
)

// A Command is what a subcommand runs once its flags are parsed.
type Command func(ctx context.Context, log hclog.Logger) error

// A Declaration adds a subcommand's clause and flags to a program, and returns
// the subcommand's name and what to run.
type Declaration func(app *kingpin.Application) (name string, run Command)

// Main runs the subcommand that the command line names, until it ends or the
// process is told to stop. It exits with status 1 after an error.
func Main(name, help string, declarations ...Declaration) {
	app := kingpin.New(name, help)
	app.HelpFlag.Short('h')
	app.Version(version.Print(name))
	level := app.Flag("log.level", "Minimum log level: trace, debug, info, warn or error.").Default("info").Enum("trace", "debug", "info", "warn", "error")
	format := app.Flag("log.format", "Log format: text or json.").Default("text").Enum("text", "json")
	runs := make(map[string]Command)
	for _, declare := range declarations {
		sub, run := declare(app)
		runs[sub] = run
	}
	chosen := kingpin.MustParse(app.Parse(os.Args[1:]))
	log := hclog.New(&hclog.LoggerOptions{Name: name, Level: hclog.LevelFromString(*level), JSONFormat: *format == "json", Output: os.Stderr})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := runs[chosen](ctx, log); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		stop()
		os.Exit(1)
	}
}

// IsTerminal reports whether w is a terminal that knows colours.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	s, err := f.Stat()
	return err == nil && s.Mode()&os.ModeCharDevice != 0
}
