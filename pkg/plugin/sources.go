package plugin

import (
	"context"
	"errors"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

var (
	// errNoURL says that Prometheus has no URL.
	errNoURL = errors.New("the URL of Prometheus is not set; enter it in the data source's settings")

	// errNoLoki says that a query needs Loki and Loki has no URL.
	errNoLoki = errors.New("the URL of Loki is not set; enter it in the data source's settings to see log clusters and crashes")
)

// sources makes clients for Prometheus, Loki and the exporter. A client is cheap
// and is made for one query. It sends the credentials of its own upstream and, if
// the settings forward it, the user's login, which is in the context.
type sources struct {
	config   connection
	patterns *source.Presence // whether Loki has a pattern endpoint; kept between queries
}

func newSources(c connection) sources { return sources{config: c, patterns: &source.Presence{}} }

// prometheus returns a client that passes warnings to warn, which may be nil.
// Without a URL the error is errNoURL.
func (s sources) prometheus(warn func(query string, warnings []string)) (*source.Prometheus, error) {
	u := s.config.Prometheus
	if u.URL == "" {
		return nil, errNoURL
	}
	return source.NewPrometheus(source.PrometheusConfig{URL: u.URL, Client: u.Client, Timeout: u.Timeout, Warn: warn})
}

// loki returns a client that passes warnings to warn, which may be nil. Without a
// URL the error is errNoLoki.
func (s sources) loki(warn func(query string, warnings []string)) (*source.Loki, error) {
	u := s.config.Loki
	if u.URL == "" {
		return nil, errNoLoki
	}
	return source.NewLoki(source.LokiConfig{URL: u.URL, Client: u.Client, Timeout: u.Timeout, Warn: warn, Patterns: s.patterns})
}

// lokiFor returns a client for a time range and the function that writes
// selectors into its queries.
func (s sources) lokiFor(ctx context.Context, w window, warn func(query string, warnings []string)) (*source.Loki, andon.ResolveFunc, error) {
	l, err := s.loki(warn)
	switch {
	case errors.Is(err, errNoLoki):
		return nil, nil, err
	case err != nil:
		return nil, nil, badQuery{err}
	}
	return l, resolveLogs(ctx, l, andon.Range{Start: w.From, End: w.To}), nil
}

// exporter returns the client of the exporter, which may have no URL.
func (s sources) exporter() exporterClient { return exporterClient{s.config.Exporter} }
