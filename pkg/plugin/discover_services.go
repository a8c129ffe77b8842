package plugin

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// Usual labels for a service, its version, its nodes and the status of a request.
// The first that a series has counts.
var (
	serviceLabels = []string{"service", "service_name", "app", "app_kubernetes_io_name", "application", "job"}
	versionLabels = []string{"version", "app_version", "service_version", "app_kubernetes_io_version", "release", "revision",
		"rollouts_pod_template_hash", "pod_template_hash"}
	nodeLabels   = []string{"pod", "kubernetes_pod_name", "instance", "host", "hostname", "node"}
	statusLabels = []string{"code", "status", "status_code", "http_status_code", "http_response_status_code", "grpc_code"}
)

// maxServices is how many services are listed at most.
const maxServices = 200

// A seriesSnapshot holds the series of well-known metrics in Prometheus, or the
// streams in Loki, at a few times.
type seriesSnapshot struct {
	now      model.Matrix // by metric, service, version and node
	start    model.Matrix // by metric, service and version, at the start of the range
	hour     model.Matrix // an hour before its end
	day      model.Matrix // a day before its end
	statuses model.Matrix // by metric and status label
}

// A serviceSeries is what was found of one service.
type serviceSeries struct {
	name                 string
	label, version, node string                     // names of its labels; empty if it has none
	metrics              map[string]bool            // names
	versions             map[string]map[string]bool // nodes of each version
	before               map[string]bool            // versions at the start of the range
	hadHour, hadDay      bool                       // whether it had series then
}

// services returns the services with metrics, those with more than one version
// first, then by name.
func (s seriesSnapshot) services() []serviceSuggestion {
	statuses := s.statusLabels()
	return s.list(func(v *serviceSeries) []andon.Signal { return v.signals(statuses) })
}

// logServices returns the services with log streams, in the same order.
func (s seriesSnapshot) logServices() []serviceSuggestion {
	return s.list(func(v *serviceSeries) []andon.Signal {
		streams := fmt.Sprintf("{%s=%q}", v.label, v.name)
		return []andon.Signal{{Name: "logs", Logs: streams}, {Name: "crashes", Crashes: streams}}
	})
}

func (s seriesSnapshot) list(signals func(*serviceSeries) []andon.Signal) []serviceSuggestion {
	all := s.group()
	found := []serviceSuggestion{} // [] on the wire, not null
	for _, name := range slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(all[a]), rank(all[b])), cmp.Compare(a, b))
	}) {
		f := all[name].describe(signals(all[name]))
		if len(f.Signals) > 0 && len(found) < maxServices {
			found = append(found, f)
		}
	}
	return found
}

// rank sorts services: those that look like a rollout, then those that can be
// compared with their past, then the others.
func rank(s *serviceSeries) int {
	switch {
	case len(s.versions) > 1:
		return 0
	case s.hadDay || s.hadHour:
		return 1
	}
	return 2
}

// group collects series by service.
func (s seriesSnapshot) group() map[string]*serviceSeries {
	all := make(map[string]*serviceSeries)
	for _, series := range s.now {
		label, name := firstLabel(series.Metric, serviceLabels)
		if name == "" {
			continue
		}
		v := all[name]
		if v == nil {
			v = &serviceSeries{name: name, label: label, metrics: make(map[string]bool), versions: make(map[string]map[string]bool), before: make(map[string]bool)}
			v.version, _ = firstLabel(series.Metric, versionLabels)
			v.node, _ = firstLabel(series.Metric, nodeLabels)
			all[name] = v
		}
		if v.label != label {
			continue // another service of that name, by another label
		}
		v.metrics[string(series.Metric[model.MetricNameLabel])] = true
		version := string(series.Metric[model.LabelName(v.version)])
		if version == "" {
			continue
		}
		if v.versions[version] == nil {
			v.versions[version] = make(map[string]bool)
		}
		v.versions[version][string(series.Metric[model.LabelName(v.node)])] = true
	}
	past := func(m model.Matrix, add func(*serviceSeries, model.Metric)) {
		for _, series := range m {
			if _, name := firstLabel(series.Metric, serviceLabels); all[name] != nil {
				add(all[name], series.Metric)
			}
		}
	}
	past(s.start, func(v *serviceSeries, m model.Metric) { v.before[string(m[model.LabelName(v.version)])] = true })
	past(s.hour, func(v *serviceSeries, _ model.Metric) { v.hadHour = true })
	past(s.day, func(v *serviceSeries, _ model.Metric) { v.hadDay = true })
	return all
}

// firstLabel returns the first of the labels that a series has, and its value.
func firstLabel(m model.Metric, names []string) (name, value string) {
	for _, n := range names {
		if v := m[model.LabelName(n)]; v != "" {
			return n, string(v)
		}
	}
	return "", ""
}

// statusLabels returns the status label of each metric that has one.
func (s seriesSnapshot) statusLabels() map[string]string {
	labels := make(map[string]string)
	for _, series := range s.statuses {
		if name, _ := firstLabel(series.Metric, statusLabels); name != "" {
			labels[string(series.Metric[model.MetricNameLabel])] = name
		}
	}
	return labels
}

// describe returns the suggestion for a service.
func (v *serviceSeries) describe(signals []andon.Signal) serviceSuggestion {
	f := serviceSuggestion{Service: andon.Service{Name: v.name, Node: v.node, Version: v.version, Signals: signals}}
	own := andon.Selector{v.label: v.name}
	candidate := v.candidate()
	switch {
	case candidate != "":
		f.Cohorts = byLabels
		f.Candidate = andon.Selector{v.version: candidate}
		f.Control = andon.Selector{v.version: "!=" + candidate}
	case v.hadDay:
		f.Cohorts, f.Candidate, f.Back = byTime, own, "1d"
	case v.hadHour:
		f.Cohorts, f.Candidate, f.Back = byTime, own, "1h"
	}
	return f
}

// candidate returns the version that looks new: one without series at the start
// of the range, or else the one on the fewest nodes, or else the one with the
// higher name. It is empty if there is only one version.
func (v *serviceSeries) candidate() string {
	if len(v.versions) < 2 {
		return ""
	}
	return slices.MinFunc(slices.Collect(maps.Keys(v.versions)), func(a, b string) int {
		return cmp.Or(
			cmp.Compare(boolToInt(v.before[a]), boolToInt(v.before[b])),
			cmp.Compare(len(v.versions[a]), len(v.versions[b])),
			compareVersions(b, a))
	})
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compareVersions compares names of versions, with numbers in them as numbers: v9
// is before v10.
func compareVersions(a, b string) int {
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	for a != "" && b != "" {
		na, nb := len(a)-len(strings.TrimLeftFunc(a, isDigit)), len(b)-len(strings.TrimLeftFunc(b, isDigit))
		if na == 0 || nb == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, _ := strconv.ParseUint(a[:na], 10, 64)
		y, _ := strconv.ParseUint(b[:nb], 10, 64)
		if x != y {
			return cmp.Compare(x, y)
		}
		a, b = a[na:], b[nb:]
	}
	return cmp.Compare(len(a), len(b))
}
