package exporter

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
	"github.com/andon-project/andon/pkg/logs/logql"
)

// checkConfig adds to f what is wrong with a configuration whose form is right.
func checkConfig(c *Config, f *filler) {
	if c.Prometheus.URL == "" {
		f.at("prometheus.url", "is missing; write where Prometheus answers, such as http://localhost:9090")
	} else {
		checkEndpoint(c.Prometheus, "prometheus", f)
	}
	if c.Loki != nil {
		checkEndpoint(*c.Loki, "loki", f)
	}
	if c.Tick < model.Duration(100*time.Millisecond) || c.Tick > model.Duration(10*time.Minute) {
		f.at("tick", "%s is not between 100ms and 10m; 30s is usual", c.Tick)
	}
	if c.Bake < model.Duration(time.Minute) || c.Bake > model.Duration(7*24*time.Hour) {
		f.at("bake", "%s is not between 1m and 7d; 1h is usual", c.Bake)
	}
	oneOf(f, "halt.mode", c.Halt.Mode, Observe, HaltIt)
	oneOf(f, "halt.ambiguous", c.Halt.Ambiguous, HoldAmbiguous, IgnoreAmbiguous)
	if c.Auth.Token != "" && c.Auth.TokenFile != "" {
		f.at("auth", "token and token_file are both set; keep one")
	}
	if _, err := c.Auth.token(); err != nil {
		f.at("auth.token_file", "%s", strings.TrimPrefix(err.Error(), "auth.token_file: "))
	}
	if len(c.Services) == 0 {
		f.at("services", "is missing; write at least one service with its signals")
	}
	names := make(map[string]int)
	for i, s := range c.Services {
		path := fmt.Sprintf("services[%d]", i)
		if first, twice := names[s.Name]; twice && s.Name != "" {
			f.at(path+".name", "%q is the name of services[%d] already; give each service a name of its own", s.Name, first)
		} else {
			names[s.Name] = i
		}
		checkService(s, path, c.Loki != nil, f)
	}
	checkDependencies(c, slices.Sorted(maps.Keys(names)), f)
}

func checkEndpoint(e Endpoint, path string, f *filler) {
	u, err := url.Parse(e.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		f.at(path+".url", "%q is not an address; write one with its scheme, such as http://localhost:9090", redact(e.URL))
	}
	if err := e.HTTP.Validate(); err != nil {
		f.at(path, "%s", err)
	}
}

// redact hides the password that someone wrote into an address.
func redact(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

func checkService(s Service, path string, loki bool, f *filler) {
	if s.Name == "" {
		f.at(path+".name", "is missing; write the service's name")
	}
	if _, written := f.lines[path+".node"]; !written {
		f.at(path+".node", `is missing; write the label that names an instance, such as pod or instance, or node: "" if the service is only seen as a whole`)
	}
	checkLabel(s.Node, path+".node", f)
	checkLabel(s.Version, path+".version", f)
	for i, label := range s.Scope {
		at := fmt.Sprintf("%s.scope[%d]", path, i)
		checkLabel(label, at, f)
		switch {
		case label == "":
			f.at(at, "is empty; write the label that says where a node is, such as region")
		case slices.Contains(s.Scope[:i], label):
			f.at(at, "%q is named twice; leave one out", label)
		case label == s.Node || label == s.Version:
			f.at(at, "%q names nodes or versions, not places; leave it out", label)
		}
	}
	oneOf(f, path+".layer", s.Layer, "", analysis.Infrastructure, analysis.Platform, analysis.Software)
	oneOf(f, path+".sensitivity", s.Sensitivity, "", analysis.High, analysis.Medium, analysis.Low)
	if s.Step != 0 && (s.Step < model.Duration(time.Second) || s.Step > model.Duration(time.Hour)) {
		f.at(path+".step", "%s is not between 1s and 1h; 1m is usual", s.Step)
	}
	if len(s.Signals) == 0 {
		f.at(path+".signals", "is missing; write at least one signal with a name and a metric")
	}
	names := make(map[string]int)
	for i, sig := range s.Signals {
		at := fmt.Sprintf("%s.signals[%d]", path, i)
		if first, twice := names[sig.Name]; twice && sig.Name != "" {
			f.at(at+".name", "%q is the name of signals[%d] already; give each signal of a service a name of its own", sig.Name, first)
		} else {
			names[sig.Name] = i
		}
		checkSignal(sig, at, f)
		if !loki && sig.Logs+sig.Crashes != "" {
			f.at(at, "logs and crashes need loki: {url: …} beside prometheus")
		}
		for key, expr := range map[string]string{"logs": sig.Logs, "crashes": sig.Crashes} {
			if expr == "" {
				continue
			}
			if _, err := logql.Parse(expr); err != nil {
				f.at(at+"."+key, "is not a LogQL log query: %s", err)
			}
		}
		checkQuery(sig.Metric, at+".metric", s.Node, f)
		checkQuery(sig.Per, at+".per", s.Node, f)
	}
	checkPreflight(s, path, names, f)
}

func checkLabel(name, path string, f *filler) {
	if name != "" && !model.LegacyValidation.IsValidLabelName(name) {
		f.at(path, "%q is not the name of a label", name)
	}
}

func checkSignal(sig analysis.Signal, path string, f *filler) {
	if sig.Name == "" {
		f.at(path+".name", "is missing; write the signal's name")
	}
	var set []string
	for _, kv := range [][2]string{{"metric", sig.Metric}, {"logs", sig.Logs}, {"crashes", sig.Crashes}} {
		if kv[1] != "" {
			set = append(set, kv[0])
		}
	}
	switch {
	case len(set) == 0:
		f.at(path, "has nothing to look at; write metric: with a PromQL query")
	case len(set) > 1:
		f.at(path, "%s are both set; keep one and make another signal of the other", strings.Join(set, " and "))
	}
	if sig.Per != "" && sig.Metric == "" {
		f.at(path+".per", "is the exposure of metric, which is not set; leave it out")
	}
	oneOf(f, path+".worse", sig.Worse, "", analysis.Higher, analysis.Lower, analysis.Both)
	oneOf(f, path+".kind", sig.Kind, "", analysis.Counts, analysis.Crashes, analysis.Failures, analysis.Latency, analysis.Resource, analysis.Memory, analysis.Value)
	oneOf(f, path+".family", sig.Family, "", analysis.StartUpFamily)
	if sig.Kind == analysis.Counts && sig.Per == "" {
		f.at(path+".kind", "counts are events out of an exposure; write the exposure as per:, such as the rate of all requests; of events by the time that nodes run, such as restarts, the kind is crashes")
	}
	if sig.Weight != nil && !(*sig.Weight >= 0 && *sig.Weight <= 1e6) {
		f.at(path+".weight", "%v is not a share; write 0 or more", *sig.Weight)
	}
	if sig.Critical && sig.Weight != nil && *sig.Weight == 0 {
		f.at(path+".critical", "a weight of 0 counts the signal for nothing; leave out one of the two")
	}
	if sig.Metric == "" && sig.Logs+sig.Crashes != "" && (sig.FailFast != nil || sig.Ignore != nil) {
		f.at(path, "fail_fast and ignore are thresholds on the value of metric; leave them out, and say with feedback what is a risk")
	}
	if sig.Margin != nil && !(*sig.Margin >= 0 && *sig.Margin <= 1e6) {
		f.at(path+".margin", "%v is not a ratio; write 0 or more: 0.05 is 5%%", *sig.Margin)
	}
	checkBound(sig.FailFast, path+".fail_fast", f)
	checkBound(sig.Ignore, path+".ignore", f)
	if v, both := inBoth(sig.FailFast, sig.Ignore); both {
		f.at(path, "fail_fast and ignore contradict each other: %v would be in both; move one of them", v)
	}
}

func checkBound(b *analysis.Bound, path string, f *filler) {
	switch {
	case b == nil:
	case b.Above == nil && b.Below == nil:
		f.at(path, "has no threshold; write above or below")
	case b.Above != nil && b.Below != nil && *b.Above < *b.Below:
		f.at(path, "every value is above %v or below %v; swap them", *b.Above, *b.Below)
	}
}

// inBoth returns a value that lies in both bounds, if there is one.
func inBoth(a, b *analysis.Bound) (v float64, both bool) {
	switch {
	case a == nil || b == nil:
		return 0, false
	case a.Above != nil && b.Above != nil:
		return max(*a.Above, *b.Above) + 1, true
	case a.Below != nil && b.Below != nil:
		return min(*a.Below, *b.Below) - 1, true
	case a.Above != nil && b.Below != nil && *a.Above < *b.Below:
		return (*a.Above + *b.Below) / 2, true
	case a.Below != nil && b.Above != nil && *b.Above < *a.Below:
		return (*a.Below + *b.Above) / 2, true
	}
	return 0, false
}

// oneOf adds a problem unless v is one of allowed; the empty text among them
// stands for the default and is not offered.
func oneOf[T ~string](f *filler, path string, v T, allowed ...T) {
	if slices.Contains(allowed, v) {
		return
	}
	var names []string
	for _, a := range allowed {
		if a != "" {
			names = append(names, string(a))
		}
	}
	f.at(path, "%q is not known; %s", v, suggest(string(v), names))
}
