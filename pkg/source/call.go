package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// A call is one request to a Prometheus or a Loki: an api.Client that reads no
// more than its budget, and whose errors are *Error.
type call struct {
	api.Client
	query  string
	http   *http.Client
	budget *int64                            // bytes of answer still allowed
	limit  int64                             // bytes of answer allowed in all
	refuse func(c *call, body []byte) *Error // returns the error for a refusal; that of Prometheus if nil
	url    string                            // of the last request, without credentials
	status int

	expectsMatrix bool         // the answer is that to a range query
	matrix        model.Matrix // read already; nil if the client library reads it
}

// Do sends a request and reads its answer.
func (c *call) Do(ctx context.Context, req *http.Request) (*http.Response, []byte, error) {
	c.url, c.status = public(req.URL), 0
	resp, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return nil, nil, c.noAnswer(ctx, err)
	}
	defer resp.Body.Close()
	c.status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, *c.budget+1))
	if err != nil {
		return resp, nil, c.noAnswer(ctx, err)
	}
	if *c.budget -= int64(len(body)); *c.budget < 0 {
		return resp, nil, c.error(TooLarge, fmt.Errorf("the answer is larger than %s", andon.Quantity(float64(c.limit), "bytes")), "aggregate by fewer labels, or ask for a shorter range")
	}
	if resp.StatusCode/100 != 2 && c.refuse != nil {
		return resp, nil, c.refuse(c, body)
	}
	if resp.StatusCode/100 != 2 {
		return resp, nil, c.refusal(body)
	}
	if c.expectsMatrix {
		body = c.takeMatrix(body)
	}
	return resp, body, nil
}

func (c *call) error(kind Kind, err error, hint string) *Error {
	return &Error{Kind: kind, Query: c.query, URL: c.url, Status: c.status, Hint: hint, Err: err}
}

// noAnswer returns the error for a request without a complete answer.
func (c *call) noAnswer(ctx context.Context, err error) *Error {
	e := NoAnswer(ctx, err)
	e.Query, e.URL, e.Status = c.query, c.url, c.status
	if e.Kind == Timeout {
		e.Hint = "raise the timeout, simplify the query, or use a recording rule"
	}
	return e
}

// refusal returns the error for an answer with a status other than 2xx.
func (c *call) refusal(body []byte) *Error {
	var answer struct {
		ErrorType v1.ErrorType `json:"errorType"`
		Error     string       `json:"error"`
	}
	err := errors.New(strings.ToLower(http.StatusText(c.status)))
	hasText := json.Unmarshal(body, &answer) == nil && answer.Error != ""
	if hasText {
		err = errors.New(answer.Error)
	}
	switch {
	case c.status == http.StatusUnauthorized:
		return c.error(Denied, err, "check the user and password, or the token")
	case c.status == http.StatusForbidden:
		return c.error(Denied, err, "check that the credentials allow queries, and that the tenant is right")
	case c.status == http.StatusTooManyRequests:
		return c.error(Unavailable, err, "query less often, or raise the limits of the server")
	case answer.ErrorType == v1.ErrTimeout:
		return c.error(Timeout, err, "simplify the query, or use a recording rule")
	case c.status/100 == 5:
		return c.error(Unavailable, err, "check the log of the server")
	case hasText && strings.Contains(answer.Error, "too many samples"):
		return c.error(TooLarge, err, "aggregate by fewer labels, or ask for a shorter range")
	case hasText:
		return c.error(BadQuery, err, "try the query in the web interface of Prometheus")
	}
	return c.error(NotSource, err, "check the URL: this is not the HTTP API of Prometheus")
}

// wrap turns an error of the client library into an *Error. It returns errors of
// Do as they are.
func (c *call) wrap(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	var a *v1.Error
	if errors.As(err, &a) && a.Type != v1.ErrBadResponse {
		return c.error(BadQuery, errors.New(a.Msg), "")
	}
	return c.error(NotSource, err, "check the URL: this is not the HTTP API of Prometheus")
}

// public returns u without what may be secret: user, query and fragment.
func public(u *url.URL) string {
	p := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return p.String()
}
