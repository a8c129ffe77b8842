package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

var (
	noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	hour = andon.Range{Start: noon, End: noon.Add(time.Hour), Step: time.Minute}
)

const answer = `{"status":"success","data":{"resultType":"matrix","result":[
	{"metric":{"__name__":"up","pod":"a"},"values":[[1714564800,"1"],[1714564860,"NaN"]]},
	{"metric":{"pod":"b"},"values":[[1714564800,"0.5"]]}]}}`

// says returns a handler that always answers the same.
func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestRangeAnswers(t *testing.T) {
	var asked url.Values
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.URL.Path != "/prom/api/v1/query_range" || user != "ann" || password != "hunter2" {
			http.Error(w, "no", http.StatusTeapot)
			return
		}
		r.ParseForm()
		asked = r.Form
		io.WriteString(w, strings.Replace(answer, `"data"`, `"warnings":["half of the stores were away"],"data"`, 1))
	}))
	defer srv.Close()
	var warned []string
	p, err := NewPrometheus(PrometheusConfig{
		URL: strings.Replace(srv.URL, "//", "//ann:hunter2@", 1) + "/prom/", Timeout: 7 * time.Second,
		Warn: func(q string, w []string) { warned = append(append(warned, q), w...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Range(t.Context(), "up", hour)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.String(), "{pod=\"b\"} =>\n0.5 @[1714564800]\nup{pod=\"a\"} =>\n1 @[1714564800]\nNaN @[1714564860]"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if want := []string{"up", "half of the stores were away"}; !slices.Equal(warned, want) {
		t.Errorf("warned %q, want %q", warned, want)
	}
	want := url.Values{"query": {"up"}, "start": {"1714564800"}, "end": {"1714568400"}, "step": {"60"}, "timeout": {"7s"}}
	if asked.Encode() != want.Encode() {
		t.Errorf("asked %v, want %v", asked, want)
	}
}

func TestRangeRefusals(t *testing.T) {
	release := make(chan struct{})
	json := "application/json"
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		kind    Kind
		status  int
		says    string
	}{
		{"bad query", says(400, json, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:4: parse error: unclosed"}`), BadQuery, 400, "1:4: parse error"},
		{"execution", says(422, json, `{"status":"error","errorType":"execution","error":"many-to-many matching not allowed"}`), BadQuery, 422, "many-to-many"},
		{"too many samples", says(422, json, `{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}`), TooLarge, 422, "fewer labels"},
		{"no credentials", says(401, "text/plain", "Unauthorized"), Denied, 401, "password"},
		{"forbidden", says(403, json, `{"status":"error","error":"no org id"}`), Denied, 403, "no org id"},
		{"wrong URL", says(404, "text/html", "<html><body>404 page not found</body></html>"), NotSource, 404, "check the URL"},
		{"a web page", says(200, "text/html", "<!doctype html><title>Login</title>"), NotSource, 200, "check the URL"},
		{"bad request of a proxy", says(400, "text/html", "<h1>Bad Request</h1>"), NotSource, 400, "check the URL"},
		{"garbage", says(200, json, `{"status":"success","data":{"resultType":"matrix","result":[{"values":[[1]]}]}}`), NotSource, 200, "check the URL"},
		{"a vector", says(200, json, `{"status":"success","data":{"resultType":"vector","result":[]}}`), NotSource, 200, "not a matrix"},
		{"error in a 200", says(200, json, `{"status":"error","errorType":"execution","error":"boom"}`), BadQuery, 200, "boom"},
		{"starting", says(503, "text/plain", "Service Unavailable"), Unavailable, 503, "log of the server"},
		{"server timeout", says(503, json, `{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}`), Timeout, 503, "recording rule"},
		{"rate limit", says(429, "text/plain", "slow down"), Unavailable, 429, "less often"},
		{"huge", says(200, json, answer+strings.Repeat(" ", 5000)), TooLarge, 200, "4.88 KiB"},
		{"hangs", func(http.ResponseWriter, *http.Request) { <-release }, Timeout, 0, "in time"},
		{"hangs in the middle", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"status":`)
			w.(http.Flusher).Flush()
			<-release
		}, Timeout, 200, "in time"},
		{"cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"status":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, Unreachable, 200, "reach it"},
		{"closes", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Unreachable, 0, "reach it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewServer(c.handler)
			defer srv.Close()
			timeout := 5 * time.Second
			if c.kind == Timeout && c.status != 503 {
				timeout = 50 * time.Millisecond
				defer func() { release <- struct{}{} }()
			}
			p, err := NewPrometheus(PrometheusConfig{
				URL: strings.Replace(srv.URL, "//", "//ann:hunter2@", 1) + "/?token=t0ps3cret", Timeout: timeout, MaxBytes: 5000,
			})
			if err != nil {
				t.Fatal(err)
			}
			m, err := p.Range(t.Context(), "sum(up)", hour)
			checkError(t, err, Error{Kind: c.kind, Status: c.status, Query: "sum(up)", URL: srv.URL + "/api/v1/query_range"}, c.says)
			if m != nil {
				t.Errorf("an answer beside an error: %v", m)
			}
		})
	}
}

func checkError(t *testing.T, err error, want Error, says string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is a %T, not an *Error", err, err)
	}
	if e.Kind != want.Kind || e.Status != want.Status || e.Query != want.Query || e.URL != want.URL {
		t.Errorf("got  kind %s status %d query %q URL %s\nwant kind %s status %d query %q URL %s (%v)",
			e.Kind, e.Status, e.Query, e.URL, want.Kind, want.Status, want.Query, want.URL, err)
	}
	if !strings.Contains(err.Error(), says) {
		t.Errorf("%q does not say %q", err, says)
	}
	for _, secret := range []string{"ann", "hunter2", "t0ps3cret"} {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, *e), secret) {
			t.Errorf("%q tells the secret %q", err, secret)
		}
	}
}

func TestRangeUnreachable(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	addr := srv.URL
	srv.Close()
	p, err := NewPrometheus(PrometheusConfig{URL: strings.Replace(addr, "//", "//ann:hunter2@", 1)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Range(t.Context(), "up", hour)
	checkError(t, err, Error{Kind: Unreachable, Query: "up", URL: addr + "/api/v1/query_range"}, "refused")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Range(ctx, "up", hour)
	checkError(t, err, Error{Kind: Canceled, Query: "up", URL: addr + "/api/v1/query_range"}, "canceled")
}

func TestRangeSplits(t *testing.T) {
	var mu sync.Mutex
	points := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		var start, end int64
		fmt.Sscan(r.Form.Get("start"), &start)
		fmt.Sscan(r.Form.Get("end"), &end)
		if (end-start)/60 > maxPoints {
			says(400, "application/json", `{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution"}`)(w, r)
			return
		}
		var values []string
		for ts := start; ts <= end; ts += 60 {
			values = append(values, fmt.Sprintf(`[%d,"%d"]`, ts, ts))
		}
		mu.Lock()
		defer mu.Unlock()
		points += len(values)
		late := ""
		if start > noon.Unix() {
			late = fmt.Sprintf(`,{"metric":{"pod":"late"},"values":[[%d,"1"]]}`, end)
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"pod":"a"},"values":[%s]}%s]}}`, strings.Join(values, ","), late)
	}))
	defer srv.Close()
	p, err := NewPrometheus(PrometheusConfig{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, maxPoints - 1, maxPoints, maxPoints + 1, 2*maxPoints + 5} {
		points = 0
		m, err := p.Range(t.Context(), "up", andon.Range{Start: noon, End: noon.Add(time.Duration(n-1) * time.Minute), Step: time.Minute})
		if err != nil {
			t.Fatalf("%d points: %v", n, err)
		}
		if points != n || len(m) != 1+min(1, (n-1)/maxPoints) || len(m[0].Values) != n {
			t.Fatalf("%d points: %d asked for, %d series", n, points, len(m))
		}
		for i, v := range m[0].Values {
			if want := model.TimeFromUnix(noon.Unix() + int64(i)*60); v.Timestamp != want {
				t.Fatalf("%d points: point %d at %v, want %v", n, i, v.Timestamp, want)
			}
		}
	}
	if _, err := p.Range(t.Context(), "up", andon.Range{Start: noon, End: noon}); err == nil {
		t.Error("a step of zero was accepted")
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, body string
		kind       Kind
	}{
		{"works", `{"status":"success","data":{"resultType":"scalar","result":[1714564800,"2"]}}`, ""},
		{"cannot add", `{"status":"success","data":{"resultType":"scalar","result":[1714564800,"3"]}}`, NotSource},
		{"no result", `{}`, NotSource},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewServer(says(200, "application/json", c.body))
			defer srv.Close()
			p, err := NewPrometheus(PrometheusConfig{URL: srv.URL})
			if err != nil {
				t.Fatal(err)
			}
			err = p.Check(t.Context())
			var e *Error
			if errors.As(err, &e); (c.kind == "") != (err == nil) || e != nil && e.Kind != c.kind {
				t.Errorf("got %v, want kind %q", err, c.kind)
			}
		})
	}
}

func TestNewPrometheusRefuses(t *testing.T) {
	for _, u := range []string{"", "localhost:9090", "/metrics", "ftp://ann:hunter2@host", "http://ann:hunter2@[bad", "http://ann:hunter2%zz@host"} {
		_, err := NewPrometheus(PrometheusConfig{URL: u})
		if err == nil {
			t.Errorf("%q was accepted", u)
		} else if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "http://localhost:9090") {
			t.Errorf("%q: %v", u, err)
		}
	}
}
