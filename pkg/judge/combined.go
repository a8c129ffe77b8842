package judge

import (
	"context"
	"math"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/stat"
)

// blameFDR is the share of wrong names, on average, among the signals that are
// named as those to blame.
const blameFDR = .1

// A signalUnderTrial is a signal as it goes into the rollout's evidence.
type signalUnderTrial interface {
	ask(ctx context.Context, last int64) // for the bins up to last that are not there yet

	about() andon.Signal
	trouble() error // why it cannot be read; nil if it can
	compared() bool // there is something to compare with
	share() float64 // of the weight
	counts() bool   // it may fail the rollout by its evidence
	logE() float64
	odds() evidence.Odds // what a score takes the evidence for
	quality() andon.Quality
	finding(share, fail float64) andon.Finding
	markBlamed()
}

// A combination is what the signals of a rollout show against it together.
type combination struct {
	*subject
	metrics metricSignals
	lines   []*lineSignal // of logs and crashes
	absence *absence      // nil without a signal that tells who serves

	log, peak float64 // natural logarithm after the bin decided on last, and its highest
}

// all returns the signals: those of metrics, and then those of logs and crashes.
func (c *combination) all() []signalUnderTrial {
	out := make([]signalUnderTrial, 0, len(c.metrics)+len(c.lines))
	for _, s := range c.metrics {
		out = append(out, s)
	}
	for _, r := range c.lines {
		out = append(out, r)
	}
	return out
}

// values returns a value, such as the evidence, and the weight of each signal
// that control has; NaN and 0 of the others.
func (c *combination) values(read func(signalUnderTrial) float64) (value, weight []float64) {
	for _, s := range c.all() {
		v, w := math.NaN(), 0.
		if s.compared() {
			v, w = read(s), s.share()
		}
		value, weight = append(value, v), append(weight, w)
	}
	return value, weight
}

// update takes in the bin that all signals have folded.
func (c *combination) update() {
	c.log = c.combined()
	c.peak = max(c.peak, c.log)
}

// combined returns the logarithm of the rollout's evidence.
//
// With a control it is the weighted mean of the evidence of the signals, which
// is an e-value under any dependence among them, with what absence has at stake
// of it (see absence). Without one it is, by
// Bonferroni, the largest product of evidence and share of weight: what stands
// for evidence then is a tail probability's inverse, whose mean says nothing.
func (c *combination) combined() float64 {
	if c.concurrent() {
		e, w := c.values(signalUnderTrial.logE)
		m := stat.LogMean(e, w)
		if !deviation.Known(m) {
			m = 0
		}
		if c.absence != nil {
			m = c.absence.invest(m)
		}
		return max(m, c.critical(e))
	}
	return min(c.bonferroni(), c.limit())
}

// bonferroni returns the logarithm of the largest product of evidence and share
// of weight.
func (c *combination) bonferroni() float64 {
	e, w := c.values(signalUnderTrial.logE)
	total, best := 0., math.Inf(-1)
	for i := range e {
		if deviation.Known(e[i]) {
			total += w[i]
		}
	}
	for i := range e {
		if deviation.Known(e[i]) && w[i] > 0 {
			best = max(best, e[i]+math.Log(w[i]/total))
		}
	}
	if best = max(best, c.critical(e)); math.IsInf(best, -1) {
		return 0
	}
	return best
}

// criticals returns the number of critical signals.
func (c *combination) criticals() int {
	n := 0
	for _, s := range c.all() {
		if s.about().Critical {
			n++
		}
	}
	return n
}

// critical returns, of the logarithms of the evidence of all signals, that of the
// critical ones: of the strongest, divided by their number (Bonferroni). It is
// -Inf without any.
//
// By Ville's inequality each reaches n/alpha in at most alpha/n of the harmless
// rollouts, hence any of them in at most alpha. Together with the mean over all
// signals, which does so in alpha as well, a service with critical signals is
// promised 2 alpha.
func (c *combination) critical(e []float64) float64 {
	best, n := math.Inf(-1), c.criticals()
	for i, s := range c.all() {
		if s.about().Critical && deviation.Known(e[i]) {
			best = max(best, e[i]-math.Log(float64(n)))
		}
	}
	return best
}

// absentShare returns the share of the evidence that comes from absence.
func (c *combination) absentShare() float64 {
	if c.absence == nil {
		return 0
	}
	return min(1, math.Exp(c.absence.share-c.log))
}

// markBlamed marks the signals that are to blame for a fail: those that e-BH
// rejects at this time, and those whose threshold was breached.
func (c *combination) markBlamed() {
	logE, weight := c.values(signalUnderTrial.logE)
	all := c.all()
	if c.absence != nil && c.absence.staked() {
		logE, weight = append(logE, c.absence.logE()), append(weight, 1)
	}
	at := make([]int, 0, len(logE))
	tested := make([]float64, 0, len(logE))
	for i, e := range logE {
		counts := weight[i] > 0 || i < len(all) && all[i].counts()
		if deviation.Known(e) && counts {
			at, tested = append(at, i), append(tested, e)
		}
	}
	for i, rejected := range stat.EBH(tested, blameFDR) {
		switch {
		case !rejected:
		case at[i] < len(all):
			all[at[i]].markBlamed()
		default:
			c.absence.blamed = c.absence.span()
		}
	}
	for _, s := range c.metrics {
		s.blamed = s.blamed || s.breach != ""
	}
}
