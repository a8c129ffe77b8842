package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// defaultScrape is the scrape interval if the settings have none.
const defaultScrape = 15 * time.Second

// Settings are the fields of a data source's jsonData that only this plugin has.
// Grafana's common fields (URL, authentication, headers, TLS, timeout) are those
// of Prometheus.
type Settings struct {
	// TimeInterval is how often Prometheus scrapes, as a PromQL duration; 15s if empty.
	TimeInterval string `json:"timeInterval,omitempty"`

	// LokiURL and ExporterURL are the addresses of Loki and of andon serve; empty if
	// there is none.
	LokiURL     string `json:"lokiUrl,omitempty"`
	ExporterURL string `json:"exporterUrl,omitempty"`

	// Loki and Exporter hold the HTTP settings of each, under the names that
	// Grafana uses in jsonData. The secrets are in secureJsonData with the
	// upstream's name in front, as in lokiBasicAuthPassword.
	Loki     json.RawMessage `json:"loki,omitempty"`
	Exporter json.RawMessage `json:"exporter,omitempty"`

	// PrometheusUID and LokiUID name the user's own data sources, for links.
	PrometheusUID string `json:"prometheusUid,omitempty"`
	LokiUID       string `json:"lokiUid,omitempty"`
}

// A connection is the configuration of one data source instance.
type connection struct {
	UID, Name  string
	Scrape     time.Duration
	Prometheus upstream
	Loki       upstream
	Exporter   upstream
}

// upstreams returns everything that the data source asks.
func (c connection) upstreams() []upstream { return []upstream{c.Prometheus, c.Loki, c.Exporter} }

// newConfig reads the configuration of one data source instance.
func newConfig(ctx context.Context, s backend.DataSourceInstanceSettings) (connection, error) {
	var own Settings
	if len(s.JSONData) == 0 {
		s.JSONData = json.RawMessage("{}") // a provisioned data source need not have any
	}
	if err := json.Unmarshal(s.JSONData, &own); err != nil {
		return connection{}, fmt.Errorf("the data source's jsonData: %w", err)
	}
	c := connection{UID: s.UID, Name: s.Name, Scrape: defaultScrape}
	if own.TimeInterval != "" {
		scrape, err := parseDuration("scrape interval", own.TimeInterval)
		if err != nil {
			return connection{}, err
		}
		c.Scrape = scrape
	}
	var err error
	// The user's identity goes to Prometheus where the data source is set to
	// forward it.
	if c.Prometheus, err = newUpstream(ctx, "Prometheus", s, forwardedLogin{all: true}); err != nil {
		return connection{}, err
	}
	if c.Loki, err = newOwnUpstream(ctx, "Loki", s, own.LokiURL, own.Loki); err != nil {
		return connection{}, err
	}
	if c.Exporter, err = newOwnUpstream(ctx, "the exporter", s, own.ExporterURL, own.Exporter); err != nil {
		return connection{}, err
	}
	c.Prometheus.UID = cmp.Or(own.PrometheusUID, proxiedUID(c.Prometheus.URL))
	c.Loki.UID = cmp.Or(own.LokiUID, proxiedUID(c.Loki.URL))
	return c, nil
}

// newOwnUpstream returns an upstream with HTTP settings of its own. It never gets
// the credentials of another.
func newOwnUpstream(ctx context.Context, name string, s backend.DataSourceInstanceSettings, url string, settings json.RawMessage) (upstream, error) {
	if len(settings) == 0 {
		settings = json.RawMessage("{}")
	}
	var forwarding forwardedLogin
	if err := json.Unmarshal(settings, &forwarding); err != nil {
		return upstream{}, fmt.Errorf("jsonData of %s: %w", name, err)
	}
	prefix := strings.ToLower(strings.TrimPrefix(name, "the "))
	secrets := make(map[string]string)
	for key, secret := range s.DecryptedSecureJSONData {
		if rest, ok := strings.CutPrefix(key, prefix); ok && rest != "" {
			secrets[strings.ToLower(rest[:1])+rest[1:]] = secret
		}
	}
	settings, err := withProxy(settings, s.JSONData)
	if err != nil {
		return upstream{}, fmt.Errorf("jsonData of %s: %w", name, err)
	}
	return newUpstream(ctx, name, backend.DataSourceInstanceSettings{UID: s.UID, Name: s.Name, Type: s.Type, URL: url,
		JSONData: settings, DecryptedSecureJSONData: secrets}, forwarding)
}

// withProxy adds the data source's settings for Grafana's SOCKS proxy, which hold
// for all upstreams.
func withProxy(settings, all json.RawMessage) (json.RawMessage, error) {
	var into, from map[string]any
	if err := json.Unmarshal(settings, &into); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(all, &from); err != nil {
		return nil, err
	}
	for _, key := range []string{"enableSecureSocksProxy", "secureSocksProxyUsername"} {
		if v, ok := from[key]; ok && into[key] == nil {
			into[key] = v
		}
	}
	return json.Marshal(into)
}
