package judge

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/stat"
)

// An overlap tells the rollouts that come to the same nodes apart, by which nodes
// adopted which of them when.
type overlap struct {
	*subject
	metrics metricSignals
	adopted map[string]time.Time // when each candidate node was first seen
	twins   twins
	fresh   []*metricSignal // that folded the bin folded last
}

// attribute takes in, for each signal that folded the bin at, which rollouts
// its nodes had adopted by then.
func (c *overlap) attribute(all []*overlap, at time.Time) {
	if !c.divides() {
		return
	}
	here := []*overlap{c}
	for _, o := range all {
		if o != c && o.underwayAt(at) && c.sharesNodes(o.subject) {
			here = append(here, o)
		}
	}
	for _, t := range c.fresh {
		for _, o := range here {
			t.adoption.Index(o.rollout.ID)
		}
		// One that is no longer under way stays nil: nobody has it any more.
		who := make([]*overlap, len(t.adoption.Change))
		for _, o := range here {
			who[t.adoption.Index(o.rollout.ID)] = o
		}
		t.attribute(c.twins, func(change int, node string) (time.Duration, bool) { return who[change].since(node, at) })
	}
}

// attribute takes in which nodes had adopted which rollout in the bin folded last.
func (t *metricSignal) attribute(out twins, since evidence.AdoptedSince) {
	r := t.law.SampleReader()
	if r.Value == nil {
		return
	}
	samples := t.cand.SamplesAt(t.next - 1)
	for _, s := range t.ctrl.SamplesAt(t.next - 1) {
		if own := t.cand.Rows[s.Node]; !out[s.Node] && (own == nil || !own.Seen[t.next-1-t.cand.First]) {
			samples = append(samples, s)
		}
	}
	t.adoption.Fold(r, samples, since)
}

// since returns how long ago a node adopted the rollout, if it has; a nil
// rollout has been adopted by none.
func (c *overlap) since(node string, at time.Time) (time.Duration, bool) {
	if c == nil {
		return 0, false
	}
	first, ok := c.adopted[node]
	return at.Sub(first), ok && !first.After(at)
}

// explains returns the logarithm of how well a rollout explains the signal.
func (t *metricSignal) explains(rollout string) float64 {
	d, ok := t.adoption.Change[rollout]
	if !ok || t.bounds.Ignored() {
		return 0
	}
	return t.law.Explains(&t.adoption, d)
}

// explains returns the logarithm of how well a rollout explains what was
// measured on c's nodes, as the weighted mean over signals.
func (c *overlap) explains(rollout string) float64 {
	var e, w []float64
	for _, t := range c.metrics {
		if t.controlSeen > 0 {
			e, w = append(e, t.explains(rollout)), append(w, t.weight)
		}
	}
	if m := stat.LogMean(e, w); deviation.Known(m) {
		return m
	}
	return 0
}

// touchedBy reports whether a node of c has adopted a rollout, so that the two
// can be told apart by who adopted what when.
func (c *overlap) touchedBy(rollout string) bool {
	for _, t := range c.metrics {
		if d, ok := t.adoption.Change[rollout]; ok && t.adoption.Touched[d] {
			return true
		}
	}
	return false
}

// touched returns the rollouts that nodes of c have adopted.
func (c *overlap) touched() []string {
	var out []string
	for _, t := range c.metrics {
		for id, d := range t.adoption.Change {
			if t.adoption.Touched[d] && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}

// names joins rollouts as a sentence does.
func names(set []string) string {
	if n := len(set); n > 1 {
		return strings.Join(set[:n-1], ", ") + " or " + set[n-1]
	}
	return strings.Join(set, "")
}

// logOf is math.Log for shares, of which 0 is usual.
func logOf(share float64) float64 {
	if share <= 0 {
		return math.Inf(-1)
	}
	return math.Log(share)
}
