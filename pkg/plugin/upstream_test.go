package plugin

import (
	"context"
	"math"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/andon-project/andon/pkg/demo/inprocess"
)

// noon is the time that the tests play at.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A testSeries is one series: a value every quarter minute from start to end.
type testSeries struct {
	labels     []string // name, value, name, value, …
	start, end time.Time
	value      func(t time.Time, i int) float64
}

// store opens a time series database that holds the series.
func store(t testing.TB, series []testSeries) *inprocess.Store {
	t.Helper()
	s, err := inprocess.OpenStore(inprocess.StoreConfig{Dir: t.TempDir(), Past: 7 * 24 * time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	app := s.DB.Appender(context.Background())
	for _, c := range series {
		for i, at := 0, c.start; !at.After(c.end); i, at = i+1, at.Add(15*time.Second) {
			if _, err := app.Append(0, labels.FromStrings(c.labels...), at.UnixMilli(), c.value(at, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	return s
}

// prometheusServer serves the series by the HTTP API of Prometheus.
func prometheusServer(t testing.TB, series []testSeries) string {
	t.Helper()
	s := httptest.NewServer(store(t, series).Handler())
	t.Cleanup(s.Close)
	return s.URL
}

// wobble is a value around level that differs between nodes and bins, the
// same at every run.
func wobble(level, phase float64) func(time.Time, int) float64 {
	return func(_ time.Time, i int) float64 {
		x := float64(i)
		return level * (1 + .02*math.Sin(x/3+phase) + .01*math.Sin(x*1.7+2*phase))
	}
}

// shop is a rollout that began at noon: four pods of v1 and one of v2 that
// is slow, each with its own latency, over three hours; a day before, the
// pods of v1 were as they are.
func shop() []testSeries {
	var all []testSeries
	for i, pod := range []string{"cart-a", "cart-b", "cart-c", "cart-d"} {
		pairs := []string{"__name__", "latency_seconds", "job", "cart", "pod", pod, "version", "v1"}
		value := wobble(.2, float64(i))
		all = append(all,
			testSeries{pairs, noon.Add(-24*time.Hour - 2*time.Hour), noon.Add(-23 * time.Hour), value},
			testSeries{pairs, noon.Add(-2 * time.Hour), noon.Add(time.Hour), value})
	}
	slow := testSeries{[]string{"__name__", "latency_seconds", "job", "cart", "pod", "cart-n", "version", "v2"}, noon, noon.Add(time.Hour), wobble(.3, 9)}
	lone := testSeries{[]string{"__name__", "latency_seconds", "job", "lone", "pod", "lone-a", "version", "v1"}, noon.Add(-2 * time.Hour), noon.Add(time.Hour), wobble(.2, 4)}
	next := testSeries{[]string{"__name__", "latency_seconds", "job", "lone", "pod", "lone-b", "version", "v2"}, noon, noon.Add(time.Hour), wobble(.2, 5)}
	worse := testSeries{[]string{"__name__", "queue_length", "pod", "cart-a"}, noon.Add(-2 * time.Hour), noon.Add(time.Hour), func(at time.Time, i int) float64 {
		level := 10.0
		if !at.Before(noon) {
			level = 20
		}
		return wobble(level, 1)(at, i)
	}}
	return append(all, slow, lone, next, worse)
}
