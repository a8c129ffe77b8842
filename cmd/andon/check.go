package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
)

func check(app *kingpin.Application) (string, program.Command) {
	c := app.Command("check", "Check a configuration file and list every problem.")
	file := c.Arg("file", "Configuration file.").Default("andon.yml").String()
	return c.FullCommand(), func(context.Context, hclog.Logger) error {
		config, err := config.Load(*file)
		if err != nil {
			return err
		}
		for _, w := range config.Warnings() {
			fmt.Fprintln(os.Stderr, "warning:", w)
		}
		fmt.Printf("ok: %s, %s\n", andon.Plural(float64(len(config.Services)), "service"), andon.Plural(float64(config.Signals()), "signal"))
		return nil
	}
}
