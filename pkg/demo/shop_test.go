package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/internal/testkit"
)

// lines collects what is written to it.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(strings.Lines(l.buf.String()))
}

func open(t *testing.T, c Config) *Shop {
	t.Helper()
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// sum adds up the samples of a metric of a node that have the label values.
func sum(t *testing.T, address, name string, labels ...string) float64 {
	t.Helper()
	res, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return math.NaN() // it is down
	}
	defer res.Body.Close()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, m := range families[name].GetMetric() {
		if !has(m, labels) {
			continue
		}
		total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetHistogram().GetSampleSum()
	}
	return total
}

func has(m *dto.Metric, values []string) bool {
	for _, v := range values {
		if !slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == v }) {
			return false
		}
	}
	return true
}

func TestShopUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a shop under load")
	}
	testkit.LeaveNothing(t)
	var logs lines
	s := open(t, Config{Seed: 1, Nodes: 3, Rate: 200, Logs: &logs})
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	load.Go(func() { s.Load(ctx) })
	defer load.Wait()
	defer stop()
	for _, n := range s.Nodes("") {
		testkit.Within(t, n.Name+" answers", func() bool { return sum(t, n.Address, "http_requests_total", "200") >= 20 })
		if n.Version != Old || !strings.HasPrefix(n.Name, n.Service+"-v1-") {
			t.Errorf("node %+v is not one of %s", n, Old)
		}
		count, seconds := sum(t, n.Address, "http_requests_total"), sum(t, n.Address, "http_request_duration_seconds")
		if mean := seconds / count; mean < .01 || mean > .5 {
			t.Errorf("%s took %v s a request", n.Name, mean)
		}
		for _, metric := range []string{"process_start_time_seconds", "process_cpu_seconds_total", "process_resident_memory_bytes", "shop_build_info"} {
			if sum(t, n.Address, metric) <= 0 {
				t.Errorf("%s has no %s", n.Name, metric)
			}
		}
	}
	var line struct{ Msg, Service, Pod, Version string }
	if err := json.Unmarshal([]byte(logs.all()[0]), &line); err != nil || line.Msg == "" || line.Pod == "" || line.Version != Old {
		t.Errorf("the first line of the log is %q (%v)", logs.all()[0], err)
	}
}

func TestSameSeedSameNames(t *testing.T) {
	var names [2]string
	for i := range names {
		s := open(t, Config{Seed: 7, Nodes: 2})
		for _, n := range s.Nodes("") {
			names[i] += n.Name + " "
		}
	}
	if names[0] != names[1] || len(strings.Fields(names[0])) != 4 {
		t.Errorf("names are %q and %q", names[0], names[1])
	}
}

// TestFaults puts the bad version on one of three nodes and looks for what the
// fault does to it and not to the others.
func TestFaults(t *testing.T) {
	mean := func(t *testing.T, n Node) float64 {
		return sum(t, n.Address, "http_request_duration_seconds") / sum(t, n.Address, "http_requests_total")
	}
	for _, tt := range []struct {
		fault Fault
		shows func(t *testing.T, bad, good Node) bool
	}{
		{Latency, func(t *testing.T, bad, good Node) bool {
			return sum(t, bad.Address, "http_requests_total") > 100 && mean(t, bad) > 1.2*mean(t, good)
		}},
		{Errors, func(t *testing.T, bad, good Node) bool {
			return sum(t, bad.Address, "http_requests_total", "500") > 5+3*sum(t, good.Address, "http_requests_total", "500")
		}},
		{Crash, func(_ *testing.T, bad, good Node) bool { return bad.Restarts > 1+good.Restarts && bad.Live }},
		{Leak, func(t *testing.T, bad, good Node) bool {
			return sum(t, bad.Address, "process_resident_memory_bytes") > 2*sum(t, good.Address, "process_resident_memory_bytes") && mean(t, bad) > 1.2*mean(t, good)
		}},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{Seed: 2, Nodes: 3, Rate: 150, Fault: tt.fault})
			if err := s.Replace("checkout", 1, New); err != nil {
				t.Fatal(err)
			}
			if got := s.Versions("checkout"); got[Old] != 2 || got[New] != 1 {
				t.Fatalf("versions are %v", got)
			}
			ctx, stop := context.WithCancel(t.Context())
			var load sync.WaitGroup
			load.Go(func() { s.Load(ctx) })
			defer load.Wait()
			defer stop()
			testkit.Within(t, fmt.Sprintf("%s shows", tt.fault), func() bool {
				nodes := s.Nodes("checkout")
				return tt.shows(t, nodes[1], nodes[0])
			})
		})
	}
}

// TestCrash has a node come back on its address with counters that begin anew.
func TestCrash(t *testing.T) {
	testkit.LeaveNothing(t)
	s := open(t, Config{Seed: 3, Nodes: 1, Fault: Crash})
	if err := s.Replace("checkout", 0, New); err != nil {
		t.Fatal(err)
	}
	address := s.Nodes("checkout")[0].Address
	var first float64
	testkit.Within(t, "the first life", func() bool {
		first = sum(t, address, "process_start_time_seconds")
		return first > 0
	})
	testkit.Within(t, "the second life", func() bool { return sum(t, address, "process_start_time_seconds") > first })
	if n := s.Nodes("checkout")[0]; n.Restarts < 1 || n.Address != address {
		t.Errorf("after the restart the node is %+v, at %s before", n, address)
	}
}

func TestNoise(t *testing.T) {
	n := newNoise(5, "a")
	at := time.Unix(0, 0)
	var xs []float64
	for i := range 20_000 {
		xs = append(xs, math.Log(n.factor(at.Add(time.Duration(i)*250*time.Millisecond), 0))-n.level)
	}
	variance, covariance := 0.0, 0.0
	for i, x := range xs[1:] {
		variance += x * x
		covariance += x * xs[i]
	}
	sd, rho := math.Sqrt(variance/float64(len(xs)-1)), covariance/variance
	// exp(-250/2500) = 0.905
	if math.Abs(sd/driftSpread-1) > .1 || math.Abs(rho-.905) > .02 {
		t.Errorf("the drift has standard deviation %.4f and correlation %.3f, want %.4f and 0.905", sd, rho, driftSpread)
	}
}
