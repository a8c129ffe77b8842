package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// A Kind is the kind of an Error, by which a caller decides what to do.
type Kind string

// The kinds.
const (
	Unreachable Kind = "unreachable" // no answer: no such host, connection refused or cut
	Timeout     Kind = "timeout"     // no answer in time
	Canceled    Kind = "canceled"    // the caller cancelled the request
	Denied      Kind = "denied"      // status 401 or 403
	BadQuery    Kind = "bad_query"   // the query cannot be parsed or executed
	TooLarge    Kind = "too_large"   // the answer is larger than what is read
	Unavailable Kind = "unavailable" // the source is there but cannot answer now: status 429 or 5xx
	NotSource   Kind = "not_source"  // the URL is not that of the expected API
)

// An Error says that a source refused or did not answer. Its text holds no
// credentials.
type Error struct {
	Kind   Kind
	Query  string // empty if there was none
	URL    string // of the request, without credentials; empty if there was none
	Status int    // HTTP status; 0 if no answer came
	Hint   string // what an operator can do
	Err    error

	after time.Duration // in which the server accepts no request; 0 if unknown
}

// Error returns the URL, the query, the answer and what to try.
func (e *Error) Error() string {
	var b strings.Builder
	if e.URL != "" {
		b.WriteString(e.URL + ": ")
	}
	if e.Query != "" {
		fmt.Fprintf(&b, "query %s: ", e.Query)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, "status %d: ", e.Status)
	}
	if e.Err != nil {
		b.WriteString(e.Err.Error())
	} else {
		b.WriteString(strings.ReplaceAll(string(e.Kind), "_", " "))
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NoAnswer returns the Error for a request without a complete answer; err is the
// error of net/http.
func NoAnswer(ctx context.Context, err error) *Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // its text would repeat the URL, with the user's name
	}
	var n net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &Error{Kind: Canceled, Err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &n) && n.Timeout():
		return &Error{Kind: Timeout, Err: fmt.Errorf("no answer in time: %w", err), Hint: "raise the timeout"}
	}
	return &Error{Kind: Unreachable, Err: err, Hint: "check the URL, and that this machine can reach it"}
}
