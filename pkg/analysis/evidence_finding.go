package analysis

import (
	"math"
	"time"
)

// findings returns what each signal showed, and what is known by the bin at of
// nodes that do not serve.
func (c *evidence) findings(at time.Time) []Finding {
	_, w := c.values(signalUnderTrial.evidence)
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
		if f, ok := c.absence.finding(at); ok {
			if !f.Smallest.Known() {
				f.Unseen = "however long no node came up, that alone would not fail the rollout"
			}
			out = append(out, f)
		} else if f, ok := c.absence.missing.finding(c.absence.reserve, c.needs()-math.Log(c.absence.reserve)); ok {
			out = append(out, f)
		}
	}
	return out
}

// quality returns that of the signals that count: OK if one of them, all
// critical ones and that which tells who serves can be judged, and none could
// not be read.
func (c *evidence) quality() Quality {
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

// unseen names the signals that count and could not be compared.
func (c *evidence) unseen() string {
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
