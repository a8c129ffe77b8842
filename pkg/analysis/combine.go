package analysis

import (
	"math"

	"github.com/andon-project/andon/pkg/stat"
)

// A term is a signal as it goes into the rollout's evidence.
type term interface {
	about() Signal
	trouble() error // why it cannot be read; nil if it can
	compared() bool // there is something to compare with
	share() float64 // of the weight
	counts() bool   // it may fail the rollout by its evidence
	evidence() float64
	odds() odds // what a score takes the evidence for
	quality() Quality
	finding(share, fail float64) Finding
	accuse()
}

// all returns the signals: those of metrics, and then those of logs and crashes.
func (c *course) all() []term {
	out := make([]term, 0, len(c.signals)+len(c.readers))
	for _, s := range c.signals {
		out = append(out, s)
	}
	for _, r := range c.readers {
		out = append(out, r)
	}
	return out
}

// terms returns the evidence and the weight of each signal that control has.
func (c *course) terms() (logE, weight []float64) { return c.termsBy(term.evidence) }

// termsBy is terms where another value than evidence is wanted.
func (c *course) termsBy(of func(term) float64) (value, weight []float64) {
	for _, s := range c.all() {
		v, w := math.NaN(), 0.
		if s.compared() {
			v, w = of(s), s.share()
		}
		value, weight = append(value, v), append(weight, w)
	}
	return value, weight
}

// combined returns the logarithm of the rollout's evidence.
//
// With a control it is the weighted mean of the evidence of the signals, which
// is an e-value under any dependence among them, with what absence has at stake
// of it (see absence). Without one it is, by
// Bonferroni, the largest product of evidence and share of weight: what stands
// for evidence then is a tail probability's inverse, whose mean says nothing.
func (c *course) combined() float64 {
	if c.concurrent() {
		e, w := c.terms()
		m := stat.LogMean(e, w)
		if !known(m) {
			m = 0
		}
		if c.absence != nil {
			m = c.absence.invest(m)
		}
		return max(m, c.critical(e))
	}
	return min(c.bonferroni(), c.cap())
}

// bonferroni returns the logarithm of the largest product of evidence and share
// of weight.
func (c *course) bonferroni() float64 {
	e, w := c.terms()
	total, best := 0., math.Inf(-1)
	for i := range e {
		if known(e[i]) {
			total += w[i]
		}
	}
	for i := range e {
		if known(e[i]) && w[i] > 0 {
			best = max(best, e[i]+math.Log(w[i]/total))
		}
	}
	if best = max(best, c.critical(e)); math.IsInf(best, -1) {
		return 0
	}
	return best
}

// cap returns the most that evidence without a control may be.
func (c *course) cap() float64 { return math.Log(c.service.Sensitivity.Needs(BeforeAfter)) }
