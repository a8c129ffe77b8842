package exporter

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/config"
)

// metrics are the exporter's own. The collector makes those of rollouts at every
// scrape from the last snapshot, so that ended rollouts vanish.
type metrics struct {
	registry *prometheus.Registry

	tick                    prometheus.Histogram
	notifications, invalid  prometheus.Counter
	halts, holds, failures  *prometheus.CounterVec
	withheld                *prometheus.CounterVec
	reloadOK, reloadSuccess prometheus.Gauge
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		tick: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "andon_tick_duration_seconds", Help: "Duration of a tick, which judges all rollouts under way.",
			Buckets:                     []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60},
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}),
		notifications: counter("andon_notifications_total", "Notifications received from Alertmanager or Grafana."),
		invalid:       counter("andon_notifications_invalid_total", "Notifications, or alerts in them, that are not valid or name no known rollout."),
		halts:         counters("andon_halts_total", "Rollouts halted.", "tool"),
		holds:         counters("andon_holds_total", "Rollouts held because one of several made things worse and it is unknown which.", "tool"),
		failures:      counters("andon_halt_failures_total", "Calls to a delivery tool that failed to halt or hold a rollout.", "tool"),
		withheld:      counters("andon_halts_withheld_total", "Decisions not to halt or hold a rollout although an alert requested it.", "reason"),
		reloadOK:      gauge("andon_config_last_reload_successful", "Whether the last load of the configuration succeeded."),
		reloadSuccess: gauge("andon_config_last_reload_success_timestamp_seconds", "Time of the last successful load of the configuration."),
	}
	for _, why := range reasons {
		m.withheld.WithLabelValues(string(why)) // so that a first increase is seen as one
	}
	m.registry.MustRegister(m.tick, m.notifications, m.invalid, m.halts, m.holds, m.failures, m.withheld, m.reloadOK, m.reloadSuccess,
		versioncollector.NewCollector("andon"), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.InstrumentMetricHandler(m.registry, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 10}))
}

// reloaded records a load of the configuration; a zero time means that it failed.
func (m *metrics) reloaded(at time.Time) {
	if at.IsZero() {
		m.reloadOK.Set(0)
		return
	}
	m.reloadOK.Set(1)
	m.reloadSuccess.Set(unix(at))
}

// tools makes the counters of every delivery tool configured, so that a first
// increase is seen as one.
func (m *metrics) tools(c *config.Config) {
	for _, s := range c.Services {
		if s.Tool != nil {
			m.halts.WithLabelValues(s.Tool.Tool)
			m.holds.WithLabelValues(s.Tool.Tool)
			m.failures.WithLabelValues(s.Tool.Tool)
		}
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	descInfo      = desc("andon_rollout_info", "1 for each rollout under way; the labels describe it.", "rollout", "service_name", "layer", "deployment_environment_name", "version", "strategy", "tool")
	descStart     = desc("andon_rollout_start_timestamp_seconds", "Time at which the rollout started.", "rollout")
	descScore     = desc("andon_regression_score", "Probability that the rollout made its service worse.", "rollout")
	descEvidence  = desc("andon_regression_evidence_log", "Natural logarithm of the evidence that the rollout made its service worse; the maximum so far.", "rollout")
	descBlame     = desc("andon_regression_blame_ratio", "The rollout's share of the blame among overlapping rollouts.", "rollout")
	descVerdict   = desc("andon_verdict", "1 for the verdict on the rollout, 0 for the other two.", "rollout", "verdict")
	descAmbiguous = desc("andon_verdict_ambiguous", "1 if one of several rollouts, this among them, made things worse and it is unknown which, else 0.", "rollout")
	descDeviation = desc("andon_deviation_sigmas", "Maximum deviation of a candidate node from control, in standard deviations of control; positive is worse.", "rollout", "signal")
	descSuccess   = desc("andon_signal_success", "1 if the signal could be judged, else 0.", "rollout", "signal")
	descQuality   = desc("andon_signal_quality", "1 for the quality of the signal's data: ok, or the reason why the signal cannot be judged.", "rollout", "signal", "reason")
	descSamples   = desc("andon_signal_samples", "Number of samples of the signal that were judged.", "rollout", "signal", "cohort")
	descClusters  = desc("andon_log_clusters", "Clusters of log lines in the signal, by class: how they compare with control.", "rollout", "signal", "class")
	descCrashes   = desc("andon_crash_signatures", "Crash signatures in the rollout's crash signals, by class: how they compare with control.", "rollout", "class")
	descFeedback  = desc("andon_feedback_total", "Feedback from people on clusters and crash signatures, by risk.", "risk")
	descLabels    = desc("andon_labels", "Rollouts labelled by people, by the verdict at that time and by whether they were a regression. A later label replaces an earlier one.", "verdict", "regression")
	descLastTick  = desc("andon_last_tick_timestamp_seconds", "Time at which the rollouts under way were last judged.")
	descMode      = desc("andon_halt_mode", "1 for the configured halt mode, 0 for the other.", "mode")
	descBudget    = desc("andon_halt_budget_remaining", "Number of halts that the budget still allows now.")
)

// A collector makes the metrics of the newest snapshot, and of the state that
// they are read with.
type collector struct {
	settings  *settings
	snapshots *snapshots
	halts     *halts
	memory    *memory
	labels    *labels
	now       func() time.Time
}

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descInfo, descStart, descScore, descEvidence, descBlame, descVerdict, descAmbiguous, descDeviation,
		descSuccess, descQuality, descSamples, descClusters, descCrashes, descFeedback, descLabels, descLastTick, descMode, descBudget} {
		ch <- d
	}
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	put := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	inForce := c.settings.current().config
	for _, mode := range []config.Mode{config.ModeObserve, config.ModeHalt} {
		put(descMode, boolValue(inForce.Halt.Mode == mode), string(mode))
	}
	spent := c.halts.requestedSince(c.now().Add(-inForce.Halt.Budget.Per))
	put(descBudget, float64(max(inForce.Halt.Budget.Count-spent, 0)))
	for risk, n := range c.memory.counts() {
		ch <- prometheus.MustNewConstMetric(descFeedback, prometheus.CounterValue, n, string(risk))
	}
	for verdict, labelled := range c.labels.counts() {
		for regression, n := range labelled {
			put(descLabels, float64(n), verdict, strconv.FormatBool(regression))
		}
	}
	s := c.snapshots.current()
	if s == nil {
		return
	}
	put(descLastTick, unix(s.at))
	for _, j := range s.judgments {
		j.collect(put)
		_, ambiguous := s.ambiguous(j.rollout.ID)
		put(descAmbiguous, boolValue(ambiguous), j.rollout.ID)
	}
}

type putFunc func(d *prometheus.Desc, v float64, labels ...string)

func (j judgment) collect(put putFunc) {
	ro, v := j.rollout, j.verdict
	strategy := v.Strategy
	if strategy == "" {
		strategy = ro.Strategy
	}
	put(descInfo, 1, ro.ID, ro.Service, string(j.service.Layer), ro.Scope["environment"], ro.Version, string(strategy), ro.Tool)
	put(descStart, unix(ro.Started), ro.ID)
	for _, d := range andon.Decisions {
		put(descVerdict, boolValue(v.Verdict == d), ro.ID, string(d))
	}
	known := func(d *prometheus.Desc, n andon.Number, labels ...string) {
		if n.Known() { // unknown is not 0
			put(d, float64(n), labels...)
		}
	}
	known(descScore, v.Score, ro.ID)
	if v.Evidence > 0 { // 0 and unknown have no logarithm
		put(descEvidence, math.Log(float64(v.Evidence)), ro.ID)
	}
	known(descBlame, v.Blame, ro.ID)
	for _, f := range bySignal(v.Findings) {
		put(descSuccess, boolValue(f.Quality == andon.OK), ro.ID, f.Signal)
		put(descQuality, 1, ro.ID, f.Signal, string(f.Quality))
		put(descSamples, float64(f.Candidate), ro.ID, f.Signal, "candidate")
		put(descSamples, float64(f.Control), ro.ID, f.Signal, "control")
		known(descDeviation, f.Deviation, ro.ID, f.Signal)
	}
	j.collectGroups(put)
}

// collectGroups counts clusters and signatures by class; one that several
// signals of crashes show counts once for each.
func (j judgment) collectGroups(put putFunc) {
	crashes := map[andon.Class]int{}
	anyCrashes := false
	for _, f := range j.verdict.Findings {
		for _, class := range andon.Classes {
			switch f.Kind {
			case "logs":
				put(descClusters, float64(f.Classes[class]), j.rollout.ID, f.Signal, string(class))
			case "crashes":
				anyCrashes = true
				crashes[class] += f.Classes[class]
			}
		}
	}
	if !anyCrashes {
		return
	}
	for _, class := range andon.Classes {
		put(descCrashes, float64(crashes[class]), j.rollout.ID, string(class))
	}
}

// bySignal returns one finding a signal, the one that strays furthest.
func bySignal(all []andon.Finding) []andon.Finding {
	var out []andon.Finding
	place := make(map[string]int)
	for _, f := range all {
		i, seen := place[f.Signal]
		switch {
		case !seen:
			place[f.Signal] = len(out)
			out = append(out, f)
		case !out[i].Deviation.Known() || f.Deviation > out[i].Deviation:
			out[i] = f
		}
	}
	return out
}

func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
