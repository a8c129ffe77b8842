package demo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/internal/testkit"
	"github.com/andon-project/andon/pkg/andon"
)

// named returns the recording of that name.
func named(t *testing.T, name string) Recording {
	t.Helper()
	all := Recordings()
	i := slices.IndexFunc(all, func(r Recording) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no recording is called %s", name)
	}
	return all[i]
}

func unzipped(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRecord records a rollout anew, and looks whether what was to be kept is.
func TestRecord(t *testing.T) {
	testkit.LeaveNothing(t)
	dir, r := t.TempDir(), named(t, "shop-errors")
	if err := Record(t.Context(), dir, r); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, r.Name)
	text, err := os.ReadFile(filepath.Join(dir, "case.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c caseFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	if c.Name != r.Name || !c.End.Equal(c.Start.Add(recordLength)) || len(c.Rollouts) != 1 || len(c.Truth) != 1 {
		t.Fatalf("the case is %+v", c)
	}
	ro := c.Rollouts[0]
	if !ro.Started.Equal(c.Start.Add(recordBefore)) || len(ro.Stages) != 5 || !ro.Stages[1].Equal(ro.Started.Add(recordFirst)) || !ro.Ended.Equal(c.End) {
		t.Errorf("the rollout is %+v", ro)
	}
	if want := (truth{ro.ID, true, Errors}); c.Truth[0] != want {
		t.Errorf("the truth is %+v, want %+v", c.Truth[0], want)
	}
	samples := make(map[string]int)
	for line := range strings.Lines(unzipped(t, filepath.Join(dir, "metrics.om.gz"))) {
		name, labels, _ := strings.Cut(line, "{")
		samples[name]++
		if name != "# EOF\n" && !strings.Contains(labels, `service="checkout"`) {
			t.Fatalf("a sample of another service: %s", line)
		}
	}
	// Each of five places has a node at every step, but for the seconds of a crash.
	all := 5 * (int(recordLength/recordStep) + 1)
	for _, name := range recordedMetrics {
		of := all
		if name == "http_requests_total" {
			of *= 3 // by status
		}
		if n := samples[name]; n > of || float64(n) < .98*float64(of) {
			t.Errorf("%d samples of %s, want %d or a few less", n, name, of)
		}
	}
	logs := unzipped(t, filepath.Join(dir, "logs.jsonl.gz"))
	if n := strings.Count(logs, "unknown currency"); n < 50 {
		t.Errorf("%d lines tell of the fault", n)
	}
	if strings.Contains(logs, `"service":"catalog"`) {
		t.Error("lines of another service")
	}
}

func TestRecordStops(t *testing.T) {
	testkit.LeaveNothing(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Record(ctx, t.TempDir(), named(t, "shop-quiet")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestSimulated has an hour pass, to the nanosecond and at once.
func TestSimulated(t *testing.T) {
	before, after := time.Now(), time.Time{}
	simulated(func() {
		from := time.Now()
		pause(context.Background(), time.Hour)
		after = before.Add(time.Since(from))
	})
	if d := after.Sub(before); d != time.Hour {
		t.Errorf("an hour took %s", d)
	}
	if d := time.Since(before); d > time.Minute {
		t.Errorf("and %s of ours", d)
	}
}

func TestSurroundings(t *testing.T) {
	const length = 20 * time.Minute
	up := rising(5*time.Minute, 15*time.Minute, 2)
	for at, want := range map[time.Duration]float64{0: 1, 5 * time.Minute: 1, 10 * time.Minute: 1.5, 15 * time.Minute: 2, length: 2} {
		if got := up(at); math.Abs(got-want) > 1e-12 {
			t.Errorf("rising traffic is %g at %s, want %g", got, at, want)
		}
	}
	wild, beside := restless(1, length), neighbour(1, 2, 1.5, length)
	least, most, busy := math.Inf(1), 0., 0
	for at := time.Duration(0); at < length; at += time.Second {
		least, most = min(least, wild(at)), max(most, wild(at))
		if beside(2, at) == 1.5 {
			busy++
		}
		if f := beside(1, at); f != 1 {
			t.Fatalf("another place works %g times as long", f)
		}
	}
	if least < .2 || least > .8 || most < 1.5 || most > 6 {
		t.Errorf("restless traffic lies between %g and %g", least, most)
	}
	if share := float64(busy) / length.Seconds(); share < .1 || share > .6 {
		t.Errorf("the neighbour works %.2f of the time", share)
	}
}

// TestNodesInMemory: nodes that crash come back on their address, and who
// calls meanwhile is told at once.
func TestNodesInMemory(t *testing.T) {
	testkit.LeaveNothing(t)
	simulated(func() {
		s, err := Open(Config{Seed: 3, Nodes: 1, Fault: Crash, network: newMemoryNetwork()})
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		if err := s.Replace("checkout", 0, New); err != nil {
			t.Error(err)
			return
		}
		answered, refused := 0, 0
		for range 600 {
			from := time.Now()
			if s.Call(context.Background(), "checkout") == nil {
				answered++
			} else {
				refused++
			}
			if d := time.Since(from); d > time.Second {
				t.Errorf("a call took %s", d)
			}
			time.Sleep(100 * time.Millisecond)
		}
		n := s.Nodes("checkout")[0]
		if n.Restarts < 5 || answered < 100 || refused < 20 {
			t.Errorf("%d restarts, %d calls answered and %d refused in a minute or more", n.Restarts, answered, refused)
		}
	})
}

// TestJudgedAsInTheDemonstration: the queries are those of the demonstration,
// over windows that fit the step.
func TestJudgedAsInTheDemonstration(t *testing.T) {
	for _, r := range Recordings() {
		services, err := r.judgeServices()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range services {
			lines := 0
			for _, sig := range s.Signals {
				if strings.Contains(sig.Metric+sig.Per, "[5s]") {
					t.Errorf("%s: %s looks at 5 s, within which there is one sample", r.Name, sig.Name)
				}
				if sig.Metric == "" {
					lines++
				}
			}
			if want := map[bool]int{true: 2}[r.logs]; lines != want || len(s.Signals)-lines != 5 {
				t.Errorf("%s: %d signals of lines and %d others", r.Name, lines, len(s.Signals)-lines)
			}
			var calls []string
			if s.Name == "checkout" && len(services) == 2 {
				calls = []string{"catalog"}
			}
			if !slices.Equal(s.DependsOn, calls) {
				t.Errorf("%s: %s depends on %v, want %v", r.Name, s.Name, s.DependsOn, calls)
			}
		}
		if !slices.ContainsFunc(services, func(s andon.Service) bool { return s.Name == r.Shop.Bad }) {
			t.Errorf("%s keeps nothing of %s", r.Name, r.Shop.Bad)
		}
	}
}
