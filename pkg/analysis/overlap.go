package analysis

import (
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// attribute takes in, for each signal that folded the bin at, which rollouts
// its nodes had adopted by then.
func (c *course) attribute(all []*course, at time.Time) {
	if !c.divides() {
		return
	}
	here := []*course{c}
	for _, o := range all {
		if o != c && o.underwayAt(at) && c.sharesNodes(o) {
			here = append(here, o)
		}
	}
	for _, t := range c.fresh {
		for _, o := range here {
			t.adoption.index(o.rollout.ID)
		}
		// One that is no longer under way stays nil: nobody has it any more.
		who := make([]*course, len(t.adoption.change))
		for _, o := range here {
			who[t.adoption.index(o.rollout.ID)] = o
		}
		t.attribute(who, c, at)
	}
}

// divides reports whether nodes can be told apart by whether they have
// adopted the rollout.
func (c *course) divides() bool { return c.concurrent() && c.service.Node != "" }

// sharesNodes reports whether another rollout may come to the same nodes: one
// of the same service, or of a service of another layer whose nodes are known
// by the same label, such as the hosts underneath. Services of one layer that
// run on the same hosts do not change each other.
func (c *course) sharesNodes(o *course) bool {
	a, b := c.service, o.service
	return c.divides() && o.divides() && a.Node == b.Node && (a.Name == b.Name || a.Layer != b.Layer)
}

// attribute takes in the bin folded last; who are the rollouts by change.
func (t *tracker) attribute(who []*course, c *course, at time.Time) {
	r := t.law.reading()
	if r.value == nil {
		return
	}
	samples := t.cand.samplesAt(t.next - 1)
	for _, s := range t.ctrl.samplesAt(t.next - 1) {
		if own := t.cand.rows[s.node]; !c.twins[s.node] && (own == nil || !own.seen[t.next-1-t.cand.first]) {
			samples = append(samples, s)
		}
	}
	t.adoption.fold(r, samples, func(change int, node string) (time.Duration, bool) { return who[change].since(node, at) })
}

// since returns how long ago a node adopted the rollout, if it has; a nil
// rollout has been adopted by none.
func (c *course) since(node string, at time.Time) (time.Duration, bool) {
	if c == nil {
		return 0, false
	}
	first, ok := c.adopted[node]
	return at.Sub(first), ok && !first.After(at)
}

// explains returns the logarithm of how well a rollout explains the signal.
func (t *tracker) explains(rollout string) float64 {
	d, ok := t.adoption.change[rollout]
	if !ok || t.bounds.ignored() {
		return 0
	}
	return t.law.explains(&t.adoption, d)
}

// explains returns the logarithm of how well a rollout explains what was
// measured on c's nodes, as the weighted mean over signals.
func (c *course) explains(rollout string) float64 {
	var e, w []float64
	for _, t := range c.signals {
		if t.controlSeen > 0 {
			e, w = append(e, t.explains(rollout)), append(w, t.weight)
		}
	}
	if m := stat.LogMean(e, w); known(m) {
		return m
	}
	return 0
}

// touchedBy reports whether a node of c has adopted a rollout, so that the two
// can be told apart by who adopted what when.
func (c *course) touchedBy(rollout string) bool {
	for _, t := range c.signals {
		if d, ok := t.adoption.change[rollout]; ok && t.adoption.touched[d] {
			return true
		}
	}
	return false
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
