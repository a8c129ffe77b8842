package logs

import (
	"fmt"
	"math"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/stat"
)

const (
	// minPower is the probability with which an effect of the size that a
	// Finding calls the smallest is seen.
	minPower = .8
	// maxForeseen is how many events are tried before none is called enough.
	maxForeseen = 10_000
)

// Smallest returns the rate of lines of one new group, a node and hour, of
// which control would show none, that would by now have made the signal's
// evidence exp(logE) with a probability of .8; and if there is none, why.
//
// n events are enough if the evidence with n more, spread over the time that
// candidate ran, reaches it; and a mean λ of them gives n or more with a
// probability of .8 if the gamma distribution of shape n is below λ with that
// (the waiting time for the n-th event of a Poisson process). Lines that come at
// the rate r a bin make r/(1+rd) events of it, d being for how long a line of a
// node hides those after it.
func (b *Comparison) Smallest(logE float64) (perHour float64, why string) {
	sides := b.Spec.Sides()
	switch ran := b.Time[deviation.CandidateSide]; {
	case ran == 0:
		return math.NaN(), "no line " + sides.Candidate.From + " since the rollout began"
	case b.Time[deviation.ControlSide] == 0:
		return math.NaN(), "no line " + sides.Control.From + " to compare with"
	case b.peerTime == 0 && !b.Timed():
		return math.NaN(), "no line " + sides.Control.From + " at the same time"
	case b.ThresholdsOnly:
		return math.NaN(), "only thresholds are checked"
	}
	n := b.fewest(logE)
	if n > maxForeseen {
		return math.NaN(), "no new line, however often it came, would have failed the rollout by now"
	}
	const hides = dedupe - .5 // in bins, from the middle of its own on
	events := stat.GammaQuantile(minPower, float64(n)) / b.Time[deviation.CandidateSide]
	if events*hides >= .99 {
		return math.NaN(), fmt.Sprintf("not even a new line all the time on every node would have failed the rollout by now: it takes %d, and a node counts for one in %s", n, andon.Spell(dedupe*b.step))
	}
	return events / (1 - events*hides) / b.step.Hours(), ""
}

// fewest returns how many events of one more group, all on candidate, would
// have made the evidence exp(logE); more than maxForeseen if none would.
func (b *Comparison) fewest(logE float64) int {
	minEvents := 1
	switch {
	case b.Spec.Sensitivity == andon.High:
		return 1 // fails at once
	case b.Spec.Sensitivity == andon.Low:
		minEvents = manyEvents
	}
	lo, hi := minEvents-1, minEvents
	for b.foreseen(float64(hi)) < logE {
		if hi > maxForeseen {
			return hi
		}
		lo, hi = hi, 2*hi
	}
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; b.foreseen(float64(mid)) < logE {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// foreseen returns the logarithm of what the signal's evidence would be with x
// events of one more group on candidate, as evenly spread as may be, if all
// other groups told nothing, in the first of the chapters: see fresh, and evidence.
func (b *Comparison) foreseen(x float64) float64 {
	c, k := b.Time[deviation.CandidateSide], b.Time[deviation.ControlSide]
	part, first := b.chapterShare(), &chapter{}
	if len(b.inOrder) > 0 {
		first = b.inOrder[0]
	}
	peers := b.peerTime
	if b.Timed() {
		peers = 0
	}
	again := 0.
	if x >= 2 { // the first came after one part of x+1 of the time
		since := 1 / (x + 1)
		again = PooledCounts(0, x, c, 0, k) - PooledCounts(0, 1, c*since, 0, k-peers*(1-since))
	}
	e, sighting := again, PooledCounts(0, 1, c, first.usual, b.usual)
	if !b.Timed() {
		p := b.chance(first)
		sighting = PooledCounts(0, 1, c, 0, peers)
		e = -stat.LogSumExp(math.Log1p(-p)-again, math.Log(p)-PooledCounts(0, x, c, 0, peers))
	}
	w := part * orderShare(first.ranks[0]+1)
	news := stat.LogMean([]float64{sighting, e, 0}, []float64{part, w, 2 - part - w})
	if !b.Crashes() {
		return news
	}
	control := b.peerTime
	if b.Timed() {
		control = k
	}
	return stat.LogMean([]float64{news, 0, PooledCounts(b.margin, x, c, 0, control)}, []float64{2, 2 - part, part})
}
