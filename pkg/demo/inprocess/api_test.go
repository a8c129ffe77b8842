package inprocess

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/andon-project/andon/pkg/andon"
)

// noon is when the samples of these tests begin.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func openStore(t *testing.T, past time.Duration) *Store {
	t.Helper()
	s, err := OpenStore(StoreConfig{Dir: t.TempDir(), Past: past}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t *testing.T, s *Store, name string, at time.Time, values ...float64) {
	t.Helper()
	app := s.DB.Appender(t.Context())
	for i, v := range values {
		when := at.Add(time.Duration(i) * time.Minute)
		if _, err := app.Append(0, labels.FromStrings("__name__", name, "pod", "a"), when.UnixMilli(), v); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}

// get returns the status and the body of an answer, without spaces.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestHandler(t *testing.T) {
	s := openStore(t, 0)
	put(t, s, "requests", noon, 1, 2, 4)
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	unix := func(minutes int) int64 { return noon.Add(time.Duration(minutes) * time.Minute).Unix() }
	for _, tt := range []struct {
		name, path string
		code       int
		want       string
	}{
		{"query", fmt.Sprintf("/api/v1/query?query=requests&time=%d", unix(1)), 200,
			fmt.Sprintf(`"value":[%d,"2"]`, unix(1))},
		{"query_range", fmt.Sprintf("/api/v1/query_range?query=requests*10&start=%d&end=%d&step=60", unix(0), unix(2)), 200,
			fmt.Sprintf(`"values":[[%d,"10"],[%d,"20"],[%d,"40"]]`, unix(0), unix(1), unix(2))},
		{"series", fmt.Sprintf("/api/v1/series?match[]=requests&start=%d&end=%d", unix(0), unix(2)), 200, `[{"__name__":"requests","pod":"a"}]`},
		{"labels", "/api/v1/labels", 200, `["__name__","pod"]`},
		{"label values", "/api/v1/label/pod/values", 200, `["a"]`},
		{"no rules", "/api/v1/rules", 200, `"groups":[]`},
		{"no alerts", "/api/v1/alerts", 200, `"alerts":[]`},
		{"build", "/api/v1/status/buildinfo", 200, `"goVersion"`},
		{"ready", "/-/ready", 200, ""},
		{"not PromQL", "/api/v1/query?query=" + url.QueryEscape("sum("), 400, `"errorType":"bad_data"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, body := get(t, srv.URL+tt.path)
			if code != tt.code || !strings.Contains(body, tt.want) {
				t.Errorf("got %d %s\nwant %d with %s", code, body, tt.code, tt.want)
			}
		})
	}
}

func TestRange(t *testing.T) {
	s := openStore(t, 24*time.Hour)
	put(t, s, "requests", noon, 1, 2, 4)
	put(t, s, "requests", noon.Add(-time.Hour), 7) // behind the newest sample
	for _, tt := range []struct {
		name, expr string
		from, to   time.Duration
		want       string
		fails      string
	}{
		{"values", "requests", 0, 2 * time.Minute, `[{"metric":{"__name__":"requests","pod":"a"},"values":[[1772366400,"1"],[1772366460,"2"],[1772366520,"4"]]}]`, ""},
		{"appended late", "requests", -time.Hour, -time.Hour, `[{"metric":{"__name__":"requests","pod":"a"},"values":[[1772362800,"7"]]}]`, ""},
		{"nothing there", "absent_metric", 0, time.Minute, `[]`, ""},
		{"not PromQL", "sum(", 0, time.Minute, "", "query sum(: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := s.Range(t.Context(), tt.expr, andon.Range{Start: noon.Add(tt.from), End: noon.Add(tt.to), Step: time.Minute})
			if tt.fails != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.fails) {
					t.Fatalf("got error %v, want one that begins with %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
