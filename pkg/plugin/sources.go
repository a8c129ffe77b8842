package plugin

import (
	"context"
	"errors"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

var (
	// errNoURL says that the data source was never told where Prometheus is.
	errNoURL = errors.New("no URL of Prometheus is set; enter it in the data source's settings")

	// errNoLoki says that a question is Loki's to answer and none is set.
	errNoLoki = errors.New("no URL of Loki is set; enter it in the data source's settings to see log clusters and crashes")
)

// sources makes the clients of what a data source asks: Prometheus, Loki and
// the exporter. A client is cheap, and is made for one question. It sends the
// credentials of its own upstream, and of the user's login, which is in the
// context of the question, what is set to be forwarded there.
type sources struct {
	config   connection
	patterns *source.Presence // whether Loki has a pattern endpoint; kept between questions
}

func newSources(c connection) sources { return sources{config: c, patterns: &source.Presence{}} }

// prometheus returns a client that tells its warnings to warn, which may be
// nil. Without a URL it is errNoURL.
func (s sources) prometheus(warn func(query string, warnings []string)) (*source.Prometheus, error) {
	u := s.config.Prometheus
	if u.URL == "" {
		return nil, errNoURL
	}
	return source.NewPrometheus(source.PrometheusConfig{URL: u.URL, Client: u.Client, Timeout: u.Timeout, Warn: warn})
}

// loki returns a client that tells its warnings to warn, which may be nil.
// Without a URL it is errNoLoki.
func (s sources) loki(warn func(query string, warnings []string)) (*source.Loki, error) {
	u := s.config.Loki
	if u.URL == "" {
		return nil, errNoLoki
	}
	return source.NewLoki(source.LokiConfig{URL: u.URL, Client: u.Client, Timeout: u.Timeout, Warn: warn, Patterns: s.patterns})
}

// lokiFor returns a client for the lines of a time range, and what writes
// selectors into their queries.
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

// exporter returns the client of the exporter, which there need not be.
func (s sources) exporter() exporterClient { return exporterClient{s.config.Exporter} }
