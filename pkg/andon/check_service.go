package andon

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
)

// Bounds of Service.Step and of how long a pre-flight check looks.
const (
	minStep   = time.Second
	maxStep   = time.Hour
	minWithin = time.Second
	maxWithin = 24 * time.Hour
)

// CheckServices returns the problems of the services of one configuration, with
// paths such as [0].signals[1].metric.
func CheckServices(services []Service, parse Parsers) []Problem {
	var p problems
	first := make(map[string]int)
	for i, s := range services {
		at := fmt.Sprintf("[%d]", i)
		if j, twice := first[s.Name]; twice && s.Name != "" {
			p.at(at+".name", "%q is already the name of services[%d]; give each service its own name", s.Name, j)
		} else {
			first[s.Name] = i
		}
		p.under(at, s.Check(parse))
	}
	names := slices.Sorted(maps.Keys(first))
	for i, s := range services {
		for j, callee := range s.DependsOn {
			at := fmt.Sprintf("[%d].depends_on[%d]", i, j)
			switch {
			case callee == s.Name:
				p.at(at, "is the service itself; list only the services that it calls")
			case callee == "" || !slices.Contains(names, callee):
				p.at(at, "%q is not a configured service; %s", callee, Suggest(callee, names))
			case slices.Contains(s.DependsOn[:j], callee):
				p.at(at, "%q is listed twice; leave one out", callee)
			}
		}
	}
	return p
}

// Check returns the problems of a service by itself; CheckServices also checks
// depends_on.
func (s Service) Check(parse Parsers) []Problem {
	var p problems
	if s.Name == "" {
		p.at("name", "is missing; write the service's name")
	}
	p.label("node", s.Node)
	p.label("version", s.Version)
	s.checkScope(&p)
	word(&p, "layer", "layer", s.Layer, Layers)
	word(&p, "sensitivity", "sensitivity", s.Sensitivity, Sensitivities)
	if s.Step != 0 && (s.Step < model.Duration(minStep) || s.Step > model.Duration(maxStep)) {
		p.at("step", "%s is not between 1s and 1h; 1m is usual", s.Step)
	}
	if len(s.Signals) == 0 {
		p.at("signals", "is missing; write at least one signal with a name and a metric")
	}
	names := make(map[string]int)
	for i, sig := range s.Signals {
		at := fmt.Sprintf("signals[%d]", i)
		if first, twice := names[sig.Name]; twice && sig.Name != "" {
			p.at(at+".name", "%q is already the name of signals[%d]; give each signal of a service its own name", sig.Name, first)
		} else {
			names[sig.Name] = i
		}
		p.under(at, sig.Check(parse, s.Node))
	}
	s.checkPreflight(&p, parse, names)
	return p
}

func (s Service) checkScope(p *problems) {
	for i, label := range s.Scope {
		at := fmt.Sprintf("scope[%d]", i)
		p.label(at, label)
		switch {
		case label == "":
			p.at(at, "is empty; write the label that says where a node is, such as region")
		case slices.Contains(s.Scope[:i], label):
			p.at(at, "%q is listed twice; leave one out", label)
		case label == s.Node || label == s.Version:
			p.at(at, "%q names nodes or versions, not places; leave it out", label)
		}
	}
}

func (s Service) checkPreflight(p *problems, parse Parsers, signals map[string]int) {
	called := make(map[string]int)
	for i, pre := range s.Preflight {
		at := fmt.Sprintf("preflight[%d]", i)
		p.under(at, pre.Check(parse, s.Version))
		if pre.set() != 1 {
			continue
		}
		name := pre.Called()
		if first, twice := called[name]; twice {
			p.at(at, "has the name %q, as preflight[%d] does; give one of them another name", name, first)
		}
		called[name] = i
		if _, taken := signals[name]; taken {
			p.at(at+".name", "%q is already the name of a signal; choose another name", name)
		}
	}
}

// Check returns the problems of a pre-flight check of a service with the given
// version label.
func (p Preflight) Check(parse Parsers, version string) []Problem {
	var out problems
	switch n := p.set(); {
	case n != 1:
		out.at("", "has %d checks; write exactly one of version, completeness and scope", n)
	case p.Version != nil:
		out.under("version", p.Version.check(parse, version))
	case p.Completeness != nil:
		out.under("completeness", p.Completeness.check(parse))
	case p.Scope != nil:
		out.under("scope", p.Scope.check(parse))
	}
	return out
}

// set returns how many of the checks are set; one is right.
func (p Preflight) set() int {
	n := 0
	for _, is := range []bool{p.Version != nil, p.Completeness != nil, p.Scope != nil} {
		if is {
			n++
		}
	}
	return n
}

func (v VersionCheck) check(parse Parsers, version string) []Problem {
	var p problems
	label := v.Label
	if label == "" {
		label = version
	}
	if label == "" {
		p.at("label", "is missing, and the service has no version label; write the label that names the version")
	}
	p.label("label", v.Label)
	p.needed("metric", v.Metric, parse, label)
	p.within(v.Within)
	return p
}

func (c CompletenessCheck) check(parse Parsers) []Problem {
	var p problems
	p.label("by", c.By)
	p.needed("metric", c.Metric, parse, c.By)
	p.within(c.Within)
	if n, err := strconv.ParseFloat(c.AtLeast, 64); c.AtLeast != "" && c.AtLeast != Previous && (err != nil || !(n >= 1 && n <= 1e9)) {
		p.at("at_least", "%q is not a number of sources; write 1 or more, or %s for as many as before the rollout", c.AtLeast, Previous)
	}
	return p
}

func (c ScopeCheck) check(parse Parsers) []Problem {
	var p problems
	if c.AtMost < 1 {
		p.at("at_most", "%d would allow no change at all; write 1 or more", c.AtMost)
	}
	if c.Of == "" {
		p.at("of", "is missing; write the key of the rollout's scope to count, such as region")
	}
	if c.Metric != "" {
		p.label("of", c.Of)
		p.promQL("metric", c.Metric, parse, c.Of)
	}
	p.within(c.Within)
	return p
}

// needed checks a query that must not be left out.
func (p *problems) needed(path, expr string, parse Parsers, keep string) {
	if expr == "" {
		p.at(path, "is missing; write a PromQL query")
	}
	p.promQL(path, expr, parse, keep)
}

func (p *problems) within(d model.Duration) {
	if d != 0 && (d < model.Duration(minWithin) || d > model.Duration(maxWithin)) {
		p.at("within", "%s is not between 1s and 1d; 10m is usual", d)
	}
}
