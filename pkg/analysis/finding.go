package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/stat"
)

// finding returns what the signal showed by now, with its share of the weight.
func (t *tracker) finding(share, fail float64) Finding {
	f := Finding{
		Signal: t.signal.Name, Kind: "metric", Deviation: Unknown, Effect: Unknown, Smallest: Unknown,
		Evidence: Number(math.Exp(t.evidence())), Weight: Number(share),
		Candidate: t.candidateSeen, Control: t.controlSeen,
	}
	if t.meter != nil {
		f.Query, f.Against = t.meter.candidate.metric, t.meter.control.metric
	}
	straying, nodes := t.furthest(&f)
	if e := t.effect; e.candidate.n > 0 {
		f.Effect = Number(e.candidate.mean - e.control.mean)
	}
	if x, ok := unwatched(t.weigher).(*startingUp); ok {
		from, to := x.told()
		f.Effect = Number(to - from)
	}
	if x, ok := unwatched(t.weigher).(expecter); ok && t.effect.candidate.n > 0 {
		f.Effect = Number(t.effect.candidate.mean - x.expected(t.effect.control.mean))
	}
	if t.strat == BeforeAfter {
		t.timedEffect(&f)
	}
	f.Critical, f.Blamed = t.signal.Critical, t.blamed
	if t.weigher != nil && (share > 0 || t.signal.Critical) {
		f.Smallest = Number(t.weigher.smallest(fail))
	}
	if t.evidence() >= math.Log(10) {
		at := t.lowAt.Add(t.step)
		f.Onset = &at
	}
	f.Quality = t.quality()
	if !f.Smallest.Known() {
		f.Unseen = t.unseen(f, share)
	}
	f.Reason = t.reason(f, straying, nodes)
	return f
}

// furthest fills in the node that strays furthest in the last bin, and returns
// how many nodes stray by two standard deviations for the worse, and of how
// many.
func (t *tracker) furthest(f *Finding) (straying, nodes int) {
	worst := math.Inf(-1)
	for _, d := range t.deviations() {
		sigma := d.Sigma[0]
		if !known(sigma) {
			continue
		}
		nodes++
		reach := sigma
		if t.signal.Worse == Both {
			reach = math.Abs(sigma)
		}
		if reach >= 2 {
			straying++
		}
		if reach > worst {
			worst = reach
			f.Node, f.Deviation = d.Node, Number(sigma)
		}
	}
	return straying, nodes
}

// An expecter is a weigher of cohorts that differ without any change. It says
// what candidate would show, had it changed as control did.
type expecter interface {
	expected(control float64) float64
}

// timedEffect fills in the effect against the bins before the change.
func (t *tracker) timedEffect(f *Finding) {
	w, ok := t.weigher.(*timed)
	if !ok || w.learnt == nil || len(w.x) == w.past {
		return
	}
	before, after := w.x[max(0, w.past-placeboBins):w.past], w.x[w.past:]
	b, a := meanKnown(before), meanKnown(after)
	f.Control = countKnown(before)
	f.Effect = Number(a - b)
	t.effect.candidate, t.effect.control = runningMean{1, a}, runningMean{1, b}
}

// quality says whether the signal can be judged.
func (t *tracker) quality() Quality {
	control := t.controlSeen > 0
	if t.strat == BeforeAfter {
		w, ok := t.weigher.(*timed)
		control = ok && countKnown(w.x[:w.past]) > 0
	}
	switch {
	case t.err != nil:
		return SourceError
	case t.cand == nil:
		return LowExposure
	case t.strat == Threshold && t.candidateSeen == 0:
		return NoSeries
	case t.strat == Threshold:
		return OK
	case t.candidateSeen == 0 && !control && t.young():
		return LowExposure
	case t.candidateSeen == 0 && !control:
		return NoSeries
	case t.candidateSeen == 0:
		return NoCandidateData
	case !control:
		return NoControlData
	case binTime(t.next-1, t.step).Sub(t.lastCandidate) > t.patience():
		return Stale
	case t.weigher.bins() < t.leastBins() && t.evidence() < math.Log(warnEvidence):
		return LowExposure // what speaks so soon has had exposure enough
	}
	return OK
}

// young reports whether too little time has passed since the rollout began for
// a missing series to mean anything.
func (t *tracker) young() bool {
	return binTime(t.next-1, t.step).Sub(t.started) < leastBins*t.step
}

// patience is how long a candidate may be without samples before what is known
// of it is stale.
func (t *tracker) patience() time.Duration { return 10 * t.step }

// leastBins is how many bins must have been compared for a result to mean
// something.
func (t *tracker) leastBins() int {
	if t.strat == BeforeAfter {
		return 1
	}
	return leastBins
}

// reason says in a sentence what the signal showed.
func (t *tracker) reason(f Finding, straying, nodes int) string {
	name := t.signal.Name
	switch f.Quality {
	case SourceError:
		return fmt.Sprintf("%s could not be read: %s", name, t.err)
	case NoSeries:
		return name + " has no series at all; check its query and the labels of the cohorts"
	case NoCandidateData:
		return fmt.Sprintf("%s has no value on candidate since the rollout began, and %d on control", name, f.Control)
	case NoControlData:
		if t.strat == BeforeAfter {
			return name + " has no value from before the change to compare with"
		}
		return fmt.Sprintf("%s has no value on control since the rollout began, and %d on candidate", name, f.Candidate)
	case Stale:
		return fmt.Sprintf("%s has had no value on candidate since %s", name, t.lastCandidate.Format(time.RFC3339))
	}
	if t.breach != "" {
		return t.breach
	}
	if t.bounds.ignored() {
		return fmt.Sprintf("%s: all %d points are inside the ignore threshold", name, t.bounds.points)
	}
	if t.strat == Threshold {
		return fmt.Sprintf("%s: no threshold breached by %d points", name, t.bounds.points)
	}
	if t.candidateSeen+t.controlSeen == 0 && f.Quality == LowExposure {
		return name + " has no value since the rollout began, yet"
	}
	text := t.moved()
	if straying > 0 && (nodes > 1 || f.Node != "") {
		text += fmt.Sprintf(" on %d of %d candidate nodes", straying, nodes)
	}
	if f.Quality == LowExposure {
		return text + "; too little to judge yet: " + t.missing()
	}
	return text
}

// moved says from where to where the signal went.
func (t *tracker) moved() string { return t.changeOf(t.weigher, t.effect) }

// changeOf says from where to where an effect went.
func (t *tracker) changeOf(w weigher, e effect) string {
	a, b := e.control.value(), e.candidate.value()
	of := t.signal.Name
	if x, ok := unwatched(w).(*startingUp); ok {
		a, b = x.told()
		of += " at start-up"
	}
	if !known(a) || !known(b) {
		return of + " has no bin in which both cohorts have a value"
	}
	if x, ok := unwatched(w).(expecter); ok && known(x.expected(a)) {
		a = x.expected(a)
	}
	from, to := pairOf(a, b)
	verb := "rose"
	switch {
	case from == to:
		return fmt.Sprintf("%s stayed at %s", of, to)
	case b < a:
		verb = "fell"
	}
	return fmt.Sprintf("%s %s from %s to %s", of, verb, from, to)
}

// missing says what a judgment still needs.
func (t *tracker) missing() string {
	if w, ok := t.weigher.(*timed); ok {
		if w.learnt != nil && w.learnt.Placebos < stat.Fewest {
			return fmt.Sprintf("the history holds %d times to compare with, %d wanted; %d bins of samples give that many", w.learnt.Placebos, stat.Fewest, stat.ShortestPast)
		}
		return fmt.Sprintf("the first look is after 10 bins of %s", t.step)
	}
	if x, ok := unwatched(t.weigher).(*startingUp); ok {
		others := len(x.levels())
		if x.events {
			xs, _ := x.others()
			others = len(xs)
		}
		return fmt.Sprintf("%d start-ups of control nodes and of earlier rollouts are known to compare with, 2 wanted", others)
	}
	if x, ok := unwatched(t.weigher).(*changed); ok && x.past < fewBins {
		return fmt.Sprintf("places are compared by how each changed, and %.0f bins from before the change hold both, %d wanted", x.past, fewBins)
	}
	if x, ok := unwatched(t.weigher).(*rated); ok && x.change == nil {
		return "places are compared by how the rate of each changed, and no bin from before the change holds both"
	}
	if l, ok := unwatched(t.weigher).(*levelled); ok && max(len(l.before), len(l.control)) < 2 {
		return fmt.Sprintf("levels are compared against the spread between control nodes, and there were %d to see it from, 2 wanted", max(len(l.before), len(l.control)))
	}
	return fmt.Sprintf("%d bins of %s compared, %d wanted", t.weigher.bins(), t.step, leastBins)
}

func unwatched(w weigher) weigher {
	if x, ok := w.(*watched); ok {
		return x.weigher
	}
	return w
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

func meanKnown(x []float64) float64 {
	var m runningMean
	for _, v := range x {
		if known(v) {
			m.add(v)
		}
	}
	return m.value()
}

func countKnown(x []float64) int {
	n := 0
	for _, v := range x {
		if known(v) {
			n++
		}
	}
	return n
}
