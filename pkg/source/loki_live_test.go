package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/logs/logql"
)

var update = flag.Bool("update", false, "record what the Loki at LOKI_URL answers")

// A tape holds what a real Loki was asked and answered, in order.
type tape struct {
	Base  time.Time // of the lines
	Takes []take
}

// A take is one request with its answer.
type take struct {
	URL    string // without the host
	Status int
	Type   string
	Body   string
}

const tapeFile = "testdata/loki.json"

// player answers from a tape.
type player struct {
	t    *testing.T
	tape *tape
	next int
}

func (p *player) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.next >= len(p.tape.Takes) {
		p.t.Errorf("%s is asked, and the tape is at its end; record it again with LOKI_URL and -update", r.URL.RequestURI())
		return nil, errors.New("the tape is at its end")
	}
	k := p.tape.Takes[p.next]
	p.next++
	if k.URL != r.URL.RequestURI() {
		p.t.Errorf("asked\n%s\nwhere\n%s\nwas recorded; record it again with LOKI_URL and -update", r.URL.RequestURI(), k.URL)
	}
	return &http.Response{StatusCode: k.Status, Header: http.Header{"Content-Type": {k.Type}}, Body: io.NopCloser(strings.NewReader(k.Body)), Request: r}, nil
}

// recorder keeps what a server answers.
type recorder struct{ tape *tape }

func (p recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	p.tape.Takes = append(p.tape.Takes, take{r.URL.RequestURI(), resp.StatusCode, resp.Header.Get("Content-Type"), withoutStats(body)})
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// withoutStats drops what Loki says of its own work, which is most of it.
func withoutStats(body []byte) string {
	var all struct {
		Status   string          `json:"status"`
		Data     json.RawMessage `json:"data,omitempty"`
		Warnings []string        `json:"warnings,omitempty"`
	}
	var data map[string]json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return string(body)
	}
	if json.Unmarshal(all.Data, &data) == nil {
		delete(data, "stats")
		all.Data, _ = json.Marshal(data)
	}
	out, err := json.Marshal(all)
	if err != nil {
		return string(body)
	}
	return string(out)
}

// TestLoki asks a real Loki, the one at LOKI_URL, or what one answered.
func TestLoki(t *testing.T) {
	address := os.Getenv("LOKI_URL")
	k := &tape{Base: time.Now().UTC().Truncate(time.Minute).Add(-5 * time.Minute)}
	var transport http.RoundTripper = recorder{k}
	if address == "" {
		text, err := os.ReadFile(tapeFile)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, k); err != nil {
			t.Fatal(err)
		}
		p := &player{t: t, tape: k}
		defer func() {
			if p.next < len(k.Takes) && !t.Failed() {
				t.Errorf("%d of %d recorded requests were made", p.next, len(k.Takes))
			}
		}()
		transport, address = p, "http://recorded"
	} else {
		pushTape(t, address, k.Base)
	}
	l, err := NewLoki(LokiConfig{URL: address, Client: &http.Client{Transport: transport}, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	askTape(t, l, k.Base)
	if *update && !t.Failed() && os.Getenv("LOKI_URL") != "" {
		writeTape(t, k)
	}
}

func writeTape(t *testing.T, k *tape) {
	t.Helper()
	text, err := json.MarshalIndent(k, "", " ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(tapeFile), 0o755)
	}
	if err == nil {
		err = os.WriteFile(tapeFile, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tapeLines are the lines that are pushed: the n-th of a node, two of them at a
// time, and eight more of one time.
func tapeLines(base time.Time) []andon.Line {
	run := strconv.FormatInt(base.Unix(), 10)
	var out []andon.Line
	for i := range 30 {
		for _, node := range []string{"a", "b"} {
			out = append(out, andon.Line{
				At: base.Add(time.Duration(i) * 2 * time.Second), Text: fmt.Sprintf("error: order %d of %s failed", i, node),
				Labels: map[string]string{"service_name": "andon-" + run, "pod": node, "version": "v" + node},
			})
		}
	}
	for i := range 8 {
		out = append(out, andon.Line{At: base.Add(70 * time.Second), Text: fmt.Sprintf("burst %d", i),
			Labels: map[string]string{"service_name": "andon-" + run, "pod": "a", "version": "va"}})
	}
	return out
}

// pushTape sends the lines to a Loki, version as structured metadata.
func pushTape(t *testing.T, address string, base time.Time) {
	t.Helper()
	type stream struct {
		Stream map[string]string `json:"stream"`
		Values [][]any           `json:"values"`
	}
	streams := map[string]*stream{}
	for _, l := range tapeLines(base) {
		pod := l.Labels["pod"]
		if streams[pod] == nil {
			streams[pod] = &stream{Stream: map[string]string{"service_name": l.Labels["service_name"], "pod": pod}}
		}
		streams[pod].Values = append(streams[pod].Values, []any{nanos(l.At), l.Text, map[string]string{"version": l.Labels["version"]}})
	}
	body, err := json.Marshal(map[string]any{"streams": []*stream{streams["a"], streams["b"]}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address+"/loki/api/v1/push", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("pushing: %s %s", resp.Status, text)
	}
}

func askTape(t *testing.T, l *Loki, base time.Time) {
	ctx := t.Context()
	name := tapeLines(base)[0].Labels["service_name"]
	r := andon.Range{Start: base, End: base.Add(2 * time.Minute), Step: 30 * time.Second}

	// A page smaller than the number of lines of one time.
	for _, page := range []int64{fullPage, 5} {
		l.page.Store(page)
		var got []string
		last := time.Time{}
		for line, err := range l.Lines(ctx, `{service_name="`+name+`"}`, r) {
			if err != nil {
				t.Fatal(err)
			}
			if line.At.Before(last) {
				t.Errorf("%q at %s comes after %s", line.Text, line.At, last)
			}
			last = line.At
			got = append(got, fmt.Sprintf("%d %s %s %s", line.At.Sub(base), line.Labels["pod"], line.Labels["version"], line.Text))
		}
		var want []string
		for _, line := range tapeLines(base) {
			want = append(want, fmt.Sprintf("%d %s %s %s", line.At.Sub(base), line.Labels["pod"], line.Labels["version"], line.Text))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d lines, want %d\n%s", page, len(got), len(want), strings.Join(got, "\n"))
		}
	}
	l.page.Store(fullPage)

	// version is structured metadata here, and pod is not.
	expr, err := l.Resolve(`{service_name="`+name+`"} |= "error"`, andon.Selector{"version": "vb", "pod": "=~a|b"})
	if want := `{service_name="` + name + `", pod=~"a|b"} |= "error" | version="vb"`; err != nil || expr != want {
		t.Errorf("resolved to %s (%v), want %s", expr, err, want)
	}
	n := 0
	for line, err := range l.Lines(ctx, expr, r) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; line.Labels["pod"] != "b" {
			t.Errorf("a line of pod %s", line.Labels["pod"])
		}
	}
	if n != 30 {
		t.Errorf("%d lines of version vb, want 30", n)
	}

	// One point is exact; the lines of 0 to 28 s are 15 a node.
	count := logql.CountOverTime(`{service_name="`+name+`"} |~ `+"`order\\s+.*?\\s+of`", []string{"pod"}, 30*time.Second, 0)
	m, err := l.Metric(ctx, count, andon.Range{Start: base.Add(29 * time.Second), End: base.Add(29 * time.Second), Step: time.Second})
	if err != nil || len(m) != 2 || m[0].Values[0].Value != 15 || m[1].Values[0].Value != 15 || string(m[0].Metric["pod"]) != "a" {
		t.Errorf("counted %v (%v), want 15 each", m, err)
	}
	m, err = l.Metric(ctx, count, r)
	total := 0.
	for _, s := range m {
		for _, v := range s.Values {
			total += float64(v.Value)
		}
	}
	if err != nil || total != 60 {
		t.Errorf("%v lines in all windows (%v), want 60: %v", total, err, m)
	}

	// A window that ends ten seconds before: the lines of 0 to 20 s, its end in it.
	before := logql.CountOverTime(`{service_name="`+name+`"}`, []string{"pod"}, 30*time.Second, 10*time.Second)
	m, err = l.Metric(ctx, before, andon.Range{Start: base.Add(30 * time.Second), End: base.Add(60 * time.Second), Step: 30 * time.Second})
	if err != nil || len(m) != 2 || len(m[0].Values) != 2 || m[0].Values[0].Value != 11 || m[0].Values[1].Value != 15 || !m[0].Values[0].Timestamp.Time().Equal(base.Add(30*time.Second)) {
		t.Errorf("counted %v (%v), want 11 and 15 each", m, err)
	}

	labels, err := l.Labels(ctx, `{service_name="`+name+`"}`, r)
	if err != nil || !slices.Contains(labels, "pod") || slices.Contains(labels, "version") {
		t.Errorf("labels %v (%v)", labels, err)
	}
	values, err := l.Values(ctx, "pod", `{service_name="`+name+`"}`, r)
	if err != nil || !slices.Equal(values, []string{"a", "b"}) {
		t.Errorf("pods %v (%v)", values, err)
	}
	series, err := l.Series(ctx, `{service_name="`+name+`"}`, r)
	if err != nil || len(series) != 2 {
		t.Errorf("series %v (%v)", series, err)
	}
	if _, err := l.Patterns(ctx, `{service_name="`+name+`"}`, andon.Range{Start: r.Start, End: r.End}); err != nil {
		t.Error(err)
	}
	if err := l.Check(ctx); err != nil {
		t.Error(err)
	}

	// What Loki refuses.
	_, err = l.Metric(ctx, `rate({service_name="x"}[1m]`, r)
	if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != BadQuery || !strings.Contains(err.Error(), "parse error") {
		t.Errorf("a query that cannot be read: %v", err)
	}
	l.page.Store(1_000_000)
	n = 0
	for _, err := range l.Lines(ctx, `{service_name="`+name+`"} |= "burst"`, r) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if got := l.page.Load(); n != 8 || got != fullPage {
		t.Errorf("%d lines with pages of %d, want 8 with %d", n, got, fullPage)
	}
	long := andon.Range{Start: base.Add(-45 * 24 * time.Hour), End: base.Add(2 * time.Minute), Step: time.Minute}
	n = 0
	for _, err := range l.Lines(ctx, `{service_name="`+name+`"} |= "burst"`, long) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 8 || l.span.Load() == 0 {
		t.Errorf("%d lines of 45 days with a span of %v, want 8", n, time.Duration(l.span.Load()))
	}
}
