package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/logql"
)

const (
	lokiAPI  = "/loki/api/v1/"
	fullPage = 5000 // lines of an answer: Loki's default maximum
	maxTries = 4    // of one request
)

// LokiConfig is the configuration of a Loki.
type LokiConfig struct {
	URL    string       // base URL; may hold credentials, which no error will show
	Client *http.Client // brings authentication, TLS and the tenant (header X-Scope-OrgID); a plain one if nil

	Timeout  time.Duration // of one HTTP request; 30 seconds if zero
	MaxBytes int64         // of all answers to one query, decompressed; 256 MiB if zero
	Backoff  time.Duration // before the second try of a request, doubled before each further one; 250 ms if zero

	// Warn is called with what is missing in an answer; may be nil. It may be
	// called by several goroutines at once.
	Warn func(query string, warnings []string)

	// Patterns is what is known of this Loki's pattern endpoint. Whoever makes
	// several of one Loki shares it among them; its own if nil.
	Patterns *Presence
}

// A Loki answers LogQL over Loki's HTTP API. It is safe for concurrent use. A
// request that is refused for the time being (429 or 5xx) or that gets no
// answer is tried again, three times at most; a server's limits on lines and
// on time are respected by asking for less at once.
type Loki struct {
	config LokiConfig
	base   *url.URL
	page   atomic.Int64 // lines of a page: fullPage, or what the server allows
	span   atomic.Int64 // nanoseconds that a query may reach over; 0 if any

	streams sync.Map // bare selector to streamLabels
	now     func() time.Time
}

// NewLoki returns a Loki for c.URL. It sends no request.
func NewLoki(c LokiConfig) (*Loki, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		// The parser's error quotes the whole URL, credentials and all.
		return nil, errors.New("the URL of Loki is not valid; write one such as http://localhost:3100")
	}
	if u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the URL of Loki, %q, is not an http or https URL; write one such as http://localhost:3100", public(u))
	}
	if c.Client == nil {
		c.Client = &http.Client{}
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 256 << 20
	}
	if c.Backoff <= 0 {
		c.Backoff = 250 * time.Millisecond
	}
	if c.Patterns == nil {
		c.Patterns = &Presence{}
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(lokiAPI, "/"))
	l := &Loki{config: c, base: u, now: time.Now}
	l.page.Store(fullPage)
	return l, nil
}

// Check queries the names of labels, for health checks: nil means that
// queries are answered.
func (l *Loki) Check(ctx context.Context) error {
	_, err := l.Labels(ctx, "", andon.Range{})
	return err
}

// Labels returns the names of the labels of the streams that a selector picks
// within a range, of all streams if it is empty; the server's last hours if the
// range is zero.
func (l *Loki) Labels(ctx context.Context, selector string, r andon.Range) ([]string, error) {
	return l.names(ctx, "labels", selector, r)
}

// Values returns the values of a label among the streams that a selector
// picks, as Labels.
func (l *Loki) Values(ctx context.Context, label, selector string, r andon.Range) ([]string, error) {
	return l.names(ctx, "label/"+url.PathEscape(label)+"/values", selector, r)
}

func (l *Loki) names(ctx context.Context, path, selector string, r andon.Range) ([]string, error) {
	var data []string
	p := l.ranged(r)
	if selector != "" {
		p.Set("query", selector)
	}
	q := l.question(selector)
	if err := q.ask(ctx, path, p, &data); err != nil {
		return nil, err
	}
	return data, nil
}

// Series returns the streams that a selector picks within a range.
func (l *Loki) Series(ctx context.Context, selector string, r andon.Range) ([]map[string]string, error) {
	p := l.ranged(r)
	p.Set("match[]", selector)
	var data []map[string]string
	if err := l.question(selector).ask(ctx, "series", p, &data); err != nil {
		return nil, err
	}
	return data, nil
}

// ranged returns the parameters of a range; none if it is zero.
func (l *Loki) ranged(r andon.Range) url.Values {
	p := url.Values{}
	if !r.Start.IsZero() {
		p.Set("start", nanos(r.Start))
	}
	if !r.End.IsZero() {
		p.Set("end", nanos(r.End))
	}
	return p
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// A streamLabels is the set of labels of streams.
type streamLabels struct {
	names map[string]bool
	until time.Time
}

const (
	labelsLast = 10 * time.Minute // that a set of labels is cached
	labelsWait = 5 * time.Second  // for it
)

// Resolve writes s's matchers into a log query; it is an andon.ResolveFunc
// for logs. Labels that streams have go into the stream selector, which is
// what Loki is fast at; others, which are structured metadata, are compared
// behind the pipeline. Resolve queries the labels of the streams at most every
// ten minutes; while they are unknown, all go into the stream selector.
func (l *Loki) Resolve(expr string, s andon.Selector) (string, error) {
	q, err := logql.Parse(expr)
	if err != nil {
		return "", badQuery(expr, err, "see the documentation of LogQL")
	}
	names := l.labelsOf(q.Streams())
	out, err := logql.ResolveBehind(expr, s, func(label string) bool { return names != nil && !names[label] })
	if err != nil {
		return "", badQuery(expr, err, "")
	}
	return out, nil
}

// labelsOf returns the labels of the streams of a selector; nil if that is not
// known.
func (l *Loki) labelsOf(streams string) map[string]bool {
	if v, ok := l.streams.Load(streams); ok && l.now().Before(v.(streamLabels).until) {
		return v.(streamLabels).names
	}
	ctx, cancel := context.WithTimeout(context.Background(), labelsWait)
	defer cancel()
	names, err := l.Labels(ctx, streams, andon.Range{})
	if err != nil || len(names) == 0 {
		return nil
	}
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	l.streams.Store(streams, streamLabels{set, l.now().Add(labelsLast)})
	return set
}

// A reply is what all endpoints answer with.
type reply struct {
	Status   string          `json:"status"`
	Data     json.RawMessage `json:"data"`
	Warnings []string        `json:"warnings"`
}
