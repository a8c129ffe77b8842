package analysis

import (
	"math"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// A split holds, of one signal of a rollout, how well that rollout and those
// that overlap it on the same nodes explain what the nodes showed, each by
// which nodes had adopted it when. The rollout itself is change 0.
type split struct {
	change  map[string]int // by the rollout's ID
	touched []bool         // a node of the signal has adopted the change
	cox     []*stat.Cox
	wedge   stat.Wedge
	node    map[string]int

	// Of the bin at hand.
	names []string
	at    []int
	y     []float64
	has   [][]bool
}

// index returns the change that stands for a rollout.
func (p *split) index(rollout string) int {
	if p.change == nil {
		p.change, p.node = map[string]int{}, map[string]int{}
	}
	d, ok := p.change[rollout]
	if !ok {
		d = len(p.change)
		p.change[rollout] = d
		p.touched = append(p.touched, false)
		p.cox = append(p.cox, stat.NewCox())
	}
	return d
}

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
			t.split.index(o.rollout.ID)
		}
		// One that is no longer under way stays nil: nobody has it any more.
		who := make([]*course, len(t.split.change))
		for _, o := range here {
			who[t.split.index(o.rollout.ID)] = o
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

// attribute takes in the bin folded last. A node that adopted any of the
// rollouts within the warm-up is left out for all of them, so that all are
// weighed on the same samples.
func (t *tracker) attribute(who []*course, c *course, at time.Time) {
	p := &t.split
	w := unwatched(t.weigher)
	value, warm := t.reading(w, c)
	if value == nil {
		return
	}
	p.names, p.y = p.names[:0], p.y[:0]
	exposure := make([]float64, 0, len(t.cand.rows)+len(t.ctrl.rows))
	take := func(f *frame, skip func(string) bool) {
		for _, name := range f.nodes() {
			r, i := f.rows[name], t.next-1-f.first
			if v, e := value(r, i); known(v) && !skip(name) && p.settled(who, name, at, warm) {
				p.names, p.y, exposure = append(p.names, name), append(p.y, v), append(exposure, e)
			}
		}
	}
	take(t.cand, func(string) bool { return false })
	take(t.ctrl, func(name string) bool {
		r := t.cand.rows[name]
		return c.twins[name] || r != nil && r.seen[t.next-1-t.cand.first]
	})
	p.mark(who, at)
	switch w := w.(type) {
	case *levelled:
		p.wedge.Add(p.at, p.y, p.has)
	case *counted:
		p.count(exposure, w.phi)
	default:
		p.count(exposure, 1)
	}
}

// reading returns how to read a sample of a row as a value, or as events out of
// an exposure, and how long a node warms up; nil if the signal is not split.
func (t *tracker) reading(w weigher, c *course) (value func(r *row, i int64) (v, e float64), warm time.Duration) {
	warm = c.service.warmUp()
	switch w := w.(type) {
	case *levelled:
		return func(r *row, i int64) (float64, float64) { return bent(w.kind, w.unit, r.v[i]), 1 }, warm
	case *counted:
		return func(r *row, i int64) (float64, float64) {
			return w.events(sample{v: r.v[i], e: r.e[i]}), r.e[i]
		}, warm / 3
	case *failed:
		return func(r *row, i int64) (float64, float64) { return w.trials * t.signal.failures(r.v[i]), w.trials }, warm / 3
	}
	return nil, 0
}

// settled reports whether no rollout came to a node within the warm-up, and
// notes which have come to it at all.
func (p *split) settled(who []*course, name string, at time.Time, warm time.Duration) bool {
	settled := true
	for d, o := range who {
		if since, ok := o.since(name, at); ok {
			p.touched[d] = true
			settled = settled && since >= warm
		}
	}
	return settled
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

// mark fills in which of the nodes at hand have adopted which rollout.
func (p *split) mark(who []*course, at time.Time) {
	p.at, p.has = p.at[:0], p.has[:0]
	for _, name := range p.names {
		i, ok := p.node[name]
		if !ok {
			i = len(p.node)
			p.node[name] = i
		}
		p.at = append(p.at, i)
	}
	for _, o := range who {
		has := make([]bool, len(p.names))
		for j, name := range p.names {
			_, has[j] = o.since(name, at)
		}
		p.has = append(p.has, has)
	}
}

// count takes in the events at hand.
func (p *split) count(exposure []float64, phi float64) {
	n, total := 0., 0.
	for j := range p.y {
		n, total = n+p.y[j], total+exposure[j]
	}
	for d, has := range p.has {
		c, m := 0., 0.
		for j, a := range has {
			if a {
				c, m = c+p.y[j], m+exposure[j]
			}
		}
		p.cox[d].Add(c, n, m, total, phi)
	}
}

// explains returns the logarithm of how well a rollout explains the signal.
func (t *tracker) explains(rollout string) float64 {
	d, ok := t.split.change[rollout]
	if !ok || t.bounds.ignored() {
		return 0
	}
	l, ok := unwatched(t.weigher).(*levelled)
	if !ok {
		return t.split.cox[d].LogE()
	}
	sign := l.worse.sign()
	e := t.split.wedge.LogE(d, sign, l.chance)
	if l.worse == Both {
		e = stat.LogMean([]float64{e, t.split.wedge.LogE(d, -sign, l.chance)}, []float64{1, 1})
	}
	return e
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
		if d, ok := t.split.change[rollout]; ok && t.split.touched[d] {
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
