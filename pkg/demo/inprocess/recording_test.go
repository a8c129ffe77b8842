package inprocess

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/lab/recording"
)

// TestRecordingLikeStore asks a recording and a real time series database for the
// same expressions over the same samples.
func TestRecordingLikeStore(t *testing.T) {
	const step = 15 * time.Second
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	end := start.Add(30 * time.Minute)
	store, err := OpenStore(StoreConfig{Dir: t.TempDir(), Past: 365 * 24 * time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var samples recording.Samples
	series := map[string]*recording.Series{}
	app := store.DB.Appender(t.Context())
	for n, at := 0, start; !at.After(end); n, at = n+1, at.Add(step) {
		for pod := range 4 {
			for _, code := range []string{"200", "404", "500"} {
				c, _ := strconv.Atoi(code)
				value := float64(n*(pod+1)*(700-c)/100) + float64(n*n%7)
				switch {
				case pod == 1 && n > 60: // the counter starts again
					value -= float64(60 * 2 * (700 - c) / 100)
				case pod == 2 && n > 40 && n < 70: // a gap longer than the lookback
					continue
				case pod == 3 && n < 50: // a new series
					continue
				}
				l := labels.FromStrings("__name__", "requests_total", "pod", "pod-"+strconv.Itoa(pod), "code", code)
				if series[l.String()] == nil {
					series[l.String()] = samples.Add(l)
				}
				if err := series[l.String()].Append(at.UnixMilli(), value); err != nil {
					t.Fatal(err)
				}
				if _, err := app.Append(0, l, at.UnixMilli(), value); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	engine := recording.NewEngine(5*time.Minute, nil, nil)
	for _, tt := range []struct {
		name, expr string
		empty      bool
	}{
		{name: "instant vector", expr: `requests_total`},
		{name: "equal", expr: `requests_total{code="500"}`},
		{name: "not equal", expr: `requests_total{code!="500"}`},
		{name: "regex", expr: `requests_total{code=~"[45]..",pod=~"pod-[12]"}`},
		{name: "regex not", expr: `requests_total{pod!~"pod-(0|3)"}`},
		{name: "label that is not there", expr: `requests_total{region=""}`},
		{name: "nothing matches", expr: `requests_total{pod="pod-9"}`, empty: true},
		{name: "rate", expr: `rate(requests_total[1m])`},
		{name: "increase over a restart", expr: `increase(requests_total{pod="pod-1"}[5m])`},
		{name: "sum by", expr: `sum by (pod) (rate(requests_total{code=~"5.."}[2m]))`},
		{name: "ratio", expr: `sum by (pod) (rate(requests_total{code="500"}[1m])) / sum by (pod) (rate(requests_total[1m]))`},
		{name: "count without", expr: `count without (code) (requests_total)`},
		{name: "offset", expr: `requests_total offset 7m`},
		{name: "rate with offset", expr: `sum(rate(requests_total[1m] offset 3m))`},
		{name: "negative offset", expr: `requests_total{pod="pod-0"} offset -2m`},
		{name: "at", expr: `requests_total @ ` + strconv.FormatInt(start.Add(10*time.Minute).Unix(), 10)},
		{name: "subquery", expr: `max_over_time(sum(rate(requests_total[1m]))[10m:1m])`},
		{name: "subquery with offset", expr: `avg_over_time(rate(requests_total{code="404"}[1m])[5m:30s] offset 2m)`},
		{name: "over time", expr: `quantile_over_time(.9, requests_total[3m])`},
		{name: "changes", expr: `changes(requests_total[5m])`},
		{name: "absent", expr: `absent(requests_total{pod="pod-9"})`},
		{name: "absent until it comes", expr: `absent(requests_total{pod="pod-3"})`},
		{name: "absent over time", expr: `absent_over_time(requests_total{pod="pod-2"}[4m])`},
		{name: "topk", expr: `topk(2, requests_total)`},
		{name: "or", expr: `requests_total{pod="pod-3"} or requests_total{pod="pod-0"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := andon.Range{Start: start.Add(-2 * time.Minute), End: end.Add(7 * time.Minute), Step: 20 * time.Second}
			want, err := store.Range(t.Context(), tt.expr, r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := recording.Range(t.Context(), engine, &samples, tt.expr, r)
			if err != nil {
				t.Fatal(err)
			}
			sameMatrix := cmpopts.SortSlices(func(a, b *model.SampleStream) bool { return a.Metric.String() < b.Metric.String() })
			if d := cmp.Diff(want, got, sameMatrix, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("-database +recording:\n%s", d)
			}
			if (len(want) == 0) != tt.empty {
				t.Errorf("%d series, empty should be %v", len(want), tt.empty)
			}
		})
	}
}
