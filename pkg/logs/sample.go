package logs

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

const (
	// maxQuestions is how many parts a sample is drawn from: nodes × spans.
	maxQuestions = 64
	// maxCounted is how many clusters of a sample the source is asked to count.
	maxCounted = 64
)

// sample fills in a side's bins from more lines than the budget: clusters are
// found in a sample that is fair to nodes and to time, so that neither a noisy
// node nor a noisy minute hides the others, and then counted by the source.
func (k *Reader) sample(ctx context.Context, side int, clusters *lineClusters, out []Bin, lo int64, span [2]int64) error {
	k.sampled = true
	total, nodes := 0., map[string]bool{}
	err := k.counts(ctx, side, k.sides[side].expr, span, func(bin int64, node string, n float64) {
		total += n
		nodes[node] = true
		out[bin-lo].Running[side] = append(out[bin-lo].Running[side], node)
	})
	if err != nil {
		return err
	}
	names := spread(slices.Sorted(maps.Keys(nodes)), maxQuestions)
	found := map[string]*sampledCluster{}
	parts := max(1, maxQuestions/max(1, len(names)))
	for _, name := range names {
		if err := k.draw(ctx, side, clusters, name, k.parts(side, span, parts), found); err != nil {
			return err
		}
	}
	clusters.settle(time.Time{}, false)
	extra, err := k.beyond(ctx, side, clusters, settled(clusters, found), out, span)
	if err != nil {
		return err
	}
	all := settled(clusters, found)
	counted := tally{k: k, side: side, clusters: clusters, out: out, lo: lo, span: span}
	if err := counted.all(ctx, all, besides(clusters, all, extra)); err != nil {
		return err
	}
	k.notice("more than %s: %s found in a sample of them, and counted by the source of logs", andon.Plural(float64(k.budget()), "line"), andon.Plural(float64(len(all)), "cluster"))
	if rest := total - counted.lines; rest > .001*total {
		k.notice("%s of the lines are in none of the clusters that were counted", andon.Quantity(rest/total, "ratio"))
	}
	return nil
}

func (k *Reader) budget() int {
	if k.source.Budget > 0 {
		return k.source.Budget
	}
	return defaultBudget
}

// spread returns at most n of names, from beginning to end.
func spread(names []string, n int) []string {
	if len(names) <= n {
		return names
	}
	out := make([]string, n)
	for i := range out {
		out[i] = names[i*len(names)/n]
	}
	return out
}

// parts cuts the time of a side's bins into n ranges.
func (k *Reader) parts(side int, span [2]int64, n int) []andon.Range {
	whole := k.within(side, span)
	width := whole.End.Sub(whole.Start) / time.Duration(n)
	out := make([]andon.Range, 0, n)
	for i := range n {
		r := whole
		r.Start = whole.Start.Add(time.Duration(i) * width)
		if i < n-1 {
			r.End = r.Start.Add(width - time.Nanosecond)
		}
		out = append(out, r)
	}
	return out
}

// A sampledCluster is a cluster of a sample.
type sampledCluster struct {
	id    string
	lines []CohortLine
}

// draw takes the first lines of one node in each part.
func (k *Reader) draw(ctx context.Context, side int, clusters *lineClusters, node string, parts []andon.Range, found map[string]*sampledCluster) error {
	expr := k.sides[side].expr
	if k.c.Node != "" {
		var err error
		if expr, err = k.resolve(expr, andon.Selector{k.c.Node: equal(node)}); err != nil {
			return err
		}
	}
	share := max(1, k.budget()/maxQuestions)
	for _, r := range parts {
		n := 0
		for l, err := range k.source.Lines(ctx, expr, r) {
			if err != nil {
				return err
			}
			s := k.cohortLine(side, l)
			for _, seen := range clusters.add(s) {
				d := found[seen.group]
				if d == nil {
					d = &sampledCluster{id: seen.group}
					found[seen.group] = d
				}
				d.lines = append(d.lines, s)
			}
			if n++; n >= share {
				break
			}
		}
	}
	return nil
}

// equal returns what a Selector must hold for a label to equal v.
func equal(v string) string {
	for _, op := range []string{"!=", "=~", "!~"} {
		if strings.HasPrefix(v, op) {
			return "=~" + regexp.QuoteMeta(v)
		}
	}
	return v
}

// settled returns the clusters of a sample under the ids that they have now,
// those with the most lines first.
func settled(clusters *lineClusters, found map[string]*sampledCluster) []*sampledCluster {
	now := map[string]*sampledCluster{}
	for _, id := range andon.SortedKeys(found) {
		d := found[id]
		d.id = clusters.now(id)
		if into := now[d.id]; into != nil {
			into.lines = append(into.lines, d.lines...)
			continue
		}
		now[d.id] = d
	}
	out := make([]*sampledCluster, 0, len(now))
	for _, id := range andon.SortedKeys(now) {
		out = append(out, now[id])
	}
	slices.SortStableFunc(out, func(a, b *sampledCluster) int { return len(b.lines) - len(a.lines) })
	return out
}

// A tally has the source count clusters of one side.
type tally struct {
	k        *Reader
	side     int
	clusters *lineClusters
	out      []Bin
	lo       int64
	span     [2]int64
	lines    float64 // that were counted
}

func (t *tally) put(s GroupLines, bin int64) {
	t.lines += s.lines
	t.out[bin-t.lo].SourceCounts = append(t.out[bin-t.lo].SourceCounts, s)
}

// all counts the clusters of a sample, and those besides. What is too rare to be
// among the former is counted as often as the sample shows it.
func (t *tally) all(ctx context.Context, sample, besides []*sampledCluster) error {
	counted := min(len(sample), maxCounted)
	for _, d := range sample[counted:] {
		t.show(d)
	}
	if n := len(sample) - counted; n > 0 {
		t.k.notice("%s counted in the sample only", andon.Plural(float64(n), "rare cluster"))
	}
	for _, d := range slices.Concat(sample[:counted], besides) {
		if err := t.count(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// count counts one cluster. If the source finds none of its lines, which are
// written otherwise than its template is (with a quote escaped, behind a header),
// it is counted as often as the sample shows it.
func (t *tally) count(ctx context.Context, d *sampledCluster) error {
	first := map[string]CohortLine{} // of each node
	for _, l := range d.lines {
		if _, ok := first[l.Node]; !ok {
			first[l.Node] = l
		}
	}
	expr := withTemplate(t.k.sides[t.side].expr, t.clusters.templates[d.id])
	var stratum stratum
	if len(d.lines) > 0 {
		stratum = stratumOf(d.lines[0].Labels)
	}
	none := true
	err := t.k.counts(ctx, t.side, expr, t.span, func(bin int64, node string, n float64) {
		none = false
		s := GroupLines{group: d.id, Side: t.side, Node: node, at: t.k.edge(bin), lines: n, stratum: stratum}
		if l, ok := first[node]; ok {
			s.example, s.version = l.Line, l.version
			delete(first, node)
		}
		t.put(s, bin)
	})
	if err == nil && none {
		t.show(d)
	}
	return err
}

// show counts a cluster as often as the sample shows it.
func (t *tally) show(d *sampledCluster) {
	for _, l := range d.lines {
		t.put(l.ofGroup(d.id), min(max(t.k.binOf(l.At), t.span[0]), t.span[1]))
	}
}

const (
	stackTime  = 5 * time.Second // that the lines of a stack trace may take
	maxStacks  = 8               // of one node that are read in one bin
	maxInStack = 2000            // lines of one
)

// around fills in the lines behind each of hits, which tell that a crash
// begins: the query that finds it leaves out the rest of the stack trace. A
// hit that holds a whole trace, newlines and all, needs none. A trace that goes
// on after the end of its bin belongs to it.
func (k *Reader) around(ctx context.Context, side int, hits []CohortLine, out []Bin, lo int64) error {
	read := map[nodeOf]int{}
	for _, h := range hits {
		at := &out[k.binOf(h.At)-lo]
		key := streamOf(h)
		switch {
		case strings.Contains(h.Text, "\n"):
			at.Lines = append(at.Lines, h)
			continue
		case !h.At.After(k.read[key]):
			continue // with the trace before it
		case read[nodeOf{side, h.Node}] >= maxStacks*len(out):
			k.notice("%s crashes so often that not every stack trace was read", h.Node)
			continue
		}
		read[nodeOf{side, h.Node}]++
		end := h.At.Add(min(stackTime, lateness(k.c.BinWidth())))
		lines, err := k.stack(ctx, side, h, end)
		if err != nil {
			return err
		}
		at.Lines = append(at.Lines, lines...)
		k.read[key] = end
	}
	return nil
}

// stack returns the lines of a hit's stream from the hit to end.
func (k *Reader) stack(ctx context.Context, side int, h CohortLine, end time.Time) ([]CohortLine, error) {
	pick := andon.Selector{}
	for _, label := range []string{k.c.Node, "container", "filename"} {
		if v, ok := h.Labels[label]; ok && label != "" {
			pick[label] = equal(v)
		}
	}
	expr, err := k.resolve(k.sides[side].streams, pick)
	if err != nil {
		return nil, err
	}
	back := k.sides[side].back
	var out []CohortLine
	for l, err := range k.source.Lines(ctx, expr, andon.Range{Start: h.At.Add(-back), End: end.Add(-back), Step: k.c.BinWidth()}) {
		if err != nil {
			return nil, err
		}
		out = append(out, k.cohortLine(side, l))
		if len(out) == maxInStack {
			break
		}
	}
	return out, nil
}
