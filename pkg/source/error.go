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

// A Kind says what sort of refusal an Error is, and thereby what a caller can
// do about it.
type Kind string

// The kinds.
const (
	Unreachable Kind = "unreachable" // no answer: no such host, connection refused or cut
	Timeout     Kind = "timeout"     // no answer in time
	Canceled    Kind = "canceled"    // the caller lost interest
	Denied      Kind = "denied"      // status 401 or 403
	BadQuery    Kind = "bad_query"   // the query cannot be parsed or executed
	TooLarge    Kind = "too_large"   // the answer is larger than what is read
	Unavailable Kind = "unavailable" // the source is there but cannot answer now: status 429 or 5xx
	NotSource   Kind = "not_source"  // what answers is not the API that was wanted: a wrong URL
)

// An Error is a source's refusal or silence. Its text holds no credentials.
type Error struct {
	Kind   Kind
	Query  string // the query asked, empty if it was none
	URL    string // of whom it was asked, without credentials; empty if of nobody
	Status int    // HTTP status; 0 if no answer came
	Hint   string // what an operator can do
	Err    error

	after time.Duration // that the server asks to be left alone; 0 if it does not
}

// Error says what was asked, of whom, what came back and what to try.
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

// NoAnswer explains why a request was not answered, or not to the end; err is
// what net/http says of it.
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
