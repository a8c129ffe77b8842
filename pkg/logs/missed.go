package logs

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/logs/cluster"
)

const (
	maxPatterns    = 300 // of a source that are looked at: what Loki returns at most
	maxMissed      = 32  // of them that a sample may have missed, of which lines are read
	linesOfPattern = 64  // that are read of one
	examplesOf     = 4   // lines of a cluster that tell whether a pattern has them
)

// beyond returns the clusters that a sample of one side does not hold and that
// are to be counted there all the same: what the source itself found, and what
// the other side shows.
func (k *Reader) beyond(ctx context.Context, side int, clusters *lineClusters, all []*sampledCluster, out []Bin, span [2]int64) ([]*sampledCluster, error) {
	found, err := k.missed(ctx, side, clusters, all, span)
	if err != nil {
		return nil, err
	}
	if n := len(found); n > 0 {
		k.notice("%s found through the patterns that the source of logs keeps", andon.Plural(float64(n), "rare cluster"))
	}
	all = slices.Concat(all, found)
	if side == deviation.CandidateSide {
		k.shown = all
		return found, nil
	}
	return append(found, k.foreign(clusters, all, out)...), nil
}

// missed returns the clusters that a sample does not hold and the source's own
// patterns lead to. A pattern is another program's idea of a cluster: it has the
// line's header in it and is coarser or finer than ours. So it only says which
// lines to read, and what they come to is found as for any others.
func (k *Reader) missed(ctx context.Context, side int, clusters *lineClusters, all []*sampledCluster, span [2]int64) ([]*sampledCluster, error) {
	if k.source.Patterns == nil {
		return nil, nil
	}
	patterns, err := k.source.Patterns(ctx, k.sides[side].expr, k.within(side, span))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		k.notice("rare clusters may be missing: the patterns that the source of logs keeps could not be read: %v", err)
		return nil, nil
	}
	var seen []*sampledCluster
	asked := 0
	for _, p := range uncovered(patterns[:min(len(patterns), maxPatterns)], clusters, all) {
		if asked++; asked > maxMissed {
			k.notice("rare clusters may be missing: of the patterns that the source of logs keeps, only the %d rarest were looked at", maxMissed)
			break
		}
		found, err := k.follow(ctx, side, clusters, p, span)
		if err != nil {
			return nil, err
		}
		seen = append(seen, found...)
	}
	clusters.settle(time.Time{}, false)
	return besides(clusters, all, seen), nil
}

// follow reads lines of a pattern, and returns the clusters that they are of.
func (k *Reader) follow(ctx context.Context, side int, clusters *lineClusters, p andon.Pattern, span [2]int64) ([]*sampledCluster, error) {
	var out []*sampledCluster
	n := 0
	for l, err := range k.source.Lines(ctx, withTemplate(k.sides[side].expr, p.Template()), k.within(side, span)) {
		if err != nil {
			return nil, err
		}
		for _, s := range clusters.add(k.cohortLine(side, l)) {
			out = append(out, &sampledCluster{id: s.group})
		}
		if n++; n == linesOfPattern {
			break
		}
	}
	return out, nil
}

// besides returns the clusters of more that are not among all, each once and
// with no lines: those are not of a fair sample.
func besides(clusters *lineClusters, all, more []*sampledCluster) []*sampledCluster {
	held := map[string]bool{}
	for _, d := range all {
		held[clusters.now(d.id)] = true
	}
	var out []*sampledCluster
	for _, d := range more {
		id := clusters.now(d.id)
		if _, kept := clusters.templates[id]; kept && !held[id] {
			held[id] = true
			out = append(out, &sampledCluster{id: id})
		}
	}
	return out
}

// uncovered returns the patterns that no line of a sample has and that are no
// lines of its clusters, those with the fewest lines first: it is those that a
// sample misses.
func uncovered(patterns []andon.Pattern, clusters *lineClusters, all []*sampledCluster) []andon.Pattern {
	var known []*regexp.Regexp
	var lines []string
	for _, d := range all {
		if t := clusters.templates[d.id]; cluster.HasText(t) {
			known = append(known, regexp.MustCompile(cluster.Regexp(t)+`\s*$`))
		}
		for _, l := range d.lines[:min(len(d.lines), examplesOf)] {
			lines = append(lines, l.Text)
		}
	}
	var out []andon.Pattern
	for _, p := range patterns {
		if !cluster.HasText(p.Template()) {
			continue
		}
		whole := regexp.MustCompile(`^\s*` + cluster.Regexp(p.Template()) + `\s*$`)
		if !slices.ContainsFunc(lines, whole.MatchString) &&
			!slices.ContainsFunc(known, func(c *regexp.Regexp) bool { return c.MatchString(p.Text) }) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b andon.Pattern) int {
		return cmp.Or(cmp.Compare(a.Lines, b.Lines), strings.Compare(a.Text, b.Text))
	})
	return out
}

// foreign returns the clusters that candidate shows and a sample of control does
// not hold. What is rare on both would be unknown to control for no other reason
// than the size of its log, were it not counted there. If candidate was sampled
// too, its clusters are known; else its lines are in out.
func (k *Reader) foreign(clusters *lineClusters, all []*sampledCluster, out []Bin) []*sampledCluster {
	shown := slices.Clone(k.shown)
	own := newLineClusters() // of lines that are given to by later
	first := map[string]CohortLine{}
	for _, b := range out {
		for _, l := range b.Lines {
			for _, s := range own.add(l) {
				if _, ok := first[s.group]; !ok {
					first[s.group] = l
				}
			}
		}
	}
	own.settle(time.Time{}, false)
	done := map[string]bool{}
	for _, id := range andon.SortedKeys(first) {
		now := own.now(id)
		if done[now] {
			continue
		}
		done[now] = true
		for _, s := range clusters.add(first[id]) { // a line that is given to it twice does no harm
			shown = append(shown, &sampledCluster{id: s.group})
		}
	}
	clusters.settle(time.Time{}, false)
	more := besides(clusters, all, shown)
	if n := len(more) - maxCounted; n > 0 {
		k.notice("%s %s not counted %s", andon.Plural(float64(n), "rare cluster"), k.c.Sides().Candidate.From, k.c.Sides().Control.Again)
	}
	return more[:min(len(more), maxCounted)]
}
