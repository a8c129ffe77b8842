package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves the delivery tool and what an orchestrator knows of nodes:
//
//	GET  /rollouts             every service's rollout
//	GET  /rollouts/{name}      one of them
//	POST /rollouts/{name}      begin one: {"version": "v2"}
//	POST /rollouts/{name}/halt stop it and take it back; an Idempotency-Key is
//	                           kept, and a second halt changes nothing
//	GET  /targets              nodes for http_sd_configs
//	GET  /metrics              restarts of every node
func (d *Delivery) Handler() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(nodeMetrics{d.shop})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rollouts", d.list)
	mux.HandleFunc("GET /rollouts/{name}", d.get)
	mux.HandleFunc("POST /rollouts/{name}", d.begin)
	mux.HandleFunc("POST /rollouts/{name}/halt", d.halt)
	mux.HandleFunc("GET /targets", d.targets)
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return mux
}

func (d *Delivery) list(w http.ResponseWriter, _ *http.Request) {
	var all []Status
	for _, service := range Services() {
		s, _ := d.Status(service)
		all = append(all, s)
	}
	answer(w, http.StatusOK, all)
}

func (d *Delivery) get(w http.ResponseWriter, r *http.Request) {
	s, ok := d.Status(r.PathValue("name"))
	if !ok {
		refuse(w, fmt.Errorf("%s: %w", r.PathValue("name"), ErrUnknown))
		return
	}
	answer(w, http.StatusOK, s)
}

func (d *Delivery) begin(w http.ResponseWriter, r *http.Request) {
	var body struct{ Version string }
	if err := read(r, &body); err != nil || (body.Version != Old && body.Version != New) {
		answer(w, http.StatusBadRequest, problem{fmt.Sprintf(`write which version to roll out, {"version": %q} or {"version": %q}`, Old, New)})
		return
	}
	if err := d.Roll(r.PathValue("name"), body.Version, time.Now()); err != nil {
		refuse(w, err)
		return
	}
	d.get(w, r)
}

func (d *Delivery) halt(w http.ResponseWriter, r *http.Request) {
	var body struct{ Version, Reason string }
	if err := read(r, &body); err != nil && !errors.Is(err, io.EOF) {
		answer(w, http.StatusBadRequest, problem{"the body is not JSON: " + err.Error()})
		return
	}
	key := r.Header.Get("Idempotency-Key")
	s, already, err := d.Halt(HaltRequest{
		Service: r.PathValue("name"), Version: body.Version, Key: key, Reason: body.Reason,
		Call: fmt.Sprintf("POST http://%s%s Idempotency-Key: %s", r.Host, r.URL.Path, key),
	}, time.Now())
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, struct {
		Status
		Already bool `json:"already"`
	}{s, already})
}

// targets answers as http_sd_configs want it: https://prometheus.io/docs/prometheus/latest/http_sd/.
func (d *Delivery) targets(w http.ResponseWriter, _ *http.Request) {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	groups := []group{}
	for _, n := range d.shop.Nodes("") {
		groups = append(groups, group{[]string{n.Address}, map[string]string{"service": n.Service, "pod": n.Name, "version": n.Version}})
	}
	answer(w, http.StatusOK, groups)
}

type problem struct {
	Error string `json:"error"`
}

// refuse answers with the status that belongs to a refusal of the Delivery.
func refuse(w http.ResponseWriter, err error) {
	code := http.StatusConflict
	switch {
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrIdle):
		code = http.StatusNotFound
	case errors.Is(err, ErrVersion):
		code = http.StatusPreconditionFailed
	}
	answer(w, code, problem{err.Error()})
}

func read(r *http.Request, v any) error {
	return json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(v)
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}

// nodeMetrics is what an orchestrator, and not the node, knows: how often it
// was restarted.
type nodeMetrics struct{ shop *Shop }

var restarts = prometheus.NewDesc("shop_pod_restarts_total", "Times that the process of the pod ended by itself and was started again.",
	[]string{"service", "pod", "version"}, nil)

var running = prometheus.NewDesc("shop_pod_info", "1 for every pod that there is, whether it takes requests or not.",
	[]string{"service", "pod", "version"}, nil)

func (m nodeMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- restarts
	ch <- running
}

func (m nodeMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, n := range m.shop.Nodes("") {
		ch <- prometheus.MustNewConstMetric(restarts, prometheus.CounterValue, float64(n.Restarts), n.Service, n.Name, n.Version)
		ch <- prometheus.MustNewConstMetric(running, prometheus.GaugeValue, 1, n.Service, n.Name, n.Version)
	}
}
