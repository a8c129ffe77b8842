package judge

import (
	"fmt"
	"math"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
)

// finding returns what the signal showed by now, with its share of the weight.
func (t *metricSignal) finding(share, fail float64) andon.Finding {
	f := andon.Finding{
		Signal: t.Signal.Name, Kind: "metric", Deviation: andon.Unknown, Effect: andon.Unknown, Smallest: andon.Unknown,
		Evidence: andon.Number(math.Exp(t.evidence())), Weight: andon.Number(share),
		Candidate: t.candidateSeen, Control: t.controlSeen,
	}
	if t.Scale != nil {
		f.Query, f.Against = t.Scale.Candidate.Metric, t.Scale.Control.Metric
	}
	straying, nodes := t.furthest(&f)
	moved := t.law.Contrast(t.effect)
	f.Effect, f.Control = andon.Number(moved.Effect), f.Control+moved.Past
	f.Critical, f.Blamed = t.Signal.Critical, t.blamed
	if share > 0 || t.Signal.Critical {
		f.Smallest = andon.Number(t.law.Smallest(fail))
	}
	if t.evidence() >= math.Log(10) {
		at := t.lowAt.Add(t.Step)
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
func (t *metricSignal) furthest(f *andon.Finding) (straying, nodes int) {
	worst := math.Inf(-1)
	for _, d := range t.deviations() {
		sigma := d.Sigma[0]
		if !deviation.Known(sigma) {
			continue
		}
		nodes++
		reach := sigma
		if t.Signal.Worse == andon.Both {
			reach = math.Abs(sigma)
		}
		if reach >= 2 {
			straying++
		}
		if reach > worst {
			worst = reach
			f.Node, f.Deviation = d.Node, andon.Number(sigma)
		}
	}
	return straying, nodes
}

// quality says whether the signal can be judged.
func (t *metricSignal) quality() andon.Quality {
	reach := t.law.Reach()
	control := t.controlSeen+reach.Past > 0
	switch {
	case t.err != nil:
		return andon.SourceError
	case t.cand == nil:
		return andon.LowExposure
	case t.Strategy == andon.Threshold && t.candidateSeen == 0:
		return andon.NoSeries
	case t.Strategy == andon.Threshold:
		return andon.OK
	case t.candidateSeen == 0 && !control && t.young():
		return andon.LowExposure
	case t.candidateSeen == 0 && !control:
		return andon.NoSeries
	case t.candidateSeen == 0:
		return andon.NoCandidateData
	case !control:
		return andon.NoControlData
	case deviation.BinTime(t.next-1, t.Step).Sub(t.lastCandidate) > t.patience():
		return andon.Stale
	case reach.Bins < reach.Wanted && t.evidence() < math.Log(warnEvidence):
		return andon.LowExposure // what speaks so soon has had exposure enough
	}
	return andon.OK
}

// young reports whether too little time has passed since the rollout began for
// a missing series to mean anything.
func (t *metricSignal) young() bool {
	return deviation.BinTime(t.next-1, t.Step).Sub(t.started) < evidence.MinBins*t.Step
}

// patience is how long a candidate may be without samples before what is known
// of it is stale.
func (t *metricSignal) patience() time.Duration { return 10 * t.Step }

// reason says in a sentence what the signal showed.
func (t *metricSignal) reason(f andon.Finding, straying, nodes int) string {
	name := t.Signal.Name
	switch f.Quality {
	case andon.SourceError:
		return fmt.Sprintf("%s could not be read: %s", name, t.err)
	case andon.NoSeries:
		return name + " has no series at all; check its query and the labels of the cohorts"
	case andon.NoCandidateData:
		return fmt.Sprintf("%s has no value on candidate since the rollout began, and %d on control", name, f.Control)
	case andon.NoControlData:
		if t.Strategy == andon.BeforeAfter {
			return name + " has no value from before the change to compare with"
		}
		return fmt.Sprintf("%s has no value on control since the rollout began, and %d on candidate", name, f.Candidate)
	case andon.Stale:
		return fmt.Sprintf("%s has had no value on candidate since %s", name, t.lastCandidate.Format(time.RFC3339))
	}
	if t.breach != "" {
		return t.breach
	}
	if t.bounds.Ignored() {
		return fmt.Sprintf("%s: all %d points are inside the ignore threshold", name, t.bounds.Points)
	}
	if t.Strategy == andon.Threshold {
		return fmt.Sprintf("%s: no threshold breached by %d points", name, t.bounds.Points)
	}
	if t.candidateSeen+t.controlSeen == 0 && f.Quality == andon.LowExposure {
		return name + " has no value since the rollout began, yet"
	}
	text := moved(t.Signal, t.law.Contrast(t.effect))
	if straying > 0 && (nodes > 1 || f.Node != "") {
		text += fmt.Sprintf(" on %d of %d candidate nodes", straying, nodes)
	}
	if f.Quality == andon.LowExposure {
		return text + "; too little to judge yet: " + t.missing()
	}
	return text
}

// missing says what a judgment still needs.
func (t *metricSignal) missing() string {
	if text := t.law.Missing(); text != "" {
		return text
	}
	r := t.law.Reach()
	return fmt.Sprintf("%d bins of %s compared, %d wanted", r.Bins, t.Step, r.Wanted)
}

// moved says from where to where a signal went.
func moved(s andon.Signal, c evidence.Contrast) string {
	name := s.Name + c.When
	if !deviation.Known(c.From) || !deviation.Known(c.To) {
		return name + " has no bin in which both cohorts have a value"
	}
	from, to := andon.FormatPair(c.From, c.To)
	verb := "rose"
	switch {
	case from == to:
		return fmt.Sprintf("%s stayed at %s", name, to)
	case c.To < c.From:
		verb = "fell"
	}
	return fmt.Sprintf("%s %s from %s to %s", name, verb, from, to)
}

// unseen says why no smallest effect is known of a signal with a share of the
// weight.
func (t *metricSignal) unseen(f andon.Finding, share float64) string {
	switch {
	case t.Scale == nil:
		return "it could not be asked for"
	case t.Strategy == andon.Threshold:
		return "only thresholds count"
	case share == 0 && !t.Signal.Critical:
		return "it counts for nothing"
	case f.Quality != andon.OK:
		return "too little was compared"
	}
	return "no effect, however large, would have failed the rollout by now through this signal alone"
}

func (t *metricSignal) about() andon.Signal { return t.Signal }
func (t *metricSignal) trouble() error      { return t.err }
func (t *metricSignal) share() float64      { return t.weight }
func (t *metricSignal) markBlamed()         { t.blamed = true }
func (t *metricSignal) counts() bool        { return t.weight > 0 || t.Signal.Critical }

func (t *metricSignal) compared() bool {
	return t.controlSeen > 0 || t.Scale != nil && t.Scale.Timed && t.candidateSeen > 0
}

func (t *metricSignal) odds() evidence.Odds {
	o := t.law.Odds()
	if t.bounds.Ignored() {
		o.Log = 0
	}
	return o
}
