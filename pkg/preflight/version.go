package preflight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
)

// maxNamed is how many names a sentence holds.
const maxNamed = 6

// A versionExam decides a VersionCheck.
//
// What reports is told apart by all labels but the version. Where the
// candidate is selected by more than the version, or everything changes at
// once, all that is selected must report the version when time is over. Else
// control rightly goes on reporting the old one, and the version must have
// appeared: somewhere, and in every value of the rollout's scope that the
// series have a label for.
type versionExam struct {
	label, node string
	all         bool
	step        time.Duration

	latest   []presentSeries
	latestAt time.Time
	wrong    int
}

func newVersionExam(s Setting, check andon.VersionCheck) *versionExam {
	e := &versionExam{label: cmp.Or(check.Label, s.Service.Version), node: s.Service.Node, step: s.Step}
	e.all = !s.Strategy.Concurrent() || s.Strategy == andon.LoadTest || len(without(s.Candidate, e.label)) > 0
	return e
}

func (e *versionExam) before([]presentSeries) {}
func (e *versionExam) effect() float64        { return float64(e.wrong) }

func (e *versionExam) look(l observation) (outcome, string) {
	if len(l.now) > 0 {
		e.latest, e.latestAt = l.now, l.at
	}
	want := l.rollout.Version
	switch {
	case e.label == "":
		return checkUndecided, "no label for the version is configured; set version of the service, or label of the check"
	case want == "":
		return checkUndecided, "the rollout was announced without a version"
	case len(e.latest) == 0 && !l.over:
		return checkPending, fmt.Sprintf("nothing has reported a version so far, expected %s", want)
	case len(e.latest) == 0:
		return checkUndecided, fmt.Sprintf("nothing reported a version by %s, expected %s; check the query and the labels of the candidate", stamped(l.at), want)
	case l.over && l.at.Sub(e.latestAt) > preflightStale*e.step:
		return checkUndecided, fmt.Sprintf("nothing has reported a version since %s, expected %s", stamped(e.latestAt), want)
	case !slices.ContainsFunc(e.latest, func(p presentSeries) bool { return p.labels[model.LabelName(e.label)] != "" }):
		if !l.over {
			return checkPending, fmt.Sprintf("no series has the label %s", e.label)
		}
		return checkUndecided, fmt.Sprintf("no series has the label %s that names the version; keep it in the query", e.label)
	}
	units := e.units(l.rollout)
	lagging := e.lagging(units, l.rollout)
	e.wrong = len(lagging)
	right := 0
	for _, u := range units {
		if u.runs(want) {
			right++
		}
	}
	if len(lagging) == 0 {
		if e.all && !l.over {
			return checkPending, fmt.Sprintf("%d of %d run %s so far", right, len(units), want)
		}
		return checkPassed, fmt.Sprintf("%d of %d run %s", right, len(units), want)
	}
	if !l.over {
		return checkPending, fmt.Sprintf("%d of %d run %s so far; others: %s", right, len(units), want, listed(lagging))
	}
	if right == 0 {
		return checkFailed, fmt.Sprintf("version %s was announced, but nothing ran it by %s; running instead: %s", want, stamped(l.at), listed(lagging))
	}
	return checkFailed, fmt.Sprintf("version %s was announced, but at %s some did not run it: %s", want, stamped(l.at), listed(lagging))
}

// A unit is a node, or whatever else reports a version.
type unit struct {
	name     string
	labels   model.Metric // of one of its series
	versions []string
}

func (u unit) runs(version string) bool { return slices.Contains(u.versions, version) }

// units returns what reports a version inside the rollout's scope, in order of
// name.
func (e *versionExam) units(ro andon.Rollout) []unit {
	byKey := map[string]*unit{}
	for _, p := range e.latest {
		if !within(p.labels, ro.Scope) {
			continue
		}
		rest := p.labels.Clone()
		delete(rest, model.LabelName(e.label))
		delete(rest, model.MetricNameLabel)
		u := byKey[rest.String()]
		if u == nil {
			u = &unit{name: e.nameOf(rest, ro.Scope), labels: rest}
			byKey[rest.String()] = u
		}
		v := string(p.labels[model.LabelName(e.label)])
		if v == "" {
			v = "no version"
		}
		u.versions = append(u.versions, v)
	}
	var out []unit
	for _, k := range andon.SortedKeys(byKey) {
		slices.Sort(byKey[k].versions)
		out = append(out, *byKey[k])
	}
	return out
}

// within reports whether a series lies in a scope, as far as it has labels of it.
func within(m model.Metric, scope map[string]string) bool {
	for label, values := range scope {
		if v, ok := m[model.LabelName(label)]; ok && !slices.Contains(separated(values), string(v)) {
			return false
		}
	}
	return true
}

// nameOf names what reports: its node and where it is, or all its labels.
func (e *versionExam) nameOf(m model.Metric, scope map[string]string) string {
	var parts []string
	if v := m[model.LabelName(e.node)]; e.node != "" && v != "" {
		parts = append(parts, e.node+" "+string(v))
	}
	for _, label := range andon.SortedKeys(scope) {
		if v := m[model.LabelName(label)]; v != "" {
			parts = append(parts, label+" "+string(v))
		}
	}
	if len(parts) > 0 {
		return strings.Join(parts, " in ")
	}
	if len(m) == 0 {
		return "the service"
	}
	return m.String()
}

// lagging returns what does not run the version and should, with what it runs.
func (e *versionExam) lagging(units []unit, ro andon.Rollout) []string {
	var out []string
	appeared := slices.ContainsFunc(units, func(u unit) bool { return u.runs(ro.Version) })
	if e.all || !appeared {
		for _, u := range units {
			if !u.runs(ro.Version) {
				out = append(out, fmt.Sprintf("%s (%s)", u.name, andon.Enumerate(slices.Compact(u.versions))))
			}
		}
	}
	for _, label := range andon.SortedKeys(ro.Scope) {
		name := model.LabelName(label)
		if !slices.ContainsFunc(e.latest, func(p presentSeries) bool { return p.labels[name] != "" }) {
			continue
		}
		for _, value := range separated(ro.Scope[label]) {
			var runs []string
			for _, u := range units {
				if string(u.labels[name]) == value {
					runs = append(runs, u.versions...)
				}
			}
			slices.Sort(runs)
			switch {
			case len(runs) == 0:
				out = append(out, fmt.Sprintf("%s %s (reports nothing)", label, value))
			case !e.all && appeared && !slices.Contains(runs, ro.Version):
				out = append(out, fmt.Sprintf("%s %s (%s)", label, value, andon.Enumerate(slices.Compact(runs))))
			}
		}
	}
	if len(units) == 0 && len(out) == 0 {
		out = append(out, "no series in the scope of the rollout")
	}
	return out
}

// separated returns the values of a scope: those between commas, each once.
func separated(values string) []string {
	var out []string
	for v := range strings.SplitSeq(values, ",") {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// listed joins names, and only counts those that are too many.
func listed(names []string) string {
	if n := len(names) - maxNamed; n > 1 {
		return strings.Join(names[:maxNamed], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return andon.Enumerate(names)
}

func stamped(t time.Time) string { return t.UTC().Format(time.RFC3339) }
