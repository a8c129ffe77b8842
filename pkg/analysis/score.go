package analysis

import (
	"math"

	"github.com/andon-project/andon/pkg/stat"
)

// What evidence is worth. It is measured against the worst that is still
// harmless, so that it understates what it shows: of rollouts that do nothing
// it is mostly far below 1, and 2 is already rare. Both were fitted to simulated rollouts of which one in
// twenty is bad (simulation.Lessons), and are checked on others.
var (
	beside = worth{faint: line{-1.172, .227}, plain: line{.680, 1.414}}   // with a concurrent control
	before = worth{faint: line{-1.945, .758}, plain: line{-7.852, 1.977}} // without
)

// A worth turns the logarithm of evidence into the logarithm of a Bayes factor:
// that of bad rollouts which can hardly be seen, and of those which can, in sum.
type worth struct{ faint, plain line }

type line struct{ shift, slope float64 }

func (l line) at(logE float64) float64 { return l.shift + l.slope*logE }

func (w worth) at(logE float64) float64 { return stat.LogSumExp(w.faint.at(logE), w.plain.at(logE)) }

// weight returns the logarithm of how much what is known raises the odds that
// the rollout is a regression; 0 before anything was compared. What others
// explain is no evidence against this one.
func (c *course) weight() float64 {
	if c.strategy == Threshold || !c.compared() {
		return 0
	}
	l, rivals := beside, c.suspects
	if !c.concurrent() {
		l, rivals = before, c.counting()
	}
	logs := []float64{0}
	for _, s := range rivals {
		logs = append(logs, logit(prior)+l.at(s.logE))
	}
	return l.at(c.speaks()) - stat.LogSumExp(logs...)
}

// compared reports whether any signal that counts has been compared, or nodes
// are missing.
func (c *course) compared() bool {
	if c.absence != nil && c.absence.bins >= leastBins {
		return true
	}
	for _, s := range c.signals {
		if s.weigher != nil && s.counts() && s.weigher.bins() > 0 {
			return true
		}
	}
	for _, r := range c.readers {
		if r.counts() && r.compared() {
			return true
		}
	}
	return false
}

// speaks returns the logarithm of the evidence, without what is set aside in
// case that nodes vanish later: that vouches for the promise, and speaks
// neither for the rollout nor against it. Nor does absence in its first bins: a
// scrape is lost now and then. Without a control it goes beyond the bound.
func (c *course) speaks() float64 {
	if !c.concurrent() {
		return c.bonferroni()
	}
	e, w := c.terms()
	m := stat.LogMean(e, w)
	if a := c.absence; a != nil && (a.bins >= leastBins || a.held > 0) {
		m = stat.LogSumExp(logOf(a.signals)+m, a.share)
		if a.held > 0 {
			m = stat.LogSumExp(m, logOf(a.reserve)+a.held)
		}
	}
	m = max(m, c.critical())
	if !known(m) || math.IsInf(m, 0) {
		return c.logE
	}
	return m
}

// scored returns the score and the weight that it rests on: the largest since
// the rollout failed, or that of now. What failed without evidence is certain.
func (c *course) scored() (score, weight Number) {
	w := c.weight()
	if c.firstFail != nil {
		w = max(w, c.failWeight)
	}
	score = Number(c.calibration.Probability(c.service.Name, w))
	if math.IsInf(w, 1) {
		return score, Unknown
	}
	return score, Number(w)
}
