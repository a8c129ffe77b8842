package andon

import (
	"cmp"
	"time"

	"github.com/prometheus/common/model"
)

// A Preflight is a check that a change goes where and as it should, before any
// evidence of harm: that the version is the one which the tool says it
// deployed, that data were made from all their sources, that no more is
// touched at once than policy allows. One that fails fails the rollout at
// once; one that could not be decided keeps it from passing. Exactly one of
// Version, Completeness and Scope is set.
type Preflight struct {
	// Name is what its finding is called; that of the check behind
	// "preflight-" if empty.
	Name string `json:"name,omitempty" yaml:"name,omitempty"`

	Version      *VersionCheck      `json:"version,omitempty" yaml:"version,omitempty"`
	Completeness *CompletenessCheck `json:"completeness,omitempty" yaml:"completeness,omitempty"`
	Scope        *ScopeCheck        `json:"scope,omitempty" yaml:"scope,omitempty"`
}

// A VersionCheck asserts that what was deployed is what runs.
type VersionCheck struct {
	Metric string         `json:"metric" yaml:"metric"`                     // PromQL; one series for each node or region, with the version as a label
	Label  string         `json:"label,omitempty" yaml:"label,omitempty"`   // that label; Service.Version if empty
	Within model.Duration `json:"within,omitempty" yaml:"within,omitempty"` // after the first stage; ten minutes if zero
}

// Previous is the CompletenessCheck.AtLeast that asks for as many sources as
// there were before the rollout started.
const Previous = "previous"

// A CompletenessCheck asserts that what goes out was made from as many sources
// as it should be.
type CompletenessCheck struct {
	// Metric is PromQL: one series whose value is the number of sources, or,
	// with By, series of which each value of that label is a source. Series
	// whose value is 0 are sources that are not there.
	Metric  string         `json:"metric" yaml:"metric"`
	By      string         `json:"by,omitempty" yaml:"by,omitempty"`
	AtLeast string         `json:"at_least,omitempty" yaml:"at_least,omitempty"` // a number, or Previous; Previous if empty
	Within  model.Duration `json:"within,omitempty" yaml:"within,omitempty"`     // after the start; ten minutes if zero
}

// A ScopeCheck asserts that a change does not go to too much at once.
type ScopeCheck struct {
	AtMost int    `json:"at_most" yaml:"at_most"`
	Of     string `json:"of" yaml:"of"` // key of Rollout.Scope, whose values are parted by commas, and label of Metric

	// Metric is PromQL of what the change touches, of which each value of the
	// label Of counts; the candidate's matchers are written into it. Optional.
	Metric string         `json:"metric,omitempty" yaml:"metric,omitempty"`
	Within model.Duration `json:"within,omitempty" yaml:"within,omitempty"` // after the start that Metric is looked at; ten minutes if zero
}

// Kind returns which check is set: "version", "completeness" or "scope"; empty
// if none is.
func (p Preflight) Kind() string {
	switch {
	case p.Version != nil:
		return "version"
	case p.Completeness != nil:
		return "completeness"
	case p.Scope != nil:
		return "scope"
	}
	return ""
}

// Called returns what the check's finding is called.
func (p Preflight) Called() string { return cmp.Or(p.Name, "preflight-"+p.Kind()) }

const defaultWithin = 10 * time.Minute

// Within returns how long the check looks.
func (p Preflight) Within() time.Duration {
	var d model.Duration
	switch {
	case p.Version != nil:
		d = p.Version.Within
	case p.Completeness != nil:
		d = p.Completeness.Within
	case p.Scope != nil:
		d = p.Scope.Within
	}
	if d > 0 {
		return time.Duration(d)
	}
	return defaultWithin
}
