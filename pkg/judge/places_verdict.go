package judge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
)

// showed says what the signal with the largest part in a place's evidence did there.
func (c *places) showed(at *place) string {
	signals, parts := c.located(at)
	best, text := math.Inf(-1), "no signal could be compared"
	for i, p := range parts {
		if e := p.logE() + math.Log(signals[i].weight); e > best {
			best, text = e, moved(signals[i].Signal, c.strategy, p.law.Contrast(p.effect), p.logE())
		}
	}
	return text
}

// verdicts returns the verdict on each place by the bin decided on last, in order
// of label and value.
func (c *places) verdicts(decided int64) []andon.ScopeVerdict {
	var out []andon.ScopeVerdict
	for label, name := range c.service.Scope {
		here := slices.DeleteFunc(slices.Clone(c.list), func(p *place) bool { return p.label != label })
		slices.SortFunc(here, func(a, b *place) int { return cmp.Compare(a.value, b.value) })
		for _, p := range here {
			d, reason := c.open(p, decided)
			out = append(out, andon.ScopeVerdict{Label: name, Value: p.value, Verdict: d, Evidence: andon.Number(math.Exp(p.peak)), Reason: reason + c.untold(name, p)})
		}
		switch more := c.more[label]; {
		case more > 0:
			out = append(out, andon.ScopeVerdict{Label: name, Verdict: andon.Inconclusive, Evidence: andon.Unknown, Reason: fmt.Sprintf("only the first %d values of %s are judged; there are %d more", maxPlaces, name, more)})
		case len(here) == 0 && decided >= c.first:
			out = append(out, andon.ScopeVerdict{Label: name, Verdict: andon.Inconclusive, Evidence: andon.Unknown, Reason: fmt.Sprintf("no series has the label %s; keep it in the queries, as in sum by (%s) (…)", name, strings.Join(c.kept(name), ", "))})
		}
	}
	return out
}

// kept returns the labels that a query should keep.
func (c *places) kept(label string) []string {
	labels := []string{c.service.Node, c.service.Version, label}
	return slices.DeleteFunc(labels, func(l string) bool { return l == "" })
}

// untold names the signals that count whose series lack the label.
func (c *places) untold(label string, at *place) string {
	var names []string
	signals, _ := c.located(at)
	for _, t := range c.metrics {
		if t.counts() && t.candidateSeen+t.controlSeen > 0 && !slices.Contains(signals, t) {
			names = append(names, t.Signal.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("; not compared, as the label %s is missing: %s", label, andon.Enumerate(names))
}

// open returns the decision on a place, and why.
func (c *places) open(at *place, decided int64) (andon.Decision, string) {
	_, parts := c.located(at)
	sides := c.strategy.Sides()
	bins, needed, candidate, control, last := 0, 0, 0, 0, time.Time{}
	for _, p := range parts {
		r := p.law.Reach()
		bins, needed, candidate, control = max(bins, r.Bins), max(needed, r.Needed), candidate+p.candidate, control+p.control
		last = deviation.Later(last, p.last)
	}
	switch {
	case at.reason != "":
		return andon.Fail, at.reason + c.atOnce(at, decided)
	case candidate == 0:
		return andon.Inconclusive, fmt.Sprintf("no %s there", sides.Candidate.Node())
	case at.logE >= math.Log(warnEvidence) && c.strategy != andon.Threshold:
		return andon.Inconclusive, fmt.Sprintf("%s; evidence %s that the rollout did it, fails at %s%s", c.showed(at), andon.Odds(at.logE),
			andon.Odds(c.needs()+math.Log(float64(len(c.list)))), c.atOnce(at, decided))
	case c.strategy == andon.Threshold:
		return andon.Pass, "no threshold breached"
	case c.concurrent() && control == 0:
		return andon.Inconclusive, fmt.Sprintf("no %s there since the rollout began", sides.Control.Node()) + c.atOnce(at, decided)
	case deviation.BinTime(decided, c.step).Sub(last) > 10*c.step:
		return andon.Inconclusive, "no sample " + sides.Candidate.From + " there since " + last.UTC().Format(time.RFC3339)
	case bins < needed:
		return andon.Inconclusive, "too little to judge: " + compared(bins, needed, c.step) + c.atOnce(at, decided)
	}
	return andon.Pass, nothing(c.strategy) + "; strongest: " + c.showed(at) + c.atOnce(at, decided)
}

// atOnce says of a place whose control nodes were gone within the warm-up of
// its first candidate node that it skipped the stages.
func (c *places) atOnce(at *place, decided int64) string {
	warm := c.service.WarmUpTime()
	if !c.concurrent() || c.strategy == andon.RegionControl || at.came.IsZero() || deviation.BinTime(decided, c.step).Sub(at.came) <= warm {
		return ""
	}
	if at.left.IsZero() || at.left.Sub(at.came) < warm && deviation.BinTime(decided, c.step).Sub(at.left) > warm {
		return "; everything there was changed at once, without stages"
	}
	return ""
}
