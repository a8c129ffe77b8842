package logs

import (
	"cmp"
	"slices"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
)

// rename moves what was seen under ids that are not valid any more.
func (b *Comparison) rename() {
	var moved []*group
	defer func() {
		if len(moved) > 0 {
			b.remember()
		}
	}()
	for id, g := range b.groups {
		if b.grouper.now(id) != id {
			moved = append(moved, g)
		}
	}
	slices.SortFunc(moved, func(a, c *group) int { return strings.Compare(a.id, c.id) })
	for _, g := range moved {
		delete(b.groups, g.id)
		g.id = b.grouper.now(g.id)
		if into := b.groups[g.id]; into != nil {
			into.merge(g)
		} else {
			b.groups[g.id] = g
		}
	}
}

// Recall takes in what is remembered by now.
func (b *Comparison) Recall(r *andon.Recollection) {
	if r == b.recalled {
		return
	}
	b.recalled = r
	b.remember()
}

// remember sorts what is remembered by the ids that groups have now: what a
// person said of a cluster holds for the more general one that it became. Of
// two that became one the higher risk holds.
func (b *Comparison) remember() {
	b.memory = map[string]andon.Remembered{}
	if b.recalled == nil {
		return
	}
	for _, id := range andon.SortedKeys(b.recalled.Groups) {
		r := b.recalled.Groups[id]
		if b.alias[id] == "" {
			b.alias[id] = b.grouper.learn(id, r)
		}
		now := b.grouper.now(b.alias[id])
		if m, ok := b.memory[now]; ok {
			r.Seen = earlier(r.Seen, m.Seen)
			if slices.Index(riskOrder, m.Risk) < slices.Index(riskOrder, r.Risk) {
				r.Risk = m.Risk
			}
			r.Resolved = cmp.Or(r.Resolved, m.Resolved)
		}
		b.memory[now] = r
	}
}

var riskOrder = []andon.Risk{andon.HighRisk, andon.MediumRisk, andon.NoRisk, ""}

func (b *Comparison) startsKnown() bool { return b.recalled != nil && b.recalled.Starts > 0 }
