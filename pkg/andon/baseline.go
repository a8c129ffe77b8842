package andon

import (
	"fmt"
	"time"
)

// A Baseline is the earlier run that a load test is compared with: bin by bin,
// aligned at the starts of the two. Or, with Accept, it says that there is none
// and that this run is to become one.
type Baseline struct {
	Started time.Time `json:"started,omitzero" yaml:"started,omitempty"`
	Ended   time.Time `json:"ended,omitzero" yaml:"ended,omitempty"`

	// Accept has this run judged by its thresholds alone. If it passes, later
	// runs are compared with it.
	Accept bool `json:"accept,omitempty" yaml:"accept,omitempty"`
}

// Known reports whether b names an earlier run; b may be nil.
func (b *Baseline) Known() bool { return b != nil && !b.Started.IsZero() }

// Equal reports whether a and b, which may be nil, say the same.
func (b *Baseline) Equal(a *Baseline) bool {
	if a == nil || b == nil {
		return a == b
	}
	return b.Started.Equal(a.Started) && b.Ended.Equal(a.Ended) && b.Accept == a.Accept
}

// loadTest returns the strategy and the cohorts of a load test. The earlier run
// is of the same nodes unless control selects others.
func (r Rollout) loadTest() (taken Strategy, candidate, control Selector) {
	control = r.Control
	if len(control) == 0 {
		control = r.Candidate
	}
	if r.Baseline != nil && r.Baseline.Accept {
		return Threshold, r.Candidate, r.Candidate
	}
	return LoadTest, r.Candidate, control
}

// back returns by how much earlier than this run the one was that it is
// compared with; 0 if it is not compared with one.
func (r Rollout) back() time.Duration {
	if r.Strategy == LoadTest && r.Baseline.Known() {
		return r.Started.Sub(r.Baseline.Started)
	}
	return 0
}

// BaselineEnd returns when this run has lasted as long as the one that it is
// compared with, and whether there is one with an end.
func (r Rollout) BaselineEnd() (time.Time, bool) {
	if r.back() == 0 || r.Baseline.Ended.IsZero() {
		return time.Time{}, false
	}
	return r.Baseline.Ended.Add(r.back()), true
}

// NoBaseline says that a load test has no run to compare with, and what to do.
func NoBaseline(service string) string {
	return fmt.Sprintf("no load test of %s has passed before, so there is nothing to compare this one with; announce its baseline: started and ended of an earlier run, or accept: true to judge it by thresholds only and make it the first", service)
}
