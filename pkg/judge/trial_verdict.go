package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// verdict returns what is known at now, of the whole and of its parts.
func (c *trial) verdict(now time.Time) andon.Verdict {
	v := c.judged(now)
	v.Stages, v.Scopes = c.stages.verdicts(now, c.evidence.log, v), c.places.verdicts(c.decided)
	return v
}

// judged returns what is known of the whole at now.
func (c *trial) judged(now time.Time) andon.Verdict {
	if c.fail == nil {
		c.failOnPreflight(now) // a check may come to an end after its bin was decided on
	}
	if c.fail == nil {
		c.failOnFeedback(now) // and a person may have said something since
	}
	v := andon.Verdict{
		Rollout: c.rollout.ID, Service: c.service.Name, At: now, Strategy: c.strategy, Basis: c.division.Why,
		Evidence: andon.Number(math.Exp(c.evidence.peak)), Blame: andon.Number(c.blame.share),
		Calibration: c.calibration.String(), Dependencies: c.dependencies,
	}
	v.Score, v.Weight = c.score()
	v.Findings = c.evidence.findings(deviation.BinTime(c.decided, c.step))
	for _, f := range c.preflight {
		v.Findings = append(v.Findings, f.Finding())
	}
	v.Quality = c.evidence.quality()
	if f, open := c.preflight.Undecided(); open && v.Quality == andon.OK {
		v.Quality = f.Quality
	}
	if c.fail != nil {
		at := c.fail.at
		v.FirstFail, v.Verdict, v.Reason = &at, andon.Fail, c.whyFail(v)
		return v
	}
	v.Verdict, v.Reason = c.open(v)
	if v.Set = c.blame.ambiguous(); v.Set != nil {
		v.Verdict, v.Quality, v.Reason = andon.Inconclusive, andon.Ambiguous, whyAmbiguous(v)
	}
	return v
}

func whyAmbiguous(v andon.Verdict) string {
	showed := "the service became worse"
	if f, ok := leading(v.Findings); ok {
		showed = f.Reason
	}
	return fmt.Sprintf("AMBIGUOUS: %s; the cause is %s, and they cannot be told apart: hold them all", showed, names(v.Set))
}

// leading returns the finding with the largest part in the evidence, and
// whether there is any evidence.
func leading(fs []andon.Finding) (andon.Finding, bool) {
	maxShare, at, critical := 0., -1, 0
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
		if p > maxShare {
			maxShare, at = p, i
		}
	}
	if at < 0 {
		return andon.Finding{}, false
	}
	return fs[at], true
}

func (c *trial) whyFail(v andon.Verdict) string {
	if c.fail.reason != "" {
		return c.fail.reason
	}
	// What led to the fail may have gone since, and stays the reason.
	blamed := slices.DeleteFunc(slices.Clone(v.Findings), func(f andon.Finding) bool { return !f.Blamed })
	if len(blamed) == 0 {
		blamed = v.Findings
	}
	f, ok := leading(blamed)
	if !ok {
		return fmt.Sprintf("evidence that the rollout did harm reached %s at %s", andon.Odds(c.needs()), c.fail.at.Format(time.RFC3339))
	}
	if c.strategy == andon.BeforeAfter {
		return fmt.Sprintf("%s; as unusual a move came less than 1 time in %s before the change", f.Reason, andon.Quantity(math.Round(math.Exp(c.limit())), ""))
	}
	if c.evidence.log < c.needs() {
		return fmt.Sprintf("%s; evidence reached %s that the rollout did it, now %s", f.Reason, andon.Odds(c.evidence.peak), andon.Odds(c.evidence.log))
	}
	return fmt.Sprintf("%s; evidence %s that the rollout did it", f.Reason, andon.Odds(c.evidence.peak))
}

// open returns the decision on a rollout that has not failed.
func (c *trial) open(v andon.Verdict) (andon.Decision, string) {
	if len(c.evidence.all()) == 0 {
		return andon.Inconclusive, fmt.Sprintf("service %s has no signals", c.service.Name)
	}
	f, ok := leading(v.Findings)
	if c.evidence.log >= math.Log(warnEvidence) && c.strategy != andon.Threshold {
		reason := fmt.Sprintf("%s; evidence %s that the rollout did it, fails at %s", f.Reason, andon.Odds(c.evidence.log), andon.Odds(c.needs()))
		if c.evidence.log >= c.needs()-1e-9 && len(c.blame.rivals()) > 0 {
			return andon.Inconclusive, c.blame.undivided(f.Reason)
		}
		return andon.Inconclusive, reason + c.wouldFail(v)
	}
	if c.strategy == andon.LoadTest && !c.rollout.Baseline.Known() {
		return andon.Inconclusive, andon.NoBaseline(c.service.Name)
	}
	if v.Quality != andon.OK {
		return andon.Inconclusive, c.whyOpen(v) + c.wouldFail(v)
	}
	if c.strategy == andon.Threshold || !ok {
		return andon.Pass, "no signal breached its thresholds"
	}
	return andon.Pass, fmt.Sprintf("%s; strongest: %s%s", nothing(c.strategy), f.Reason, c.evidence.unseen())
}

// nothing says of a rollout or of a place that no signal showed anything.
func nothing(s andon.Strategy) string {
	switch s {
	case andon.BeforeAfter:
		return "no signal changed by more than chance"
	case andon.LoadTest:
		return "no signal differs between this run and the baseline run by more than chance"
	case andon.RegionControl:
		return "no signal changed differently in the changed regions than elsewhere by more than chance"
	default:
		return "no signal differs between new and old nodes by more than chance"
	}
}

// wouldFail says by how much a signal would have had to become worse for that
// to have failed the rollout by now: of the signals that count, the one with the largest
// share of the weight for which it is known.
func (c *trial) wouldFail(v andon.Verdict) string {
	var about andon.Signal
	best := andon.Finding{Smallest: andon.Unknown}
	for i, s := range c.evidence.all() {
		f := v.Findings[i]
		if f.Smallest.Known() && f.Smallest != 0 && !beyondAll(s.about(), f) && (!best.Smallest.Known() || f.Weight > best.Weight) {
			best, about = f, s.about()
		}
	}
	move, by := "rise", float64(best.Smallest)
	switch {
	case !best.Smallest.Known():
		return ""
	case about.Metric == "":
		return fmt.Sprintf("; something new in %s would have had to come %s times an hour on each node to fail the rollout by now", best.Signal, andon.Quantity(by, ""))
	case by < 0:
		move = "fall"
	}
	return fmt.Sprintf("; %s would have had to %s by %s to fail the rollout by now", best.Signal, move, andon.Step(by, about.WrittenUnit()))
}

// beyondAll reports whether the smallest effect on a share is more than all of it.
func beyondAll(s andon.Signal, f andon.Finding) bool {
	return s.Per != "" && s.Unit == "" && andon.IsRatio(s.WrittenUnit()) && math.Abs(float64(f.Smallest)) > 1
}

// whyOpen says what stands in the way of a judgment.
func (c *trial) whyOpen(v andon.Verdict) string {
	if f, open := c.preflight.Undecided(); open && c.evidence.quality() == andon.OK {
		return f.Reason
	}
	var names []string
	reason := ""
	for i, s := range c.evidence.all() {
		if s.quality() == v.Quality && (s.counts() || c.strategy == andon.Threshold) {
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
		reason += "; the same for " + andon.Enumerate(names[1:])
	}
	if reason == "" {
		return fmt.Sprintf("all signals of service %s have a weight of 0", c.service.Name)
	}
	return reason
}

// score returns the score and the weight that it rests on: the largest since
// the rollout failed, or that of now. What failed without evidence is certain.
func (c *trial) score() (score, weight andon.Number) {
	w := c.weight()
	if c.fail != nil {
		w = max(w, c.fail.weight)
	}
	score = andon.Number(c.calibration.Probability(c.service.Name, w))
	if math.IsInf(w, 1) {
		return score, andon.Unknown
	}
	return score, andon.Number(w)
}

// weight returns the logarithm of how much what is known raises the odds that
// the rollout is a regression.
func (c *trial) weight() float64 { return c.evidence.weight(c.blame.rivals()) }
