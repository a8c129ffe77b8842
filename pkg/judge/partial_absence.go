package judge

import (
	"fmt"
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
	"github.com/andon-project/andon/pkg/logs"
	"github.com/andon-project/andon/pkg/stat"
)

// missingMargin is the largest ratio of the rates at which nodes go missing that
// is no regression, as its logarithm.
var missingMargin = math.Log1p(.2)

// partialAbsence weighs that some candidate nodes do not serve, though others do (that
// none does is for absence) and though they are up, as another signal tells. A
// node that has been up for the warm-up without a sample of the signal that
// tells who serves, not even NaN, is an event, once until it serves again: that
// it goes on tells nothing new. The events of candidate nodes are weighed
// against those of control's as any others (stat.Counts), out of the time that
// nodes of either serve.
//
// Its evidence is a bet of the part of the capital that absence keeps in
// reserve, so that the other signals lose nothing by it.
type partialAbsence struct {
	serves      *metricSignal
	warm        time.Duration
	counts      *stat.Counts
	nodes       [2]map[string]*presence // of candidate and control
	n           int                     // bins
	controlGone float64                 // control nodes that went missing, in all
}

// A presence says since when a node has been up without serving, and whether
// that was counted.
type presence struct {
	since time.Time
	gone  bool
}

// newPartialAbsence returns nil where it cannot be told who is up.
func newPartialAbsence(s *subject, serves *metricSignal, signals int) *partialAbsence {
	if signals < 2 || s.service.Node == "" {
		return nil
	}
	return &partialAbsence{
		serves: serves, warm: max(evidence.MinBins*s.step, s.service.WarmUpTime()), counts: stat.NewCounts(missingMargin),
		nodes: [2]map[string]*presence{{}, {}},
	}
}

// fold takes in a bin that all signals that have it have folded; m may be nil.
func (m *partialAbsence) fold(b evidence.Bin, all metricSignals) {
	if m == nil {
		return
	}
	if m.serves.next != b.Number+1 {
		return // it is late
	}
	var x, e [2]float64
	for side := range m.nodes {
		up := map[string]bool{}
		for _, t := range all {
			if t.next != b.Number+1 {
				continue
			}
			f := m.frameOf(t, side)
			for node, r := range f.Rows {
				if r.Seen[b.Number-f.First] && (side == 0 || !b.Twins[node]) {
					up[node] = up[node] || t == m.serves
				}
			}
		}
		for _, node := range andon.SortedKeys(up) {
			dx, de := m.see(side, node, up[node], b.At)
			x[side], e[side] = x[side]+dx, e[side]+de
		}
	}
	m.controlGone += x[deviation.ControlSide]
	m.counts.Add(x[0], e[0], x[1], e[1])
	m.n++
}

func (m *partialAbsence) frameOf(t *metricSignal, side int) *deviation.Frame {
	if side == 0 {
		return t.cand
	}
	return t.ctrl
}

// see takes in a node that is up, and returns whether it went missing, out of
// what exposure.
func (m *partialAbsence) see(side int, node string, serves bool, at time.Time) (x, e float64) {
	p := m.nodes[side][node]
	if p == nil {
		p = &presence{since: at}
		m.nodes[side][node] = p
	}
	switch {
	case serves:
		p.since, p.gone = at, false
	case p.gone:
		return 0, 0
	case at.Sub(p.since) >= m.warm:
		p.gone = true
		return 1, 1
	}
	return 0, 1
}

// logE returns the logarithm of the evidence; 0 where nothing can be told. m
// may be nil.
func (m *partialAbsence) logE() float64 {
	if m == nil {
		return 0
	}
	return m.counts.LogE()
}

// finding returns the finding on candidate nodes that are up and do not serve
// while others do, and whether there are any; it weighs as much as is held in
// reserve, and fails the rollout alone at the evidence exp(fail).
func (m *partialAbsence) finding(weight, fail float64) (andon.Finding, bool) {
	if m == nil {
		return andon.Finding{}, false
	}
	gone := [2]int{}
	first, since := "", time.Time{}
	for side, nodes := range m.nodes {
		for _, node := range andon.SortedKeys(nodes) {
			if p := nodes[node]; p.gone {
				gone[side]++
				if side == 0 && (first == "" || p.since.Before(since)) {
					first, since = node, p.since
				}
			}
		}
	}
	if gone[0] == 0 || gone[0] == len(m.nodes[0]) {
		return andon.Finding{}, false
	}
	t := m.serves
	smallest, why := m.smallest(fail)
	return andon.Finding{
		Signal: t.Signal.Name, Kind: "presence", Node: first, Deviation: andon.Unknown, Effect: andon.Unknown, Smallest: andon.Number(smallest), Unseen: why,
		Evidence: andon.Number(math.Exp(m.logE())), Weight: andon.Number(weight), Onset: &since, Quality: andon.OK,
		Candidate: t.candidateSeen, Control: t.controlSeen,
		Query: t.Scale.Candidate.Metric, Against: t.Scale.Control.Metric,
		Reason: m.reason(gone),
	}, true
}

// reason says how many nodes of either side are up without the signal that tells
// who serves.
func (m *partialAbsence) reason(gone [2]int) string {
	sides := m.serves.Strategy.Sides()
	are := func(n int) string {
		if n == 1 {
			return "is"
		}
		return "are"
	}
	others := fmt.Sprintf("no %s is", sides.Control.Node())
	if n := gone[1]; n > 0 {
		others = fmt.Sprintf("so %s %s", are(n), sides.Control.Part(n, len(m.nodes[1])))
	}
	return fmt.Sprintf("%s %s up without data for %s; %s", sides.Candidate.Part(gone[0], len(m.nodes[0])), are(gone[0]), m.serves.Signal.Name, others)
}

// smallest returns how many of the candidate nodes would have had to go missing,
// all at once as nodes do that never come up, for that to make the evidence
// on it exp(logE) by now; and if not even all but one would do, why. That none
// serves is for absence.
func (m *partialAbsence) smallest(logE float64) (nodes float64, why string) {
	all, peers := len(m.nodes[deviation.CandidateSide]), float64(len(m.nodes[deviation.ControlSide]))
	for n := 1; n < all; n++ {
		if logs.PooledCounts(missingMargin, float64(n), float64(all), m.controlGone, peers) >= logE {
			return float64(n), ""
		}
	}
	return math.NaN(), fmt.Sprintf("even %s without data would not have failed the rollout alone", m.serves.Strategy.Sides().Candidate.Part(all-1, all))
}
