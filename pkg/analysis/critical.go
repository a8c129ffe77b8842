package analysis

import (
	"math"

	"github.com/andon-project/andon/pkg/stat"
)

// blameFDR is the share of wrong names, on average, among the signals that are
// named as those to blame.
const blameFDR = .1

func (t *tracker) about() Signal  { return t.signal }
func (t *tracker) trouble() error { return t.err }
func (t *tracker) share() float64 { return t.weight }
func (t *tracker) accuse()        { t.blamed = true }
func (t *tracker) counts() bool   { return t.weight > 0 || t.signal.Critical }

func (t *tracker) compared() bool {
	return t.controlSeen > 0 || t.meter != nil && t.meter.timed && t.candidateSeen > 0
}

func (t *tracker) odds() odds {
	o := t.law.odds()
	if t.bounds.ignored() {
		o.log = 0
	}
	return o
}

// criticals returns the number of critical signals.
func (c *course) criticals() int {
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
func (c *course) critical(e []float64) float64 {
	best, n := math.Inf(-1), c.criticals()
	for i, s := range c.all() {
		if s.about().Critical && known(e[i]) {
			best = max(best, e[i]-math.Log(float64(n)))
		}
	}
	return best
}

// accuse marks the signals that are to blame for a fail: those that e-BH
// rejects at this time, and those whose threshold was breached.
func (c *course) accuse() {
	logE, weight := c.terms()
	all := c.all()
	if c.absence != nil && c.absence.staked() {
		logE, weight = append(logE, c.absence.logE()), append(weight, 1)
	}
	at := make([]int, 0, len(logE))
	tested := make([]float64, 0, len(logE))
	for i, e := range logE {
		counts := weight[i] > 0 || i < len(all) && all[i].counts()
		if known(e) && counts {
			at, tested = append(at, i), append(tested, e)
		}
	}
	for i, rejected := range stat.EBH(tested, blameFDR) {
		switch {
		case !rejected:
		case at[i] < len(all):
			all[at[i]].accuse()
		default:
			c.absence.blamed = c.absence.span()
		}
	}
	for _, s := range c.signals {
		s.blamed = s.blamed || s.breach != ""
	}
}
