package judge

import (
	gocmp "cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
)

// What a finding holds of groups, so that a verdict stays small.
const (
	maxGroupsInFinding = 10 // groups
	maxNodesInGroup    = 20 // nodes of one
)

// brief returns the group with the nodes that show it most.
func brief(g andon.Group) andon.Group {
	if len(g.Nodes) > maxNodesInGroup {
		g.Nodes = slices.Clone(g.Nodes)
		slices.SortStableFunc(g.Nodes, func(a, b andon.NodeCount) int { return gocmp.Compare(b.Lines, a.Lines) })
		g.Nodes = g.Nodes[:maxNodesInGroup]
	}
	g.Examples = g.Examples[:min(len(g.Examples), 1)]
	return g
}

// quality says whether the signal can be judged.
func (r *lineSignal) quality() andon.Quality {
	candidate, control := r.comparison.Time[deviation.CandidateSide] > 0, r.compared()
	young := deviation.BinTime(r.next-1, r.step).Sub(r.begun) < evidence.MinBins*r.step
	switch {
	case r.err != nil:
		return andon.SourceError
	case r.comparison.Next < r.next:
		return andon.LowExposure
	case r.strategy == andon.Threshold && candidate:
		return andon.OK
	case !candidate && !control && !young:
		return andon.NoSeries
	case !candidate && young:
		return andon.LowExposure
	case !candidate:
		return andon.NoCandidateData
	case !control:
		return andon.NoControlData
	case deviation.BinTime(r.next-1, r.step).Sub(r.lastOfCand) > 10*r.step:
		return andon.Stale
	case r.bothSeen < evidence.MinBins && r.logE() < math.Log(warnEvidence):
		return andon.LowExposure
	}
	return andon.OK
}

// finding returns what the signal showed by now, with its share of the weight.
func (r *lineSignal) finding(share, fail float64) andon.Finding {
	f := andon.Finding{
		Signal: r.signal.Name, Kind: "logs", Deviation: andon.Unknown, Effect: andon.Unknown, Smallest: andon.Unknown,
		Evidence: andon.Number(math.Exp(r.logE())), Weight: andon.Number(share), Critical: r.signal.Critical, Blamed: r.blamed,
		Quality: r.quality(), Classes: map[andon.Class]int{},
	}
	if r.comparison.Crashes() {
		f.Kind = "crashes"
	}
	if r.logE() >= math.Log(10) {
		at := r.lowAt.Add(r.step)
		f.Onset = &at
	}
	if r.counts() {
		smallest, why := r.comparison.Smallest(fail)
		f.Smallest, f.Unseen = andon.Number(smallest), why
	} else {
		f.Unseen = "its weight is 0"
	}
	if r.line == nil {
		f.Reason = fmt.Sprintf("%s could not be read: %s", r.signal.Name, r.err)
		return f
	}
	var groups []andon.Group
	var general andon.GroupReport
	if r.comparison.Crashes() {
		report := r.comparison.CrashReport(r.line)
		general = report.GroupReport
		for _, s := range report.Signatures {
			groups = append(groups, s.Group)
		}
		for _, s := range report.Signatures[:min(len(report.Signatures), maxGroupsInFinding)] {
			s.Group = brief(s.Group)
			f.Signatures = append(f.Signatures, s)
		}
	} else {
		report := r.comparison.ClusterReport(r.line)
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
		f.Effect = andon.Number(3600 * (c.Lines/c.Time - k.Lines/k.Time))
	}
	f.Node = loudest(groups)
	f.Reason = r.reason(f, groups)
	return f
}

// loudest returns the candidate node that shows most of what is new or more
// frequent.
func loudest(groups []andon.Group) string {
	node, maxEvents := "", 0.
	events := map[string]float64{}
	for _, g := range groups {
		if g.Class != andon.ClassUnknown && g.Class != andon.ClassUnexpectedFrequency {
			continue
		}
		for _, n := range g.Nodes {
			if n.Candidate {
				events[n.Node] += n.Events
			}
		}
	}
	for _, n := range andon.SortedKeys(events) {
		if events[n] > maxEvents {
			node, maxEvents = n, events[n]
		}
	}
	return node
}

// reason says in a sentence what the signal showed.
func (r *lineSignal) reason(f andon.Finding, groups []andon.Group) string {
	name, sides := r.signal.Name, r.strategy.Sides()
	switch f.Quality {
	case andon.SourceError:
		return fmt.Sprintf("%s could not be read: %s", name, r.err)
	case andon.NoSeries:
		return name + ": no node logs anything; check the query and the labels of candidate and control"
	case andon.NoCandidateData:
		return fmt.Sprintf("%s: no lines %s since the rollout began", name, sides.Candidate.From)
	case andon.NoControlData:
		return fmt.Sprintf("%s: no lines %s to compare with", name, sides.Control.From)
	case andon.Stale:
		return fmt.Sprintf("%s: no lines %s since %s", name, sides.Candidate.From, r.lastOfCand.Format(time.RFC3339))
	default: // it can be judged, or begins to be
	}
	var parts []string
	for _, c := range []struct {
		class andon.Class
		says  string
	}{{andon.ClassUnknown, "new"}, {andon.ClassUnexpectedFrequency, "more frequent"}, {andon.ClassKnown, "known"}, {andon.ClassGone, "gone"}} {
		if n := f.Classes[c.class]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.says))
		}
	}
	what, total := "cluster", 0
	if r.comparison.Crashes() {
		what = "crash signature"
	}
	for _, n := range f.Classes {
		total += n
	}
	if total != 1 {
		what += "s"
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%s: no %s", name, what)
	}
	text := fmt.Sprintf("%s: %s %s", name, andon.Enumerate(parts), what)
	if len(groups) > 0 && (groups[0].Class == andon.ClassUnknown || groups[0].Class == andon.ClassUnexpectedFrequency || groups[0].Failing) {
		text += "; " + groups[0].Reason
	}
	return strings.TrimSpace(text)
}
