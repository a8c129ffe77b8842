package andon

import (
	"time"

	"github.com/prometheus/common/model"
)

// A Rollout is one change of one service going out: a new version, a
// configuration, data, an operating-system update.
//
// Its JSON and YAML form is what POST /api/v1/rollouts takes and what a case
// file holds.
type Rollout struct {
	ID      string `json:"id" yaml:"id"`
	Service string `json:"service" yaml:"service"`

	// Version is the version that goes out, Previous the one it replaces.
	// Both are for people and for tools; the cohorts are picked by Candidate
	// and Control.
	Version  string `json:"version,omitempty" yaml:"version,omitempty"`
	Previous string `json:"previous,omitempty" yaml:"previous,omitempty"`

	// Scope holds where the change goes: environment, region, zone, cloud.
	Scope map[string]string `json:"scope,omitempty" yaml:"scope,omitempty"`

	Strategy Strategy `json:"strategy,omitempty" yaml:"strategy,omitempty"`

	// Candidate and Control select the nodes on the new version and those on
	// the old. Both are empty for before-after, where time divides them.
	Candidate Selector `json:"candidate,omitempty" yaml:"candidate,omitempty"`
	Control   Selector `json:"control,omitempty" yaml:"control,omitempty"`

	Started time.Time   `json:"started" yaml:"started"`
	Stages  []time.Time `json:"stages,omitempty" yaml:"stages,omitempty"` // when each stage was complete
	Ended   time.Time   `json:"ended,omitzero" yaml:"ended,omitempty"`    // zero while under way

	// Baseline is the earlier run that a load test is compared with.
	Baseline *Baseline `json:"baseline,omitempty" yaml:"baseline,omitempty"`

	Tool string `json:"tool,omitempty" yaml:"tool,omitempty"` // who announced it
	Ref  string `json:"ref,omitempty" yaml:"ref,omitempty"`   // link to the deployment, for people
}

// AsOf returns the rollout as it was known at now: without the stages that
// were not yet complete, and not ended if it ended later.
func (r Rollout) AsOf(now time.Time) Rollout {
	known := make([]time.Time, 0, len(r.Stages))
	for _, s := range r.Stages {
		if !s.After(now) {
			known = append(known, s)
		}
	}
	r.Stages = known
	if r.Ended.After(now) {
		r.Ended = time.Time{}
	}
	return r
}

// FirstStage returns when the first stage was complete, or when the rollout
// started if no stage is known.
func (r Rollout) FirstStage() time.Time {
	if len(r.Stages) > 0 {
		return r.Stages[0]
	}
	return r.Started
}

// A Strategy says how a change goes out, and thereby what it can be compared with.
type Strategy string

// The strategies. The empty Strategy means Auto.
const (
	Auto          Strategy = "auto"           // the best that the cohorts allow
	Canary        Strategy = "canary"         // some nodes on the new version, the rest on the old
	Rolling       Strategy = "rolling"        // node by node; nodes not yet updated are control
	BlueGreen     Strategy = "blue-green"     // a second set of nodes on the new version
	RegionControl Strategy = "region-control" // region by region; those not yet reached are control, each node measured from what it was before
	BeforeAfter   Strategy = "before-after"   // the same nodes before and after
	LoadTest      Strategy = "load-test"      // control is the last run that passed
	Threshold     Strategy = "threshold"      // thresholds only, no comparison
)

// A Layer is where in the stack a service lives.
type Layer string

// The layers.
const (
	Infrastructure Layer = "infrastructure"
	Platform       Layer = "platform"
	Software       Layer = "software"
)

// A Service is what is watched during a rollout of it. Its YAML form is one
// entry of services: in the exporter's configuration and in a case file.
type Service struct {
	Name        string      `json:"name" yaml:"name"`
	Layer       Layer       `json:"layer,omitempty" yaml:"layer,omitempty"`
	Node        string      `json:"node,omitempty" yaml:"node,omitempty"`       // label that names an instance; empty if the service is seen as a whole
	Version     string      `json:"version,omitempty" yaml:"version,omitempty"` // label that names the version; a new value announces a rollout
	Sensitivity Sensitivity `json:"sensitivity,omitempty" yaml:"sensitivity,omitempty"`

	// Scope names the labels of series that say where a node is, the widest
	// first: region, zone. They part what is compared (a rollout whose scope
	// names one of them is compared within it, or with what lies outside) and
	// what is told of each place (Verdict.Scopes).
	Scope []string `json:"scope,omitempty" yaml:"scope,omitempty"`

	// Step is the width of one bin of samples; one minute if zero.
	Step model.Duration `json:"step,omitempty" yaml:"step,omitempty"`

	// WarmUp is how long after its first sample a node is left out of
	// continuous comparisons, on both sides; three minutes if nil.
	WarmUp *model.Duration `json:"warm_up,omitempty" yaml:"warm_up,omitempty"`

	// DependsOn names the services that this one calls, directly or through
	// others (see Callees). Where no control that runs at the same time cancels
	// what a callee does to its caller, a rollout of one of them explains what
	// is seen on this service, and that of any other service does not. Nil if
	// it is not known whom the service calls: then any may explain it.
	DependsOn []string `json:"depends_on,omitempty" yaml:"depends_on,omitempty"`

	// Preflight is checked before any evidence.
	Preflight []Preflight `json:"preflight,omitempty" yaml:"preflight,omitempty"`

	Signals []Signal `json:"signals" yaml:"signals"`
}

// A Sensitivity is the one knob an operator turns: what rate of false halts
// is promised, and how small an effect counts.
type Sensitivity string

// The sensitivities. The empty Sensitivity means Medium.
const (
	High   Sensitivity = "high"   // 1 false halt in 100 clean rollouts, effects from 0.5 σ
	Medium Sensitivity = "medium" // 1 in 1,000, from 1 σ
	Low    Sensitivity = "low"    // 1 in 10,000, from 2 σ
)

// A Signal is one thing to look at for a service. Exactly one of Metric, Logs
// and Crashes is set.
type Signal struct {
	Name    string `json:"name" yaml:"name"`
	Metric  string `json:"metric,omitempty" yaml:"metric,omitempty"`   // PromQL
	Logs    string `json:"logs,omitempty" yaml:"logs,omitempty"`       // LogQL
	Crashes string `json:"crashes,omitempty" yaml:"crashes,omitempty"` // LogQL

	// Per is the exposure of Metric, in PromQL: errors out of requests. It
	// makes Metric a count of events out of events.
	Per string `json:"per,omitempty" yaml:"per,omitempty"`

	Worse Direction `json:"worse,omitempty" yaml:"worse,omitempty"`
	Unit  string    `json:"unit,omitempty" yaml:"unit,omitempty"`

	// Kind says how the signal is compared; inferred from Per, Unit, Worse
	// and the names of the metrics if empty.
	Kind Kind `json:"kind,omitempty" yaml:"kind,omitempty"`

	// Family is StartUpFamily for a signal of which only each node's first
	// minutes count; else that of its Kind.
	Family Family `json:"family,omitempty" yaml:"family,omitempty"`

	// Weight is the signal's share of the evidence; that of its family if nil.
	// A weight of 0 shows the signal and counts it for nothing.
	Weight *float64 `json:"weight,omitempty" yaml:"weight,omitempty"`

	// Critical has the signal's evidence fail the rollout by itself, whatever
	// its weight and whatever the other signals show.
	Critical bool `json:"critical,omitempty" yaml:"critical,omitempty"`

	// Margin is the smallest change that counts, as a ratio (0.05 is 5%);
	// that of its kind if nil.
	Margin *float64 `json:"margin,omitempty" yaml:"margin,omitempty"`

	FailFast *Bound `json:"fail_fast,omitempty" yaml:"fail_fast,omitempty"` // breached: fails at once, without analysis
	Ignore   *Bound `json:"ignore,omitempty" yaml:"ignore,omitempty"`       // all points inside: passes, without analysis
}

// A Bound is a static threshold on a signal's value, in the signal's unit. At
// least one of Above and Below is set; a value beyond either is in the bound.
type Bound struct {
	Above *float64       `json:"above,omitempty" yaml:"above,omitempty"`
	Below *float64       `json:"below,omitempty" yaml:"below,omitempty"`
	For   model.Duration `json:"for,omitempty" yaml:"for,omitempty"` // how long without a break
}

// A Direction says which way a signal's value moves when things get worse.
type Direction string

// The directions. The empty Direction means Higher.
const (
	Higher Direction = "higher"
	Lower  Direction = "lower"
	Both   Direction = "both"
)

// A Family is a group of signals that share a weight.
type Family string

// StartUpFamily is that of signals that tell how nodes start: readiness, crash
// loops, first requests. What a candidate node shows within Service.WarmUp of
// its first sample is compared with the same of control nodes that came up and
// of the nodes of earlier rollouts; what it shows later is left out.
const StartUpFamily Family = "startup"

// Holds reports whether v lies beyond the bound.
func (b *Bound) Holds(v float64) bool {
	return b != nil && (b.Above != nil && v > *b.Above || b.Below != nil && v < *b.Below)
}
