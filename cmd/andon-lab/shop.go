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
	c := app.Command("shop", "Run only the demo shop, for a Prometheus, Alertmanager and Andon that run elsewhere, as in docker-compose.yaml.")
	var o demo.ServeOptions
	fault := c.Flag("fault", "Fault of the bad version.").Default(string(demo.Errors)).Enum(append(demo.Faults, "none")...)
	c.Flag("web.listen-address", "Address of the delivery tool, which starts and halts rollouts and lists the nodes for http_sd_configs.").Default(":8080").StringVar(&o.Listen)
	c.Flag("loki.listen-address", "Address on which to serve the nodes' logs through the HTTP API of Loki. Without it logs are not served.").StringVar(&o.Loki)
	c.Flag("nodes.listen", "Host on which the nodes listen.").Default("127.0.0.1").StringVar(&o.Shop.Listen)
	c.Flag("nodes.advertise", "Host at which Prometheus reaches the nodes, if it is a different one.").StringVar(&o.Shop.Advertise)
	c.Flag("rollout-after", "Roll out v2 of both services after this time. Without it, POST /rollouts/{service} starts a rollout.").DurationVar(&o.After)
	c.Flag("andon.url", "URL of the Andon to which rollouts are announced.").Default("http://localhost:9415").StringVar(&o.URL)
	c.Flag("announce", "Service whose rollouts are announced; repeatable. Andon finds rollouts of other services by their version label.").StringsVar(&o.Announce)
	c.Flag("seed", "Random seed.").Default("1").Uint64Var(&o.Shop.Seed)
	return c.FullCommand(), func(ctx context.Context, log hclog.Logger) error {
		if *fault != "none" {
			o.Shop.Fault = demo.Fault(*fault)
		}
		o.Log = log
		o.Shop.Logs = os.Stdout
		return demo.Serve(ctx, o)
	}
}
