package analysis

import (
	gocmp "cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// What a finding holds of groups, so that a verdict stays small.
const (
	maxGroupsInFinding = 10 // groups
	maxNodesInGroup    = 20 // nodes of one
)

// brief returns the group with the nodes that show it most.
func brief(g Group) Group {
	if len(g.Nodes) > maxNodesInGroup {
		g.Nodes = slices.Clone(g.Nodes)
		slices.SortStableFunc(g.Nodes, func(a, b NodeCount) int { return gocmp.Compare(b.Lines, a.Lines) })
		g.Nodes = g.Nodes[:maxNodesInGroup]
	}
	g.Examples = g.Examples[:min(len(g.Examples), 1)]
	return g
}

// quality says whether the signal can be judged.
func (r *lineSignal) quality() Quality {
	candidate, control := r.comparison.time[candidateSide] > 0, r.compared()
	young := binTime(r.next-1, r.step).Sub(r.begun) < minBins*r.step
	switch {
	case r.err != nil:
		return SourceError
	case r.comparison.next < r.next:
		return LowExposure
	case r.strategy == Threshold && candidate:
		return OK
	case !candidate && !control && !young:
		return NoSeries
	case !candidate && young:
		return LowExposure
	case !candidate:
		return NoCandidateData
	case !control:
		return NoControlData
	case binTime(r.next-1, r.step).Sub(r.lastOfCand) > 10*r.step:
		return Stale
	case r.bothSeen < minBins && r.evidence() < math.Log(warnEvidence):
		return LowExposure
	}
	return OK
}

// finding returns what the signal showed by now, with its share of the weight.
func (r *lineSignal) finding(share, fail float64) Finding {
	f := Finding{
		Signal: r.signal.Name, Kind: "logs", Deviation: Unknown, Effect: Unknown, Smallest: Unknown,
		Evidence: Number(math.Exp(r.evidence())), Weight: Number(share), Critical: r.signal.Critical, Blamed: r.blamed,
		Quality: r.quality(), Classes: map[Class]int{},
	}
	if r.comparison.crashes() {
		f.Kind = "crashes"
	}
	if r.evidence() >= math.Log(10) {
		at := r.lowAt.Add(r.step)
		f.Onset = &at
	}
	if r.counts() {
		smallest, why := r.comparison.smallest(fail)
		f.Smallest, f.Unseen = Number(smallest), why
	} else {
		f.Unseen = "it counts for nothing"
	}
	if r.line == nil {
		f.Reason = fmt.Sprintf("%s could not be read: %s", r.signal.Name, r.err)
		return f
	}
	var groups []Group
	var general GroupReport
	if r.comparison.crashes() {
		report := r.comparison.crashReport(r.line)
		general = report.GroupReport
		for _, s := range report.Signatures {
			groups = append(groups, s.Group)
		}
		for _, s := range report.Signatures[:min(len(report.Signatures), maxGroupsInFinding)] {
			s.Group = brief(s.Group)
			f.Signatures = append(f.Signatures, s)
		}
	} else {
		report := r.comparison.clusterReport(r.line)
		general = report.GroupReport
		for _, c := range report.Clusters {
			groups = append(groups, c.Group)
		}
		for _, c := range report.Clusters[:min(len(report.Clusters), maxGroupsInFinding)] {
			c.Group = brief(c.Group)
			f.Clusters = append(f.Clusters, c)
		}
	}
	for _, g := range groups {
		f.Classes[g.Class]++
	}
	f.Query, f.Against, f.Notices = general.Query, general.Against, general.Notices
	f.Candidate, f.Control = int(general.Candidate.Lines), int(general.Control.Lines)
	c, k := general.Candidate, general.Control
	if c.Time > 0 && k.Time > 0 {
		f.Effect = Number(3600 * (c.Lines/c.Time - k.Lines/k.Time))
	}
	f.Node = loudest(groups)
	f.Reason = r.reason(f, groups)
	return f
}

// loudest returns the candidate node that shows most of what is new or more
// frequent.
func loudest(groups []Group) string {
	node, most := "", 0.
	by := map[string]float64{}
	for _, g := range groups {
		if g.Class != ClassUnknown && g.Class != ClassUnexpectedFrequency {
			continue
		}
		for _, n := range g.Nodes {
			if n.Candidate {
				by[n.Node] += n.Events
			}
		}
	}
	for _, n := range sortedKeys(by) {
		if by[n] > most {
			node, most = n, by[n]
		}
	}
	return node
}

// reason says in a sentence what the signal showed.
func (r *lineSignal) reason(f Finding, groups []Group) string {
	name := r.signal.Name
	switch f.Quality {
	case SourceError:
		return fmt.Sprintf("%s could not be read: %s", name, r.err)
	case NoSeries:
		return name + ": no node of either cohort logs anything; check its query and the labels of the cohorts"
	case NoCandidateData:
		return name + ": no candidate node has logged anything since the rollout began"
	case NoControlData:
		return name + ": no control node has logged anything to compare with"
	case Stale:
		return fmt.Sprintf("%s: no candidate node has logged anything since %s", name, r.lastOfCand.Format(time.RFC3339))
	}
	var parts []string
	for _, c := range []struct {
		class Class
		says  string
	}{{ClassUnknown, "new"}, {ClassUnexpectedFrequency, "more frequent"}, {ClassKnown, "known"}, {ClassGone, "gone"}} {
		if n := f.Classes[c.class]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.says))
		}
	}
	what, total := "cluster", 0
	if r.comparison.crashes() {
		what = "crash signature"
	}
	for _, n := range f.Classes {
		total += n
	}
	if total != 1 {
		what += "s"
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%s: no %s on either side", name, what)
	}
	text := fmt.Sprintf("%s: %s %s", name, list(parts), what)
	if len(groups) > 0 && (groups[0].Class == ClassUnknown || groups[0].Class == ClassUnexpectedFrequency || groups[0].Failing) {
		text += "; " + groups[0].Reason
	}
	return strings.TrimSpace(text)
}
