package andon

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// Bounds of a rollout: names become labels, and all of it one fact.
const (
	MaxName     = 200 // characters
	maxRef      = 2000
	maxStages   = 1000
	maxMatchers = 50
	maxMatcher  = 2000 // characters

	// maxAhead is how far ahead of our clock a rollout may be. Clocks differ by
	// minutes; an hour is a time zone mistaken for another.
	maxAhead = 15 * time.Minute
)

// operators are what a Selector's value may begin with.
var operators = []string{"!=", "=~", "!~"}

// Check returns the problems of a rollout, which must have a start. If now is
// zero, times are not checked against it.
func (r Rollout) Check(now time.Time) []Problem {
	var p problems
	switch {
	case r.ID == "":
		p.at("id", "is missing; write a unique name for this rollout")
	case r.ID == "." || r.ID == "..":
		p.at("id", "%q cannot be part of a URL; choose another id", r.ID)
	}
	for _, s := range []struct {
		path, value string
		limit       int
	}{
		{"id", r.ID, MaxName}, {"service", r.Service, MaxName}, {"version", r.Version, MaxName}, {"previous", r.Previous, MaxName}, {"tool", r.Tool, MaxName}, {"ref", r.Ref, maxRef},
	} {
		p.text(s.path, s.value, s.limit)
	}
	if r.Service == "" {
		p.at("service", "is missing; write the name of the service that changes, as under services in the configuration")
	}
	p.under("version", CheckVersion(r.Version))
	p.under("previous", CheckVersion(r.Previous))
	if r.Version != "" && r.Version == r.Previous {
		p.at("previous", "%.100q is both version and previous; leave out previous if you do not know it", r.Previous)
	}
	if r.Ref != "" && !strings.HasPrefix(r.Ref, "https://") && !strings.HasPrefix(r.Ref, "http://") {
		p.at("ref", "%.100q is not a link; write one that begins with https://", r.Ref)
	}
	word(&p, "strategy", "strategy", r.Strategy, Strategies)
	r.checkScope(&p)
	p.under("candidate", r.Candidate.Check())
	p.under("control", r.Control.Check())
	if len(r.Candidate) > 0 && maps.Equal(r.Candidate, r.Control) {
		p.at("control", "selects the same nodes as candidate; select the nodes on the old version, or leave both empty to compare before with after")
	}
	r.checkTimes(&p, now)
	if r.Baseline != nil {
		p.under("baseline", r.Baseline.check(r))
	}
	return p
}

// CheckVersion returns the problem of a version that a Selector would read as a
// matcher.
func CheckVersion(v string) []Problem {
	for _, operator := range operators {
		if strings.HasPrefix(v, operator) {
			return []Problem{{Text: fmt.Sprintf("%.100q begins with %s, which is a matcher and not part of a version; write the version alone", v, operator)}}
		}
	}
	return nil
}

// CheckOrder returns the stages that are not in the order of time.
func (r Rollout) CheckOrder() []Problem {
	var p problems
	for i := 1; i < len(r.Stages); i++ {
		if r.Stages[i].Before(r.Stages[i-1]) {
			p.at(fmt.Sprintf("stages[%d]", i), "%s is earlier than the stage listed before it (%s); list stages oldest first", stamp(r.Stages[i]), stamp(r.Stages[i-1]))
		}
	}
	return p
}

func (r Rollout) checkScope(p *problems) {
	if len(r.Scope) > maxMatchers {
		p.at("scope", "has %d labels; the maximum is %d", len(r.Scope), maxMatchers)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(r.Scope)) {
		if k == "" {
			p.at("scope", "has a label without a name; write one such as region")
		}
		p.text(fmt.Sprintf("scope: name %q", k), k, MaxName)
		p.text("scope."+k, r.Scope[k], MaxName)
	}
}

func (r Rollout) checkTimes(p *problems, now time.Time) {
	if len(r.Stages) > maxStages {
		p.at("stages", "has %d entries; the maximum is %d", len(r.Stages), maxStages)
		return
	}
	if r.Started.IsZero() {
		p.at("started", "is missing; write when the rollout began, such as 2026-03-01T12:00:00Z")
		return
	}
	r.checkTime(p, "started", r.Started, now)
	p.under("", r.CheckOrder())
	for i, s := range r.Stages {
		r.checkTime(p, fmt.Sprintf("stages[%d]", i), s, now)
	}
	if !r.Ended.IsZero() {
		r.checkTime(p, "ended", r.Ended, now)
	}
}

func (r Rollout) checkTime(p *problems, path string, t, now time.Time) {
	switch {
	case !now.IsZero() && t.After(now.Add(maxAhead)):
		p.at(path, "%s is more than %s in the future (now is %s); check the time zone", stamp(t), Spell(maxAhead), stamp(now))
	case t.Year() < 1970:
		p.at(path, "%s is before 1970; write the real time, such as 2026-03-01T12:00:00Z", stamp(t))
	case t.Before(r.Started):
		p.at(path, "%s is before the rollout started (%s)", stamp(t), stamp(r.Started))
	}
}

// check returns the problems of the run that a load test is compared with.
func (b Baseline) check(r Rollout) []Problem {
	var p problems
	switch {
	case r.Strategy != "" && r.Strategy != LoadTest:
		p.at("", "is for load tests only, and the strategy is %s; leave it out", r.Strategy)
	case b.Accept && !(b.Started.IsZero() && b.Ended.IsZero()):
		p.at("", "names an earlier run and also accepts this one; leave out accept, or started and ended")
	case b.Accept:
	case b.Started.IsZero() || b.Ended.IsZero():
		p.at("", "needs started and ended of an earlier run, or accept")
	case !b.Started.Before(b.Ended) || b.Ended.After(r.Started):
		p.at("", "from %s to %s is not before this run, which started at %s; write the start and end of an earlier run", stamp(b.Started), stamp(b.Ended), stamp(r.Started))
	}
	return p
}

// Check returns the problems of a selector; their paths are its labels.
func (s Selector) Check() []Problem {
	var p problems
	if len(s) > maxMatchers {
		p.at("", "has %d matchers; the maximum is %d", len(s), maxMatchers)
		return p
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !model.UTF8Validation.IsValidLabelName(name) {
			p.at("", "%q is not a label name; write one such as version", name)
			continue
		}
		p.text("name "+name, name, MaxName)
		value := s[name]
		if !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxMatcher {
			p.at(name, "is longer than %d characters or not valid UTF-8; write a shorter value", maxMatcher)
			continue
		}
		for _, op := range operators[1:] {
			if re, is := strings.CutPrefix(value, op); is {
				if _, err := regexp.Compile(re); err != nil {
					p.at(name, "%q is not a regular expression: %v", re, err)
				}
			}
		}
	}
	return p
}

// text checks a text for people or for a label, of at most limit characters.
func (p *problems) text(path, s string, limit int) {
	switch {
	case !utf8.ValidString(s):
		p.at(path, "is not valid UTF-8; correct its encoding")
	case utf8.RuneCountInString(s) > limit:
		p.at(path, "has %d characters; the maximum is %d", utf8.RuneCountInString(s), limit)
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		p.at(path, "%q contains unprintable characters; leave them out", s)
	case s != strings.TrimSpace(s):
		p.at(path, "%q begins or ends with a space; leave it out", s)
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
