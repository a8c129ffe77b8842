package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A maskedError stands for an error whose text may hold secrets. It answers
// errors.Is as that error does, and does not hand it out.
type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string        { return e.text }
func (e *maskedError) Is(target error) bool { return errors.Is(e.err, target) }

// maskError returns err without its secrets. The URL that net/http puts before
// an error is left out: Error names the request already.
func maskError(m *mask, err error) error {
	inner := err
	for {
		at, ok := errors.AsType[*url.Error](inner)
		if !ok {
			break
		}
		inner = at.Err
	}
	if m == nil {
		m = &mask{}
	}
	return &maskedError{text: line(m.hide(inner.Error())), err: err}
}

// netHint says what to try after no answer came.
func netHint(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "check the host name"
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "the halt was cancelled before an answer came"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time; check whether the tool is overloaded or behind a firewall, or raise timeout"
	case strings.Contains(err.Error(), "certificate"):
		return "check tls_config: ca_file, server_name"
	case strings.Contains(err.Error(), "refused"):
		return "nothing listens there; check host and port"
	}
	return "check that Andon can reach the tool over the network"
}

// refusalText returns the tool's own explanation of its refusal as an error;
// nil if the answer has none.
func refusalText(m *mask, contentType string, body []byte) error {
	kind, _, _ := mime.ParseMediaType(contentType)
	var fields map[string]any
	text := ""
	switch {
	case json.Unmarshal(body, &fields) == nil:
		for _, key := range []string{"message", "error_description", "error", "detail", "reason", "ErrorMessage"} {
			if s, ok := fields[key].(string); ok && s != "" {
				text = s
				break
			}
		}
	case kind == "text/plain":
		text = string(body)
	}
	if text = line(m.hide(text)); text == "" {
		return nil
	}
	return errors.New(text)
}

// line makes one printable line of at most 300 bytes of a text from elsewhere.
func line(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= 300 {
		return text
	}
	cut := 300
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// retryable reports whether the same request may be answered better later.
func retryable(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500
}

// statusHint says what to try after a tool refused with status.
func statusHint(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "check the credentials: authorization, basic_auth, oauth2 or headers"
	case status == http.StatusForbidden:
		return "the credentials are valid but not allowed to do this; allow them to stop a rollout"
	case status == http.StatusNotFound, status == http.StatusConflict:
		return fmt.Sprintf("check the url; if %d means that there is nothing left to stop, list it under already", status)
	case status == http.StatusTooManyRequests:
		return "the tool limits the rate of requests; Andon tries again"
	case status >= 300 && status < 400:
		return fmt.Sprintf("the tool redirects, and Andon follows only 307 and 308 to the same host; write the final url, or list %d under done if it means success", status)
	case retryable(status):
		return "the tool failed; Andon tries again"
	}
	return "check method, url and body against the tool's manual"
}
