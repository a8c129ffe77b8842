package delivery

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"time"
)

// A webhook halts by one HTTP request. It is as idempotent as its receiver:
// every try carries the halt's id as its Idempotency-Key.
type webhook struct {
	method        string
	url, body     *template.Template
	headers       map[string]*template.Template
	origin        string // scheme and host that requests go to
	done, already []int
	timeout       time.Duration
	client        *http.Client
	secrets       *mask
}

// request returns the request of h, and the mask of its secrets.
func (w *webhook) request(ctx context.Context, h Halt) (*http.Request, *mask, error) {
	raw, err := render(w.url, h)
	if err != nil {
		return nil, nil, err
	}
	u, err := url.Parse(raw)
	if err != nil || originOf(u) != w.origin || u.User != nil {
		return nil, nil, fmt.Errorf("the rendered url is not on %s", w.origin)
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == ".." || part == "." {
			return nil, nil, fmt.Errorf("the rendered url has . or .. in its path; use urlpath in the template")
		}
	}
	body, err := render(w.body, h)
	if err != nil {
		return nil, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, w.method, u.String(), bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, nil, fmt.Errorf("the rendered url is not valid")
	}
	for name, t := range w.headers {
		value, err := render(t, h)
		if err != nil {
			return nil, nil, fmt.Errorf("the template of the header %s fails for this rollout", name)
		}
		req.Header.Set(name, strings.Join(strings.Fields(value), " "))
	}
	req.Header.Set("Idempotency-Key", headerSafe(h.ID))
	secrets := w.secrets.with(req)
	for _, values := range u.Query() {
		for _, v := range values {
			secrets.add(v)
		}
	}
	return req, secrets, nil
}

// headerSafe returns id as it is, or escaped if it cannot stand in a header.
func headerSafe(id string) string {
	if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
		return url.QueryEscape(id)
	}
	return id
}

// describe returns a request as people may see it: no query, for it may hold a token.
func describe(req *http.Request) string {
	text := req.Method + " " + originOf(req.URL) + req.URL.EscapedPath()
	if req.URL.RawQuery != "" {
		text += "?" + strings.Join(slices.Sorted(maps.Keys(req.URL.Query())), "=…&") + "=…"
	}
	return text
}

// Plan implements Halter. It gives the size of the body and not the body,
// which may hold a token.
func (w *webhook) Plan(h Halt) string {
	req, _, err := w.request(context.Background(), h)
	if err != nil {
		return w.method + " " + w.origin + " cannot be built: " + w.secrets.hide(err.Error())
	}
	text := describe(req)
	if req.ContentLength > 0 {
		text += fmt.Sprintf(" with %d bytes of %s", req.ContentLength, cmp.Or(req.Header.Get("Content-Type"), "body"))
	}
	return text
}

// Halt implements Halter.
func (w *webhook) Halt(ctx context.Context, h Halt) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	req, secrets, err := w.request(ctx, h)
	if err != nil {
		return Answer{}, &Error{Tool: "webhook", Request: w.method + " " + w.origin, Err: maskError(w.secrets, err), Hint: "check the templates of url, headers and body against the announced rollout"}
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return Answer{}, &Error{Tool: "webhook", Request: describe(req), Retry: true, Err: maskError(w.secrets.with(req), err), Hint: netHint(err)}
	}
	defer resp.Body.Close()
	// What cannot be read of a body is no loss: the status is the answer.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	a := Answer{Request: describe(req), Status: resp.StatusCode}
	switch s := resp.StatusCode; {
	case slices.Contains(w.already, s):
		a.Already = true
		a.Text = fmt.Sprintf("the rollout was already halted or finished (status %d)", s)
		return a, nil
	case s >= 200 && s < 300, slices.Contains(w.done, s):
		a.Text = fmt.Sprintf("the tool accepted the request to %s (status %d)", cmp.Or(h.Action, ActionHalt), s)
		return a, nil
	}
	secrets = secrets.with(resp.Request) // with what a file or a token server gave
	return Answer{}, &Error{
		Tool: "webhook", Request: a.Request, Status: resp.StatusCode, Retry: retryable(resp.StatusCode),
		Err: refusalText(secrets, resp.Header.Get("Content-Type"), body), Hint: statusHint(resp.StatusCode),
	}
}
