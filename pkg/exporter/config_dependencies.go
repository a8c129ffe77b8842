package exporter

import (
	"fmt"
	"slices"
)

// A CallQuery is a PromQL query that has a series for each pair of services of
// which one calls the other, as meshes and tracing count them. A pair counts
// while its value is above 0.
type CallQuery struct {
	Query  string `yaml:"query"`
	Caller string `yaml:"caller"` // label that names the one that calls, as services do
	Callee string `yaml:"callee"` // label that names the one that is called
}

// checkDependencies checks who is said to call whom, and the queries that tell
// it; names are those of the services.
func checkDependencies(c *Config, names []string, f *filler) {
	for i, s := range c.Services {
		for j, callee := range s.DependsOn {
			at := fmt.Sprintf("services[%d].depends_on[%d]", i, j)
			switch {
			case callee == s.Name:
				f.at(at, "is the service itself; name the services that it calls")
			case callee == "" || !slices.Contains(names, callee):
				f.at(at, "%q is not one of services; %s", callee, suggest(callee, names))
			case slices.Contains(s.DependsOn[:j], callee):
				f.at(at, "%q is named twice; leave one out", callee)
			}
		}
	}
	for i, q := range c.Dependencies {
		at := fmt.Sprintf("dependencies[%d]", i)
		checkCallQuery(q, at, f)
		if first := slices.Index(c.Dependencies, q); first < i {
			f.at(at, "is the same as dependencies[%d]; leave one out", first)
		}
	}
}

func checkCallQuery(q CallQuery, path string, f *filler) {
	if q.Query == "" {
		f.at(path+".query", "is missing; write a PromQL query with a series for each pair of services, such as sum by (client, server) (rate(traces_service_graph_request_total[5m]))")
	}
	for _, end := range []struct{ key, label, such string }{{"caller", q.Caller, "client"}, {"callee", q.Callee, "server"}} {
		if end.label == "" {
			f.at(path+"."+end.key, "is missing; write the label that names the %s, such as %s", end.key, end.such)
		}
		checkLabel(end.label, path+"."+end.key, f)
	}
	if q.Caller == q.Callee && q.Caller != "" {
		f.at(path+".callee", "%q names the caller already; write the label that names who is called", q.Callee)
	}
	if e, err := promQL.ParseExpr(q.Query); err == nil {
		for _, label := range []string{q.Caller, q.Callee} {
			if agg := sumsAway(e, label); agg != nil {
				f.at(path+".query", "sums the label %s away, which names a service; write %s by (%s, %s) (…)", label, agg.Op, q.Caller, q.Callee)
				return
			}
		}
	}
	checkQuery(q.Query, path+".query", "", f)
}
