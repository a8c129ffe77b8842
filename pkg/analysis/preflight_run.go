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
	checkPending outcome = iota
	checkPassed
	checkFailed
	checkUndecided // its time is over and there were no data to decide by
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
	before(now []presentSeries)
	// look takes in what was there in a bin. The sentence says why, whatever
	// the outcome.
	look(b observation) (outcome, string)
	// effect returns by how much what was found exceeds what was wanted.
	effect() float64
}

// A presentSeries is a series that had a sample in a bin.
type presentSeries struct {
	labels model.Metric
	v      float64
}

// An observation is one bin of a pre-flight check.
type observation struct {
	at      time.Time
	rollout Rollout // as of at
	now     []presentSeries
	over    bool // the bin is the last
}

// A preflightSetting is what pre-flight checks know of a rollout and of its
// service, and whom they ask.
type preflightSetting struct {
	service   Service
	candidate Selector // of all nodes that the change goes to, wherever they are
	strategy  Strategy // taken
	step      time.Duration
	first     int64 // bin that the rollout begins with

	source metricSource
}

// changesAllNodes reports whether a change goes everywhere at once: no cohort, no
// stage.
func (s preflightSetting) changesAllNodes(r Rollout) bool {
	return s.strategy == BeforeAfter && len(s.candidate) == 0 && len(r.Stages) == 0
}

// written returns expr with the selector written into it.
func (s preflightSetting) written(expr string, by Selector) (string, error) {
	if expr == "" || len(by) == 0 {
		return expr, nil
	}
	if s.source.Resolve == nil {
		return expr, errors.New("cohorts are selected by labels, and the Analyzer cannot write them into queries; set Resolve")
	}
	out, err := s.source.Resolve(expr, by)
	if err != nil {
		return expr, fmt.Errorf("writing the matchers %v into %s: %w", by, expr, err)
	}
	return out, nil
}

// A preflightRun is the pre-flight checks of one rollout under way.
type preflightRun []*preflightCheck

// A preflightCheck is one of them.
type preflightCheck struct {
	check   Preflight
	setting preflightSetting
	exam    examiner
	expr    string // as asked; empty if nothing is
	next    int64
	err     error // of the last question, or why none can be asked

	outcome outcome
	at      time.Time // when it was decided
	reason  string
	seen    int // series in the last bin that had any
}

func newPreflightRun(s preflightSetting) preflightRun {
	var out preflightRun
	for _, check := range s.service.Preflight {
		c := &preflightCheck{check: check, setting: s, next: s.first - preflightPast}
		switch {
		case check.Version != nil:
			exam := newVersionExam(s, *check.Version)
			c.exam = exam
			c.expr, c.err = s.written(check.Version.Metric, without(s.candidate, exam.label))
		case check.Completeness != nil:
			c.exam, c.err = newSourcesExam(*check.Completeness)
			c.expr = check.Completeness.Metric
		case check.Scope != nil:
			c.exam = &scopeExam{check: *check.Scope, changesAllNodes: s.changesAllNodes}
			c.expr, c.err = s.written(check.Scope.Metric, s.candidate)
		default:
			c.err = errors.New("it checks nothing; set version, completeness or scope")
		}
		out = append(out, c)
	}
	return out
}

func without(s Selector, label string) Selector {
	out := maps.Clone(s)
	delete(out, label)
	return out
}

// deadline returns when the check is over, by what is known of the rollout.
func (c *preflightCheck) deadline(r Rollout) time.Time {
	if c.check.Version != nil {
		return r.FirstStage().Add(c.check.within())
	}
	return r.Started.Add(c.check.within())
}

// ask fetches the bins up to last that are not yet there, as far as the check
// looks, and looks at them: once each, however often it is called.
func (c *preflightCheck) ask(ctx context.Context, r Rollout, last int64) {
	step := c.setting.step
	last = min(last, binFrom(c.deadline(r), step))
	if c.outcome != checkPending || c.exam == nil || c.next > last {
		return
	}
	last = min(last, c.next+maxPoints-1)
	g := gridSpan{step, c.next, last}
	there := make([][]presentSeries, g.width())
	if c.expr != "" {
		var m model.Matrix
		m, err := c.setting.source.Metrics(ctx, c.expr, Range{Start: g.time(g.first), End: g.time(g.last), Step: step})
		if c.err = err; err != nil {
			return
		}
		for _, s := range m {
			for _, p := range s.Values {
				i := g.index(p.Timestamp)
				if v := float64(p.Value); i >= 0 && i < len(there) && !math.IsNaN(v) && v != 0 {
					there[i] = append(there[i], presentSeries{s.Metric, v})
				}
			}
		}
	}
	for i := 0; i < len(there) && c.outcome == checkPending; i++ {
		c.fold(r, g.time(g.first+int64(i)), there[i])
	}
}

func (c *preflightCheck) fold(r Rollout, at time.Time, now []presentSeries) {
	bin := c.next
	c.next++
	if len(now) > 0 {
		c.seen = len(now)
	}
	if bin < c.setting.first {
		c.exam.before(now)
		return
	}
	known := r.AsOf(at)
	c.outcome, c.reason = c.exam.look(observation{at: at, rollout: known, now: now, over: !at.Before(c.deadline(known))})
	c.at = at
}

// finding returns what the check came to by now.
func (c *preflightCheck) finding() Finding {
	out := Finding{
		Signal: c.check.Called(), Kind: "preflight", Deviation: Unknown, Effect: Unknown, Smallest: Unknown,
		Evidence: Unknown, Candidate: c.seen, Query: c.expr, Reason: c.reason, Quality: OK,
		Blamed: c.outcome == checkFailed,
	}
	if c.exam != nil {
		out.Effect = Number(c.exam.effect())
	}
	switch {
	case c.err != nil && (c.outcome == checkPending || c.outcome == checkUndecided):
		out.Quality, out.Reason = SourceError, fmt.Sprintf("%s could not be checked: %s", out.Signal, c.err)
		return out
	case c.outcome == checkUndecided:
		out.Quality = NoSeries
	case c.outcome == checkPending:
		out.Quality = LowExposure
		if c.reason == "" {
			out.Reason = "nothing looked at yet"
		}
	case c.outcome == checkFailed:
		at := c.at
		out.Onset = &at
	}
	out.Reason = out.Signal + ": " + out.Reason
	return out
}

// failed returns the check that had failed first by a time; nil if none had.
func (r preflightRun) failed(by time.Time) *preflightCheck {
	var first *preflightCheck
	for _, c := range r {
		if c.outcome == checkFailed && !c.at.After(by) && (first == nil || c.at.Before(first.at)) {
			first = c
		}
	}
	return first
}

// undecided returns the finding on the first check that is not decided, and
// whether there is one.
func (r preflightRun) undecided() (Finding, bool) {
	for _, c := range r {
		if c.outcome == checkPending || c.outcome == checkUndecided {
			return c.finding(), true
		}
	}
	return Finding{}, false
}
