package andon

import (
	"context"
	"maps"
	"time"

	"github.com/prometheus/common/model"
)

// A Selector picks series by their labels: label name to the value
// it has. One that begins with "!=", "=~" or "!~" is that matcher's operand; any
// other value must be equal. The empty Selector picks everything.
type Selector map[string]string

// A Cohort is one side of a comparison: the nodes that Select picks, as they
// were Back earlier.
type Cohort struct {
	Select Selector      `json:"select,omitempty"`
	Back   time.Duration `json:"back,omitempty"`
}

// A Comparison is one signal of two cohorts: what a panel asks for and what a
// tick judges.
type Comparison struct {
	Service            string // whose clusters and signatures are remembered; empty if nothing is
	Signal             Signal
	Node               string // label that names an instance
	Version            string // label that names the version; for people
	Release            string // the version that goes out; empty if it is not known
	Candidate, Control Cohort
	Sensitivity        Sensitivity
	Strategy           Strategy // of the rollout, as taken; for words only, and empty without a rollout

	// Relative measures each node from its own level before Since: nodes of
	// different places differ in level without any change.
	Relative bool

	// Places are labels that say where a node is; a query may keep them.
	Places []string

	// Since is when the change began; samples of the control before it tell
	// how nodes differ without the change. Zero if it is not known.
	Since time.Time

	// Step is the width of one bin of samples, aligned to the epoch; one
	// minute if zero.
	Step time.Duration

	// WarmUp is how long a fresh node starts up: what it logs by then is only
	// compared where control's start-ups are known too.
	WarmUp time.Duration
}

// A Range is a span of time cut into steps; both ends are included.
type Range struct {
	Start, End time.Time
	Step       time.Duration
}

// A RangeFunc answers a PromQL range query. Timestamps of the answer lie on
// the range's steps; a step without a value has no sample.
type RangeFunc func(ctx context.Context, expr string, r Range) (model.Matrix, error)

// A ResolveFunc writes a selector's matchers into every selector of a PromQL
// expression.
type ResolveFunc func(expr string, s Selector) (string, error)

// BinWidth returns the width of a bin.
func (c Comparison) BinWidth() time.Duration {
	if c.Step > 0 {
		return c.Step
	}
	return DefaultStep
}

// ByTime reports whether only time divides the cohorts.
func (c Comparison) ByTime() bool {
	return c.Candidate.Back == c.Control.Back && maps.Equal(c.Candidate.Select, c.Control.Select)
}
