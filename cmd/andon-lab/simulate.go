package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/lab/simulation"
)

// simulate judges rollouts drawn from known laws and tells how often the
// verdicts are right.
func simulate(app *kingpin.Application) (string, program.Command) {
	c := app.Command("simulate", "Judge simulated rollouts, and measure how many harmless ones fail and how soon bad ones do.").Hidden()
	n := c.Flag("rollouts", "Number of rollouts per scenario; slow scenarios get fewer.").Default("10000").Int()
	only := c.Flag("only", "Run only the scenarios of this group, or whose name begins with this.").PlaceHolder("NAME").String()
	out := c.Flag("out", "Write the results as a document to this file.").PlaceHolder("FILE").String()
	return c.FullCommand(), func(ctx context.Context, _ hclog.Logger) error {
		if *n < 1 {
			return fmt.Errorf("--rollouts: %d is below 1", *n)
		}
		rows, err := simulateAll(ctx, *n, *only)
		if err != nil {
			return err
		}
		err = simulation.WriteTable(os.Stdout, rows)
		if *out != "" {
			var b strings.Builder
			err = errors.Join(err, simulation.Document{Worlds: *n, Rows: rows}.Write(&b), os.WriteFile(*out, []byte(b.String()), 0o644))
		}
		return err
	}
}

func simulateAll(ctx context.Context, n int, only string) ([]simulation.Row, error) {
	o := simulation.Options{Worlds: n}
	if program.IsTerminal(os.Stderr) {
		o.Progress = func(s simulation.Scenario, done, of int) {
			if done%100 == 0 || done == of {
				fmt.Fprintf(os.Stderr, "\r\x1b[K%s: %d of %d", s.Name, done, of)
			}
		}
		defer fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	var rows []simulation.Row
	for _, s := range simulation.Scenarios() {
		if !strings.HasPrefix(s.Name, only) && string(s.Group) != only {
			continue
		}
		r, err := simulation.Run(ctx, s, o)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r.Row())
	}
	if rows == nil {
		return nil, fmt.Errorf("--only: no scenario's name begins with %q, and no group has that name", only)
	}
	return rows, nil
}
