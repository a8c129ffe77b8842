package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/source"
)

const (
	maxAnswer      = 32 << 20 // bytes of one JSON answer
	defaultTimeout = 30 * time.Second
)

// call asks a JSON API and decodes the answer into the given value; body and
// into may be nil. An error is a *source.Error, which holds neither credentials
// nor the body; without a URL it is errNoExporter.
func (u upstream) call(ctx context.Context, method, path string, body, into any) error {
	if u.URL == "" {
		return errNoExporter
	}
	timeout := u.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.URL+path, sent)
	if err != nil {
		return &source.Error{Kind: source.Unreachable, Err: fmt.Errorf("the URL of %s is not valid", u.Name), Hint: "write it as http://localhost:9415"}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	where := (&url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host, Path: req.URL.Path}).String()
	resp, err := u.Client.Do(req)
	if err != nil {
		e := source.NoAnswer(ctx, err)
		e.URL = where
		return e
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	e := &source.Error{URL: where, Status: resp.StatusCode}
	switch {
	case err != nil:
		e = source.NoAnswer(ctx, err)
		e.URL, e.Status = where, resp.StatusCode
		return e
	case len(answer) > maxAnswer:
		e.Kind, e.Err = source.TooLarge, errors.New("the answer is larger than "+andon.Quantity(maxAnswer, "bytes"))
		return e
	case resp.StatusCode/100 != 2:
		return refusalError(e, answer)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		e.Kind, e.Err, e.Hint = source.NotSource, fmt.Errorf("this is not an answer of %s: %w", u.Name, err), "check the URL"
		return e
	}
	return nil
}

// kindByStatus holds the kinds of error of some HTTP statuses; 5xx is
// Unavailable, any other a bad query.
var kindByStatus = map[int]source.Kind{
	http.StatusUnauthorized: source.Denied, http.StatusForbidden: source.Denied,
	http.StatusNotFound: source.NotSource, http.StatusMethodNotAllowed: source.NotSource,
	http.StatusTooManyRequests: source.Unavailable,
}

// refusalError completes the error for an answer whose status is not 2xx.
func refusalError(e *source.Error, answer []byte) error {
	var body struct{ Error, Hint string }
	explained := json.Unmarshal(answer, &body) == nil && body.Error != ""
	e.Err = errors.New(strings.ToLower(http.StatusText(e.Status)))
	if explained {
		e.Err, e.Hint = errors.New(body.Error), body.Hint
	}
	var ok bool
	if e.Kind, ok = kindByStatus[e.Status]; !ok {
		e.Kind = source.BadQuery
		if e.Status >= http.StatusInternalServerError {
			e.Kind = source.Unavailable
		}
	}
	if e.Kind == source.Denied && e.Hint == "" {
		e.Hint = "check the user and password, or the token"
	}
	return e
}
