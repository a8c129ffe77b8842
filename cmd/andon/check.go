package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/config"
)

func check(app *kingpin.Application) (string, program.Command) {
	c := app.Command("check", "Tell all that is wrong with a configuration.")
	file := c.Arg("file", "The configuration.").Default("andon.yml").String()
	return c.FullCommand(), func(context.Context, hclog.Logger) error {
		config, err := config.Load(*file)
		if err != nil {
			return err
		}
		for _, w := range config.Warnings() {
			fmt.Fprintln(os.Stderr, "warning:", w)
		}
		fmt.Printf("ok: %s, %s\n", count(len(config.Services), "service"), count(config.Signals(), "signal"))
		return nil
	}
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
