// Package program is what the programs share: how subcommands are declared and
// run, how a log is set up, and whether a terminal is watching.
package program

import (
	"context"
	"errors"
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

// A StatusError is an error that ends a program with a status of its own.
type StatusError struct {
	Status int
	Err    error
}

func (e *StatusError) Error() string { return e.Err.Error() }

// Unwrap returns the error without its status.
func (e *StatusError) Unwrap() error { return e.Err }

// Main runs the subcommand that the command line names, until it ends or the
// process is told to stop. It returns the status to exit with: 0, or after an
// error 1 or that of a StatusError.
func Main(name, help string, declarations ...Declaration) int {
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
	err := runs[chosen](ctx, log)
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	if own, ok := errors.AsType[*StatusError](err); ok {
		return own.Status
	}
	return 1
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
