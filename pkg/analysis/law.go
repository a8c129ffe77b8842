package analysis

import (
	"math"
	"time"
)

// A law turns what the nodes of two cohorts show of one signal, bin by bin, into
// evidence that the candidate became worse. All that is asked of one is here, so
// that nothing else need know which law it is. What most laws answer alike is in
// plain.
type law interface {
	// learn takes in what the nodes of both cohorts showed before the bin first.
	learn(cand, ctrl *frame, first int64)
	// fold takes in one bin: the samples of candidate and control nodes.
	fold(b bin, cand, ctrl []sample)

	// logE returns the logarithm of the evidence by now.
	logE() float64
	// odds returns the same for the score, which is to be right on average
	// rather than safe.
	odds() odds
	// smallest returns the smallest effect, in the signal's unit, that would
	// have made the evidence exp(logE) by now; NaN if that is not known.
	smallest(logE float64) float64
	// reach returns how much has been compared by now.
	reach() reach
	// missing says what a judgment still needs besides more bins; "" if nothing.
	missing() string
	// contrast returns what the law sees candidate and control differ by, given
	// their means since the rollout began.
	contrast(since effect) contrast
	// teach adds to the lesson what this rollout showed of fresh nodes.
	teach(*Lesson)

	// reading returns how to read the samples of the bin folded last, to tell
	// overlapping rollouts apart by which nodes adopted which of them when.
	reading() reading
	// explains returns the logarithm of how well a change explains what was so
	// read.
	explains(a *adoption, change int) float64
}

// odds are by how much a signal raises the odds of a regression.
type odds struct {
	log    float64 // natural logarithm
	events bool    // it is a Bayes factor or the evidence of events; else evidence that understates
}

// A reach is how much a law has compared.
type reach struct {
	bins   int // that compared something
	wanted int // for a result to mean something
	past   int // samples from before the change that the candidate is compared with, if not with a control beside it
}

// A contrast is how far the candidate is from control, in the signal's unit.
type contrast struct {
	from   float64 // what control showed, or what by it the candidate was expected to show
	to     float64 // what the candidate showed
	effect float64 // to less what was expected; NaN if that is not known
	when   string  // what of the signal is meant: " at start-up", or "" for all of it
	past   int     // samples from before the change that from is the mean of
}

// plain is embedded by laws that have nothing to say to some questions.
type plain struct{}

func (plain) missing() string                     { return "" }
func (plain) contrast(since effect) contrast      { return since.against(since.control.value()) }
func (plain) teach(*Lesson)                       {}
func (plain) reading() reading                    { return reading{} }
func (plain) explains(a *adoption, d int) float64 { return a.explained(d) }

// settings are what a law is made from.
type settings struct {
	signal      Signal
	kind        Kind // inferred
	strategy    Strategy
	step        time.Duration // of a bin
	warmUp      time.Duration // of a fresh node
	sensitivity Sensitivity
	lessons     []Lesson // of rollouts of the service that passed before
	scale       *scale
}

// A domain is where a law applies: what is empty does not matter.
type domain struct {
	strategy Strategy
	family   Family
	kind     Kind
}

// laws holds the law of each domain.
var laws = map[domain]func(settings) law{
	{strategy: BeforeAfter}: newBeforeAfter,
	{strategy: Threshold}:   newThresholdsOnly,

	{family: StartUpFamily}: newStartUps,

	{strategy: RegionControl, kind: Counts}:   newRegionRates,
	{strategy: RegionControl, kind: Crashes}:  newRegionRates,
	{strategy: RegionControl, kind: Failures}: newRegionRates,
	{strategy: RegionControl, kind: Latency}:  newRegionLevels,
	{strategy: RegionControl, kind: Resource}: newRegionLevels,
	{strategy: RegionControl, kind: Memory}:   newRegionLevels,
	{strategy: RegionControl, kind: Value}:    newRegionLevels,

	{kind: Counts}:   newCounts,
	{kind: Crashes}:  newCrashes,
	{kind: Failures}: newFailures,
	{kind: Latency}:  newLevels,
	{kind: Resource}: newLevels,
	{kind: Memory}:   newLevels,
	{kind: Value}:    newLevels,
}

// newLaw returns the law of a signal: the first that there is of its strategy, of
// its family, of its kind under its strategy, and of its kind. A kind that is
// none of ours is compared as a Value.
func newLaw(s settings) law {
	for _, d := range []domain{
		{strategy: s.strategy},
		{family: s.signal.Family},
		{strategy: s.strategy, kind: s.kind},
		{kind: s.kind},
		{strategy: s.strategy, kind: Value},
	} {
		if made, ok := laws[d]; ok {
			return made(s)
		}
	}
	return laws[domain{kind: Value}](s)
}

// A bin is one bin of a rollout, as laws see it.
type bin struct {
	at     time.Time
	number int64
	stage  time.Time       // when the first stage was complete, as far as known
	twins  map[string]bool // control nodes that are left out
}

// thresholdsOnly is the law of signals that are not compared.
type thresholdsOnly struct{ plain }

func newThresholdsOnly(settings) law { return thresholdsOnly{} }

func (thresholdsOnly) learn(_, _ *frame, _ int64)   {}
func (thresholdsOnly) fold(bin, []sample, []sample) {}
func (thresholdsOnly) logE() float64                { return 0 }
func (thresholdsOnly) odds() odds                   { return odds{} }
func (thresholdsOnly) smallest(float64) float64     { return math.NaN() }
func (thresholdsOnly) reach() reach                 { return reach{wanted: minBins} }
