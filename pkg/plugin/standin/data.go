package main

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/andon-project/andon/pkg/inprocess"
)

// scrape is how often the samples were taken.
const scrape = 15 * time.Second

// load fills the store with a rollout of the service checkout: four pods stay
// on v1, two run v2 since noon, and one of those fails and is slow.
func load(ctx context.Context, store *inprocess.Store) error {
	app := store.DB.Appender(ctx)
	add := func(at time.Time, value float64, pairs ...string) error {
		_, err := app.Append(0, labels.FromStrings(pairs...), at.UnixMilli(), value)
		return err
	}
	for i, p := range pods {
		begin := noon.Add(-2 * time.Hour)
		if p.version == "v2" {
			begin = noon
		}
		var good, bad float64
		for n, at := 0, begin; !at.After(noon.Add(time.Hour)); n, at = n+1, at.Add(scrape) {
			wave := 1 + .05*math.Sin(float64(n)/7+float64(i)) + .03*math.Sin(float64(n)*1.7+2*float64(i))
			good += 300 * wave
			bad += p.failing * 300 * wave
			series := [][]any{
				{"http_requests_total", good, "code", "200"},
				{"http_requests_total", bad, "code", "500"},
				{"request_duration_seconds", p.latency * wave, "quantile", "0.95"},
			}
			for _, s := range series {
				err := add(at, s[1].(float64), "__name__", s[0].(string), s[2].(string), s[3].(string),
					"service", "checkout", "namespace", "shop", "pod", p.name, "version", p.version)
				if err != nil {
					return err
				}
			}
		}
	}
	return app.Commit()
}

var pods = []struct {
	name, version    string
	failing, latency float64
}{
	{"checkout-7d4b9-2xkqp", "v1", .002, .21},
	{"checkout-7d4b9-8wz4m", "v1", .002, .20},
	{"checkout-7d4b9-c9tjh", "v1", .003, .22},
	{"checkout-7d4b9-pl5sv", "v1", .002, .21},
	{"checkout-9f6c2-4nv7d", "v2", .002, .21},
	{"checkout-9f6c2-mq8rk", "v2", .030, .34},
}
