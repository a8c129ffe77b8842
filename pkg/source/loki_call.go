package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A question is one query to a Loki, of one or more requests that share a budget.
type question struct {
	l      *Loki
	query  string
	budget int64
	tries  int // of one request
}

func (l *Loki) question(query string) *question {
	return &question{l: l, query: query, budget: l.config.MaxBytes, tries: maxTries}
}

// ask sends a request to an endpoint and decodes the data of its answer into data.
func (q *question) ask(ctx context.Context, path string, p url.Values, data any) error {
	u := *q.l.base
	u.Path += lokiAPI + path
	u.RawQuery = p.Encode()
	for try := 1; ; try++ {
		err := q.try(ctx, u, data)
		e, ok := errors.AsType[*Error](err)
		if !ok || try >= q.tries || e.Kind != Unavailable && e.Kind != Unreachable {
			return err
		}
		if err := q.wait(ctx, try, e); err != nil {
			return e
		}
	}
}

// wait waits before the next try, for as long as the server requires, if it does.
func (q *question) wait(ctx context.Context, try int, e *Error) error {
	d := q.l.config.Backoff << (try - 1)
	d += rand.N(d/2 + 1) // so that clients refused at the same time do not retry at the same time
	if e.after > 0 {
		d = min(e.after, q.l.config.Timeout)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// try sends one request.
func (q *question) try(ctx context.Context, u url.URL, data any) error {
	ctx, cancel := context.WithTimeout(ctx, q.l.config.Timeout)
	defer cancel()
	c := &call{query: q.query, http: q.l.config.Client, budget: &q.budget, limit: q.l.config.MaxBytes, refuse: (*call).lokiRefusal}
	req, err := http.NewRequest(http.MethodGet, u.String(), nil)
	if err != nil {
		return c.error(NotSource, errors.New("the request cannot be built"), "check the URL of Loki")
	}
	req.Header.Set("Accept", "application/json")
	resp, body, err := c.Do(ctx, req)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && resp != nil {
			e.after = retryAfter(resp.Header)
		}
		return err
	}
	var r reply
	if err := json.Unmarshal(body, &r); err != nil || r.Status != "success" && r.Status != "" {
		return c.error(NotSource, errors.New("the answer is not in Loki's format"), "check the URL: this is not the HTTP API of Loki")
	}
	if len(r.Warnings) > 0 && q.l.config.Warn != nil {
		q.l.config.Warn(q.query, r.Warnings)
	}
	if len(r.Data) == 0 { // nothing was found: Loki leaves it out
		return nil
	}
	if err := json.Unmarshal(r.Data, data); err != nil {
		return c.error(NotSource, fmt.Errorf("the answer cannot be read: %w", plain(err)), "check the URL: this is not the HTTP API of Loki")
	}
	return nil
}

// plain keeps an error of the JSON package short: it may quote the answer.
func plain(err error) error {
	text := err.Error()
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return errors.New(text)
}

// retryAfter returns how long a server accepts no request; 0 if it does not say.
func retryAfter(h http.Header) time.Duration {
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s > 0 {
		return time.Duration(min(s, 3600)) * time.Second
	}
	return 0
}

// lokiRefusal returns the error for an answer with a status other than 2xx. Loki
// explains it in plain text.
func (c *call) lokiRefusal(body []byte) *Error {
	answer := strings.TrimSpace(string(body[:min(len(body), 500)]))
	hasText := answer != "" && !strings.HasPrefix(answer, "<")
	err := errors.New(strings.ToLower(http.StatusText(c.status)))
	if hasText {
		err = errors.New(answer)
	}
	has := func(s string) bool { return strings.Contains(answer, s) }
	switch {
	case c.status == http.StatusUnauthorized && has("org id"):
		return c.error(Denied, err, "this Loki has tenants; set the header X-Scope-OrgID, under http_headers in the configuration")
	case c.status == http.StatusUnauthorized:
		return c.error(Denied, err, "check the user and password, or the token")
	case c.status == http.StatusForbidden:
		return c.error(Denied, err, "check that the credentials allow queries, and that the tenant is right")
	case c.status == http.StatusTooManyRequests:
		return c.error(Unavailable, err, "query less often, or raise the limits of the server")
	case has("timeout") || has("timed out") || has("deadline exceeded") || has("context canceled") && c.status == 499:
		return c.error(Timeout, err, "select fewer streams or a shorter range, or raise the server's querier.query_timeout")
	case has("too many bytes") || has("would read too many") || has("maximum of series"):
		return c.error(TooLarge, err, "select fewer streams or a shorter range")
	case c.status/100 == 5:
		return c.error(Unavailable, err, "check the log of the server")
	case c.status == http.StatusBadRequest && hasText:
		return c.error(BadQuery, err, "try the query in Grafana Explore")
	}
	return c.error(NotSource, err, "check the URL: this is not the HTTP API of Loki")
}
