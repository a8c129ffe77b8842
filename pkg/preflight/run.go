package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/prometheus/common/model"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
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
	// effect returns by how much what was found exceeds what is needed.
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
	rollout andon.Rollout // as of at
	now     []presentSeries
	over    bool // the bin is the last
}

// A Setting is what pre-flight checks know of a rollout and of its service, and
// the source that they ask.
type Setting struct {
	Service   andon.Service
	Candidate andon.Selector // of all nodes that the change goes to, wherever they are
	Strategy  andon.Strategy // taken
	Step      time.Duration
	First     int64 // bin that the rollout begins with

	Source deviation.Source
}

// changesAllNodes reports whether a change goes everywhere at once: no cohort, no
// stage.
func (s Setting) changesAllNodes(r andon.Rollout) bool {
	return s.Strategy == andon.BeforeAfter && len(s.Candidate) == 0 && len(r.Stages) == 0
}

// written returns expr with the selector written into it.
func (s Setting) written(expr string, selector andon.Selector) (string, error) {
	if expr == "" || len(selector) == 0 {
		return expr, nil
	}
	if s.Source.Resolve == nil {
		return expr, errors.New("nodes are selected by labels, and labels cannot be written into queries here")
	}
	out, err := s.Source.Resolve(expr, selector)
	if err != nil {
		return expr, fmt.Errorf("%s: cannot write the matchers %s into it: %w", expr, selector, err)
	}
	return out, nil
}

// A Run is the pre-flight checks of one rollout under way.
type Run []*Check

// A Check is one of them.
type Check struct {
	check   andon.Preflight
	setting Setting
	exam    examiner
	expr    string // as asked; empty if nothing is
	next    int64
	err     error // of the last question, or why none can be asked

	outcome outcome
	At      time.Time // when it was decided
	reason  string
	seen    int // series in the last bin that had any
}

// NewRun prepares the checks of a service for a rollout.
func NewRun(s Setting) Run {
	var out Run
	for _, check := range s.Service.Preflight {
		c := &Check{check: check, setting: s, next: s.First - preflightPast}
		switch {
		case check.Version != nil:
			exam := newVersionExam(s, *check.Version)
			c.exam = exam
			c.expr, c.err = s.written(check.Version.Metric, without(s.Candidate, exam.label))
		case check.Completeness != nil:
			c.exam, c.err = newSourcesExam(*check.Completeness)
			c.expr = check.Completeness.Metric
		case check.Scope != nil:
			c.exam = &scopeExam{check: *check.Scope, changesAllNodes: s.changesAllNodes}
			c.expr, c.err = s.written(check.Scope.Metric, s.Candidate)
		default:
			c.err = errors.New("it has no check; set version, completeness or scope")
		}
		out = append(out, c)
	}
	return out
}

func without(s andon.Selector, label string) andon.Selector {
	out := maps.Clone(s)
	delete(out, label)
	return out
}

// deadline returns when the check is over, by what is known of the rollout.
func (c *Check) deadline(r andon.Rollout) time.Time {
	if c.check.Version != nil {
		return r.FirstStage().Add(c.check.Within())
	}
	return r.Started.Add(c.check.Within())
}

// Ask fetches the bins up to last that are not yet there, as far as the check
// looks, and looks at them: once each, however often it is called.
func (c *Check) Ask(ctx context.Context, r andon.Rollout, last int64) {
	step := c.setting.Step
	last = min(last, deviation.BinFrom(c.deadline(r), step))
	if c.outcome != checkPending || c.exam == nil || c.next > last {
		return
	}
	last = min(last, c.next+deviation.MaxPoints-1)
	g := deviation.GridSpan{Step: step, First: c.next, Last: last}
	there := make([][]presentSeries, g.Width())
	if c.expr != "" {
		var m model.Matrix
		m, err := c.setting.Source.Ask(ctx, c.expr, andon.Range{Start: g.Time(g.First), End: g.Time(g.Last), Step: step})
		if c.err = err; err != nil {
			return
		}
		for _, s := range m {
			for _, p := range s.Values {
				i := g.Index(p.Timestamp)
				if v := float64(p.Value); i >= 0 && i < len(there) && !math.IsNaN(v) && v != 0 {
					there[i] = append(there[i], presentSeries{s.Metric, v})
				}
			}
		}
	}
	for i := 0; i < len(there) && c.outcome == checkPending; i++ {
		c.fold(r, g.Time(g.First+int64(i)), there[i])
	}
}

func (c *Check) fold(r andon.Rollout, at time.Time, now []presentSeries) {
	bin := c.next
	c.next++
	if len(now) > 0 {
		c.seen = len(now)
	}
	if bin < c.setting.First {
		c.exam.before(now)
		return
	}
	known := r.AsOf(at)
	c.outcome, c.reason = c.exam.look(observation{at: at, rollout: known, now: now, over: !at.Before(c.deadline(known))})
	c.At = at
}

// Finding returns what the check came to by now.
func (c *Check) Finding() andon.Finding {
	out := andon.Finding{
		Signal: c.check.Called(), Kind: "preflight", Deviation: andon.Unknown, Effect: andon.Unknown, Smallest: andon.Unknown,
		Evidence: andon.Unknown, Candidate: c.seen, Query: c.expr, Reason: c.reason, Quality: andon.OK,
		Blamed: c.outcome == checkFailed,
	}
	if c.exam != nil {
		out.Effect = andon.Number(c.exam.effect())
	}
	switch {
	case c.err != nil && (c.outcome == checkPending || c.outcome == checkUndecided):
		out.Quality, out.Reason = andon.SourceError, fmt.Sprintf("%s could not be checked: %s", out.Signal, c.err)
		return out
	case c.outcome == checkUndecided:
		out.Quality = andon.NoSeries
	case c.outcome == checkPending:
		out.Quality = andon.LowExposure
		if c.reason == "" {
			out.Reason = "not checked: no sample was looked at"
		}
	case c.outcome == checkFailed:
		at := c.At
		out.Onset = &at
	}
	out.Reason = out.Signal + ": " + out.Reason
	return out
}

// Failed returns the check that had failed first by a time; nil if none had.
func (r Run) Failed(by time.Time) *Check {
	var first *Check
	for _, c := range r {
		if c.outcome == checkFailed && !c.At.After(by) && (first == nil || c.At.Before(first.At)) {
			first = c
		}
	}
	return first
}

// Undecided returns the finding on the first check that is not decided, and
// whether there is one.
func (r Run) Undecided() (andon.Finding, bool) {
	for _, c := range r {
		if c.outcome == checkPending || c.outcome == checkUndecided {
			return c.Finding(), true
		}
	}
	return andon.Finding{}, false
}
