package analysis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/prometheus/common/model"
)

// An outcome is what a pre-flight check came to.
type outcome int

const (
	waiting outcome = iota
	cleared
	grounded
	undecided // its time is over and there were no data to decide by
)

const (
	// preflightPast is how many bins before the start are asked for, to see
	// what was there before it.
	preflightPast = 10
	// preflightStale is how many bins old what is there may be when the time
	// of a check is over.
	preflightStale = 5
)

// An examiner decides a pre-flight check, bin by bin.
type examiner interface {
	// before takes in what was there in a bin before the start.
	before(now []present)
	// look takes in what was there in a bin; over tells that it is the last.
	// The sentence says why, whatever the outcome.
	look(b look) (outcome, string)
	// effect returns by how much what was found exceeds what was wanted.
	effect() float64
}

// A present is a series that had a sample in a bin.
type present struct {
	labels model.Metric
	v      float64
}

// A look is one bin of a pre-flight check.
type look struct {
	at    time.Time
	known Rollout // as of at
	now   []present
	over  bool
}

// A flight is a pre-flight check of a course under way.
type flight struct {
	check  Preflight
	course *course
	exam   examiner
	expr   string // as asked; empty if nothing is
	next   int64
	err    error // of the last question, or why none can be asked

	outcome outcome
	at      time.Time // when it was decided
	reason  string
	seen    int // series in the last bin that had any
}

func (a *Analyzer) newFlights(c *course) []*flight {
	var out []*flight
	for _, check := range c.service.Preflight {
		f := &flight{check: check, course: c, next: c.first - preflightPast}
		candidate := divide(c.rollout, Service{}).candidate // where it goes is for the check itself
		switch {
		case check.Version != nil:
			f.exam = newVersionExam(c, *check.Version, candidate)
			candidate = without(candidate, f.exam.(*versionExam).label)
			f.expr, f.err = a.written(check.Version.Metric, candidate)
		case check.Completeness != nil:
			f.exam, f.err = newSourcesExam(*check.Completeness)
			f.expr = check.Completeness.Metric
		case check.Scope != nil:
			f.exam = &scopeExam{check: *check.Scope, everything: c.everything}
			f.expr, f.err = a.written(check.Scope.Metric, candidate)
		default:
			f.err = errors.New("it checks nothing; set version, completeness or scope")
		}
		out = append(out, f)
	}
	return out
}

// written returns expr with the selector written into it.
func (a *Analyzer) written(expr string, s Selector) (string, error) {
	if expr == "" || len(s) == 0 {
		return expr, nil
	}
	if a.Resolve == nil {
		return expr, errors.New("cohorts are selected by labels, and the Analyzer cannot write them into queries; set Resolve")
	}
	out, err := a.Resolve(expr, s)
	if err != nil {
		return expr, fmt.Errorf("writing the matchers %v into %s: %w", s, expr, err)
	}
	return out, nil
}

func without(s Selector, label string) Selector {
	out := maps.Clone(s)
	delete(out, label)
	return out
}

// deadline returns when the check is over, by what is known of the rollout.
func (f *flight) deadline(known Rollout) time.Time {
	if f.check.Version != nil {
		return known.FirstStage().Add(f.check.within())
	}
	return known.Started.Add(f.check.within())
}

// ask fetches the bins up to last that are not yet there, as far as the check
// looks, and looks at them: once each, however often it is called.
func (f *flight) ask(ctx context.Context, a *Analyzer, last int64) {
	step := f.course.step
	last = min(last, binFrom(f.deadline(f.course.rollout), step))
	if f.outcome != waiting || f.exam == nil || f.next > last {
		return
	}
	last = min(last, f.next+mostPoints-1)
	g := gridSpan{step, f.next, last}
	there := make([][]present, g.width())
	if f.expr != "" {
		var m model.Matrix
		m, err := a.Metrics(ctx, f.expr, Range{Start: g.time(g.first), End: g.time(g.last), Step: step})
		if f.err = err; err != nil {
			return
		}
		for _, s := range m {
			for _, p := range s.Values {
				i := g.index(p.Timestamp)
				if v := float64(p.Value); i >= 0 && i < len(there) && !math.IsNaN(v) && v != 0 {
					there[i] = append(there[i], present{s.Metric, v})
				}
			}
		}
	}
	for i := 0; i < len(there) && f.outcome == waiting; i++ {
		f.fold(g.time(g.first+int64(i)), there[i])
	}
}

func (f *flight) fold(at time.Time, now []present) {
	bin := f.next
	f.next++
	if len(now) > 0 {
		f.seen = len(now)
	}
	if bin < f.course.first {
		f.exam.before(now)
		return
	}
	known := f.course.rollout.AsOf(at)
	l := look{at: at, known: known, now: now, over: !at.Before(f.deadline(known))}
	f.outcome, f.reason = f.exam.look(l)
	f.at = at
}

// finding returns what the check came to by now.
func (f *flight) finding() Finding {
	out := Finding{
		Signal: f.check.Called(), Kind: "preflight", Deviation: Unknown, Effect: Unknown, Smallest: Unknown,
		Evidence: Unknown, Candidate: f.seen, Query: f.expr, Reason: f.reason, Quality: OK,
		Blamed: f.outcome == grounded,
	}
	if f.exam != nil {
		out.Effect = Number(f.exam.effect())
	}
	switch {
	case f.err != nil && (f.outcome == waiting || f.outcome == undecided):
		out.Quality, out.Reason = SourceError, fmt.Sprintf("%s could not be checked: %s", out.Signal, f.err)
		return out
	case f.outcome == undecided:
		out.Quality = NoSeries
	case f.outcome == waiting:
		out.Quality = LowExposure
		if f.reason == "" {
			out.Reason = "nothing looked at yet"
		}
	case f.outcome == grounded:
		at := f.at
		out.Onset = &at
	}
	out.Reason = out.Signal + ": " + out.Reason
	return out
}

// failedFlight returns the check that had failed first by a time; nil if none had.
func (c *course) failedFlight(by time.Time) *flight {
	var first *flight
	for _, f := range c.flights {
		if f.outcome == grounded && !f.at.After(by) && (first == nil || f.at.Before(first.at)) {
			first = f
		}
	}
	return first
}

// ground fails the rollout if a pre-flight check had failed by a time, and
// reports whether it did: without evidence and without blame, for what the
// check asserts is not so.
func (c *course) ground(by time.Time) bool {
	f := c.failedFlight(by)
	if f == nil {
		return false
	}
	c.fail(f.at, f.finding().Reason)
	c.failWeight = math.Inf(1)
	return true
}

// unflown returns the finding on the first check that is not decided, and
// whether there is one.
func (c *course) unflown() (Finding, bool) {
	for _, f := range c.flights {
		if f.outcome == waiting || f.outcome == undecided {
			return f.finding(), true
		}
	}
	return Finding{}, false
}

// everything reports whether the change goes everywhere at once: no cohort, no
// stage.
func (c *course) everything(known Rollout) bool {
	candidate := divide(known, Service{}).candidate
	return c.strategy == BeforeAfter && len(candidate) == 0 && len(known.Stages) == 0
}
