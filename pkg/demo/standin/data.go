package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/demo/inprocess"
)

// scrape is the time between samples.
const scrape = 15 * time.Second

// load fills the store with a rollout of the service checkout: four pods stay on v1,
// two run v2 from noon on, one of which is slow and fails requests.
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
		pod := []string{"service", "checkout", "namespace", "shop", "pod", p.name, "version", p.version}
		totals := make(map[string]float64)
		for n, at := 0, begin; !at.After(noon.Add(time.Hour)); n, at = n+1, at.Add(scrape) {
			x, phase := float64(n), float64(i)
			requests := 300 * (1 + .05*math.Sin(x/7+phase) + .03*math.Sin(x*1.7+2*phase))
			failed := requests * p.failing * (1 + .4*math.Sin(x/5+3*phase))
			took := p.latency * (1 + .05*math.Sin(x/9+phase) + .03*math.Sin(x*1.3+phase))
			for _, s := range []struct {
				name, label, value string
				increase, level    float64 // of a counter, of a gauge
			}{
				{"http_requests_total", "code", "200", requests - failed, 0},
				{"http_requests_total", "code", "500", failed, 0},
				{"http_request_duration_seconds_sum", "", "", requests * took, 0},
				{"http_request_duration_seconds_count", "", "", requests, 0},
				{"http_request_duration_seconds_bucket", "le", "0.25", requests * .2 / took / 2, 0},
				{"http_request_duration_seconds_bucket", "le", "0.5", requests * .99, 0},
				{"http_request_duration_seconds_bucket", "le", "+Inf", requests, 0},
				{"request_duration_seconds", "quantile", "0.95", 0, took},
			} {
				pairs := append([]string{"__name__", s.name}, pod...)
				if s.label != "" {
					pairs = append(pairs, s.label, s.value)
				}
				totals[s.name+s.value] += s.increase
				if err := add(at, totals[s.name+s.value]+s.level, pairs...); err != nil {
					return err
				}
			}
		}
	}
	return app.Commit()
}

// lines returns the pods' log lines: all of them serve orders, and the failing one
// has an error of its own.
func lines() []andon.Line {
	var all []andon.Line
	for i, p := range pods {
		for minute := -120; minute < 60; minute++ {
			if p.version == "v2" && minute < 0 {
				continue
			}
			at := noon.Add(time.Duration(minute)*time.Minute + time.Duration(i)*time.Second)
			say := func(after time.Duration, format string, a ...any) {
				all = append(all, andon.Line{At: at.Add(after), Text: fmt.Sprintf(format, a...),
					Labels: map[string]string{"service": "checkout", "namespace": "shop", "pod": p.name, "version": p.version}})
			}
			for n := range 4 {
				say(time.Duration(n*13)*time.Second, "level=info msg=\"order paid\" order=%d took=%dms", 1000*i+97*minute+n+20000, 20+(n*7+minute)%40)
			}
			if (minute+7*i)%10 == 0 {
				say(30*time.Second, "level=warn msg=\"cart not found\" cart=%d", 31*minute+i+5000)
			}
			if p.failing > .01 && minute%2 == 0 {
				say(40*time.Second, "level=error msg=\"payment was lost: card declined\" order=%d", 17*minute+40000)
			}
		}
	}
	return all
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
