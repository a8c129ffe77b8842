package analysis

import (
	"fmt"
	"math"
	"time"
)

// finding returns what the signal showed by now, with its share of the weight.
func (t *metricSignal) finding(share, fail float64) Finding {
	f := Finding{
		Signal: t.signal.Name, Kind: "metric", Deviation: Unknown, Effect: Unknown, Smallest: Unknown,
		Evidence: Number(math.Exp(t.evidence())), Weight: Number(share),
		Candidate: t.candidateSeen, Control: t.controlSeen,
	}
	if t.scale != nil {
		f.Query, f.Against = t.scale.candidate.metric, t.scale.control.metric
	}
	straying, nodes := t.furthest(&f)
	moved := t.law.contrast(t.effect)
	f.Effect, f.Control = Number(moved.effect), f.Control+moved.past
	f.Critical, f.Blamed = t.signal.Critical, t.blamed
	if share > 0 || t.signal.Critical {
		f.Smallest = Number(t.law.smallest(fail))
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
func (t *metricSignal) furthest(f *Finding) (straying, nodes int) {
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

// quality says whether the signal can be judged.
func (t *metricSignal) quality() Quality {
	reach := t.law.reach()
	control := t.controlSeen+reach.past > 0
	switch {
	case t.err != nil:
		return SourceError
	case t.cand == nil:
		return LowExposure
	case t.strategy == Threshold && t.candidateSeen == 0:
		return NoSeries
	case t.strategy == Threshold:
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
	case reach.bins < reach.wanted && t.evidence() < math.Log(warnEvidence):
		return LowExposure // what speaks so soon has had exposure enough
	}
	return OK
}

// young reports whether too little time has passed since the rollout began for
// a missing series to mean anything.
func (t *metricSignal) young() bool {
	return binTime(t.next-1, t.step).Sub(t.started) < minBins*t.step
}

// patience is how long a candidate may be without samples before what is known
// of it is stale.
func (t *metricSignal) patience() time.Duration { return 10 * t.step }

// reason says in a sentence what the signal showed.
func (t *metricSignal) reason(f Finding, straying, nodes int) string {
	name := t.signal.Name
	switch f.Quality {
	case SourceError:
		return fmt.Sprintf("%s could not be read: %s", name, t.err)
	case NoSeries:
		return name + " has no series at all; check its query and the labels of the cohorts"
	case NoCandidateData:
		return fmt.Sprintf("%s has no value on candidate since the rollout began, and %d on control", name, f.Control)
	case NoControlData:
		if t.strategy == BeforeAfter {
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
	if t.strategy == Threshold {
		return fmt.Sprintf("%s: no threshold breached by %d points", name, t.bounds.points)
	}
	if t.candidateSeen+t.controlSeen == 0 && f.Quality == LowExposure {
		return name + " has no value since the rollout began, yet"
	}
	text := moved(t.signal, t.law.contrast(t.effect))
	if straying > 0 && (nodes > 1 || f.Node != "") {
		text += fmt.Sprintf(" on %d of %d candidate nodes", straying, nodes)
	}
	if f.Quality == LowExposure {
		return text + "; too little to judge yet: " + t.missing()
	}
	return text
}

// missing says what a judgment still needs.
func (t *metricSignal) missing() string {
	if text := t.law.missing(); text != "" {
		return text
	}
	r := t.law.reach()
	return fmt.Sprintf("%d bins of %s compared, %d wanted", r.bins, t.step, r.wanted)
}

// moved says from where to where a signal went.
func moved(s Signal, c contrast) string {
	name := s.Name + c.when
	if !known(c.from) || !known(c.to) {
		return name + " has no bin in which both cohorts have a value"
	}
	from, to := pairOf(c.from, c.to)
	verb := "rose"
	switch {
	case from == to:
		return fmt.Sprintf("%s stayed at %s", name, to)
	case c.to < c.from:
		verb = "fell"
	}
	return fmt.Sprintf("%s %s from %s to %s", name, verb, from, to)
}

// unseen says why no smallest effect is known of a signal with a share of the
// weight.
func (t *metricSignal) unseen(f Finding, share float64) string {
	switch {
	case t.scale == nil:
		return "it could not be asked for"
	case t.strategy == Threshold:
		return "only thresholds count"
	case share == 0 && !t.signal.Critical:
		return "it counts for nothing"
	case f.Quality != OK:
		return "too little was compared"
	}
	return "no effect, however large, would have failed the rollout by now through this signal alone"
}

func (t *metricSignal) about() Signal  { return t.signal }
func (t *metricSignal) trouble() error { return t.err }
func (t *metricSignal) share() float64 { return t.weight }
func (t *metricSignal) markBlamed()    { t.blamed = true }
func (t *metricSignal) counts() bool   { return t.weight > 0 || t.signal.Critical }

func (t *metricSignal) compared() bool {
	return t.controlSeen > 0 || t.scale != nil && t.scale.timed && t.candidateSeen > 0
}

func (t *metricSignal) odds() odds {
	o := t.law.odds()
	if t.bounds.ignored() {
		o.log = 0
	}
	return o
}
