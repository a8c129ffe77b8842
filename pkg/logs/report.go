package logs

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/logs/cluster"
	"github.com/andon-project/andon/pkg/logs/logql"
	"github.com/andon-project/andon/pkg/stat"
)

// maxGroups is how many groups a report names.
const maxGroups = 1000

// report says what is known by now. The groups come the worst first.
func (b *Comparison) report() (andon.GroupReport, []andon.Group) {
	r := andon.GroupReport{
		Signal: b.Spec.Signal.Name, Step: b.step, From: b.edge(b.start - 1), To: b.edge(b.Next - 1),
		Evidence: andon.Number(math.Exp(b.Evidence())), Surprise: b.surpriseOf(), NotKept: b.grouper.lost(),
	}
	if b.series {
		for bin := b.first; bin < b.Next; bin++ {
			r.Times = append(r.Times, b.edge(bin))
		}
	}
	r.Candidate, r.Control = b.tally(b.totals[deviation.CandidateSide], deviation.CandidateSide), b.tally(b.totals[deviation.ControlSide], deviation.ControlSide)
	r.Candidate.Nodes, r.Control.Nodes = len(b.lives[deviation.CandidateSide]), len(b.lives[deviation.ControlSide])
	var all []andon.Group
	for _, g := range b.ordered() {
		if len(g.nodes) > 0 {
			all = append(all, b.groupOf(g))
		}
	}
	slices.SortStableFunc(all, b.worse)
	if n := len(all); n > maxGroups {
		r.Notices = append(r.Notices, fmt.Sprintf("only the first %d are listed; %d more are left out", maxGroups, n-maxGroups))
		all = all[:maxGroups]
	}
	if r.NotKept > 0 {
		r.Notices = append(r.Notices, fmt.Sprintf("too many kinds of lines: %s in no cluster; select fewer, or only errors", andon.Plural(r.NotKept, "line")))
	}
	return r, all
}

// worse orders groups for people: those that fail the rollout, then by class,
// by evidence, and by how often candidate and control show them.
func (b *Comparison) worse(x, y andon.Group) int {
	weight := func(g andon.Group) float64 { return float64(g.Evidence) * b.share(b.groups[g.ID]) }
	return cmp.Or(
		-cmp.Compare(b2f(x.Failing), b2f(y.Failing)),
		cmp.Compare(slices.Index(andon.Classes, x.Class), slices.Index(andon.Classes, y.Class)),
		-cmp.Compare(b2f(x.Counted), b2f(y.Counted)),
		-cmp.Compare(weight(x), weight(y)),
		-cmp.Compare(x.Candidate.Lines, y.Candidate.Lines),
		-cmp.Compare(x.Control.Lines, y.Control.Lines),
		strings.Compare(x.ID, y.ID),
	)
}

func b2f(b bool) int {
	if b {
		return 1
	}
	return 0
}

// surpriseOf returns how often control shows something that it never showed.
func (b *Comparison) surpriseOf() andon.Number {
	once, events := 0., 0.
	for _, g := range b.groups {
		k := g.sides[deviation.ControlSide].events
		events += k
		if k == 1 {
			once++
		}
	}
	return andon.Number(stat.GoodTuring(once, events))
}

func (b *Comparison) groupOf(g *group) andon.Group {
	class := b.class(g)
	out := andon.Group{
		ID: g.id, Class: class, Evidence: andon.Number(math.Exp(b.logE(g))), FirstSeen: g.first, LastSeen: g.last,
		Candidate: b.tally(g.sides[deviation.CandidateSide], deviation.CandidateSide), Control: b.tally(g.sides[deviation.ControlSide], deviation.ControlSide),
		Risk: b.memory[g.id].Risk, Nodes: []andon.NodeCount{}, Examples: []andon.Line{},
	}
	out.Counted, out.Failing = b.treatment(g, class)
	phi := g.burst()
	ratio, low, high := stat.RateRatio(out.Candidate.Lines/phi, out.Candidate.Time, out.Control.Lines/phi, out.Control.Time, .95)
	out.Ratio, out.RatioLow, out.RatioHigh = andon.Number(ratio), andon.Number(low), andon.Number(high)
	if math.IsInf(ratio, 0) {
		out.Ratio = andon.Unknown
	}
	if at := b.memory[g.id].Seen; !at.IsZero() {
		out.Catalogue = &at
		out.FirstSeen = earlier(out.FirstSeen, at)
	}
	if out.Class != andon.ClassGone && out.Candidate.Lines > 0 {
		out.Regressed = b.memory[g.id].Resolved
	}
	for _, k := range slices.SortedFunc(maps.Keys(g.nodes), compareNodes) {
		n := g.nodes[k]
		out.Nodes = append(out.Nodes, andon.NodeCount{Node: k.node, Version: n.version, Candidate: k.side == deviation.CandidateSide, Lines: n.lines, Events: n.events})
		if k.side == deviation.CandidateSide {
			out.Candidate.Nodes++
		} else {
			out.Control.Nodes++
		}
	}
	out.Examples = append(out.Examples, g.sides[deviation.CandidateSide].examples...)
	if len(out.Examples) == 0 {
		out.Examples = append(out.Examples, g.sides[deviation.ControlSide].examples...)
	}
	out.Reason = b.sentence(g, class)
	return out
}

// burst returns how many lines of a group are worth one independent event: how
// much more they scatter among control nodes, or, where that is not known, how
// many lines an event has.
func (g *group) burst() float64 {
	if g.counts.lines != nil && g.counts.scatter.Freedom() >= minScatter {
		return g.counts.scatter.Phi()
	}
	lines, events := 0., 0.
	for _, c := range g.sides {
		lines, events = lines+c.lines, events+c.events
	}
	return max(1, lines/max(1, events))
}

func compareNodes(a, b nodeOf) int {
	return cmp.Or(cmp.Compare(a.side, b.side), strings.Compare(a.node, b.node))
}

// tally returns what a side showed.
func (b *Comparison) tally(c count, side int) andon.Tally {
	t := andon.Tally{Lines: c.lines, Events: c.events, Time: b.Time[side] * b.step.Seconds()}
	if c.lines > 0 {
		t.FirstSeen, t.LastSeen = &c.first, &c.last
	}
	if b.series {
		for bin := b.first; bin < b.Next; bin++ {
			t.PerSecond = append(t.PerSecond, c.perBin[bin]/b.step.Seconds())
		}
	}
	return t
}

// sentence says what a group showed.
func (b *Comparison) sentence(g *group, class andon.Class) string {
	name, c, k, sides := b.name(g), g.sides[deviation.CandidateSide], g.sides[deviation.ControlSide], b.Spec.Sides()
	candidate, control := sides.Candidate, sides.Control
	text := ""
	switch class {
	case andon.ClassUnknown:
		text = fmt.Sprintf("%s is new: %s %s, none %s", name, b.many(c.lines), candidate.From, control.Again)
		if s := b.surpriseOf(); s > 0 && !b.Crashes() {
			text += fmt.Sprintf("; 1 in %s lines %s is new, too", andon.Quantity(math.Round(1/float64(s)), ""), control.From)
		}
	case andon.ClassUnexpectedFrequency:
		text = fmt.Sprintf("%s comes more often: %s an hour and node %s, %s %s", name, andon.Rough(b.hourly(c, deviation.CandidateSide), ""), candidate.From, andon.Rough(b.hourly(k, deviation.ControlSide), ""), control.Again)
	case andon.ClassGone:
		text = fmt.Sprintf("%s is gone: %s %s, none %s, where about %s would be usual by now", name, b.many(k.lines), control.From, candidate.Again, andon.Rough(b.missed(k), ""))
	default:
		text = fmt.Sprintf("%s is known: %s %s, %s %s", name, b.many(c.lines), candidate.From, andon.Quantity(k.lines, ""), control.Again)
		if !g.known && k.lines == 0 {
			text = fmt.Sprintf("%s was logged only by starting nodes, and no start of another node is in the range to compare with", name)
		} else if k.lines == 0 {
			text = fmt.Sprintf("%s is known from the catalogue: %s %s", name, b.many(c.lines), candidate.From)
		}
	}
	if was := b.memory[g.id].Resolved; was != "" && c.lines > 0 {
		text += "; it was resolved in " + was + ", and is back"
	}
	switch b.memory[g.id].Risk {
	case andon.HighRisk:
		text += "; marked as high risk"
	case andon.MediumRisk:
		text += "; marked as medium risk"
	case andon.NoRisk:
		text += "; marked as no risk"
	}
	return text
}

// hourly returns the events an hour and node.
func (b *Comparison) hourly(c count, side int) float64 {
	if b.Time[side] == 0 {
		return 0
	}
	return c.events / (b.Time[side] * b.step.Hours())
}

// many writes how many lines, or crashes, there were.
func (b *Comparison) many(n float64) string {
	switch {
	case !b.Crashes():
		return andon.Plural(n, "line")
	case n == 1:
		return "1 crash"
	}
	return andon.Quantity(n, "") + " crashes"
}

// ClusterReport returns the report with the clusters' templates and queries.
func (b *Comparison) ClusterReport(ask *Reader) andon.ClusterReport {
	general, groups := b.report()
	r := andon.ClusterReport{GroupReport: general, Clusters: make([]andon.LogCluster, 0, len(groups))}
	for _, g := range groups {
		c := andon.LogCluster{Group: g, Template: b.grouper.title(g.ID)}
		side := deviation.CandidateSide
		if g.Candidate.Lines == 0 {
			side = deviation.ControlSide
		}
		c.Query = withTemplate(ask.sides[side].expr, c.Template)
		r.Clusters = append(r.Clusters, c)
	}
	ask.tell(&r.GroupReport)
	return r
}

// withTemplate returns a query for the lines of one template.
func withTemplate(expr, template string) string {
	q, err := logql.Parse(expr)
	if err != nil {
		return expr
	}
	return q.Then("|~ " + quoted(cluster.Regexp(template))).String()
}

// quoted returns a string as LogQL, readable if possible.
func quoted(s string) string {
	if !strings.ContainsAny(s, "`\r\n") {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// CrashReport returns the report with the signatures' stacks.
func (b *Comparison) CrashReport(ask *Reader) andon.CrashReport {
	general, groups := b.report()
	r := andon.CrashReport{GroupReport: general, Signatures: make([]andon.CrashSignature, 0, len(groups))}
	for _, g := range groups {
		k := b.grouper.signature(g.ID)
		s := andon.CrashSignature{Group: g, Title: k.Title, Runtime: string(k.Runtime), Exception: k.Class, Message: k.Message, Stack: k.Raw, Frames: []string{}}
		for _, f := range k.Frames {
			s.Frames = append(s.Frames, f.String())
		}
		side := deviation.CandidateSide
		if g.Candidate.Lines == 0 {
			side = deviation.ControlSide
		}
		s.Query = ask.sides[side].expr
		r.Signatures = append(r.Signatures, s)
	}
	ask.tell(&r.GroupReport)
	return r
}
