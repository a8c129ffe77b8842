package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/andon-project/andon/pkg/source"
)

// defaultScrape is how often Prometheus is taken to scrape if nobody says.
const defaultScrape = 15 * time.Second

// Settings are what a data source's configuration holds beside the fields
// that all data sources have. Those (URL, authentication, headers, TLS,
// timeout) are of Prometheus.
type Settings struct {
	// TimeInterval is how often Prometheus scrapes, as a PromQL duration; 15s if empty.
	TimeInterval string `json:"timeInterval,omitempty"`

	// ExporterURL is where andon serves, for the health check; none if empty.
	ExporterURL string `json:"exporterUrl,omitempty"`
}

// An upstream is something that this data source asks over HTTP.
type upstream struct {
	URL    string // without a slash at its end; empty if it is not configured
	Client *http.Client
}

// redacted returns the URL without a password.
func (u upstream) redacted() string {
	parsed, err := url.Parse(u.URL)
	if err != nil {
		return "the URL that is set"
	}
	return parsed.Redacted()
}

// A config is one instance's configuration, read.
type config struct {
	UID, Name  string
	Scrape     time.Duration
	Timeout    time.Duration // of one request; that of package source if zero
	Prometheus upstream
	Exporter   upstream
}

// prometheus returns what asks Prometheus, and whom to tell of its warnings;
// it is cheap. Without a URL it is errNoURL.
func (c config) prometheus(warn func(query string, warnings []string)) (*source.Prometheus, error) {
	if c.Prometheus.URL == "" {
		return nil, errNoURL
	}
	return source.NewPrometheus(source.PrometheusConfig{URL: c.Prometheus.URL, Client: c.Prometheus.Client, Timeout: c.Timeout, Warn: warn})
}

// newConfig reads the configuration of one data source instance.
func newConfig(ctx context.Context, s backend.DataSourceInstanceSettings) (config, error) {
	var own Settings
	if len(s.JSONData) == 0 {
		s.JSONData = json.RawMessage("{}") // a provisioned data source need not have any
	}
	if err := json.Unmarshal(s.JSONData, &own); err != nil {
		return config{}, fmt.Errorf("the data source's jsonData: %w", err)
	}
	c := config{UID: s.UID, Name: s.Name, Scrape: defaultScrape}
	if own.TimeInterval != "" {
		scrape, err := duration("scrape interval", own.TimeInterval)
		if err != nil {
			return config{}, err
		}
		c.Scrape = scrape
	}
	options, err := s.HTTPClientOptions(ctx)
	if err != nil {
		return config{}, fmt.Errorf("the data source's HTTP settings: %w", err)
	}
	// The user's identity goes to Prometheus where the data source is set to
	// forward it, and nowhere else.
	options.ForwardHTTPHeaders = true
	provider := httpclient.NewProvider()
	client, err := provider.New(options)
	if err != nil {
		return config{}, fmt.Errorf("the data source's HTTP settings: %w", err)
	}
	if options.Timeouts != nil {
		c.Timeout = options.Timeouts.Timeout
	}
	// What authenticates at Prometheus is not the exporter's to see.
	plain, err := provider.New(httpclient.Options{Timeouts: options.Timeouts, ProxyOptions: options.ProxyOptions, Labels: options.Labels})
	if err != nil {
		return config{}, fmt.Errorf("a client for the exporter: %w", err)
	}
	c.Prometheus = upstream{URL: strings.TrimRight(s.URL, "/"), Client: client}
	c.Exporter = upstream{URL: strings.TrimRight(own.ExporterURL, "/"), Client: plain}
	return c, nil
}
