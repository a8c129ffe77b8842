package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// verdict returns what is known at now, of the whole and of its parts.
func (c *course) verdict(now time.Time) Verdict {
	v := c.judged(now)
	v.Stages, v.Scopes = c.stages(now, v), c.scopes(now)
	return v
}

// judged returns what is known of the whole at now.
func (c *course) judged(now time.Time) Verdict {
	if c.firstFail == nil {
		c.ground(now) // a check may come to an end after its bin was decided on
	}
	if c.firstFail == nil {
		c.told(now) // and a person may have said something since
	}
	v := Verdict{
		Rollout: c.rollout.ID, Service: c.service.Name, At: now, Strategy: c.strategy, Basis: c.division.why,
		Evidence: Number(math.Exp(c.peak)), Blame: Number(c.blame), FirstFail: c.firstFail,
		Calibration: c.calibration.String(), Dependencies: c.dependencies,
	}
	v.Score, v.Weight = c.scored()
	v.Findings = c.findings()
	v.Quality = c.quality()
	if f, open := c.unflown(); open && v.Quality == OK {
		v.Quality = f.Quality
	}
	switch {
	case c.firstFail != nil:
		v.Verdict, v.Reason = Fail, c.whyFail(v)
	default:
		v.Verdict, v.Reason = c.open(v)
		if v.Set = c.ambiguous(); v.Set != nil {
			v.Verdict, v.Quality, v.Reason = Inconclusive, Ambiguous, c.whyAmbiguous(v)
		}
	}
	return v
}

func (c *course) whyAmbiguous(v Verdict) string {
	showed := "the service became worse"
	if f, ok := leading(v.Findings); ok {
		showed = f.Reason
	}
	return fmt.Sprintf("AMBIGUOUS: %s; it was %s, which cannot be told apart: hold them all", showed, names(v.Set))
}

// needs returns the logarithm of the evidence that fails the rollout.
func (c *course) needs() float64 {
	return math.Log(c.service.Sensitivity.Needs(c.strategy))
}

func (c *course) findings() []Finding {
	_, w := c.terms()
	total, held := 0., 1.
	for _, x := range w {
		total += x
	}
	if c.absence != nil {
		held = c.absence.signals
	}
	all := c.all()
	out := make([]Finding, 0, len(all)+1)
	for i, s := range all {
		share := 0.
		if w[i] > 0 {
			share = held * w[i] / total
		}
		// Alone, a signal has to show this much for the rollout to fail.
		needs := c.needs() - math.Log(share)
		if s.about().Critical {
			needs = min(needs, c.needs()+math.Log(float64(c.criticals())))
		}
		out = append(out, s.finding(share, needs))
	}
	if c.absence != nil {
		if f, ok := c.absence.finding(); ok {
			if !f.Smallest.Known() {
				f.Unseen = "however long no node came up, that alone would not fail the rollout"
			}
			out = append(out, f)
		} else if f, ok := c.missing.finding(c.absence.reserve, c.needs()-math.Log(c.absence.reserve)); ok {
			out = append(out, f)
		}
	}
	for _, f := range c.flights {
		out = append(out, f.finding())
	}
	return out
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

func (c *course) whyFail(v Verdict) string {
	if c.failReason != "" {
		return c.failReason
	}
	// What led to the fail may have gone since, and stays the reason.
	blamed := slices.DeleteFunc(slices.Clone(v.Findings), func(f Finding) bool { return !f.Blamed })
	if len(blamed) == 0 {
		blamed = v.Findings
	}
	f, ok := leading(blamed)
	if !ok {
		return "evidence against the rollout reached what fails it at " + c.firstFail.Format(time.RFC3339)
	}
	if c.strategy == BeforeAfter {
		return f.Reason + ", further from its course before the change than 1 in 100 times without one"
	}
	return fmt.Sprintf("%s; that is %s times likelier if the rollout is to blame than if it is not", f.Reason, number(math.Exp(min(c.peak, 700))))
}

// quality returns that of the signals that count: OK if one of them, all
// critical ones and that which tells who serves can be judged, and none could
// not be read.
func (c *course) quality() Quality {
	for _, s := range c.all() {
		if s.trouble() != nil && (s.counts() || c.strategy == Threshold) {
			return SourceError
		}
	}
	if a := c.absence; a != nil {
		// What tells who serves tells most: nothing passes without it.
		if q := a.signal.quality(); q == NoCandidateData || q == Stale || q == LowExposure {
			return q
		}
	}
	for _, s := range c.all() {
		if q := s.quality(); s.about().Critical && q != OK {
			return q // what is critical has to be seen
		}
	}
	order := []Quality{OK, LowExposure, Stale, NoCandidateData, NoControlData, NoSeries}
	found := map[Quality]bool{}
	for _, s := range c.all() {
		if s.counts() || c.strategy == Threshold {
			found[s.quality()] = true
		}
	}
	for _, q := range order {
		if found[q] {
			return q
		}
	}
	return NoSeries
}

// open returns the decision on a rollout that has not failed.
func (c *course) open(v Verdict) (Decision, string) {
	if len(c.all()) == 0 {
		return Inconclusive, fmt.Sprintf("service %s has no signal to judge by", c.service.Name)
	}
	f, ok := leading(v.Findings)
	if c.logE >= math.Log(warnEvidence) && c.strategy != Threshold {
		reason := fmt.Sprintf("%s; evidence is %s, %s would fail it", f.Reason, number(math.Exp(min(c.logE, 700))), number(math.Exp(c.needs())))
		if c.logE >= c.needs()-1e-9 && len(c.counting()) > 0 {
			return Inconclusive, c.undivided(f.Reason)
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
	return Pass, fmt.Sprintf("no signal tells the candidate from control by more than chance; the most that any showed: %s%s", f.Reason, c.unseen())
}

// unseen names the signals that count and could not be compared.
func (c *course) unseen() string {
	var names []string
	for _, s := range c.all() {
		if s.counts() && s.quality() != OK {
			names = append(names, s.about().Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; not compared: " + list(names)
}

// wouldFail says by how much a signal would have had to become worse for that
// to have failed the rollout by now: of the signals that count, the one with the largest
// share of the weight for which it is known.
func (c *course) wouldFail(v Verdict) string {
	var about Signal
	best := Finding{Smallest: Unknown}
	for i, s := range c.all() {
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
func (c *course) whyOpen(v Verdict) string {
	if f, open := c.unflown(); open && c.quality() == OK {
		return f.Reason
	}
	var names []string
	reason := ""
	for i, s := range c.all() {
		if s.quality() == v.Quality && (s.counts() || c.strategy == Threshold) {
			names = append(names, s.about().Name)
			if reason == "" {
				reason = v.Findings[i].Reason
			}
		}
	}
	if c.absence != nil && c.absence.bins > 0 {
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
