package config

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
	"github.com/andon-project/andon/pkg/strict"
)

// check adds the problems of a configuration that could be decoded.
func (c *Config) check(d *strict.Document) {
	if c.Prometheus.URL == "" {
		d.At("prometheus.url", "is missing; write the URL of Prometheus, such as http://localhost:9090")
	} else {
		checkEndpoint(c.Prometheus, "prometheus", d)
	}
	if c.Loki != nil {
		checkEndpoint(*c.Loki, "loki", d)
	}
	if c.Tick < model.Duration(100*time.Millisecond) || c.Tick > model.Duration(10*time.Minute) {
		d.At("tick", "%s is not between 100ms and 10m; 30s is usual", c.Tick)
	}
	if c.Bake < model.Duration(time.Minute) || c.Bake > model.Duration(7*24*time.Hour) {
		d.At("bake", "%s is not between 1m and 7d; 1h is usual", c.Bake)
	}
	d.Under("halt.mode", andon.CheckWord("mode", c.Halt.Mode, []Mode{ModeObserve, ModeHalt}))
	d.Under("halt.ambiguous", andon.CheckWord("policy", c.Halt.Ambiguous, []AmbiguousPolicy{HoldAmbiguous, IgnoreAmbiguous}))
	if c.Auth.Token != "" && c.Auth.TokenFile != "" {
		d.At("auth", "token and token_file are both set; keep one")
	}
	if _, err := c.Auth.ReadToken(); err != nil {
		d.At("auth.token_file", "%s", strings.TrimPrefix(err.Error(), "auth.token_file: "))
	}
	c.checkServices(d)
	for i, q := range c.Dependencies {
		at := fmt.Sprintf("dependencies[%d]", i)
		d.Under(at, q.Check(source.Parsers))
		for first, other := range c.Dependencies[:i] {
			if other == q {
				d.At(at, "is the same as dependencies[%d]; leave one out", first)
				break
			}
		}
	}
}

func checkEndpoint(e Endpoint, path string, d *strict.Document) {
	u, err := url.Parse(e.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		d.At(path+".url", "%q is not an http or https URL; write one such as http://localhost:9090", redact(e.URL))
	}
	if err := e.HTTP.Validate(); err != nil {
		d.At(path, "%s", err)
	}
}

// redact hides the password that someone wrote into an address.
func redact(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

// checkServices adds the problems of the services, and those that only a
// configuration can have: a service without node, which must be deliberate, and
// logs without a Loki.
func (c *Config) checkServices(d *strict.Document) {
	if len(c.Services) == 0 {
		d.At("services", "is missing; write at least one service with its signals")
	}
	all := make([]andon.Service, len(c.Services))
	for i, s := range c.Services {
		all[i] = s.Service
		at := fmt.Sprintf("services[%d]", i)
		if !d.Has(at + ".node") {
			d.At(at+".node", `is missing; write the label that names a node, such as pod or instance, or node: "" if no metric has such a label`)
		}
		for j, sig := range s.Signals {
			if c.Loki == nil && sig.Logs+sig.Crashes != "" {
				d.At(fmt.Sprintf("%s.signals[%d]", at, j), "logs and crashes need a Loki; add loki: {url: http://localhost:3100}")
			}
		}
	}
	d.Under("services", andon.CheckServices(all, source.Parsers))
}
