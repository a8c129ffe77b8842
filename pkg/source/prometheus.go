package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"time"

	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// maxPoints is how many points a series may have in one answer; Prometheus
// refuses a range query of more than 11,000 steps.
const maxPoints = 11_000

// PrometheusConfig is the configuration of a Prometheus, or of a server with its
// HTTP API (Mimir, Thanos, VictoriaMetrics).
type PrometheusConfig struct {
	URL    string       // base URL; may hold credentials, which no error will show
	Client *http.Client // brings authentication and TLS; a plain one if nil

	Timeout  time.Duration // of one HTTP request, also sent to the server; 30 seconds if zero
	MaxBytes int64         // of the answer to one Range, decompressed; 64 MiB if zero

	// Warn is called with the warnings in an answer; may be nil. It may be
	// called by several goroutines at once.
	Warn func(query string, warnings []string)
}

// A Prometheus answers range queries over Prometheus' HTTP API. It is safe for
// concurrent use and never retries: the next tick queries again soon enough.
type Prometheus struct {
	config PrometheusConfig
	client api.Client
}

// NewPrometheus returns a Prometheus for c.URL. It sends no request.
func NewPrometheus(c PrometheusConfig) (*Prometheus, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		// The parser's error quotes the whole URL, credentials and all.
		return nil, errors.New("the URL of Prometheus is not valid; write one such as http://localhost:9090")
	}
	if u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the URL of Prometheus, %q, is not an http or https URL; write one such as http://localhost:9090", public(u))
	}
	if c.Client == nil {
		c.Client = &http.Client{}
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 64 << 20
	}
	client, err := api.NewClient(api.Config{Address: c.URL, Client: c.Client})
	if err != nil {
		return nil, errors.New("the URL of Prometheus cannot be used; write one such as http://localhost:9090")
	}
	return &Prometheus{config: c, client: client}, nil
}

// Range answers a PromQL range query; it is an andon.RangeFunc. A range of
// more points than Prometheus returns at once is split into several queries,
// for each of which start() and end() in expr are its own. Native histograms in
// the answer are left out, with a warning.
//
// A refusal is an *Error.
func (p *Prometheus) Range(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
	if r.Step <= 0 {
		return nil, badQuery(expr, fmt.Errorf("the step is %v", r.Step), "use a step above zero")
	}
	var merged merger
	budget := p.config.MaxBytes
	for start := r.Start; ; {
		end := start.Add((maxPoints - 1) * r.Step)
		if end.After(r.End) {
			end = r.End
		}
		m, err := p.one(ctx, expr, andon.Range{Start: start, End: end, Step: r.Step}, &budget)
		if err != nil {
			return nil, err
		}
		merged.add(m)
		start = end.Add(r.Step)
		if start.After(r.End) {
			sort.Sort(merged.matrix)
			return merged.matrix, nil
		}
	}
}

// one sends one query and subtracts the size of its answer from budget.
func (p *Prometheus) one(ctx context.Context, expr string, r andon.Range, budget *int64) (model.Matrix, error) {
	c := &call{Client: p.client, query: expr, http: p.config.Client, budget: budget, limit: p.config.MaxBytes, expectsMatrix: true}
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	v, warnings, _, err := v1.NewAPI(c).QueryRange(ctx, expr, v1.Range{Start: r.Start, End: r.End, Step: r.Step}, v1.WithTimeout(p.config.Timeout))
	if err != nil {
		return nil, c.wrap(err)
	}
	m, ok := v.(model.Matrix)
	if !ok {
		return nil, c.wrap(fmt.Errorf("the answer is a %T, not a matrix", v))
	}
	if c.matrix != nil {
		m = c.matrix
	}
	for _, s := range m {
		if len(s.Histograms) > 0 {
			warnings = append(warnings, "native histograms are left out; apply histogram_quantile or histogram_sum")
			break
		}
	}
	if len(warnings) > 0 && p.config.Warn != nil {
		p.config.Warn(expr, warnings)
	}
	return m, nil
}

// Check queries 1+1, for health checks: nil means that queries are answered.
func (p *Prometheus) Check(ctx context.Context) error {
	const sum = "1+1"
	budget := p.config.MaxBytes
	c := &call{Client: p.client, query: sum, http: p.config.Client, budget: &budget, limit: p.config.MaxBytes}
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	v, _, _, err := v1.NewAPI(c).Query(ctx, sum, time.Time{}, v1.WithTimeout(p.config.Timeout))
	if err != nil {
		return c.wrap(err)
	}
	if s, ok := v.(*model.Scalar); !ok || s.Value != 2 {
		return c.wrap(fmt.Errorf("the answer to 1+1 is %v, not 2", v))
	}
	return nil
}

// A merger joins the answers to consecutive parts of a range.
type merger struct {
	matrix model.Matrix
	known  map[string]*model.SampleStream
}

func (g *merger) add(m model.Matrix) {
	if g.matrix == nil {
		g.matrix = m
		return
	}
	if g.known == nil {
		g.known = make(map[string]*model.SampleStream, len(g.matrix))
		for _, s := range g.matrix {
			g.known[s.Metric.String()] = s
		}
	}
	for _, s := range m {
		name := s.Metric.String()
		if before, ok := g.known[name]; ok {
			before.Values = append(before.Values, s.Values...)
			continue
		}
		g.known[name] = s
		g.matrix = append(g.matrix, s)
	}
}
