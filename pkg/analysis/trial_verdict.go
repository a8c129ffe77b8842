package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// verdict returns what is known at now, of the whole and of its parts.
func (c *trial) verdict(now time.Time) Verdict {
	v := c.judged(now)
	v.Stages, v.Scopes = c.stages.verdicts(now, c.evidence.log, v), c.places.verdicts(c.decided)
	return v
}

// judged returns what is known of the whole at now.
func (c *trial) judged(now time.Time) Verdict {
	if c.fail == nil {
		c.failOnPreflight(now) // a check may come to an end after its bin was decided on
	}
	if c.fail == nil {
		c.failOnFeedback(now) // and a person may have said something since
	}
	v := Verdict{
		Rollout: c.rollout.ID, Service: c.service.Name, At: now, Strategy: c.strategy, Basis: c.division.why,
		Evidence: Number(math.Exp(c.evidence.peak)), Blame: Number(c.blame.share),
		Calibration: c.calibration.String(), Dependencies: c.dependencies,
	}
	v.Score, v.Weight = c.score()
	v.Findings = c.evidence.findings(binTime(c.decided, c.step))
	for _, f := range c.preflight {
		v.Findings = append(v.Findings, f.finding())
	}
	v.Quality = c.evidence.quality()
	if f, open := c.preflight.undecided(); open && v.Quality == OK {
		v.Quality = f.Quality
	}
	if c.fail != nil {
		at := c.fail.at
		v.FirstFail, v.Verdict, v.Reason = &at, Fail, c.whyFail(v)
		return v
	}
	v.Verdict, v.Reason = c.open(v)
	if v.Set = c.blame.ambiguous(); v.Set != nil {
		v.Verdict, v.Quality, v.Reason = Inconclusive, Ambiguous, whyAmbiguous(v)
	}
	return v
}

func whyAmbiguous(v Verdict) string {
	showed := "the service became worse"
	if f, ok := leading(v.Findings); ok {
		showed = f.Reason
	}
	return fmt.Sprintf("AMBIGUOUS: %s; it was %s, which cannot be told apart: hold them all", showed, names(v.Set))
}

// leading returns the finding with the largest part in the evidence, and
// whether there is any evidence.
func leading(fs []Finding) (Finding, bool) {
	best, at, critical := 0., -1, 0
	for _, f := range fs {
		if f.Critical {
			critical++
		}
	}
	for i, f := range fs {
		p := float64(f.Evidence) * float64(f.Weight)
		if f.Critical {
			p = max(p, float64(f.Evidence)/float64(critical))
		}
		if p > best {
			best, at = p, i
		}
	}
	if at < 0 {
		return Finding{}, false
	}
	return fs[at], true
}

func (c *trial) whyFail(v Verdict) string {
	if c.fail.reason != "" {
		return c.fail.reason
	}
	// What led to the fail may have gone since, and stays the reason.
	blamed := slices.DeleteFunc(slices.Clone(v.Findings), func(f Finding) bool { return !f.Blamed })
	if len(blamed) == 0 {
		blamed = v.Findings
	}
	f, ok := leading(blamed)
	if !ok {
		return "evidence against the rollout reached what fails it at " + c.fail.at.Format(time.RFC3339)
	}
	if c.strategy == BeforeAfter {
		return f.Reason + ", further from its course before the change than 1 in 100 times without one"
	}
	return fmt.Sprintf("%s; that is %s times likelier if the rollout is to blame than if it is not", f.Reason, number(math.Exp(min(c.evidence.peak, 700))))
}

// open returns the decision on a rollout that has not failed.
func (c *trial) open(v Verdict) (Decision, string) {
	if len(c.evidence.all()) == 0 {
		return Inconclusive, fmt.Sprintf("service %s has no signal to judge by", c.service.Name)
	}
	f, ok := leading(v.Findings)
	if c.evidence.log >= math.Log(warnEvidence) && c.strategy != Threshold {
		reason := fmt.Sprintf("%s; evidence is %s, %s would fail it", f.Reason, number(math.Exp(min(c.evidence.log, 700))), number(math.Exp(c.needs())))
		if c.evidence.log >= c.needs()-1e-9 && len(c.blame.rivals()) > 0 {
			return Inconclusive, c.blame.undivided(f.Reason)
		}
		return Inconclusive, reason + c.wouldFail(v)
	}
	if c.strategy == LoadTest && !c.rollout.Baseline.known() {
		return Inconclusive, noBaseline(c.service.Name)
	}
	if v.Quality != OK {
		return Inconclusive, c.whyOpen(v) + c.wouldFail(v)
	}
	if c.strategy == Threshold || !ok {
		return Pass, "no signal of the rollout breached its thresholds"
	}
	return Pass, fmt.Sprintf("no signal tells the candidate from control by more than chance; the most that any showed: %s%s", f.Reason, c.evidence.unseen())
}

// wouldFail says by how much a signal would have had to become worse for that
// to have failed the rollout by now: of the signals that count, the one with the largest
// share of the weight for which it is known.
func (c *trial) wouldFail(v Verdict) string {
	var about Signal
	best := Finding{Smallest: Unknown}
	for i, s := range c.evidence.all() {
		if f := v.Findings[i]; f.Smallest.Known() && f.Smallest != 0 && (!best.Smallest.Known() || f.Weight > best.Weight) {
			best, about = f, s.about()
		}
	}
	if !best.Smallest.Known() {
		return ""
	}
	move, by, unit := "rise", float64(best.Smallest), about.Unit
	switch {
	case about.Metric == "":
		return fmt.Sprintf("; to fail it by now, something new in %s would have had to come %s times an hour on each node", best.Signal, number(by))
	case unit == "ratio":
		unit = ""
	}
	if by < 0 {
		move, by = "fall", -by
	}
	return strings.TrimRight(fmt.Sprintf("; to fail it by now, %s would have had to %s by %s %s", best.Signal, move, number(by), unit), " ")
}

// whyOpen says what stands in the way of a judgment.
func (c *trial) whyOpen(v Verdict) string {
	if f, open := c.preflight.undecided(); open && c.evidence.quality() == OK {
		return f.Reason
	}
	var names []string
	reason := ""
	for i, s := range c.evidence.all() {
		if s.quality() == v.Quality && (s.counts() || c.strategy == Threshold) {
			names = append(names, s.about().Name)
			if reason == "" {
				reason = v.Findings[i].Reason
			}
		}
	}
	if a := c.evidence.absence; a != nil && a.bins > 0 {
		for _, f := range v.Findings {
			if f.Kind == "presence" {
				return f.Reason
			}
		}
	}
	if len(names) > 1 {
		reason += fmt.Sprintf(" (%s are alike)", list(names))
	}
	if reason == "" {
		return fmt.Sprintf("service %s has no signal that counts; all weights are 0", c.service.Name)
	}
	return reason
}

// score returns the score and the weight that it rests on: the largest since
// the rollout failed, or that of now. What failed without evidence is certain.
func (c *trial) score() (score, weight Number) {
	w := c.weight()
	if c.fail != nil {
		w = max(w, c.fail.weight)
	}
	score = Number(c.calibration.Probability(c.service.Name, w))
	if math.IsInf(w, 1) {
		return score, Unknown
	}
	return score, Number(w)
}

// weight returns the logarithm of how much what is known raises the odds that
// the rollout is a regression.
func (c *trial) weight() float64 { return c.evidence.weight(c.blame.rivals()) }
