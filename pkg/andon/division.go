package andon

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Compare returns the comparison that a tick makes of one signal of a
// rollout, so that a panel can ask for the same.
func Compare(ro Rollout, s Service, sig Signal) Comparison {
	d := Divide(ro, s)
	return Comparison{
		Service: s.Name, Signal: sig, Node: s.Node, Version: s.Version, Release: ro.Version,
		Candidate: Cohort{Select: d.Candidate}, Control: Cohort{Select: d.control, Back: ro.back()},
		Relative: d.Taken == RegionControl, Strategy: d.Taken,
		Sensitivity: s.Sensitivity, Since: ro.Started, Step: s.Bin(), WarmUp: s.WarmUpTime(),
		Places: s.Scope,
	}
}

// A Division says what a rollout is compared with, and why.
type Division struct {
	Taken              Strategy
	Candidate, control Selector
	Why                string // a sentence for people
	by                 string // of RegionControl, the label that divides
}

// Divide returns the strategy that is taken for a rollout and the selectors of
// its cohorts. Where only one cohort is selected, by a single label, the other
// is the rest. With cohorts by label it is they, within the rollout's scope;
// without, if the service's series tell where a node is and the rollout where
// it goes, what lies elsewhere is control; and where time alone can divide
// them both are the same.
func Divide(ro Rollout, s Service) Division {
	taken, candidate, control := ro.Strategy, ro.Candidate, ro.Control
	switch {
	case taken == BeforeAfter:
		return Division{Taken: taken, Candidate: candidate, control: candidate, Why: "the service compared with itself before the change, as announced"}
	case taken == Threshold:
		return Division{Taken: taken, Candidate: candidate, control: candidate, Why: "thresholds only, as announced"}
	case taken == LoadTest:
		d := Division{Why: "this run compared with the baseline run"}
		if d.Taken, d.Candidate, d.control = ro.loadTest(); d.Taken == Threshold {
			d.Why = "thresholds only: the run is to become the baseline"
		}
		return d
	case len(control) == 0 && len(candidate) == 1:
		control = candidate.not()
	case len(candidate) == 0 && len(control) == 1:
		candidate = control.not()
	case len(candidate) == 0 || len(control) == 0:
		if d, ok := ro.elsewhere(s); ok {
			return d
		}
		return Division{Taken: BeforeAfter, Candidate: candidate, control: candidate,
			Why: "the service compared with itself before the change, as no label tells new nodes from old or changed regions from others"}
	}
	within := ro.within(s)
	d := Division{Taken: taken, Candidate: candidate.and(within), control: control.and(within)}
	if taken == "" || taken == Auto {
		d.Taken = Canary
	}
	d.Why = fmt.Sprintf("new nodes %s compared with old nodes %s at the same time", d.Candidate, d.control)
	if taken == RegionControl {
		d.Why = fmt.Sprintf("nodes in the changed regions %s compared with nodes elsewhere %s, each against its own level before the change", d.Candidate, d.control)
	}
	return d
}

// places returns the labels of series by which a rollout's scope says where it
// goes, the widest first: those that the service names. Without any, and only
// if region control is asked for, it is taken that the series have the labels
// region, zone and cloud that the scope names.
func (r Rollout) places(s Service) []string {
	labels := s.Scope
	if len(labels) == 0 && r.Strategy == RegionControl {
		labels = []string{"cloud", "region", "zone"}
	}
	return slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return r.Scope[l] == "" })
}

// within returns the matchers of where the rollout goes.
func (r Rollout) within(s Service) Selector {
	out := Selector{}
	for _, l := range r.places(s) {
		out[l] = oneOf(r.Scope[l])
	}
	return out
}

// oneOf returns what a label must be to be one of values, which are parted by
// commas.
func oneOf(values string) string {
	all := strings.Split(values, ",")
	if len(all) == 1 && !strings.ContainsAny(values[:1], "=!") { // or it would be an operator
		return values
	}
	for i, v := range all {
		all[i] = regexp.QuoteMeta(strings.TrimSpace(v))
	}
	return "=~" + strings.Join(all, "|")
}

// elsewhere divides by where the rollout goes: what lies outside the narrowest
// place that it names, and inside the wider ones, is control.
func (r Rollout) elsewhere(s Service) (Division, bool) {
	labels := r.places(s)
	if len(labels) == 0 {
		return Division{}, false
	}
	last := labels[len(labels)-1]
	d := Division{Taken: RegionControl, Candidate: r.within(s), by: last}
	d.control = maps.Clone(d.Candidate)
	d.control[last] = Selector{last: d.Candidate[last]}.not()[last]
	d.Why = fmt.Sprintf("nodes in the changed regions compared with nodes elsewhere %s, each against its own level before the change, as no label tells new nodes from old", d.control)
	return d, true
}

// and returns the Selector of what both pick; where both have a label, s counts.
func (s Selector) and(t Selector) Selector {
	if len(t) == 0 {
		return s
	}
	out := maps.Clone(t)
	maps.Copy(out, s)
	return out
}

// not returns the Selector of what s, of one label, does not pick.
func (s Selector) not() Selector {
	out := Selector{}
	for k, v := range s {
		switch {
		case strings.HasPrefix(v, "!="):
			out[k] = v[2:]
		case strings.HasPrefix(v, "=~"):
			out[k] = "!~" + v[2:]
		case strings.HasPrefix(v, "!~"):
			out[k] = "=~" + v[2:]
		default:
			out[k] = "!=" + v
		}
	}
	return out
}

// String returns s as PromQL writes matchers.
func (s Selector) String() string {
	parts := make([]string, 0, len(s))
	for _, k := range SortedKeys(s) {
		op, v := "=", s[k]
		for _, o := range []string{"!=", "=~", "!~"} {
			if rest, ok := strings.CutPrefix(v, o); ok {
				op, v = o, rest
			}
		}
		parts = append(parts, fmt.Sprintf("%s%s%q", k, op, v))
	}
	return "{" + strings.Join(parts, ",") + "}"
}
