package source

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// twoPatterns is the answer that Loki's documentation of the endpoint shows,
// with one pattern twice, as of streams of two levels.
const twoPatterns = `{"status":"success","data":[
{"pattern":"<_> caller=grpc_logging.go:66 <_> level=error method=/cortex.Ingester/Push <_> msg=gRPC err=\"connection refused to object store\"","samples":[[1711839260,1],[1711839270,2],[1711839280,1]]},
{"pattern":"<_> caller=grpc_logging.go:66 <_> level=info method=/cortex.Ingester/Push <_> msg=gRPC","samples":[[1711839260,105],[1711839270,222],[1711839280,196]]},
{"pattern":"<_> caller=grpc_logging.go:66 <_> level=error method=/cortex.Ingester/Push <_> msg=gRPC err=\"connection refused to object store\"","samples":[[1711839290,3]]}]}`

func TestPatterns(t *testing.T) {
	var asked url.Values
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		if r.URL.Path != "/loki/api/v1/patterns" {
			t.Errorf("asked %s", r.URL.Path)
		}
		says(200, "application/json", twoPatterns)(w, r)
	}))
	defer srv.Close()
	start := time.Unix(1711839000, 0)
	got, err := newLoki(t, LokiConfig{URL: srv.URL}).Patterns(t.Context(), `{app="loki"} |= "x" | pod="a"`, andon.Range{Start: start, End: start.Add(time.Hour), Step: time.Minute})
	want := []andon.Pattern{
		{Text: "<_> caller=grpc_logging.go:66 <_> level=info method=/cortex.Ingester/Push <_> msg=gRPC", Lines: 523},
		{Text: `<_> caller=grpc_logging.go:66 <_> level=error method=/cortex.Ingester/Push <_> msg=gRPC err="connection refused to object store"`, Lines: 7},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	// Loki takes a stream selector there and nothing else.
	if asked.Get("query") != `{app="loki"}` || asked.Get("step") != "60" || asked.Get("start") != "1711839000000000000" || asked.Get("end") != "1711842600000000000" {
		t.Errorf("asked %v", asked)
	}
}

// A Loki without patterns is asked once; whatever else it refuses is an error,
// and is asked for again the next time, but not at once.
func TestPatternsRefused(t *testing.T) {
	text := "text/plain; charset=utf-8"
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		absent  bool
		kind    Kind
	}{
		{"pattern ingester off", says(404, text, ""), true, ""},
		{"another server's 404", says(404, "text/html", "<html>not found</html>"), true, ""},
		{"a proxy that does not have it", says(501, text, "not implemented"), true, ""},
		{"method not allowed", says(405, text, ""), true, ""},
		{"an error that says so", says(500, text, "rpc error: code = Unimplemented desc = unknown service logproto.Pattern"), true, ""},
		{"disabled", says(400, text, "patterns are disabled for this tenant"), true, ""},
		{"an empty answer", says(200, "application/json", `{"status":"success","data":[]}`), false, ""},
		{"an ingester that is down", says(500, text, "connection refused"), false, Unavailable},
		{"rate limit", says(429, text, "too many outstanding requests"), false, Unavailable},
		{"a selector that is refused", says(400, text, "parse error at line 1"), false, BadQuery},
		{"more than is read", says(200, "application/json", `{"status":"success","data":[]}`+strings.Repeat(" ", patternsBytes)), false, TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			tries := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tries++
				c.handler(w, r)
			}))
			defer srv.Close()
			var known Presence
			now := time.Unix(1711839000, 0)
			ask := func() {
				t.Helper()
				l := newLoki(t, LokiConfig{URL: srv.URL, Patterns: &known})
				l.now = func() time.Time { return now }
				got, err := l.Patterns(t.Context(), `{app="loki"}`, andon.Range{})
				if kind := kindOf(err); len(got) > 0 || kind != c.kind {
					t.Errorf("%v, %q (%v), want %q", got, kind, err, c.kind)
				}
			}
			ask()
			ask()
			want := 2
			if c.absent {
				want = 1
			}
			if tries != want {
				t.Errorf("asked %d times, want %d", tries, want)
			}
			now = now.Add(absentFor)
			if ask(); tries != want+1 {
				t.Errorf("asked %d times an hour later, want %d", tries, want+1)
			}
		})
	}
}

// kindOf returns the kind of an Error; empty if it is none.
func kindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}
