package judge_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/judge"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// A world is a made-up service: what each node shows at each time.
type world struct {
	step   time.Duration
	from   time.Time
	to     time.Time
	series map[string]model.Matrix
}

func newWorld(step time.Duration, from, to time.Time) *world {
	return &world{step: step, from: from, to: to, series: map[string]model.Matrix{}}
}

// add gives a node of a version samples of a metric from since on; the value
// -1e300 is no sample.
func (w *world) add(metric, node, version string, since time.Time, value func(t time.Time) float64) {
	s := &model.SampleStream{Metric: model.Metric{"pod": model.LabelValue(node), "version": model.LabelValue(version)}}
	for t := w.from; !t.After(w.to); t = t.Add(w.step) {
		if v := value(t); !t.Before(since) && v != none {
			s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(t.UnixNano()), Value: model.SampleValue(v)})
		}
	}
	w.series[metric] = append(w.series[metric], s)
}

const none = -1e300

// noise returns a value that looks random, of mean 0 and variance 1, and is
// the same for the same node and time always.
func noise(node string, t time.Time) float64 {
	u := func(salt string) float64 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s/%d/%s", node, t.UnixNano(), salt)
		x := h.Sum64()
		x ^= x >> 33
		x *= 0xff51afd7ed558ccd
		x ^= x >> 33
		return (float64(x>>11) + .5) / (1 << 53)
	}
	return math.Sqrt(-2*math.Log(u("a"))) * math.Cos(2*math.Pi*u("b"))
}

// around returns a value that scatters by a share around a level.
func around(level, share float64, node string) func(time.Time) float64 {
	return func(t time.Time) float64 { return level * math.Exp(share*noise(node, t)) }
}

// A log remembers what was asked.
type log struct {
	mu      sync.Mutex
	points  int
	latest  time.Time
	exprs   []string
	failing string // expressions that hold this fail
}

func (l *log) wrap(f andon.RangeFunc) andon.RangeFunc {
	return func(ctx context.Context, expr string, r andon.Range) (model.Matrix, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.failing != "" && strings.Contains(expr, l.failing) {
			return nil, fmt.Errorf("query %s: the server is away", expr)
		}
		l.points += int(r.End.Sub(r.Start)/r.Step) + 1
		l.latest = maxTime(l.latest, r.End)
		l.exprs = append(l.exprs, expr)
		return f(ctx, expr, r)
	}
}

func (w *world) analyzer() (*judge.Analyzer, *log) {
	l := &log{}
	return &judge.Analyzer{Metrics: deviation.Source{Ask: l.wrap(rangeOver(w.series)), Resolve: resolve}}, l
}

func (w *world) canary() andon.Rollout {
	return andon.Rollout{
		ID: "shop-v2", Service: "shop", Strategy: andon.Canary,
		Candidate: andon.Selector{"version": "v2"}, Control: andon.Selector{"version": "v1"}, Started: noon,
	}
}

var (
	latency  = andon.Signal{Name: "latency", Metric: "latency_seconds", Unit: "seconds"}
	success  = andon.Signal{Name: "success", Metric: "success_ratio", Unit: "ratio", Worse: andon.Lower}
	failing  = andon.Signal{Name: "errors", Metric: "errors_rate", Per: "calls_rate"}
	restarts = andon.Signal{Name: "restarts", Metric: "restarts_rate", Kind: andon.Counts}
	cpu      = andon.Signal{Name: "cpu", Metric: "cpu_ratio", Unit: "ratio"}
	memory   = andon.Signal{Name: "memory", Metric: "memory_bytes", Unit: "bytes"}
)

func shop(signals ...andon.Signal) andon.Service {
	return andon.Service{Name: "shop", Node: "pod", Version: "version", Signals: signals}
}

// A scene is a world with one rollout and what is to come of it.
type scene struct {
	name    string
	build   func(w *world)
	service andon.Service
	rollout func(r *andon.Rollout)
	step    time.Duration // of samples; a minute if zero
	before  time.Duration // history; two hours if zero
	lasts   time.Duration // half an hour if zero

	want    andon.Decision
	quality andon.Quality
	within  time.Duration // to the first fail
	says    string        // in the reason
}

func (s scene) world() (*world, andon.Rollout) {
	if s.step == 0 {
		s.step = time.Minute
	}
	if s.before == 0 {
		s.before = 2 * time.Hour
	}
	w := newWorld(s.step, noon.Add(-s.before), noon.Add(s.span()))
	s.build(w)
	r := w.canary()
	if s.rollout != nil {
		s.rollout(&r)
	}
	return w, r
}

func (s scene) span() time.Duration {
	if s.lasts == 0 {
		return 30 * time.Minute
	}
	return s.lasts
}

// fleet adds four control nodes and one candidate node from a minute after the start.
func (w *world) fleet(metric string, control, candidate func(node string) func(time.Time) float64) {
	for i := range 4 {
		node := fmt.Sprintf("old-%d", i)
		w.add(metric, node, "v1", w.from, control(node))
	}
	if candidate != nil {
		w.add(metric, "new-0", "v2", noon.Add(time.Minute), candidate("new-0"))
	}
}

func steady(level, share float64) func(string) func(time.Time) float64 {
	return func(node string) func(time.Time) float64 { return around(level, share, node) }
}

func constant(v float64) func(string) func(time.Time) float64 {
	return func(string) func(time.Time) float64 { return func(time.Time) float64 { return v } }
}

// after turns to another value a while after noon.
func after(wait time.Duration, f, g func(string) func(time.Time) float64) func(string) func(time.Time) float64 {
	return func(node string) func(time.Time) float64 {
		a, b := f(node), g(node)
		return func(t time.Time) float64 {
			if t.Before(noon.Add(wait)) {
				return a(t)
			}
			return b(t)
		}
	}
}

// kpi adds one series without node or version.
func (w *world) kpi(f func(t time.Time) float64) {
	w.add("kpi", "", "", w.from, f)
	w.series["kpi"][0].Metric = model.Metric{}
}

func ptr[T any](v T) *T { return &v }

func check(t *testing.T, s scene, v andon.Verdict) {
	t.Helper()
	if v.Verdict != s.want {
		t.Errorf("verdict %s (evidence %v, blame %v: %s), want %s", v.Verdict, v.Evidence, v.Blame, v.Reason, s.want)
	}
	if s.quality != "" && v.Quality != s.quality {
		t.Errorf("quality %s, want %s", v.Quality, s.quality)
	}
	if !strings.Contains(v.Reason, s.says) || v.Reason == "" {
		t.Errorf("reason %q does not say %q", v.Reason, s.says)
	}
	if s.within > 0 && (v.FirstFail == nil || v.FirstFail.Sub(noon) > s.within) {
		t.Errorf("first fail at %v, want within %s of %v", v.FirstFail, s.within, noon)
	}
	if (v.FirstFail != nil) != (v.Verdict == andon.Fail) {
		t.Errorf("verdict %s with first fail %v", v.Verdict, v.FirstFail)
	}
}
