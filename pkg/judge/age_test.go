package judge_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
)

// A crowd answers for a service of 60 nodes, ten of them candidates, at no cost
// that would depend on how long it has been running.
type crowd struct {
	nodes   []model.Metric
	samples [][]model.SamplePair // of each node, a minute apart from noon less before on
	before  int                  // minutes
}

func newCrowd(hours int) *crowd {
	c := &crowd{before: 120}
	for i := range 60 {
		version := model.LabelValue("v1")
		if i < 10 {
			version = "v2"
		}
		c.nodes = append(c.nodes, model.Metric{"pod": model.LabelValue(fmt.Sprint("pod-", i)), "version": version})
		var s []model.SamplePair
		for m := -c.before; m <= hours*60; m++ {
			t := noon.Add(time.Duration(m) * time.Minute)
			// A value that scatters by a tenth, and takes no hash to draw.
			v := .2 + .02*math.Sin(float64(m*m%1009+31*i))
			s = append(s, model.SamplePair{Timestamp: model.TimeFromUnixNano(t.UnixNano()), Value: model.SampleValue(v)})
		}
		c.samples = append(c.samples, s)
	}
	return c
}

func (c *crowd) ask(_ context.Context, expr string, r andon.Range) (model.Matrix, error) {
	lo := max(0, int(r.Start.Sub(noon)/time.Minute)+c.before)
	hi := min(len(c.samples[0]), int(r.End.Sub(noon)/time.Minute)+c.before+1)
	var out model.Matrix
	for i, m := range c.nodes {
		if expr[len(expr)-2:] == string(m["version"]) && lo < hi {
			out = append(out, &model.SampleStream{Metric: m, Values: c.samples[i][lo:hi]})
		}
	}
	return out, nil
}

// aged returns what ticks a rollout on at the minute after the given age, each
// time one minute later.
func (c *crowd) aged(age int) func() {
	a := &judge.Analyzer{Metrics: deviation.Source{Ask: c.ask, Resolve: func(expr string, s andon.Selector) (string, error) { return expr + s["version"], nil }}}
	watch := a.NewWatch(1)
	w := newWorld(time.Minute, noon, noon)
	under := []judge.Underway{{Rollout: w.canary(), Service: shop(latency, cpu, success, failing, memory)}}
	at := noon.Add(time.Duration(age) * time.Minute)
	watch.Tick(context.Background(), under, at)
	return func() {
		at = at.Add(time.Minute)
		if v := watch.Tick(context.Background(), under, at); v[0].Quality != andon.OK {
			panic(v[0].Reason)
		}
	}
}

const young, old = 10, 600 // minutes

// One more tick of a rollout that is ten hours old allocates what one of a
// rollout does that is ten minutes old.
func TestTickAtAnyAge(t *testing.T) {
	c := newCrowd(12)
	const ticks = 100 // history is trimmed every so often
	var bytes, times [2]float64
	for i, age := range []int{young, old} {
		tick := c.aged(age)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range ticks {
			tick()
		}
		runtime.ReadMemStats(&after)
		bytes[i], times[i] = float64(after.TotalAlloc-before.TotalAlloc)/ticks, float64(after.Mallocs-before.Mallocs)/ticks
	}
	if r := bytes[1] / bytes[0]; r < .8 || r > 1.2 {
		t.Errorf("a tick allocates %.0f bytes at %d minutes and %.0f at %d", bytes[0], young, bytes[1], old)
	}
	if r := times[1] / times[0]; r < .8 || r > 1.2 {
		t.Errorf("a tick allocates %.0f times at %d minutes and %.0f at %d", times[0], young, times[1], old)
	}
}

// What one more tick costs at ten minutes and at ten hours.
func BenchmarkTick(b *testing.B) {
	c := newCrowd(24)
	for _, age := range []int{young, old} {
		b.Run(fmt.Sprintf("%dmin", age), func(b *testing.B) {
			tick := c.aged(age)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if n++; n%100 == 0 { // or it would be older than it says
					b.StopTimer()
					tick = c.aged(age)
					b.StartTimer()
				}
				tick()
			}
		})
	}
}
