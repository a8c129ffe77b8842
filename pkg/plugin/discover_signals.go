package plugin

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-project/andon/pkg/analysis"
)

// wellKnown matches the names of metrics that say how a service does, by the
// conventions of Prometheus, OpenTelemetry and their client libraries; the
// histograms by their counts and sums, which are few series. infrastructure
// matches those of the monitoring itself.
const (
	wellKnown = `.*requests?_total|.*_handled_total|.*(request|requests|response|call|handling|latency|duration)s?(_seconds|_milliseconds)?(_sum|_count)|` +
		`process_cpu_seconds_total|process_resident_memory_bytes|scrape_duration_seconds`
	infrastructure = `(prometheus|promhttp|alertmanager|grafana|loki|net_conntrack|go)_.*`
)

// A recipe makes a signal of a metric.
type recipe struct {
	name   string
	metric *regexp.Regexp // of the name of a metric
	signal func(a material) (analysis.Signal, bool)
}

// A material is what a recipe knows: a metric of a service and the labels to
// keep and to tell by.
type material struct {
	metric, selector, by, status string
	stem                         string // the metric's name without what the recipe matched at its end
	has                          func(metric string) bool
}

func (a material) rate(metric, matchers string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s{%s}[$__rate_interval]))", a.by, metric, matchers)
}

// recipes are tried in this order; the first signal is what an editor starts
// with.
var recipes = []recipe{
	{"errors", regexp.MustCompile(`^(.*)(_requests?_total|_handled_total|_count)$|^()(requests?_total)$`), func(a material) (analysis.Signal, bool) {
		bad, ok := failure(a.status)
		return analysis.Signal{Metric: a.rate(a.metric, a.selector+","+bad), Per: a.rate(a.metric, a.selector), Worse: analysis.Higher}, ok
	}},
	{"latency", regexp.MustCompile(`^(.*(?:request|response|call|handling|latency|duration).*)(_sum)$`), func(a material) (analysis.Signal, bool) {
		unit := ""
		switch {
		case strings.HasSuffix(a.stem, "_seconds"):
			unit = "s"
		case strings.HasSuffix(a.stem, "_milliseconds"):
			unit = "ms"
		}
		count := a.stem + "_count"
		return analysis.Signal{Metric: a.rate(a.metric, a.selector) + " / " + a.rate(count, a.selector), Unit: unit, Worse: analysis.Higher},
			unit != "" && a.has(count)
	}},
	{"cpu", regexp.MustCompile(`^()process_cpu_seconds_total$`), func(a material) (analysis.Signal, bool) {
		return analysis.Signal{Metric: a.rate(a.metric, a.selector), Kind: analysis.Resource, Worse: analysis.Higher}, true
	}},
	{"memory", regexp.MustCompile(`^()process_resident_memory_bytes$`), func(a material) (analysis.Signal, bool) {
		return analysis.Signal{Metric: fmt.Sprintf("sum by (%s) (%s{%s})", a.by, a.metric, a.selector), Unit: "bytes", Kind: analysis.Memory, Worse: analysis.Higher}, true
	}},
	{"scrape duration", regexp.MustCompile(`^()scrape_duration_seconds$`), func(a material) (analysis.Signal, bool) {
		return analysis.Signal{Metric: fmt.Sprintf("max by (%s) (%s{%s})", a.by, a.metric, a.selector), Unit: "s", Kind: analysis.Latency, Worse: analysis.Higher}, true
	}},
}

// failure returns what a label of outcome says of what failed by the server's
// fault.
func failure(label string) (matcher string, ok bool) {
	switch label {
	case "":
		return "", false
	case "grpc_code":
		return `grpc_code=~"Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss"`, true
	}
	return label + `=~"5.."`, true
}

// signals makes what signals it can of a service's metrics, each named for
// what it is, with its metric where there are several.
func (v *seen) signals(statuses map[string]string) []analysis.Signal {
	by := make([]string, 0, 2)
	for _, label := range []string{v.node, v.version} {
		if label != "" && !slices.Contains(by, label) {
			by = append(by, label)
		}
	}
	var out []analysis.Signal
	for _, r := range recipes {
		var made []analysis.Signal
		for _, metric := range slices.Sorted(maps.Keys(v.metrics)) {
			m := r.metric.FindStringSubmatch(metric)
			if m == nil {
				continue
			}
			s, ok := r.signal(material{metric: metric, selector: fmt.Sprintf("%s=%q", v.label, v.name), by: strings.Join(by, ", "), status: statuses[metric],
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
