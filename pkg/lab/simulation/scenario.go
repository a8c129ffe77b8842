package simulation

import (
	"github.com/andon-project/andon/pkg/andon"
)

// A Scenario is a law that rollouts are drawn from, and what is to come of
// them. Minutes are bins of a minute, counted from the start of the rollout.
// The zero value of a field leaves out what it stands for.
type Scenario struct {
	Name  string // short and unique; part of the seed
	About string // for people
	Group Group

	Fleet   Fleet
	Signals []Shape
	WarmUp  int // minutes that the service is configured with; the default if zero
	Noise   Noise
	Effect  Effect // on the candidate nodes of the rollouts that are bad

	Rollouts int  // that overlap; 1 if zero
	Shared   bool // they go out to the same nodes, each told by a label of its own
	Culprits int  // how many of them are bad; drawn at random which
	Halting  bool // a rollout that fails is ended at that tick

	// BadShare is the probability that a rollout is bad, its effect drawn
	// from a law (see drawEffect) instead of Effect.
	BadShare float64

	Minutes int     // that rollouts are watched for; 60 if zero
	Part    float64 // of the asked number of worlds that is drawn, for what costs much; 1 if zero

	Sensitivity andon.Sensitivity // medium if empty

	Target Target
	Beyond string // why the promise is not made here, if it is not
}

// A Group is what a scenario asks.
type Group string

// The groups.
const (
	Null        Group = "null"         // harmless rollouts with a concurrent control
	Timed       Group = "before-after" // harmless rollouts without one
	Power       Group = "power"        // bad rollouts
	Attribution Group = "attribution"  // several rollouts at once
	Calibration Group = "calibration"  // what a score says against what was so
	Learning    Group = "learning"     // what the default meaning of evidence was learnt from; in no table
)

// A Target is what a scenario's figures are held against; zero is none.
type Target struct {
	Fail  float64 // harmless rollouts that fail, at most
	Found float64 // bad rollouts that fail, at least
	Delay float64 // minutes to half of the bad rollouts failed, at most
}

// A Fleet is where a change goes.
type Fleet struct {
	Nodes    int     // before the change
	Stages   []Stage // fresh nodes take the place of old ones
	Timed    bool    // all nodes at once; only the past to compare with
	Starts   Starts  // how late fresh nodes are
	Past     int     // Timed: minutes of it; seven days if zero
	Regions  int     // that the nodes are spread over, the first of which the change goes to at once; nothing but that tells who has it
	Replaced bool    // Regions: by fresh nodes
	Batch    int     // Shared: nodes that a rollout reaches with each of its batches
	Pace     int     // Shared: minutes between batches
	Offset   int     // Shared: minutes between the starts of rollouts
	Lock     bool    // Shared: all rollouts take the nodes in the same order
}

// Starts are how long fresh nodes take to show their first sample, beyond what
// others do: lognormal around a median in minutes, with a standard deviation of
// the logarithm of .4.
type Starts struct {
	Median float64
	Widest float64 // each service's own median is drawn from Median to this, evenly on a log scale; Median if zero
	Silent bool    // no stage is announced, only the start
	Past   int     // start-ups of earlier rollouts that are known
}

// A Stage is a state of a fleet: so many nodes are candidates from a minute on.
type Stage struct {
	At    int
	Nodes int
	Share float64 // of the traffic that goes to them; by their number if zero
}

// A Shape is a signal and the law of its values without the change.
type Shape struct {
	Kind   andon.Kind
	Name   string
	Bare   bool    // Counts: events by the time a node runs, without an exposure
	Calls  float64 // Counts and Failures: per node and minute; 300 if zero
	Rate   float64 // Counts and Failures: share of calls that fail; of Bare ones events per node and minute
	Sigma  float64 // otherwise: standard deviation of ln x from minute to minute; .1 if zero
	Margin float64 // that the signal is configured with; that of its kind if zero
	Window int     // minutes that an expression looks back on, as in [5m]; 1 if zero
}

// Noise is what happens to a service without any change.
type Noise struct {
	Rho      float64 // lag-1 autocorrelation of what follows, of each node
	Common   float64 // standard deviation of ln traffic, alike on all nodes
	Rates    float64 // of the ln of a node's error rate, from minute to minute
	Tails    float64 // degrees of freedom of Student noise; Gaussian if zero
	Regions  float64 // standard deviation between regions of the ln of their levels and error rates
	Regional float64 // of the ln of a region's traffic, its latency and error rates with it; its autocorrelation is .9
	Levels   float64 // standard deviation between nodes of the ln of their levels and error rates
	Wander   float64 // standard deviation of the step that a node's level takes each minute
	Burst    float64 // mean number of errors that come at once
	Season   float64 // amplitude of ln traffic over a day; its phase is drawn

	Missing float64 // share of scrapes that are lost
	Resets  float64 // share of minutes in which a node's counters start anew; fresh ones lose their first increment
	WarmUp  bool    // fresh nodes are slow, busy and fail more at first
	Cold    bool    // and 20% slower and busier for a quarter of an hour
	Outage  Span    // errors ten times as frequent everywhere
	Surge   Span    // three times the traffic everywhere
	Gone    Span    // control shows nothing
}

// A Span is from one minute to before another.
type Span struct{ From, To int }

func (s Span) holds(minute int) bool { return minute >= s.From && minute < s.To }

// An Effect is what a change does, as factors; those that are 0 are 1.
type Effect struct {
	Errors, Latency, CPU, Value float64
	Absent                      bool // the candidate never serves
}

func (s Scenario) minutes() int {
	if s.Minutes > 0 {
		return s.Minutes
	}
	return 60
}

func (s Scenario) rollouts() int { return max(1, s.Rollouts) }

// Worlds returns how many worlds are drawn where n are asked for; at least one.
func (s Scenario) Worlds(n int) int {
	if s.Part > 0 {
		n = int(float64(n)*s.Part + .5)
	}
	return max(1, n)
}
