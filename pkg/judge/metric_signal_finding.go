package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/andon-project/andon/pkg/andon"
	"github.com/andon-project/andon/pkg/deviation"
	"github.com/andon-project/andon/pkg/evidence"
)

// finding returns what the signal showed by now, with its share of the weight.
func (t *metricSignal) finding(share, fail float64) andon.Finding {
	f := andon.Finding{
		Signal: t.Signal.Name, Kind: "metric", Deviation: andon.Unknown, Effect: andon.Unknown, Smallest: andon.Unknown,
		Evidence: andon.Number(math.Exp(t.logE())), Weight: andon.Number(share),
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
	if t.logE() >= math.Log(10) {
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
		stray := sigma
		if t.Signal.Worse == andon.Both {
			stray = math.Abs(sigma)
		}
		if stray >= 2 {
			straying++
		}
		if stray > worst {
			worst = stray
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
	case reach.Bins < reach.Needed && t.logE() < math.Log(warnEvidence):
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
	name, sides := t.Signal.Name, t.Strategy.Sides()
	switch f.Quality {
	case andon.SourceError:
		return fmt.Sprintf("%s could not be read: %s", name, t.err)
	case andon.NoSeries:
		return name + " has no series at all; check the query and the labels of candidate and control"
	case andon.NoCandidateData:
		return fmt.Sprintf("%s: no sample %s, %s %s", name, sides.Candidate.From, andon.Plural(float64(f.Control), "sample"), sides.Control.Again)
	case andon.NoControlData:
		if t.Strategy == andon.BeforeAfter {
			return name + ": no sample before the change to compare with"
		}
		return fmt.Sprintf("%s: no sample %s, %s %s", name, sides.Control.From, andon.Plural(float64(f.Candidate), "sample"), sides.Candidate.Again)
	case andon.Stale:
		return fmt.Sprintf("%s: no sample %s since %s", name, sides.Candidate.From, t.lastCandidate.Format(time.RFC3339))
	default: // it can be judged, or begins to be
	}
	if t.breach != "" {
		return t.breach
	}
	if t.bounds.Ignored() {
		return fmt.Sprintf("%s: every sample is inside the ignore threshold (%s)", name, andon.Plural(float64(t.bounds.Points), "sample"))
	}
	if t.Strategy == andon.Threshold {
		return fmt.Sprintf("%s: no threshold breached (%s)", name, andon.Plural(float64(t.bounds.Points), "sample"))
	}
	if t.candidateSeen+t.controlSeen == 0 && f.Quality == andon.LowExposure {
		return name + ": no sample since the rollout began"
	}
	contrast := t.law.Contrast(t.effect)
	text := moved(t.Signal, t.Strategy, contrast, t.logE())
	if contrast.Known() && straying > 0 && (nodes > 1 || f.Node != "") {
		if part := sides.Candidate.Part(straying, nodes); contrast.Worse(t.Signal.Worse) {
			text += " on " + part
		} else {
			text += "; worse by now on " + part
		}
	}
	if f.Quality == andon.LowExposure {
		return text + "; too little to judge: " + t.stillNeeds()
	}
	return text
}

// stillNeeds says what a judgment still needs.
func (t *metricSignal) stillNeeds() string {
	if text := t.law.StillNeeds(); text != "" {
		return text
	}
	r := t.law.Reach()
	return compared(r.Bins, r.Needed, t.Step)
}

// compared says how much was compared, and how much a judgment needs.
func compared(bins, needed int, step time.Duration) string {
	have := "nothing"
	if bins > 0 {
		have = andon.Spell(time.Duration(bins) * step)
	}
	return fmt.Sprintf("%s compared after the warm-up, needs %s", have, andon.Spell(time.Duration(needed)*step))
}

// moved says from where to where a signal went, with evidence of exp(logE).
func moved(s andon.Signal, strategy andon.Strategy, c evidence.Contrast, logE float64) string {
	name := s.Name + c.When
	switch {
	case !c.Known() && c.When != "":
		return name + ": nothing to compare"
	case !c.Known():
		return name + ": " + apart(strategy)
	}
	sides := strategy.Sides()
	from, to, by := andon.Change(c.From, c.To, unitOf(s, c.From, c.To))
	change := fmt.Sprintf("from %s to %s", from, to)
	if by != "" {
		change += " (" + by + ")"
	}
	not := "did not"
	if logE >= math.Log(warnEvidence) {
		not = "differs by more than chance but did not" // its nodes or its course do, and its mean does not
	}
	switch rose := c.To > c.From; {
	case from == to:
		return fmt.Sprintf("%s stayed at %s", name, to)
	case rose && s.Worse == andon.Lower:
		return fmt.Sprintf("%s %s fall (%s %s, %s %s)", name, not, to, sides.Candidate.From, from, sides.Control.Again)
	case !rose && s.Worse != andon.Lower && s.Worse != andon.Both:
		return fmt.Sprintf("%s %s rise (%s %s, %s %s)", name, not, to, sides.Candidate.From, from, sides.Control.Again)
	case rose:
		return name + " rose " + change
	}
	return name + " fell " + change
}

// apart says that there is nothing from both cohorts to compare.
func apart(strategy andon.Strategy) string {
	switch strategy {
	case andon.BeforeAfter:
		return "no samples both before and since the change"
	case andon.LoadTest:
		return "this run and the baseline run have no samples at the same time"
	case andon.RegionControl:
		return "the changed regions and others have no samples at the same time"
	default:
		return "new and old nodes have no samples at the same time"
	}
}

// unitOf returns the unit that values of a signal are written in. Events out of
// an exposure are a share of it, unless there are more of them.
func unitOf(s andon.Signal, values ...float64) string {
	if s.Unit == "" && s.InferKind() == andon.Counts && slices.Max(values) > 1 {
		return ""
	}
	return s.WrittenUnit()
}

// unseen says why no smallest effect is known of a signal with a share of the
// weight.
func (t *metricSignal) unseen(f andon.Finding, share float64) string {
	switch {
	case t.Scale == nil:
		return "it could not be queried"
	case t.Strategy == andon.Threshold:
		return "only thresholds are checked"
	case share == 0 && !t.Signal.Critical:
		return "its weight is 0"
	case f.Quality != andon.OK:
		return "too little was compared"
	}
	return "no change of this signal alone, however large, would have failed the rollout by now"
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
