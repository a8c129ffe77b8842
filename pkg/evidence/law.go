package evidence

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// A Law turns what the nodes of two cohorts show of one signal, bin by bin, into
// evidence that the candidate became worse. All that is asked of one is here, so
// that nothing else need know which law it is. What most laws answer alike is in
// plain.
type Law interface {
	// Learn takes in what the nodes of both cohorts showed before the bin first.
	Learn(cand, ctrl *deviation.Frame, first int64)
	// Fold takes in one bin: the samples of candidate and control nodes.
	Fold(b Bin, cand, ctrl []deviation.Sample)

	// LogE returns the logarithm of the evidence by now.
	LogE() float64
	// Odds returns the same for the score, which is to be right on average
	// rather than safe.
	Odds() Odds
	// Smallest returns the smallest effect, in the signal's unit, that would
	// have made the evidence exp(logE) by now; NaN if that is not known.
	Smallest(logE float64) float64
	// Reach returns how much has been compared by now.
	Reach() Reach
	// StillNeeds says what a judgment still needs besides more bins; "" if nothing.
	StillNeeds() string
	// Contrast returns what the law sees candidate and control differ by, given
	// their means since the rollout began.
	Contrast(since Effect) Contrast
	// Teach adds to the lesson what this rollout showed of fresh nodes.
	Teach(*andon.Lesson)

	// SampleReader returns how to read the samples of the bin folded last, to tell
	// overlapping rollouts apart by which nodes adopted which of them when.
	SampleReader() sampleReader
	// Explains returns the logarithm of how well a change explains what was so
	// read.
	Explains(a *Adoption, change int) float64
}

// Odds are by how much a signal raises the odds of a regression.
type Odds struct {
	Log    float64 // natural logarithm
	Events bool    // of events, which say what they are worth; other evidence understates
}

// A Reach is how much a law has compared.
type Reach struct {
	Bins   int // that compared something
	Needed int // for a result to mean something
	Past   int // samples from before the change that stand for a control, where none runs at the same time
}

// A Contrast is how far the candidate is from control, in the signal's unit.
type Contrast struct {
	From   float64 // what control showed, or what by it the candidate was expected to show
	To     float64 // what the candidate showed
	Effect float64 // to less what was expected; NaN if that is not known
	When   string  // what of the signal is meant: " at start-up", or "" for all of it
	Past   int     // samples from before the change that from is the mean of
}

// Known reports whether both are.
func (c Contrast) Known() bool { return deviation.Known(c.From) && deviation.Known(c.To) }

// Worse reports whether the candidate moved the way in which things get worse.
func (c Contrast) Worse(d andon.Direction) bool {
	if d == andon.Both {
		return c.To != c.From
	}
	return d.Sign()*(c.To-c.From) > 0
}

// plain is embedded by laws that have nothing to say to some questions.
type plain struct{}

func (plain) StillNeeds() string                  { return "" }
func (plain) Contrast(since Effect) Contrast      { return since.against(since.control.value()) }
func (plain) Teach(*andon.Lesson)                 {}
func (plain) SampleReader() sampleReader          { return sampleReader{} }
func (plain) Explains(a *Adoption, d int) float64 { return a.explained(d) }

// Settings are what a law is made from.
type Settings struct {
	Signal      andon.Signal
	Kind        andon.Kind // inferred
	Strategy    andon.Strategy
	Step        time.Duration // of a bin
	WarmUp      time.Duration // of a fresh node
	Sensitivity andon.Sensitivity
	Lessons     []andon.Lesson // of rollouts of the service that passed before
	Scale       *deviation.Scale
}

// A domain is where a law applies: what is empty does not matter.
type domain struct {
	strategy andon.Strategy
	family   andon.Family
	kind     andon.Kind
}

// laws holds the law of each domain.
var laws = map[domain]func(Settings) Law{
	{strategy: andon.BeforeAfter}: newBeforeAfter,
	{strategy: andon.Threshold}:   newThresholdsOnly,

	{family: andon.StartUpFamily}: newStartUps,

	{strategy: andon.RegionControl, kind: andon.Counts}:   newRegionRates,
	{strategy: andon.RegionControl, kind: andon.Crashes}:  newRegionRates,
	{strategy: andon.RegionControl, kind: andon.Failures}: newRegionRates,
	{strategy: andon.RegionControl, kind: andon.Latency}:  newRegionLevels,
	{strategy: andon.RegionControl, kind: andon.Resource}: newRegionLevels,
	{strategy: andon.RegionControl, kind: andon.Memory}:   newRegionLevels,
	{strategy: andon.RegionControl, kind: andon.Value}:    newRegionLevels,
	{strategy: andon.RegionControl, kind: andon.Jitter}:   newRegionLevels,

	{kind: andon.Counts}:   newCounts,
	{kind: andon.Crashes}:  newCrashes,
	{kind: andon.Failures}: newFailures,
	{kind: andon.Latency}:  newLevels,
	{kind: andon.Resource}: newLevels,
	{kind: andon.Memory}:   newLevels,
	{kind: andon.Value}:    newLevels,
	{kind: andon.Jitter}:   newLevels,
}

// NewLaw returns the law of a signal: the first that there is of its strategy, of
// its family, of its kind under its strategy, and of its kind. A kind that is
// none of ours is compared as a Value.
func NewLaw(s Settings) Law {
	for _, d := range []domain{
		{strategy: s.Strategy},
		{family: s.Signal.Family},
		{strategy: s.Strategy, kind: s.Kind},
		{kind: s.Kind},
		{strategy: s.Strategy, kind: andon.Value},
	} {
		if made, ok := laws[d]; ok {
			return made(s)
		}
	}
	return laws[domain{kind: andon.Value}](s)
}

// A Bin is one bin of a rollout, as laws see it.
type Bin struct {
	At     time.Time
	Number int64
	Stage  time.Time       // when the first stage was complete, as far as known
	Twins  map[string]bool // control nodes that are left out
}

// ThresholdsOnly is the law of signals that are not compared.
type ThresholdsOnly struct{ plain }

func newThresholdsOnly(Settings) Law { return ThresholdsOnly{} }

// Learn implements Law: there is nothing to learn.
func (ThresholdsOnly) Learn(_, _ *deviation.Frame, _ int64) {}

// Fold implements Law: bins tell nothing.
func (ThresholdsOnly) Fold(Bin, []deviation.Sample, []deviation.Sample) {}

// LogE implements Law: there is no evidence.
func (ThresholdsOnly) LogE() float64 { return 0 }

// Odds implements Law: nothing raises or lowers them.
func (ThresholdsOnly) Odds() Odds { return Odds{} }

// Smallest implements Law: no effect would have been seen.
func (ThresholdsOnly) Smallest(float64) float64 { return math.NaN() }

// Reach implements Law: nothing is compared.
func (ThresholdsOnly) Reach() Reach { return Reach{Needed: MinBins} }
