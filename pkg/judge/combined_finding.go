package judge

import (
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// findings returns what each signal showed, and what is known by the bin at of
// nodes that do not serve.
func (c *combination) findings(at time.Time) []andon.Finding {
	_, w := c.values(signalUnderTrial.logE)
	total, held := 0., 1.
	for _, x := range w {
		total += x
	}
	if c.absence != nil {
		held = c.absence.signals
	}
	all := c.all()
	out := make([]andon.Finding, 0, len(all)+1)
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
				f.Unseen = "nodes that do not come up, for however long, would not fail the rollout by themselves"
			}
			out = append(out, f)
		} else if f, ok := c.absence.partial.finding(c.absence.reserve, c.needs()-math.Log(c.absence.reserve)); ok {
			out = append(out, f)
		}
	}
	return out
}

// quality returns that of the signals that count: OK if one of them, all
// critical ones and that which tells who serves can be judged, and none could
// not be read.
func (c *combination) quality() andon.Quality {
	for _, s := range c.all() {
		if s.trouble() != nil && (s.counts() || c.strategy == andon.Threshold) {
			return andon.SourceError
		}
	}
	if a := c.absence; a != nil {
		// What tells who serves tells most: nothing passes without it.
		if q := a.signal.quality(); q == andon.NoCandidateData || q == andon.Stale || q == andon.LowExposure {
			return q
		}
	}
	for _, s := range c.all() {
		if q := s.quality(); s.about().Critical && q != andon.OK {
			return q // what is critical has to be seen
		}
	}
	order := []andon.Quality{andon.OK, andon.LowExposure, andon.Stale, andon.NoCandidateData, andon.NoControlData, andon.NoSeries}
	found := map[andon.Quality]bool{}
	for _, s := range c.all() {
		if s.counts() || c.strategy == andon.Threshold {
			found[s.quality()] = true
		}
	}
	for _, q := range order {
		if found[q] {
			return q
		}
	}
	return andon.NoSeries
}

// unseen names the signals that count and could not be compared.
func (c *combination) unseen() string {
	var names []string
	for _, s := range c.all() {
		if s.counts() && s.quality() != andon.OK {
			names = append(names, s.about().Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; not compared: " + andon.Enumerate(names)
}
