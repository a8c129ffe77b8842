package board

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/analysis"
)

// Bounds of an announcement: names become labels, and all of it one fact.
const (
	maxName     = 200 // characters
	maxRef      = 2000
	maxStages   = 1000
	maxMatchers = 50
	maxMatcher  = 2000 // characters

	// maxAhead is how far ahead of our clock an announcement may be. Clocks
	// differ by minutes; an hour is a time zone mistaken for another.
	maxAhead = 15 * time.Minute
)

var strategies = []analysis.Strategy{
	"", analysis.Auto, analysis.Canary, analysis.Rolling, analysis.BlueGreen, analysis.RegionControl, analysis.BeforeAfter, analysis.LoadTest, analysis.Threshold,
}

// An AnnouncementError says what cannot be about one field of an announcement.
type AnnouncementError struct {
	Rollout  string // its id
	Field    string // as in the announcement's JSON form, such as stages[2]
	Problem  string // what was said there, why that cannot be, what to write
	Conflict bool   // it could be, if it had not been announced otherwise before
}

// Error implements error.
func (e *AnnouncementError) Error() string {
	return fmt.Sprintf("rollout %.200q: %s: %s", e.Rollout, e.Field, e.Problem)
}

// A checker collects what is wrong with one announcement.
type checker struct {
	id       string
	conflict bool
	errs     []error
}

func (c *checker) no(field, format string, args ...any) {
	c.errs = append(c.errs, &AnnouncementError{Rollout: c.id, Field: field, Problem: fmt.Sprintf(format, args...), Conflict: c.conflict})
}

// check returns all that cannot be about an announcement whose start is known.
// It takes stages as tidied; checkOrder sees them before.
func check(ro analysis.Rollout, now time.Time) error {
	c := &checker{id: ro.ID}
	if ro.ID == "." || ro.ID == ".." {
		c.no("id", "%q has a meaning of its own in URLs; choose another", ro.ID)
	}
	for _, s := range []struct {
		field, value string
		most         int
	}{
		{"id", ro.ID, maxName}, {"service", ro.Service, maxName}, {"version", ro.Version, maxName},
		{"previous", ro.Previous, maxName}, {"tool", ro.Tool, maxName}, {"ref", ro.Ref, maxRef},
	} {
		c.text(s.field, s.value, s.most)
	}
	if ro.Service == "" {
		c.no("service", "is missing; name the service that changes, as in the configuration's services")
	}
	if !slices.Contains(strategies, ro.Strategy) {
		c.no("strategy", "%.200q is not one of %s", ro.Strategy, oneOf(strategies[1:]))
	}
	c.scope(ro.Scope)
	c.selector("candidate", ro.Candidate)
	c.selector("control", ro.Control)
	if len(ro.Candidate) > 0 && maps.Equal(ro.Candidate, ro.Control) {
		c.no("control", "picks the same nodes as candidate; select those on the old version, or leave both empty to compare before with after")
	}
	c.times(ro, now)
	c.baseline(ro)
	return errors.Join(c.errs...)
}

// baseline checks the run that a load test is to be compared with.
func (c *checker) baseline(ro analysis.Rollout) {
	b := ro.Baseline
	switch {
	case b == nil:
	case ro.Strategy != "" && ro.Strategy != analysis.LoadTest:
		c.no("baseline", "is of load tests, and the strategy is %s; leave it out", ro.Strategy)
	case b.Accept && !(b.Started.IsZero() && b.Ended.IsZero()):
		c.no("baseline", "either names an earlier run or accepts this one; leave out accept, or started and ended")
	case b.Accept:
	case b.Started.IsZero() || b.Ended.IsZero():
		c.no("baseline", "needs started and ended of the earlier run, or accept")
	case !b.Started.Before(b.Ended) || b.Ended.After(ro.Started):
		c.no("baseline", "from %s to %s is no run before the one that started at %s", stamp(b.Started), stamp(b.Ended), stamp(ro.Started))
	}
}

// checkOrder returns an error if stages are not in the order of time.
func checkOrder(ro analysis.Rollout) error {
	c := &checker{id: ro.ID}
	for i := 1; i < len(ro.Stages); i++ {
		if ro.Stages[i].Before(ro.Stages[i-1]) {
			c.no(fmt.Sprintf("stages[%d]", i), "%s is before the stage listed before it (%s); list them oldest first",
				stamp(ro.Stages[i]), stamp(ro.Stages[i-1]))
		}
	}
	return errors.Join(c.errs...)
}

func (c *checker) text(field, s string, most int) {
	switch {
	case !utf8.ValidString(s):
		c.no(field, "is not valid UTF-8")
	case utf8.RuneCountInString(s) > most:
		c.no(field, "has %d characters; at most %d are kept", utf8.RuneCountInString(s), most)
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		c.no(field, "%q has characters that cannot be printed; leave them out", s)
	case s != strings.TrimSpace(s):
		c.no(field, "%q begins or ends with a space; leave it out", s)
	}
}

func (c *checker) scope(scope map[string]string) {
	if len(scope) > maxMatchers {
		c.no("scope", "has %d labels; at most %d are kept", len(scope), maxMatchers)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(scope)) {
		if k == "" {
			c.no("scope", "has a label without a name")
		}
		c.text(fmt.Sprintf("scope: name %q", k), k, maxName)
		c.text("scope."+k, scope[k], maxName)
	}
}

func (c *checker) selector(field string, s analysis.Selector) {
	if len(s) > maxMatchers {
		c.no(field, "has %d matchers; at most %d are kept", len(s), maxMatchers)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		at := field + "." + name
		if !model.UTF8Validation.IsValidLabelName(name) {
			c.no(field, "%q is not a name of a label", name)
			continue
		}
		c.text(field+": name "+name, name, maxName)
		value := s[name]
		if !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxMatcher {
			c.no(at, "has to be valid UTF-8 of at most %d characters", maxMatcher)
			continue
		}
		for _, op := range []string{"=~", "!~"} {
			if re, is := strings.CutPrefix(value, op); is {
				if _, err := regexp.Compile(re); err != nil {
					c.no(at, "%q is not a regular expression: %v", re, err)
				}
			}
		}
	}
}

func (c *checker) times(ro analysis.Rollout, now time.Time) {
	if len(ro.Stages) > maxStages {
		c.no("stages", "are %d; at most %d are kept", len(ro.Stages), maxStages)
		return
	}
	c.time("started", ro.Started, ro, now)
	for i, s := range ro.Stages {
		c.time(fmt.Sprintf("stages[%d]", i), s, ro, now)
	}
	if !ro.Ended.IsZero() {
		c.time("ended", ro.Ended, ro, now)
	}
}

func (c *checker) time(field string, t time.Time, ro analysis.Rollout, now time.Time) {
	switch {
	case t.After(now.Add(maxAhead)):
		c.no(field, "%s lies more than %s ahead of now (%s); see to its time zone", stamp(t), maxAhead, stamp(now))
	case t.Year() < 1970:
		c.no(field, "%s cannot be; write when it was, such as %s", stamp(t), stamp(now))
	case t.Before(ro.Started):
		c.no(field, "%s is before the rollout started (%s)", stamp(t), stamp(ro.Started))
	}
}

// conflicts returns what an announcement says otherwise than what stands.
// What is judged cannot change on the way: evidence gathered on other nodes
// would be counted for these.
func conflicts(known, said analysis.Rollout) error {
	c := &checker{id: known.ID, conflict: true}
	const anew = "announce a rollout with another id"
	for _, s := range []struct{ field, known, said string }{
		{"service", known.Service, said.Service}, {"version", known.Version, said.Version}, {"previous", known.Previous, said.Previous},
		{"strategy", string(known.Strategy), string(said.Strategy)},
	} {
		if s.known != "" && s.said != "" && s.known != s.said {
			c.no(s.field, "%.200q was announced before and %.200q now; %s", s.known, s.said, anew)
		}
	}
	if len(said.Scope) > 0 && !maps.Equal(known.Scope, said.Scope) {
		c.no("scope", "%v was announced before and %v now; %s", known.Scope, said.Scope, anew)
	}
	if known.Baseline != nil && said.Baseline != nil && !sameBaseline(known.Baseline, said.Baseline) {
		c.no("baseline", "another was announced before; %s", anew)
	}
	for _, s := range []struct {
		field       string
		known, said analysis.Selector
	}{{"candidate", known.Candidate, said.Candidate}, {"control", known.Control, said.Control}} {
		if len(s.known) > 0 && len(s.said) > 0 && !maps.Equal(s.known, s.said) {
			c.no(s.field, "%v was announced before and %v now; %s", s.known, s.said, anew)
		}
	}
	return errors.Join(c.errs...)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func oneOf(list []analysis.Strategy) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}
