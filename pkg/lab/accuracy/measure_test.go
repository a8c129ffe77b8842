package accuracy

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/lab/replay"
)

const shopCase = `name: %[1]s
source: made up
step: 60s
start: 2024-05-01T10:30:00Z
end: 2024-05-01T12:30:00Z
services:
- name: shop
  node: pod
  version: version
  signals:
  - {name: success, metric: 'avg by (pod) (success{service="shop"})', worse: lower, unit: ratio}
  - {name: latency, metric: latency, worse: higher, unit: ms}
- name: till
  node: pod
  version: version
  signals:
  - {name: errors, metric: errors, per: calls, worse: higher}
rollouts:
- {id: shop-v2, service: shop, strategy: canary, candidate: {version: v2}, control: {version: v1}, started: 2024-05-01T11:59:00Z, stages: [2024-05-01T12:00:00Z, 2024-05-01T12:25:00Z], ended: 2024-05-01T12:30:00Z}
- {id: till-v2, service: till, strategy: canary, candidate: {version: v2}, control: {version: v1}, started: 2024-05-01T11:59:00Z, stages: [2024-05-01T12:00:00Z, 2024-05-01T12:25:00Z], ended: 2024-05-01T12:30:00Z}
truth:
- {rollout: shop-v2, regression: %[2]v, fault: %[3]s}
- {rollout: till-v2, regression: false, fault: null}
`

// writeShop writes a case folder: two services with three old pods and a new
// one each; the shop's new pod fails that share of its calls.
func writeShop(t *testing.T, root, name string, fails float64) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(fails*1000), uint64(len(name))))
	metrics := map[string]*strings.Builder{}
	sample := func(metric, labels string, v float64, at time.Time) {
		if metrics[metric] == nil {
			metrics[metric] = new(strings.Builder)
			fmt.Fprintf(metrics[metric], "# TYPE %s gauge\n", metric)
		}
		fmt.Fprintf(metrics[metric], "%s{%s} %g %d\n", metric, labels, v, at.Unix())
	}
	for pod := range 4 {
		version, share := "v1", .01
		if pod == 3 {
			version, share = "v2", fails
		}
		for m := -90; m <= 30; m++ {
			if version == "v2" && m < 0 {
				continue
			}
			at := noon.Add(time.Duration(m) * time.Minute)
			labels := func(service string) string {
				return fmt.Sprintf(`service="%s",pod="%s-%d",version="%s"`, service, service, pod, version)
			}
			ok := 0
			for range 200 {
				if r.Float64() >= share {
					ok++
				}
			}
			sample("success", labels("shop"), float64(ok)/200, at)
			sample("latency", labels("shop"), 20+2*r.NormFloat64(), at)
			sample("calls", labels("till"), 100, at)
			if m%7 == 0 { // a counter that is not exported until it counts
				sample("errors", labels("till"), .1, at)
			}
		}
	}
	var text strings.Builder
	for _, metric := range []string{"success", "latency", "calls", "errors"} {
		text.WriteString(metrics[metric].String())
	}
	text.WriteString("# EOF\n")
	bad, fault := fails > .02, "null"
	if bad {
		fault = map[bool]string{true: "exception", false: "leak"}[fails > .5]
	}
	write(t, filepath.Join(root, name), fmt.Sprintf(shopCase, name, bad, fault), text.String())
}

// write writes a case folder.
func write(t *testing.T, dir, text, metrics string) {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(metrics))
	if err := errors.Join(err, z.Close(), os.MkdirAll(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "case.yaml"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, "metrics.om.gz"), packed.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// shops writes six cases, three of them bad, and returns their folders.
func shops(t *testing.T) []string {
	t.Helper()
	root := t.TempDir()
	for i, fails := range []float64{.6, .01, .3, .01, .7, .01} {
		writeShop(t, root, fmt.Sprintf("shop-%d", i), fails)
	}
	dirs, err := replay.Find([]string{root})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

func TestRun(t *testing.T) {
	dirs := shops(t)
	var documents [2]string
	for i := range documents {
		done := 0
		r, err := Run(t.Context(), dirs, Options{Progress: func(n, of int) { done = n }})
		if err != nil {
			t.Fatal(err)
		}
		rows := r.Rows()
		if done != 6 || len(r.Cases) != 6 || len(rows) != len(Peers)+1 {
			t.Fatalf("%d done, %d cases, %d rows", done, len(r.Cases), len(rows))
		}
		for _, row := range rows {
			// Three bad rollouts that nobody can miss, and nothing else.
			if row.Set != "shop" || row.Bad != 3 || row.Clean != 9 || row.Judge != rows[0].Judge && row.Recall != 1 {
				t.Errorf("%s: %+v", row.Judge, row.Score)
			}
			if n := len(row.Intervals); n != len(measures) {
				t.Errorf("%s: %d intervals", row.Judge, n)
			}
		}
		if s := rows[0].Score; s.Found != 3 || s.Alarms != 0 || s.AUC != 1 || s.HR1 != 1 || s.FirstStage != 1 || rows[0].Judge != "Andon" {
			t.Errorf("%s: %+v", rows[0].Judge, s)
		}
		var b strings.Builder
		if err := errors.Join(WriteTable(&b, rows), WriteDocument(&b, r, rows)); err != nil {
			t.Fatal(err)
		}
		documents[i] = b.String() + Plot(rows)
	}
	if d := cmp.Diff(documents[0], documents[1]); d != "" {
		t.Errorf("another document the second time:\n%s", d)
	}
	for _, want := range []string{"|shop|6|3 bad, 9 clean|no description|", "## Found by kind of fault: shop", "|exception|2/2|", `isNaN(result[0]) \|\| result[0]`, "](img/accuracy-delay.svg)"} {
		if !strings.Contains(documents[0], want) {
			t.Errorf("the document does not say %q", want)
		}
	}
}

// TestPeersSeeWhatTheJudgeSees: what a rule is shown is what the source would
// have answered at each tick.
func TestPeersSeeWhatTheJudgeSees(t *testing.T) {
	c, err := replay.LoadCase(shops(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	_, err = replay.Replay(t.Context(), c, replay.Options{Inspect: func(ctx context.Context, a *judge.Analyzer, j replay.Outcome) error {
		v, g, err := collect(ctx, a, j.Rollout, j.Service, j.Verdict.At)
		if err != nil {
			return err
		}
		seen++
		if got := g.time(v.Started); !got.Equal(noon.Add(-time.Minute)) {
			t.Errorf("started at %s", got)
		}
		if got := g.time(v.First); !got.Equal(noon) {
			t.Errorf("first stage at %s", got)
		}
		if got := g.time(v.bins() - 1); !got.Equal(noon.Add(30*time.Minute)) || v.BeforeAfter {
			t.Errorf("last bin at %s, timed %v", got, v.BeforeAfter)
		}
		s := v.Signals[0]
		if len(s.Candidate) != 1 || len(s.Control) != 3 || s.Candidate[0].Name != j.Service.Name+"-3" {
			t.Errorf("%s: candidate %v, %d control nodes", s.Name, s.Candidate, len(s.Control))
		}
		if _, there := s.Candidate.Mean(v.First - 1); there {
			t.Error("the candidate has a sample before its first")
		}
		if s.Name == "errors" {
			if m, _ := s.Control.Mean(v.First); m != .001 {
				t.Errorf("%g errors a call at noon, want .1 of 100", m)
			}
			if m, there := s.Control.Mean(v.First + 1); m != 0 || !there {
				t.Errorf("%g errors a call a minute later, want 0", m)
			}
		}
		return nil
	}})
	if err != nil || seen != 2 {
		t.Errorf("%d rollouts, error %v", seen, err)
	}
}

func TestRunRefusesTheFuture(t *testing.T) {
	dirs := shops(t)
	path := filepath.Join(dirs[1], "case.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, expr := range []string{"latency offset -5m", "latency @ end()", "max_over_time(latency[5m:1m] @ 1714565000)"} {
		changed := strings.Replace(string(text), "metric: latency", "metric: '"+expr+"'", 1)
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), dirs[:3], Options{}); err == nil || !strings.Contains(err.Error(), "can show later samples") {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

// TestPlot reads the picture as XML, with many judges on one spot.
func TestPlot(t *testing.T) {
	var rows []Row
	for i := range 7 {
		r := Row{Set: "a<b", Judge: fmt.Sprintf("R&D %d", i), Score: Score{Bad: 1, Clean: 1, Recall: 1, FPR: .1, Delay: 5}, Intervals: make([]Interval, len(measures))}
		r.Intervals[column("FPR")], r.Intervals[column("delay")] = Interval{0, .3}, Interval{4, 6}
		if i == 6 {
			r.Same = "R&D 0"
		}
		rows = append(rows, r)
	}
	d := xml.NewDecoder(strings.NewReader(Plot(rows)))
	letters := make(map[string]int)
	var places []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "text" || e.Attr[0].Value != "letter" {
			continue
		}
		place := e.Attr[2].Value + "," + e.Attr[3].Value
		places = append(places, place)
		letters[place]++
	}
	// Six in the panel, seven in the legend, none over another.
	if len(places) != 13 || len(letters) != 13 {
		t.Errorf("letters at %v", places)
	}
	var empty struct {
		XMLName xml.Name `xml:"svg"`
	}
	if err := xml.Unmarshal([]byte(Plot(nil)), &empty); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

// TestDocumentIsCurrent: the document that is shipped describes the rules as
// they are. Its numbers are written anew by go tool mage accuracy.
func TestDocumentIsCurrent(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "how", "accuracy.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range append([]Rule{ours}, Peers...) {
		if !strings.Contains(string(text), fmt.Sprintf("|%s|%s|", r.Name, cell(r.What))) {
			t.Errorf("docs/how/accuracy.md does not say of %s: %s", r.Name, r.What)
		}
	}
	if _, err := os.Stat(filepath.Join("..", "..", "..", "docs", "how", "img", Picture)); err != nil {
		t.Error(err)
	}
}
