package judge_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/judge"
	"github.com/andon-project/andon/pkg/lab/recording"
	"github.com/andon-project/andon/pkg/logs"
)

// A scribe writes the log of a made-up service.
type scribe struct {
	*recording.Lines
	rng *rand.Rand
}

func newScribe(seed uint64) *scribe {
	return &scribe{recording.NewLines(0), rand.New(rand.NewPCG(seed, 1))}
}

// poisson writes a line at random times, so many a minute on average, with a
// number in it that varies.
func (s *scribe) poisson(node, version, text string, from, to time.Time, perMinute float64) {
	for t := from; ; {
		t = t.Add(time.Duration(s.rng.ExpFloat64() / perMinute * float64(time.Minute)))
		if !t.Before(to) {
			return
		}
		s.say(node, version, fmt.Sprintf(text, s.rng.IntN(100000)), t)
	}
}

func (s *scribe) say(node, version, text string, at time.Time) {
	s.Add(andon.Line{At: at, Labels: map[string]string{"service_name": "shop", "pod": node, "version": version}, Text: text})
}

func (s *scribe) analyzer() *judge.Analyzer {
	return &judge.Analyzer{Logs: logs.Source{Lines: s.Range, Counts: s.Counts}}
}

var (
	errorLogs = andon.Signal{Name: "error logs", Logs: `{service_name="shop"} |= "error"`}
	allLogs   = andon.Signal{Name: "logs", Logs: `{service_name="shop"}`}
	panics    = andon.Signal{Name: "crashes", Crashes: `{service_name="shop"} |~ "panic:|fatal error:"`}
)

// fleet has four nodes of v1 and one of v2, from a minute after noon, log
// something all the time.
func (s *scribe) fleet() {
	for i := range 4 {
		node := fmt.Sprintf("old-%d", i)
		s.poisson(node, "v1", "served request %d in time", noon.Add(-2*time.Hour), noon.Add(2*time.Hour), 5)
		s.poisson(node, "v1", "error: cart %d not found", noon.Add(-2*time.Hour), noon.Add(2*time.Hour), .5)
	}
	s.poisson("new-0", "v2", "served request %d in time", noon.Add(time.Minute), noon.Add(2*time.Hour), 5)
	s.poisson("new-0", "v2", "error: cart %d not found", noon.Add(time.Minute), noon.Add(2*time.Hour), .5)
}

func canary(sig andon.Signal) andon.Comparison {
	return andon.Compare(andon.Rollout{
		ID: "shop-v2", Service: "shop", Strategy: andon.Canary,
		Candidate: andon.Selector{"version": "v2"}, Control: andon.Selector{"version": "v1"}, Started: noon,
	}, shop(sig), sig)
}

var looked = andon.Range{Start: noon.Add(-time.Hour), End: noon.Add(time.Hour)}

func find(t *testing.T, r andon.ClusterReport, part string) andon.LogCluster {
	t.Helper()
	for _, c := range r.Clusters {
		if strings.Contains(c.Template, part) {
			return c
		}
	}
	t.Fatalf("no cluster with %q among %d", part, len(r.Clusters))
	return andon.LogCluster{}
}

func TestClasses(t *testing.T) {
	s := newScribe(1)
	s.fleet()
	s.poisson("new-0", "v2", "error: payment %d was lost", noon.Add(10*time.Minute), noon.Add(2*time.Hour), .5)
	s.poisson("new-0", "v2", "error: cart %d not found", noon.Add(time.Minute), noon.Add(2*time.Hour), 30)
	for i := range 4 {
		s.poisson(fmt.Sprintf("old-%d", i), "v1", "error: stock of %d is gone", noon.Add(-2*time.Hour), noon.Add(2*time.Hour), .5)
	}
	r, err := s.analyzer().Logs.Cluster(context.Background(), canary(errorLogs), looked)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		part     string
		class    andon.Class
		low, top float64 // of the ratio
	}{
		{"payment", andon.ClassUnknown, math.NaN(), math.NaN()},
		{"cart", andon.ClassUnexpectedFrequency, 50, 75},
		{"stock", andon.ClassGone, 0, 0},
	} {
		g := find(t, r, c.part)
		if g.Class != c.class {
			t.Errorf("%s is %s, want %s: %s", g.Template, g.Class, c.class, g.Reason)
		}
		if v := float64(g.Ratio); !math.IsNaN(c.low) && (v < c.low || v > c.top) || math.IsNaN(c.low) && g.Ratio.Known() {
			t.Errorf("%s: ratio %v (%v to %v)", g.Template, g.Ratio, g.RatioLow, g.RatioHigh)
		}
		if low, high := float64(g.RatioLow), float64(g.RatioHigh); g.Ratio.Known() && (low > float64(g.Ratio) || high < float64(g.Ratio)) {
			t.Errorf("%s: ratio %v is not within %v to %v", g.Template, g.Ratio, low, high)
		}
	}
}
