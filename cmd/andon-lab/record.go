package main

import (
	"context"
	"runtime"
	"slices"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/demo"
)

// recordRollouts writes the labelled rollouts of the demonstration's shop.
func recordRollouts(app *kingpin.Application) (string, program.Command) {
	c := app.Command("record", "Record labelled rollouts of the demo shop for andon replay. Each covers 17 minutes and takes seconds to record.").Hidden()
	out := c.Flag("out", "Folder to write to; each rollout gets a folder in it.").Default("testdata/rollouts").String()
	only := c.Arg("name", "Record only these rollouts.").Enums(names()...)
	return c.FullCommand(), func(ctx context.Context, log hclog.Logger) error {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(runtime.GOMAXPROCS(0))
		for _, r := range demo.Recordings() {
			if len(*only) > 0 && !slices.Contains(*only, r.Name) {
				continue
			}
			g.Go(func() error {
				defer log.Info("recorded", "rollout", r.Name)
				return demo.Record(ctx, *out, r)
			})
		}
		return g.Wait()
	}
}

func names() []string {
	var out []string
	for _, r := range demo.Recordings() {
		out = append(out, r.Name)
	}
	return out
}
