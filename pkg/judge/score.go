package judge

import (
	"math"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/stat"
)

// How evidence becomes the logarithm of a Bayes factor, by what it is evidence of.
// The Bayes factor of events needs little correction. Evidence of measured values
// understates: it is weighed against the worst case within the margin, with
// variances from the safe side. What rivals explain, and what stands for evidence
// without a control, are corrected as a whole. All lines were fitted to simulated
// rollouts of which one in twenty is bad (simulation.Lessons), and checked on others.
var (
	events   = worth{faint: line{-.964, .169}, plain: line{-.184, 1.241}}
	measured = worth{faint: line{-.767, .387}, plain: line{1.324, 2.391}}
	explains = worth{faint: line{-1.172, .227}, plain: line{.680, 1.414}} // rivals, beside a concurrent control
	before   = worth{faint: line{-1.945, .758}, plain: line{-7.852, 1.977}}
)

// A worth turns the logarithm of evidence into that of a Bayes factor which is
// right on average. It is the sum of two lines: one for bad rollouts that can
// hardly be seen, and one for those that are plain.
type worth struct{ faint, plain line }

type line struct{ shift, slope float64 }

func (l line) at(logE float64) float64 { return l.shift + l.slope*logE }

func (w worth) at(logE float64) float64 {
	if math.IsInf(logE, 0) {
		return logE
	}
	return stat.LogSumExp(w.faint.at(logE), w.plain.at(logE))
}

// weight returns the logarithm of how much what is known raises the odds that
// the rollout is a regression; 0 before anything was compared. What others
// explain is no evidence against this one: rivals are those that may.
func (c *combination) weight(rivals []suspect) float64 {
	if c.strategy == andon.Threshold || !c.compared() {
		return 0
	}
	l, own := explains, 0.
	if c.concurrent() {
		own = c.speaks()
	} else {
		// What stands for evidence here is a tail's; it goes beyond the bound.
		l, own = before, before.at(c.bonferroni())
	}
	logs := []float64{0}
	for _, s := range rivals {
		logs = append(logs, logit(prior)+l.at(s.logE))
	}
	return own - stat.LogSumExp(logs...)
}

// compared reports whether any signal that counts has been compared, or nodes
// are missing.
func (c *combination) compared() bool {
	if c.absence != nil && c.absence.bins >= evidence.MinBins {
		return true
	}
	for _, s := range c.metrics {
		if s.counts() && s.law.Reach().Bins > 0 {
			return true
		}
	}
	for _, r := range c.lines {
		if r.counts() && r.compared() {
			return true
		}
	}
	return false
}

// speaks returns the logarithm of the Bayes factor of a regression that one of the
// signals shows, each as probably as its weight says, beside a control. What is set
// aside in case that nodes vanish later is left out: that vouches for the promise,
// and speaks neither for the rollout nor against it. So is absence in its first
// bins: a scrape is lost now and then.
func (c *combination) speaks() float64 {
	b, w := c.values(worthOf)
	m := stat.LogMean(b, w)
	if !deviation.Known(m) {
		m = 0
	}
	if a := c.absence; a != nil && (a.bins >= evidence.MinBins || a.held > 0) {
		m = stat.LogSumExp(logOf(a.signals)+m, events.at(a.share))
		if a.held > 0 {
			m = stat.LogSumExp(m, events.at(logOf(a.reserve)+a.held))
		}
	}
	return max(m, c.critical(b))
}

// worthOf returns the logarithm of the Bayes factor of a signal.
func worthOf(s signalUnderTrial) float64 {
	o := s.odds()
	if o.Events {
		return events.at(o.Log)
	}
	return measured.at(o.Log)
}
