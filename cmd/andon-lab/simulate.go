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
	c := app.Command("simulate", "Judge rollouts drawn from known laws, and tell how many harmless ones fail and how soon bad ones do.").Hidden()
	n := c.Flag("rollouts", "How many are drawn of each scenario; fewer of those that cost much.").Default("10000").Int()
	only := c.Flag("only", "Only scenarios whose name begins with this, or of this group.").PlaceHolder("NAME").String()
	out := c.Flag("out", "Write the document to this file.").PlaceHolder("FILE").String()
	return c.FullCommand(), func(ctx context.Context, _ hclog.Logger) error {
		if *n < 1 {
			return fmt.Errorf("--rollouts is %d; at least 1 is needed", *n)
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
		return nil, fmt.Errorf("no scenario or group is called %s", only)
	}
	return rows, nil
}
