package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// read returns all lines of a query.
func read(t *testing.T, l *Loki, expr string, r andon.Range) ([]andon.Line, error) {
	t.Helper()
	var out []andon.Line
	for line, err := range l.Lines(t.Context(), expr, r) {
		if err != nil {
			return out, err
		}
		out = append(out, line)
	}
	return out, nil
}

func newLoki(t testing.TB, c LokiConfig) *Loki {
	t.Helper()
	if c.Backoff == 0 {
		c.Backoff = time.Millisecond
	}
	l, err := NewLoki(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const oneLine = `{"status":"success","data":{"resultType":"streams","result":[{"stream":{"pod":"a"},"values":[["1714564800000000000","hello"]]}]}}`

func TestLokiRefusals(t *testing.T) {
	release := make(chan struct{})
	js, text := "application/json", "text/plain; charset=utf-8"
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		kind    Kind
		status  int
		says    string
		tries   int64
	}{
		{"bad query", says(400, text, "parse error at line 1, col 28: syntax error: unexpected $end"), BadQuery, 400, "col 28", 1},
		{"no tenant", says(401, text, "no org id"), Denied, 401, "X-Scope-OrgID", 1},
		{"no credentials", says(401, text, "Unauthorized"), Denied, 401, "password", 1},
		{"forbidden", says(403, text, "not this tenant"), Denied, 403, "tenant", 1},
		{"wrong URL", says(404, "text/html", "<html>not found</html>"), NotSource, 404, "check the URL", 1},
		{"a web page", says(200, "text/html", "<!doctype html>"), NotSource, 200, "check the URL", 1},
		{"a metric answer", says(200, js, `{"status":"success","data":{"resultType":"matrix","result":[]}}`), BadQuery, 0, "not log lines", 1},
		{"an entry without text", says(200, js, `{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["1"]]}]}}`), NotSource, 0, "no time or no text", 1},
		{"a time that is none", says(200, js, `{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["noon","x"]]}]}}`), NotSource, 0, "cannot be read", 1},
		{"rate limit", says(429, text, "too many outstanding requests"), Unavailable, 429, "less often", 4},
		{"starting", says(503, text, "Service Unavailable"), Unavailable, 503, "log of the server", 4},
		{"server timeout", says(504, text, "request timed out, decrease the duration of the request"), Timeout, 504, "shorter range", 1},
		{"too many bytes", says(400, text, "the query would read too many bytes (query: 1TB, limit: 1GB)"), TooLarge, 400, "fewer streams", 1},
		{"huge", says(200, js, oneLine+strings.Repeat(" ", 5000)), TooLarge, 200, "4.88 KiB", 1},
		{"hangs", func(http.ResponseWriter, *http.Request) { <-release }, Timeout, 0, "in time", 1},
		{"closes", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Unreachable, 0, "reach it", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tries atomic.Int64
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				c.handler(w, r)
			}))
			defer srv.Close()
			timeout := 5 * time.Second
			if c.name == "hangs" {
				timeout = 50 * time.Millisecond
				defer func() { release <- struct{}{} }()
			}
			l := newLoki(t, LokiConfig{URL: strings.Replace(srv.URL, "//", "//bob7:hunter2@", 1) + "/?token=t0ps3cret", Timeout: timeout, MaxBytes: 5000})
			lines, err := read(t, l, `{a="b"}`, hour)
			var e *Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Status != c.status || e.Query != `{a="b"}` || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v (%+v), want kind %s, status %d, saying %q", err, e, c.kind, c.status, c.says)
			}
			for _, secret := range []string{"bob7", "hunter2", "t0ps3cret"} {
				if strings.Contains(fmt.Sprintf("%v %+v", err, e), secret) {
					t.Errorf("%q tells the secret %q", err, secret)
				}
			}
			if len(lines) > 0 || tries.Load() != c.tries {
				t.Errorf("%d lines after %d tries, want none after %d", len(lines), tries.Load(), c.tries)
			}
		})
	}
}

func TestLokiTriesAgain(t *testing.T) {
	tries := 0
	var warned []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries < 3 {
			says(429, "text/plain", "too many outstanding requests")(w, r)
			return
		}
		user, password, _ := r.BasicAuth()
		if r.URL.Path != "/gateway/loki/api/v1/query_range" || user != "ann" || password != "hunter2" {
			http.Error(w, "no", http.StatusTeapot)
			return
		}
		io.WriteString(w, strings.Replace(oneLine, `"data"`, `"warnings":["partial: 1 of 3 ingesters is away"],"data"`, 1))
	}))
	defer srv.Close()
	// People paste the address with the path of the API behind it.
	for _, path := range []string{"/gateway", "/gateway/", "/gateway/loki/api/v1/"} {
		tries, warned = 0, nil
		l := newLoki(t, LokiConfig{
			URL:  strings.Replace(srv.URL, "//", "//ann:hunter2@", 1) + path,
			Warn: func(q string, w []string) { warned = append(append(warned, q), w...) },
		})
		lines, err := read(t, l, `{a="b"}`, hour)
		if err != nil || len(lines) != 1 || lines[0].Text != "hello" || !lines[0].At.Equal(noon) || lines[0].Labels["pod"] != "a" {
			t.Errorf("%s: %v, %v", path, lines, err)
		}
		if want := []string{`{a="b"}`, "partial: 1 of 3 ingesters is away"}; !slices.Equal(warned, want) {
			t.Errorf("warned %q, want %q", warned, want)
		}
	}
}

// A server that says for how long it wants to be left alone is.
func TestLokiRetryAfter(t *testing.T) {
	tries := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tries++
		w.Header().Set("Retry-After", "1000")
		says(429, "text/plain", "later")(w, r)
	}))
	defer srv.Close()
	l := newLoki(t, LokiConfig{URL: srv.URL, Timeout: time.Minute})
	deadline := time.Now().Add(30 * time.Second)
	for _, err := range l.Lines(withDeadline(t, deadline), `{a="b"}`, hour) {
		if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != Unavailable {
			t.Error(err)
		}
	}
	if tries != 1 || !time.Now().Before(deadline) {
		t.Errorf("%d tries, want one, and no waiting that cannot end in time", tries)
	}
}

// More lines of one time than the server returns at all are cut, and that is said.
func TestLokiTooManyOfOneTime(t *testing.T) {
	var entries [][]string
	for i := range 30 {
		entries = append(entries, []string{"1714564800000000000", fmt.Sprint("line ", i)})
	}
	entries = append(entries, []string{"1714564801000000000", "the last"})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var limit int
		var start int64
		fmt.Sscan(r.FormValue("limit"), &limit)
		fmt.Sscan(r.FormValue("start"), &start)
		if limit > 20 {
			says(400, "text/plain", fmt.Sprintf("max entries limit per query exceeded, limit > max_entries_limit_per_query (%d > 20)", limit))(w, r)
			return
		}
		var values [][]string
		for _, e := range entries {
			if e[0] >= fmt.Sprint(start) && len(values) < limit {
				values = append(values, e)
			}
		}
		b, _ := json.Marshal(values)
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"streams","result":[{"stream":{"pod":"a"},"values":%s}]}}`, b)
	}))
	defer srv.Close()
	var warned []string
	l := newLoki(t, LokiConfig{URL: srv.URL, Warn: func(_ string, w []string) { warned = append(warned, w...) }})
	lines, err := read(t, l, `{a="b"}`, hour)
	if err != nil || len(lines) != 21 || lines[20].Text != "the last" {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if len(warned) != 1 || !strings.Contains(warned[0], "more than 20 lines have the time") {
		t.Errorf("warned %q", warned)
	}
}

func TestNewLokiRefuses(t *testing.T) {
	for _, address := range []string{"localhost:3100", "ftp://ann:hunter2@x", "http://", "http://ann:hunter2@[::1"} {
		if _, err := NewLoki(LokiConfig{URL: address}); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "localhost:3100") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Whatever answers, an answer ends in lines in order or in an *Error.
func FuzzLokiAnswer(f *testing.F) {
	f.Add(200, oneLine)
	f.Add(200, `{"status":"success","data":{"resultType":"streams","result":[{"stream":{"a":"b"},"values":[["1","x",{"c":"d"}],["0","y"]]}]}}`)
	f.Add(400, "max entries limit per query exceeded, limit > max_entries_limit_per_query (5000 > 0)")
	f.Add(400, "the query time range exceeds the limit (query length: 1h0m0s, limit: 30s)")
	f.Add(200, `{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]]}]}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 || status/100 == 3 {
			return
		}
		n := 0
		l := newLoki(t, LokiConfig{URL: "http://loki", Backoff: 1, MaxBytes: 1 << 20, Client: &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
			if n++; n > 20 { // it would answer so for ever
				return &http.Response{StatusCode: 404, Body: io.NopCloser(strings.NewReader("")), Request: r}
			}
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r}
		})}})
		var last time.Time
		for line, err := range l.Lines(t.Context(), `{a="b"}`, hour) {
			if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			if err == nil && n == 1 && line.At.Before(last) {
				t.Fatalf("%v after %v", line.At, last)
			}
			last = line.At
		}
		if _, err := l.Metric(t.Context(), `x`, hour); err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
		}
	})
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func withDeadline(t *testing.T, at time.Time) context.Context {
	ctx, cancel := context.WithDeadline(t.Context(), at)
	t.Cleanup(cancel)
	return ctx
}
