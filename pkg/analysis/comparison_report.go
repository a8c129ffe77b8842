package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/andon-project/andon/pkg/logs/cluster"
	"github.com/andon-project/andon/pkg/logs/logql"
	"github.com/andon-project/andon/pkg/stat"
)

// maxGroups is how many groups a report names.
const maxGroups = 1000

// report says what is known by now. The groups come the worst first.
func (b *lineComparison) report() (GroupReport, []Group) {
	r := GroupReport{
		Signal: b.c.Signal.Name, Step: b.step, From: b.edge(b.start - 1), To: b.edge(b.next - 1),
		Evidence: Number(math.Exp(b.evidence())), Surprise: b.surpriseOf(), NotKept: b.grouper.lost(),
	}
	if b.series {
		for bin := b.first; bin < b.next; bin++ {
			r.Times = append(r.Times, b.edge(bin))
		}
	}
	r.Candidate, r.Control = b.tally(b.totals[candidateSide], candidateSide), b.tally(b.totals[controlSide], controlSide)
	r.Candidate.Nodes, r.Control.Nodes = len(b.lives[candidateSide]), len(b.lives[controlSide])
	var all []Group
	for _, g := range b.ordered() {
		if len(g.nodes) > 0 {
			all = append(all, b.groupOf(g))
		}
	}
	slices.SortStableFunc(all, b.worse)
	if n := len(all); n > maxGroups {
		r.Notices = append(r.Notices, fmt.Sprintf("%d more, of which control and candidate show less, are left out", n-maxGroups))
		all = all[:maxGroups]
	}
	if r.NotKept > 0 {
		r.Notices = append(r.Notices, fmt.Sprintf("%.0f lines belong to no cluster, for want of room: select fewer, or only errors", r.NotKept))
	}
	return r, all
}

// worse orders groups for people: those that fail the rollout, then by class,
// by evidence, and by how often candidate and control show them.
func (b *lineComparison) worse(x, y Group) int {
	weight := func(g Group) float64 { return float64(g.Evidence) * b.share(b.groups[g.ID]) }
	return cmp.Or(
		-cmp.Compare(b2f(x.Failing), b2f(y.Failing)),
		cmp.Compare(slices.Index(Classes, x.Class), slices.Index(Classes, y.Class)),
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
func (b *lineComparison) surpriseOf() Number {
	once, events := 0., 0.
	for _, g := range b.groups {
		k := g.sides[controlSide].events
		events += k
		if k == 1 {
			once++
		}
	}
	return Number(stat.GoodTuring(once, events))
}

func (b *lineComparison) groupOf(g *group) Group {
	class := b.class(g)
	out := Group{
		ID: g.id, Class: class, Evidence: Number(math.Exp(b.logE(g))), FirstSeen: g.first, LastSeen: g.last,
		Candidate: b.tally(g.sides[candidateSide], candidateSide), Control: b.tally(g.sides[controlSide], controlSide),
		Risk: b.memory[g.id].Risk, Nodes: []NodeCount{}, Examples: []Line{},
	}
	out.Counted, out.Failing = b.treatment(g, class)
	phi := g.burst()
	ratio, low, high := stat.RateRatio(out.Candidate.Lines/phi, out.Candidate.Time, out.Control.Lines/phi, out.Control.Time, .95)
	out.Ratio, out.RatioLow, out.RatioHigh = Number(ratio), Number(low), Number(high)
	if math.IsInf(ratio, 0) {
		out.Ratio = Unknown
	}
	if at := b.memory[g.id].Seen; !at.IsZero() {
		out.Catalogue = &at
		out.FirstSeen = earlier(out.FirstSeen, at)
	}
	if out.Class != ClassGone && out.Candidate.Lines > 0 {
		out.Regressed = b.memory[g.id].Resolved
	}
	for _, k := range slices.SortedFunc(maps.Keys(g.nodes), compareNodes) {
		n := g.nodes[k]
		out.Nodes = append(out.Nodes, NodeCount{Node: k.node, Version: n.version, Candidate: k.side == candidateSide, Lines: n.lines, Events: n.events})
		if k.side == candidateSide {
			out.Candidate.Nodes++
		} else {
			out.Control.Nodes++
		}
	}
	out.Examples = append(out.Examples, g.sides[candidateSide].examples...)
	if len(out.Examples) == 0 {
		out.Examples = append(out.Examples, g.sides[controlSide].examples...)
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
func (b *lineComparison) tally(c count, side int) Tally {
	t := Tally{Lines: c.lines, Events: c.events, Time: b.time[side] * b.step.Seconds()}
	if c.lines > 0 {
		t.FirstSeen, t.LastSeen = &c.first, &c.last
	}
	if b.series {
		for bin := b.first; bin < b.next; bin++ {
			t.PerSecond = append(t.PerSecond, c.perBin[bin]/b.step.Seconds())
		}
	}
	return t
}

// sentence says what a group showed.
func (b *lineComparison) sentence(g *group, class Class) string {
	name, c, k := b.name(g), g.sides[candidateSide], g.sides[controlSide]
	text := ""
	switch class {
	case ClassUnknown:
		text = fmt.Sprintf("%s is new: %s on candidate and none on control", name, b.many(c.lines))
		if s := b.surpriseOf(); s.Known() && !b.crashes() {
			text += ", which shows something new " + oneIn(float64(s))
		}
	case ClassUnexpectedFrequency:
		text = fmt.Sprintf("%s comes more often: %s against %s an hour and node", name, number(b.hourly(c, candidateSide)), number(b.hourly(k, controlSide)))
	case ClassGone:
		text = fmt.Sprintf("%s is gone: %s on control, and none on candidate, which would have had %s by now", name, b.many(k.lines), number(b.missed(k)))
	default:
		text = fmt.Sprintf("%s is known: %s on candidate, %s on control", name, b.many(c.lines), b.many(k.lines))
		if !g.known && k.lines == 0 {
			text = fmt.Sprintf("%s was logged by candidate nodes only as they started, and no start of a control node is in the range to compare it with", name)
		} else if k.lines == 0 {
			text = fmt.Sprintf("%s is known from the catalogue: %s on candidate", name, b.many(c.lines))
		}
	}
	if was := b.memory[g.id].Resolved; was != "" && c.lines > 0 {
		text += "; it had been resolved in " + was
	}
	switch b.memory[g.id].Risk {
	case HighRisk:
		text += "; a person called it a high risk"
	case MediumRisk:
		text += "; a person called it a medium risk"
	case NoRisk:
		text += "; a person called it no risk"
	}
	return text
}

// hourly returns the events an hour and node.
func (b *lineComparison) hourly(c count, side int) float64 {
	if b.time[side] == 0 {
		return 0
	}
	return c.events / (b.time[side] * b.step.Hours())
}

// many writes how many lines, or crashes, there were.
func (b *lineComparison) many(n float64) string {
	what := "line"
	if b.crashes() {
		what = "crash"
	}
	switch {
	case n == 1:
	case b.crashes():
		what += "es"
	default:
		what += "s"
	}
	return strconv.FormatFloat(n, 'f', 0, 64) + " " + what
}

// oneIn writes a share as people say it.
func oneIn(share float64) string {
	if share <= 0 {
		return "never"
	}
	return "once in " + number(math.Round(1/share)) + " events"
}

// clusterReport returns the report with the clusters' templates and queries.
func (b *lineComparison) clusterReport(ask *lineAsk) ClusterReport {
	general, groups := b.report()
	r := ClusterReport{GroupReport: general, Clusters: make([]LogCluster, 0, len(groups))}
	for _, g := range groups {
		c := LogCluster{Group: g, Template: b.grouper.title(g.ID)}
		side := candidateSide
		if g.Candidate.Lines == 0 {
			side = controlSide
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

// crashReport returns the report with the signatures' stacks.
func (b *lineComparison) crashReport(ask *lineAsk) CrashReport {
	general, groups := b.report()
	r := CrashReport{GroupReport: general, Signatures: make([]CrashSignature, 0, len(groups))}
	for _, g := range groups {
		k := b.grouper.crash(g.ID)
		s := CrashSignature{Group: g, Title: k.Title, Runtime: string(k.Runtime), Exception: k.Class, Message: k.Message, Stack: k.Raw, Frames: []string{}}
		for _, f := range k.Frames {
			s.Frames = append(s.Frames, f.String())
		}
		side := candidateSide
		if g.Candidate.Lines == 0 {
			side = controlSide
		}
		s.Query = ask.sides[side].expr
		r.Signatures = append(r.Signatures, s)
	}
	ask.tell(&r.GroupReport)
	return r
}
