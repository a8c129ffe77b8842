package main

import (
	"context"
	"os"

	"github.com/alecthomas/kingpin/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/andon-project/andon/cmd/internal/program"
	"github.com/andon-project/andon/pkg/demo"
)

func runShop(app *kingpin.Application) (string, program.Command) {
	c := app.Command("shop", "Run the shop of the demonstration by itself, for servers that run elsewhere; docker-compose.yaml does.")
	var o demo.ServeOptions
	fault := c.Flag("fault", "What is wrong with the bad version.").Default(string(demo.Errors)).Enum(append(demo.Faults, "none")...)
	c.Flag("web.listen-address", "Where the delivery tool is: rollouts, halts, and the nodes for http_sd_configs.").Default(":8080").StringVar(&o.Listen)
	c.Flag("loki.listen-address", "Where what the nodes log is served by the HTTP API of Loki; nowhere if empty.").StringVar(&o.Loki)
	c.Flag("nodes.listen", "Host that nodes listen on.").Default("127.0.0.1").StringVar(&o.Shop.Listen)
	c.Flag("nodes.advertise", "Host under which Prometheus reaches them, if it is another.").StringVar(&o.Shop.Advertise)
	c.Flag("rollout-after", "When v2 of both services goes out by itself; POST /rollouts/{service} begins it otherwise.").DurationVar(&o.After)
	c.Flag("andon.url", "Where rollouts are announced.").Default("http://localhost:9415").StringVar(&o.URL)
	c.Flag("announce", "Service whose rollouts are announced; those of others show by their version label.").StringsVar(&o.Announce)
	c.Flag("seed", "Of all that is left to chance.").Default("1").Uint64Var(&o.Shop.Seed)
	return c.FullCommand(), func(ctx context.Context, log hclog.Logger) error {
		if *fault != "none" {
			o.Shop.Fault = demo.Fault(*fault)
		}
		o.Log = log
		o.Shop.Logs = os.Stdout
		return demo.Serve(ctx, o)
	}
}
