package plugin

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/lab/replay"
	"github.com/andon-project/andon/pkg/source"
)

// rolloutCase is a rollout of every kind of signal, of a service that can be
// seen node by node, and one of another service that time alone divides.
func rolloutCase() replay.Case {
	cart := andon.Service{Name: "cart", Node: "pod", Version: "version", Signals: []andon.Signal{
		{Name: "latency", Metric: `avg by (pod, version) (latency_seconds{service="cart"})`, Worse: andon.Higher, Unit: "s"},
		{Name: "success", Metric: `success_ratio{service="cart"}`, Worse: andon.Lower, Unit: "ratio"},
		{Name: "errors", Metric: `sum by (pod, version) (rate(errors_total{service="cart"}[1m]))`,
			Per: `sum by (pod, version) (rate(requests_total{service="cart"}[1m]))`},
		{Name: "cpu", Metric: `cpu_ratio{service="cart"}`, Worse: andon.Both, Unit: "ratio"},
		{Name: "items", Metric: `items{service="cart"}`},
	}}
	queue := andon.Service{Name: "queue", Node: "pod", Sensitivity: andon.High, Signals: []andon.Signal{
		{Name: "length", Metric: `queue_length`, Worse: andon.Higher},
		{Name: "latency", Metric: `latency_seconds{service="queue"}`, Worse: andon.Higher, Unit: "s"},
	}}
	started := noon.Add(20 * time.Second) // not on a bin
	return replay.Case{
		Name: "agree", Source: "made for this test", Step: model.Duration(time.Minute),
		Start: noon.Add(-2 * time.Hour), End: noon.Add(40*time.Minute + 30*time.Second),
		Services: []andon.Service{cart, queue},
		Rollouts: []andon.Rollout{
			{ID: "cart-v2", Service: "cart", Started: started, Candidate: andon.Selector{"version": "v2"}, Control: andon.Selector{"version": "v1"}},
			{ID: "queue-2", Service: "queue", Started: started, Strategy: andon.BeforeAfter},
		},
	}
}

// seriesOf returns the samples of the rollout.
func seriesOf(c replay.Case) []testSeries {
	var all []testSeries
	add := func(start time.Time, value func(time.Time, int) float64, labels ...string) {
		all = append(all, testSeries{append([]string{"__name__"}, labels...), start, c.End, value})
	}
	pod := func(i int, version string, start time.Time, worse float64) {
		name, phase := fmt.Sprintf("cart-%d", i), float64(i)
		of := func(metric string) []string {
			return []string{metric, "service", "cart", "pod", name, "version", version}
		}
		counter := func(rate float64) func(time.Time, int) float64 {
			return func(_ time.Time, i int) float64 {
				return math.Floor(rate * (float64(i) + 3*math.Sin(float64(i)/5+phase)))
			}
		}
		add(start, wobble(.2*worse, phase), of("latency_seconds")...)
		add(start, func(_ time.Time, i int) float64 { return 1 - .01*worse*(1.1+math.Sin(float64(i)+phase)) }, of("success_ratio")...)
		add(start, counter(.5*worse), of("errors_total")...)
		add(start, counter(40), of("requests_total")...)
		add(start, wobble(.3/worse, 2*phase), of("cpu_ratio")...)
		add(start, wobble(100*worse, 3*phase), of("items")...)
	}
	for i := range 5 {
		pod(i, "v1", c.Start, 1)
	}
	pod(5, "v2", noon, 1.2)
	pod(6, "v2", noon.Add(5*time.Minute), 1.04)
	rising := func(at time.Time, i int) float64 {
		return wobble(10, 1)(at, i) + 4*max(0, at.Sub(noon).Minutes()/30)
	}
	add(c.Start, rising, "queue_length", "pod", "queue-0")
	add(c.Start, wobble(12, 2), "queue_length", "pod", "queue-1")
	add(c.Start, wobble(.1, 5), "latency_seconds", "service", "queue", "pod", "queue-0")
	return all
}

// write writes the case as a folder that is replayed.
func write(t *testing.T, c replay.Case, series []testSeries) string {
	t.Helper()
	dir := t.TempDir()
	text, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var samples bytes.Buffer
	z := gzip.NewWriter(&samples)
	for _, s := range series {
		series := ""
		for i := 2; i < len(s.labels); i += 2 {
			series += fmt.Sprintf(",%s=%q", s.labels[i], s.labels[i+1])
		}
		series = s.labels[1] + "{" + strings.TrimPrefix(series, ",") + "}"
		for i, at := 0, s.start; !at.After(s.end); i, at = i+1, at.Add(15*time.Second) {
			fmt.Fprintf(z, "%s %s %s\n", series, strconv.FormatFloat(s.value(at, i), 'g', -1, 64), strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', -1, 64))
		}
	}
	fmt.Fprintln(z, "# EOF")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"case.yaml": text, "metrics.om.gz": samples.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// panel returns what a person would ask the data source to see a signal of a
// rollout.
func panel(t *testing.T, ro andon.Rollout, s andon.Service, sig andon.Signal) string {
	t.Helper()
	q := querySpec{V: 1, QueryType: "deviation", Name: sig.Name, Expr: sig.Metric, Per: sig.Per, NodeLabel: s.Node, Cohorts: byLabels,
		Candidate: ro.Candidate, Control: ro.Control, Since: stringOrNumber(ro.Started.Format(time.RFC3339)),
		Worse: sig.Worse, Sensitivity: s.Sensitivity, Unit: sig.Unit}
	if ro.Strategy == andon.BeforeAfter {
		q.Cohorts = byTime
	}
	b, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A point is one node's deviation at one time.
type point struct {
	node string
	at   int64
}

// TestPanelAndTickAgree holds Andon to its promise: what a panel shows, what
// a tick finds and what a replay of the same samples finds is one number, to
// the last bit.
func TestPanelAndTickAgree(t *testing.T) {
	c := rolloutCase()
	series := seriesOf(c)
	s := store(t, series)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)

	queries := map[string]string{}
	for i, ro := range c.Rollouts {
		for _, sig := range c.Services[i].Signals {
			queries[ro.ID+"/"+sig.Name] = panel(t, ro, c.Services[i], sig)
		}
	}
	shown := panels(t, server.URL, queries, c.End, 15*time.Second)
	for ref, wide := range panels(t, server.URL, queries, c.End, 5*time.Minute) {
		if len(wide)*4 > len(shown[ref]) || len(wide) == 0 {
			t.Errorf("%s: a wide panel shows %d points of %d", ref, len(wide), len(shown[ref]))
		}
		for at, v := range wide {
			if shown[ref][at] != v {
				t.Errorf("%s at %v is %v on a wide panel, %v on a narrow one", ref, at, v, shown[ref][at])
			}
		}
	}

	under := make([]judge.Underway, len(c.Rollouts))
	for i, ro := range c.Rollouts {
		under[i] = judge.Underway{Rollout: ro, Service: c.Services[i]}
	}
	a := &judge.Analyzer{Metrics: deviation.Source{Ask: s.Range, Resolve: source.Resolve}}
	watch, found := a.NewWatch(2), 0
	var last []andon.Verdict
	for now := noon.Add(time.Minute); !now.After(c.End); now = now.Add(time.Minute) {
		last = watch.Tick(context.Background(), under, now)
		for _, v := range last {
			found += agree(t, "tick", v, shown, now)
		}
	}
	if want := 40 * len(queries) * 9 / 10; found < want {
		t.Errorf("%d deviations were found by ticks, too few to tell; wanted %d", found, want)
	}
	last = watch.Tick(context.Background(), under, c.End)
	late := a.NewWatch(1).Tick(context.Background(), under, c.End)

	loaded, err := replay.LoadCase(write(t, c, series))
	if err != nil {
		t.Fatal(err)
	}
	judged, err := replay.Replay(context.Background(), loaded, replay.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range last {
		for name, v := range map[string]andon.Verdict{"last tick": last[i], "only tick": late[i], "replay": judged[i].Verdict} {
			if n := agree(t, name, v, shown, c.End); n != len(c.Services[i].Signals) {
				t.Errorf("%s found deviations of %d signals of %s, wanted %d", name, n, v.Rollout, len(c.Services[i].Signals))
			}
		}
	}
}

// panels asks the data source, and returns what every panel showed of every
// node at every time.
func panels(t *testing.T, url string, queries map[string]string, end time.Time, interval time.Duration) map[string]map[point]float64 {
	t.Helper()
	req := ask(queries)
	for i := range req.Queries {
		req.Queries[i].TimeRange = backend.TimeRange{From: noon, To: end}
		req.Queries[i].Interval = interval
	}
	res, err := instance(t, backend.DataSourceInstanceSettings{URL: url}).QueryData(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]map[point]float64{}
	for ref, r := range res.Responses {
		if r.Error != nil {
			t.Fatalf("%s: %v", ref, r.Error)
		}
		shown[ref] = map[point]float64{}
		for _, f := range r.Frames {
			for i := range f.Rows() {
				if v, ok := f.Fields[1].ConcreteAt(i); ok {
					shown[ref][point{f.Fields[1].Labels["node"], f.Fields[0].At(i).(time.Time).Unix()}] = v.(float64)
				}
			}
		}
	}
	return shown
}

// agree holds a verdict's deviations against the panels, and returns how many
// there were.
func agree(t *testing.T, name string, v andon.Verdict, shown map[string]map[point]float64, now time.Time) int {
	t.Helper()
	n := 0
	for _, f := range v.Findings {
		if f.Kind != "metric" || !f.Deviation.Known() {
			continue
		}
		n++
		at := now.Truncate(time.Minute)
		got, ok := shown[v.Rollout+"/"+f.Signal][point{f.Node, at.Unix()}]
		if !ok || got != float64(f.Deviation) {
			t.Errorf("%s of %s at %s: %s of %s deviates by %v, the panel shows %v", name, v.Rollout, at.Format("15:04"), f.Signal, f.Node, f.Deviation, got)
		}
	}
	return n
}
