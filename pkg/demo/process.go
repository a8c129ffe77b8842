package demo

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// How a process collects garbage: once a second it stops all requests, for longer
// the more memory has leaked.
const (
	collectEvery = time.Second
	pausePerByte = time.Nanosecond // 100 ms for 100 MB
	maxPause     = 700 * time.Millisecond
	freeBytes    = 2e6 // bytes that cost nothing
)

// A process is one run of a node, from start to crash, with metrics that begin at
// zero. It computes processor time and memory itself, because all nodes really run
// in one process.
type process struct {
	*node
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration prometheus.Histogram
	cpu      prometheus.Counter
	leaked   atomic.Int64  // bytes
	orders   atomic.Int64  // answered
	world    chan struct{} // a lock, held during a collection and for a moment by each request
}

func newProcess(n *node, now time.Time) *process {
	p := &process{
		node:     n,
		world:    make(chan struct{}, 1),
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests answered, by status."}, []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "How long requests took.", Buckets: prometheus.ExponentialBuckets(.005, 2, 10),
		}),
		cpu: prometheus.NewCounter(prometheus.CounterOpts{Name: "process_cpu_seconds_total", Help: "Processor time spent."}),
	}
	started := prometheus.NewGauge(prometheus.GaugeOpts{Name: "process_start_time_seconds", Help: "When the process started, in Unix time."})
	started.Set(float64(now.UnixMilli()) / 1000)
	memory := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "process_resident_memory_bytes", Help: "Memory in use."},
		func() float64 { return n.heap + float64(p.leaked.Load()) })
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "shop_build_info", Help: "What runs.", ConstLabels: prometheus.Labels{"version": n.version}})
	build.Set(1)
	p.registry.MustRegister(p.requests, p.duration, p.cpu, started, memory, build)
	// rate does not see the first event of a counter that appears with it.
	for _, code := range []int{http.StatusOK, http.StatusInternalServerError, http.StatusBadGateway} {
		p.requests.WithLabelValues(strconv.Itoa(code))
	}
	return p
}

func (p *process) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		code := p.work(r.Context(), start)
		took := time.Since(start)
		if r.Context().Err() != nil {
			return // the caller is gone, or this process is
		}
		p.requests.WithLabelValues(strconv.Itoa(code)).Inc()
		p.duration.Observe(took.Seconds())
		w.WriteHeader(code)
	})
	return mux
}

// work does what a request asks for and returns the status to answer with.
func (p *process) work(ctx context.Context, now time.Time) (code int) {
	p.world <- struct{}{} // this waits for a collection to end
	<-p.world
	factor := p.noise.factor(now, p.spread) * p.crowding(now)
	p.cpu.Add(p.behaviour.cpu.Seconds() * factor)
	p.leaked.Add(int64(p.leakBytes))
	if p.noise.happens(p.slowShare) {
		factor *= p.slowFactor
	}
	if p.calls != "" {
		if err := p.call(ctx, p.calls); err != nil {
			p.log.Error("upstream did not answer", "upstream", p.calls, "err", err)
			return http.StatusBadGateway
		}
	}
	if !pause(ctx, time.Duration(float64(p.median)*factor)) {
		return http.StatusServiceUnavailable
	}
	if p.noise.happens(p.errors) {
		p.log.Error(p.refusal(), "path", "/", "status", http.StatusInternalServerError, "order", p.orders.Load())
		return http.StatusInternalServerError
	}
	if n := p.orders.Add(1); n%requestsPerLine == 0 {
		p.log.Info("requests were answered", "path", "/", "status", http.StatusOK, "orders", n)
	}
	return http.StatusOK
}

// collect stops the process once a second to collect garbage, which does not free
// leaked memory.
func (p *process) collect(ctx context.Context) {
	for pause(ctx, collectEvery) {
		piled := p.leaked.Load() - freeBytes
		if piled <= 0 {
			continue
		}
		stop := min(time.Duration(piled)*pausePerByte, maxPause)
		p.world <- struct{}{}
		pause(ctx, stop)
		<-p.world
		p.cpu.Add(stop.Seconds())
	}
}
