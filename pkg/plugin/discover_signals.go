package plugin

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
)

// wellKnown matches the names of metrics about the health of a service, by the
// conventions of Prometheus, OpenTelemetry and their client libraries. Of a
// histogram it matches count and sum, which are few series. infrastructure
// matches the metrics of the monitoring itself.
const (
	wellKnown = `.*requests?_total|.*_handled_total|.*(request|requests|response|call|handling|latency|duration)s?(_seconds|_milliseconds)?(_sum|_count)|` +
		`process_cpu_seconds_total|process_resident_memory_bytes|scrape_duration_seconds`
	infrastructure = `(prometheus|promhttp|alertmanager|grafana|loki|net_conntrack|go)_.*`
)

// A recipe makes a signal from a metric.
type recipe struct {
	name   string
	metric *regexp.Regexp // of the name of a metric
	signal func(m serviceMetric) (andon.Signal, bool)
}

// A serviceMetric is a metric of a service, for a recipe.
type serviceMetric struct {
	metric, selector string
	keep             string // labels to sum by
	statusLabel      string // empty if the metric has none
	stem             string // the metric's name without the suffix that the recipe matches
	has              func(metric string) bool
}

func (m serviceMetric) rate(metric, matchers string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s{%s}[$__rate_interval]))", m.keep, metric, matchers)
}

// recipes are tried in this order; editors start with the first signal.
var recipes = []recipe{
	{"errors", regexp.MustCompile(`^(.*)(_requests?_total|_handled_total|_count)$|^()(requests?_total)$`), func(m serviceMetric) (andon.Signal, bool) {
		bad, ok := failure(m.statusLabel)
		return andon.Signal{Metric: m.rate(m.metric, m.selector+","+bad), Per: m.rate(m.metric, m.selector), Worse: andon.Higher}, ok
	}},
	{"latency", regexp.MustCompile(`^(.*(?:request|response|call|handling|latency|duration).*)(_sum)$`), func(m serviceMetric) (andon.Signal, bool) {
		unit := ""
		switch {
		case strings.HasSuffix(m.stem, "_seconds"):
			unit = "s"
		case strings.HasSuffix(m.stem, "_milliseconds"):
			unit = "ms"
		}
		count := m.stem + "_count"
		return andon.Signal{Metric: m.rate(m.metric, m.selector) + " / " + m.rate(count, m.selector), Unit: unit, Worse: andon.Higher},
			unit != "" && m.has(count)
	}},
	{"cpu", regexp.MustCompile(`^()process_cpu_seconds_total$`), func(m serviceMetric) (andon.Signal, bool) {
		return andon.Signal{Metric: m.rate(m.metric, m.selector), Kind: andon.Resource, Worse: andon.Higher}, true
	}},
	{"memory", regexp.MustCompile(`^()process_resident_memory_bytes$`), func(m serviceMetric) (andon.Signal, bool) {
		return andon.Signal{Metric: fmt.Sprintf("sum by (%s) (%s{%s})", m.keep, m.metric, m.selector), Unit: "bytes", Kind: andon.Memory, Worse: andon.Higher}, true
	}},
	{"scrape duration", regexp.MustCompile(`^()scrape_duration_seconds$`), func(m serviceMetric) (andon.Signal, bool) {
		return andon.Signal{Metric: fmt.Sprintf("max by (%s) (%s{%s})", m.keep, m.metric, m.selector), Unit: "s", Kind: andon.Latency, Worse: andon.Higher}, true
	}},
}

// failure returns the matcher for requests that the server failed.
func failure(label string) (matcher string, ok bool) {
	switch label {
	case "":
		return "", false
	case "grpc_code":
		return `grpc_code=~"Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss"`, true
	}
	return label + `=~"5.."`, true
}

// signals returns all signals that recipes make from the service's metrics. Each
// is named after its recipe; if there are several, after its metric too.
func (v *serviceSeries) signals(statuses map[string]string) []andon.Signal {
	keep := make([]string, 0, 2)
	for _, label := range []string{v.node, v.version} {
		if label != "" && !slices.Contains(keep, label) {
			keep = append(keep, label)
		}
	}
	var out []andon.Signal
	for _, r := range recipes {
		var made []andon.Signal
		for _, metric := range slices.Sorted(maps.Keys(v.metrics)) {
			m := r.metric.FindStringSubmatch(metric)
			if m == nil {
				continue
			}
			s, ok := r.signal(serviceMetric{metric: metric, selector: fmt.Sprintf("%s=%q", v.label, v.name), keep: strings.Join(keep, ", "), statusLabel: statuses[metric],
				stem: m[1], has: func(name string) bool { return v.metrics[name] }})
			if ok {
				s.Name = r.name + " " + metric
				made = append(made, s)
			}
		}
		if len(made) == 1 {
			made[0].Name = r.name
		}
		out = append(out, made...)
	}
	return out
}
