package simulation

import (
	"github.com/andon-project/andon/pkg/andon"
)

// A Scenario is a distribution that rollouts are drawn from, and the results to
// expect of them. Minutes are bins of a minute, counted from the start of the
// rollout. The zero value of a field leaves its feature out.
type Scenario struct {
	Name  string // short and unique; part of the seed
	About string // for people
	Group Group

	Fleet   Fleet
	Signals []Shape
	WarmUp  int // the service's configured warm-up in minutes; the default if zero
	Noise   Noise
	Effect  Effect // on the candidate nodes of bad rollouts

	Rollouts int  // number of overlapping rollouts; 1 if zero
	Shared   bool // the rollouts go out to the same nodes, each with its own label
	Culprits int  // number of bad rollouts, chosen at random
	Halting  bool // a rollout that fails ends at that tick

	// BadShare is the probability that a rollout is bad. Its effect is then
	// random (see drawEffect) instead of Effect.
	BadShare float64

	Minutes int     // minutes that rollouts are watched; 60 if zero
	Part    float64 // share of the requested number of worlds to draw, for slow scenarios; 1 if zero

	Sensitivity andon.Sensitivity // medium if empty

	Target Target
	Beyond string // why the target is out of reach here, if it is
}

// A Group is the question that a scenario answers.
type Group string

// The groups.
const (
	Null        Group = "null"         // harmless rollouts with a concurrent control
	BeforeAfter Group = "before-after" // harmless rollouts without one
	Power       Group = "power"        // bad rollouts
	Attribution Group = "attribution"  // several rollouts at once
	Calibration Group = "calibration"  // scores compared with the truth
	Learning    Group = "learning"     // the rollouts from which the default calibration was learnt; in no table
)

// A Target holds the limits for a scenario's results; zero is no limit.
type Target struct {
	Fail  float64 // harmless rollouts that fail, at most
	Found float64 // bad rollouts that fail, at least
	Delay float64 // minutes to half of the bad rollouts failed, at most
}

// A Fleet is where a change goes.
type Fleet struct {
	Nodes       int     // before the change
	Stages      []Stage // new nodes replace old ones
	BeforeAfter bool    // all nodes change at once; only the past is there to compare with
	Starts      Starts  // how long new nodes take to start
	Past        int     // BeforeAfter: minutes of the past; seven days if zero
	Regions     int     // number of regions; all nodes of the first one change at once, and only the region tells which nodes those are
	Replaced    bool    // Regions: the nodes are replaced by new ones
	Batch       int     // Shared: nodes in each batch of a rollout
	Pace        int     // Shared: minutes between batches
	Offset      int     // Shared: minutes between the starts of rollouts
	Lock        bool    // Shared: all rollouts take the nodes in the same order
}

// Starts says how long new nodes take to their first sample, in addition to
// arrival: lognormal around a median in minutes, with a standard deviation of the
// logarithm of .4.
type Starts struct {
	Median float64
	Widest float64 // each service's median is drawn log-uniformly between Median and this; Median if zero
	Silent bool    // stages are not announced, only the start is
	Past   int     // number of known start-ups of earlier rollouts
}

// A Stage is a state of a fleet from a minute on.
type Stage struct {
	At    int     // the minute
	Nodes int     // number of candidate nodes
	Share float64 // their share of the traffic; by their number if zero
}

// A Shape is a signal and the distribution of its values without the change.
type Shape struct {
	Kind   andon.Kind
	Name   string
	Bare   bool    // Counts: events per running time of a node, without an exposure
	Calls  float64 // Counts and Failures: per node and minute; 300 if zero
	Rate   float64 // Counts and Failures: share of calls that fail; of Bare ones events per node and minute
	Sigma  float64 // otherwise: standard deviation of ln x from minute to minute; .1 if zero
	Margin float64 // the signal's configured margin; the default of its kind if zero
	Window int     // minutes that an expression looks back on, as in [5m]; 1 if zero
}

// Noise is what happens to a service without any change.
type Noise struct {
	Rho      float64 // lag-1 autocorrelation of the noise of each node
	Common   float64 // standard deviation of ln traffic, alike on all nodes
	Rates    float64 // of the ln of a node's error rate, from minute to minute
	Tails    float64 // degrees of freedom of Student noise; Gaussian if zero
	Regions  float64 // standard deviation between regions of the ln of their levels and error rates
	Regional float64 // of the ln of a region's traffic, its latency and error rates with it; its autocorrelation is .9
	Levels   float64 // standard deviation between nodes of the ln of their levels and error rates
	Wander   float64 // standard deviation of the step that a node's level takes each minute
	Burst    float64 // mean number of errors that occur together
	Season   float64 // amplitude of ln traffic over a day; its phase is drawn

	Missing float64 // share of scrapes that are lost
	Resets  float64 // share of minutes in which a node's counters restart; counters of new nodes lose their first increment
	WarmUp  bool    // new nodes are slow, busy and fail more at first
	Cold    bool    // new nodes are 20% slower and busier for a quarter of an hour
	Outage  Span    // errors ten times as frequent everywhere
	Surge   Span    // three times the traffic everywhere
	Gone    Span    // control has no samples
}

// A Span is the minutes [From, To).
type Span struct{ From, To int }

func (s Span) holds(minute int) bool { return minute >= s.From && minute < s.To }

// An Effect is what a bad change does to signals, as factors; 0 stands for 1.
type Effect struct {
	Errors, Latency, CPU, Value float64
	Absent                      bool // new nodes never come up
}

func (s Scenario) minutes() int {
	if s.Minutes > 0 {
		return s.Minutes
	}
	return 60
}

func (s Scenario) rollouts() int { return max(1, s.Rollouts) }

// Worlds returns how many worlds are drawn if n are requested; at least one.
func (s Scenario) Worlds(n int) int {
	if s.Part > 0 {
		n = int(float64(n)*s.Part + .5)
	}
	return max(1, n)
}
